//! Prints the story: what happens, and when since it began.

use std::time::{Duration, Instant};

pub struct Teller(Instant);

impl Teller {
    pub fn begin() -> Teller {
        Teller(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// A new part of the story.
    pub fn chapter(&self, title: &str) {
        println!("\n{title}");
    }

    pub fn say(&self, text: impl AsRef<str>) {
        println!("{:6.1} s  {}", self.elapsed().as_secs_f64(), text.as_ref());
    }

    /// A command, and what it printed.
    pub fn show(&self, command: &str, output: &str) {
        self.say(format!("$ {command}"));
        for line in output.trim_end().lines() {
            println!("          | {line}");
        }
    }
}

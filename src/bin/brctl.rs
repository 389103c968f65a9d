//! The command that asks the daemon.

fn main() -> std::process::ExitCode {
    brd::ctl::main()
}

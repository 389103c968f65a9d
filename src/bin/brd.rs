//! The daemon.

fn main() -> std::process::ExitCode {
    brd::daemon::main()
}

//! The program `chancery-server`.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run()
}

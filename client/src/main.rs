//! The program `chancery`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chancery_client::cli::main()
}

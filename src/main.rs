//! The program `motionscope`: everything is in the library, see [`motionscope::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    motionscope::cli::main()
}

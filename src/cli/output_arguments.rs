//! Which files a command may write: `--force`.

use std::path::Path;

use clap::Args;

use crate::output::{Existing, OutputGuard};

/// `--force`
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ForceArg {
    /// Replace files that exist; what the command reads, and files of projects, are never replaced
    #[arg(long)]
    force: bool,
}

impl ForceArg {
    /// What is done about files that exist.
    pub fn existing(self) -> Existing {
        Existing::replaced_if(self.force)
    }

    /// Keeps what the command writes from `inputs`.
    pub fn guard<P: AsRef<Path>>(self, inputs: impl IntoIterator<Item = P>) -> OutputGuard {
        OutputGuard::new(self.existing()).protecting(inputs)
    }
}

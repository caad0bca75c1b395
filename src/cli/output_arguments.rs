//! The `--force` option: which files a command may write.

use std::path::Path;

use clap::Args;

use crate::output::{Existing, OutputGuard};

/// `--force`
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ForceArg {
    /// Overwrite existing files, except inputs and project files
    #[arg(long)]
    force: bool,
}

impl ForceArg {
    /// Returns the policy for existing files.
    pub fn existing(self) -> Existing {
        Existing::replaced_if(self.force)
    }

    /// Returns a guard that protects `inputs` from being overwritten.
    pub fn guard<P: AsRef<Path>>(self, inputs: impl IntoIterator<Item = P>) -> OutputGuard {
        OutputGuard::new(self.existing()).protecting(inputs)
    }
}

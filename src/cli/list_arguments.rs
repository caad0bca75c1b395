//! How a list of clips is read: what `train`, `evaluate actions` and `data check` ask for alike.

use std::path::Path;

use clap::Args;

use crate::training::dataset::Layout;
use crate::training::{DataSource, ListSource, Subset};

/// `--layout`, `--split`, `--skip-bad`
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lists")]
pub(super) struct ListArgs {
    /// How the list is written [default: as its name and first line tell]
    #[arg(long, value_enum)]
    layout: Option<Layout>,
    /// Which of HMDB51's splits to take
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    split: u8,
    /// Leave out rows that are wrong or name missing clips
    #[arg(long)]
    skip_bad: bool,
}

impl ListArgs {
    /// The clips that `list` names below `clips`; without a list, those in the folders of `clips`, one a class.
    pub fn source(&self, clips: &Path, list: Option<&Path>, classes: Option<&Path>, subset: Subset) -> DataSource {
        let Some(list) = list else { return DataSource::Folder(clips.to_owned()) };
        DataSource::List(ListSource {
            classes: classes.map(Path::to_owned),
            layout: self.layout,
            subset,
            split: self.split,
            skip_bad: self.skip_bad,
            ..ListSource::new(clips.to_owned(), list.to_owned())
        })
    }
}

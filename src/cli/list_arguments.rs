//! How a list of clips is read: what `train`, `evaluate actions` and `data check` ask for alike.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::training::dataset::{Dataset, Layout};
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

/// `--data`, `--list`, `--classes` and how the list is read: the clips that a command is about.
#[derive(Debug, Args)]
pub(super) struct ClipsArgs {
    /// Folder that the paths of the list are relative to; without a list, a folder with a sub-folder of clips for each class
    #[arg(long, value_name = "DIR", visible_alias = "folder")]
    data: PathBuf,
    /// List of clips: UCF101, with or without labels, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet (JSON) or CSV
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// The classes, where the list does not tell them: classInd.txt
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
}

impl ClipsArgs {
    /// The clips, of lists with several parts those of `subset`.
    pub fn source(&self, subset: Subset) -> DataSource {
        self.lists.source(&self.data, self.list.as_deref(), self.classes.as_deref(), subset)
    }

    /// Other clips of the same classes, in folder `data` (else the same one) and `list`.
    pub fn other_source(&self, data: Option<&Path>, list: Option<&Path>, subset: Subset) -> DataSource {
        self.lists.source(data.unwrap_or(&self.data), list, self.classes.as_deref(), subset)
    }

    /// All files that are read: the clips of `dataset`, the list and the class index.
    pub fn files(&self, dataset: &Dataset) -> Vec<PathBuf> {
        let clips = dataset.clips.iter().map(|clip| clip.path.clone());
        clips.chain(self.list.clone()).chain(self.classes.clone()).collect()
    }

    /// What reports call them: the path of the list, or of the folder.
    pub fn name(&self) -> String {
        self.list.as_ref().unwrap_or(&self.data).display().to_string()
    }
}

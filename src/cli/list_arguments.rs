//! The options for lists of clips, shared by `train`, `evaluate` and `data check`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::values::choice;
use crate::data::{DataSource, Dataset, Layout, ListSource, Subset};

/// `--layout`, `--split`, `--skip-bad`
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lists")]
pub(super) struct ListArgs {
    /// Format of the list [default: detected from its name and first line]
    #[arg(long, value_parser = choice::<Layout>())]
    layout: Option<Layout>,
    /// Split of HMDB51
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    split: u8,
    /// Skip invalid rows and missing clips
    #[arg(long)]
    skip_bad: bool,
}

impl ListArgs {
    /// Returns the first of the options that was given.
    pub fn given(&self) -> Option<&'static str> {
        let options =
            [("--layout", self.layout.is_some()), ("--split", self.split != 1), ("--skip-bad", self.skip_bad)];
        options.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
    }

    /// Returns the clips that `list` names below `clips`; without a list, those in the class folders of `clips`.
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

/// `--data`, `--list`, `--classes` and the list options: the clips of a command.
#[derive(Debug, Args)]
pub(super) struct ClipsArgs {
    /// Root folder of the list; without a list, a folder with one sub-folder per class
    #[arg(long, value_name = "DIR", visible_alias = "folder")]
    data: PathBuf,
    /// List of clips: UCF101, HMDB51 (a folder), TSN, THUMOS14 (a folder), ActivityNet or CSV
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Class index (classInd.txt), if the list has no class names
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
}

impl ClipsArgs {
    /// Returns the clips; of lists with several subsets, those of `subset`.
    pub fn source(&self, subset: Subset) -> DataSource {
        self.lists.source(&self.data, self.list.as_deref(), self.classes.as_deref(), subset)
    }

    /// Returns other clips of the same classes, in folder `data` (default: the same) and `list`.
    pub fn other_source(&self, data: Option<&Path>, list: Option<&Path>, subset: Subset) -> DataSource {
        self.lists.source(data.unwrap_or(&self.data), list, self.classes.as_deref(), subset)
    }

    /// Returns all files that are read: the clips of `dataset`, the list and the class index.
    pub fn files(&self, dataset: &Dataset) -> Vec<PathBuf> {
        let clips = dataset.clips.iter().map(|clip| clip.path.clone());
        clips.chain(self.list.clone()).chain(self.classes.clone()).collect()
    }

    /// Returns the name for reports: the path of the list or the folder.
    pub fn name(&self) -> String {
        self.list.as_ref().unwrap_or(&self.data).display().to_string()
    }
}

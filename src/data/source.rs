//! The source of the clips of a run, as named in its plan.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::flow_benchmarks::FlowDataset;
use super::{Layout, Pieces};
use crate::named::named;

/// A source of clips: a folder, a list, labelled pieces or image pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataSource {
    /// A folder with one subfolder of clips per class.
    Folder(PathBuf),
    /// A list of clips, with the folder that its paths are relative to.
    List(ListSource),
    /// Pieces listed individually.
    Pieces(Pieces),
    /// Image pairs with ground-truth flow.
    Pairs(PairSource),
}

/// Image pairs with ground-truth flow, in the layout of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSource {
    /// The layout.
    pub benchmark: FlowDataset,
    /// The folder of the benchmark.
    pub root: PathBuf,
}

/// A list of clips in one of the common layouts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSource {
    /// The folder of the clips.
    pub clips: PathBuf,
    /// Path of the list; for HMDB51 and THUMOS14, of the folder of lists.
    pub list: PathBuf,
    /// The class index, if the list has no class names: `classInd.txt` in UCF101.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<PathBuf>,
    /// Layout of the list; `None` to detect it from name and content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Subset to use of lists that hold both training and test clips.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subset: Subset,
    /// Number of the split, from 1 (HMDB51).
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub split: u8,
    /// `true` to leave out rows that are invalid or name missing clips, `false` to refuse them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skip_bad: bool,
    /// Whether several rows may name a whole clip, each with another class that it shows, as multi-label models learn them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub several: bool,
}

named! {
    /// A subset of a data set; layouts with one list per subset use the list that is named.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Subset {
        /// Training set; of THUMOS14 the "validation" videos, as its training videos have no segments.
        #[default]
        Train = "train",
        /// Test set; of ActivityNet the "validation" videos, as its test videos have no labels.
        Test = "test",
    }
}

impl DataSource {
    /// Creates a list in UCF101's layout with its class index.
    pub fn list(clips: PathBuf, list: PathBuf, classes: PathBuf) -> Self {
        Self::List(ListSource { classes: Some(classes), ..ListSource::new(clips, list) })
    }

    /// Returns the folder that holds the clips, or that of their project.
    pub fn clips(&self) -> &Path {
        match self {
            Self::Folder(clips) | Self::List(ListSource { clips, .. }) => clips,
            Self::Pieces(pieces) => &pieces.project,
            Self::Pairs(pairs) => &pairs.root,
        }
    }

    /// Returns the path of the source: of the list, the folder of clips or the project.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::List(ListSource { list: path, .. }) => path,
            Self::Pieces(pieces) => &pieces.project,
            Self::Pairs(pairs) => &pairs.root,
        }
    }

    /// Returns the source with whether several rows of a list may name a whole clip, each with another class.
    #[must_use]
    pub fn with_several(self, several: bool) -> Self {
        match self {
            Self::List(list) => Self::List(ListSource { several, ..list }),
            other => other,
        }
    }

    /// Returns whether rows that are wrong are left out instead of refused.
    pub fn skips_bad(&self) -> bool {
        matches!(self, Self::List(list) if list.skip_bad)
    }
}

impl ListSource {
    /// Creates the source of the training clips in `list`, relative to `clips`, with automatic layout detection.
    pub fn new(clips: PathBuf, list: PathBuf) -> Self {
        let (subset, split) = (Subset::Train, first());
        Self { clips, list, classes: None, layout: None, subset, split, skip_bad: false, several: false }
    }
}

fn first() -> u8 {
    1
}

fn is_first(split: &u8) -> bool {
    *split == first()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plan {
        data: DataSource,
    }

    #[test]
    fn plans_of_older_runs_are_read_and_written_as_they_were() {
        let old = "[data.list]\nclips = \"clips\"\nlist = \"trainlist01.txt\"\nclasses = \"classInd.txt\"\n";
        let plan: Plan = toml::from_str(old).unwrap();
        let same = DataSource::list("clips".into(), "trainlist01.txt".into(), "classInd.txt".into());
        assert_eq!(plan, Plan { data: same });
        assert_eq!(toml::to_string(&plan).unwrap(), old);
        let folder: Plan = toml::from_str("[data]\nfolder = \"clips\"\n").unwrap();
        assert_eq!(folder.data, DataSource::Folder("clips".into()));
    }

    #[test]
    fn every_field_survives() {
        let list = ListSource {
            layout: Some(Layout::Hmdb51),
            subset: Subset::Test,
            split: 3,
            skip_bad: true,
            several: true,
            ..ListSource::new("a".into(), "b".into())
        };
        let plan = Plan { data: DataSource::List(list) };
        assert_eq!(toml::from_str::<Plan>(&toml::to_string(&plan).unwrap()).unwrap(), plan);
    }
}

//! The videos of a project as a person has them listed: filtered, in order, and how many of them are labelled.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::suggestions::SuggestionState;
use crate::labels::{Document, Label, StoredPath, Video, VideoId};
use crate::names::distinct_names;
use crate::video::natural_order;

/// The order of the videos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// By name, as people count.
    #[default]
    Name,
    /// The networks are least sure of the first.
    Uncertainty,
    /// The streams disagree most about the first.
    Disagreement,
}

impl Sort {
    /// All orders.
    pub const ALL: [Self; 3] = [Self::Name, Self::Uncertainty, Self::Disagreement];

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Uncertainty => "Uncertainty",
            Self::Disagreement => "Disagreement",
        }
    }
}

/// Which videos are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// All.
    #[default]
    All,
    /// Those nobody has labelled.
    Unlabelled,
    /// Those with a label on the clip or a part of it.
    Labelled,
    /// Those with segments.
    Segments,
    /// Those with a suggestion that nobody has accepted or corrected.
    Suggested,
    /// Those whose file, or the file of whose labels, is missing, changed or cannot be read.
    Troubled,
    /// Those with this label.
    With(Label),
}

/// What is listed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListChoice {
    /// A part of the name, in small letters.
    pub text: String,
    /// Which videos.
    pub shown: Shown,
    /// In which order.
    pub sort: Sort,
}

/// What a list was made of; another one makes another list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListKey {
    /// Of the document.
    pub document: u64,
    /// Of the suggestions.
    pub suggestions: u64,
    /// Of what is known about files.
    pub files: u64,
    /// What is listed.
    pub choice: ListChoice,
}

/// The list.
#[derive(Debug, Default)]
pub struct VideoList {
    key: Option<ListKey>,
    rows: Vec<VideoId>,
    names: BTreeMap<VideoId, String>,
    /// The stored paths that the names are of, and the videos in their order: labels change neither.
    paths: BTreeMap<VideoId, String>,
    by_name: Vec<VideoId>,
    labelled: usize,
    troubled: usize,
    made: usize,
    named: usize,
}

impl VideoList {
    /// The listed videos.
    pub fn rows(&self) -> &[VideoId] {
        &self.rows
    }

    /// What a video is called among all of the project, listed or not.
    pub fn name(&self, id: VideoId) -> &str {
        self.names.get(&id).map_or("", String::as_str)
    }

    /// How many of all videos are labelled.
    pub fn labelled(&self) -> usize {
        self.labelled
    }

    /// How many of all videos have something wrong with their files, or those of their labels.
    pub fn troubled(&self) -> usize {
        self.troubled
    }

    /// How often the list was made.
    #[cfg(test)]
    pub fn made(&self) -> usize {
        self.made
    }

    /// How often the videos were named and put into order.
    #[cfg(test)]
    pub fn named(&self) -> usize {
        self.named
    }

    /// Rebuilds the list of the project in `dir` if anything has changed; `is_troubled` says whose files have a problem.
    pub fn refresh(
        &mut self,
        key: ListKey,
        document: &Document,
        dir: &Path,
        suggestions: &SuggestionState,
        is_troubled: impl Fn(VideoId) -> bool,
    ) {
        if self.key.as_ref() == Some(&key) {
            return;
        }
        self.made += 1;
        if self.key.as_ref().is_none_or(|known| known.document != key.document) {
            self.name_videos(document, dir);
        }
        self.labelled = document.videos.values().filter(|video| !video.is_unlabelled()).count();
        let has_trouble = |id: &VideoId, video: &Video| is_troubled(*id) || video.locked.is_some();
        self.troubled = document.videos.iter().filter(|(id, video)| has_trouble(id, video)).count();
        let is_listed = |id: &VideoId, video: &Video| {
            let shown = match key.choice.shown {
                Shown::All => true,
                Shown::Unlabelled => video.is_unlabelled(),
                Shown::Labelled => !video.is_unlabelled(),
                Shown::Segments => !video.segments.is_empty(),
                Shown::Suggested => video.is_unlabelled() && suggestions.of(video).is_some(),
                Shown::Troubled => has_trouble(id, video),
                Shown::With(label) => video.all_labels().any(|other| other == label),
            };
            shown && (key.choice.text.is_empty() || video.path.to_lowercase().contains(&key.choice.text))
        };
        let listed = self.by_name.iter().filter_map(|id| Some((*id, document.videos.get(id)?)));
        let listed = listed.filter(|(id, video)| is_listed(id, video));
        let measure = |video: &Video| {
            let prediction = suggestions.of(video).filter(|_| video.is_unlabelled());
            prediction.map_or(-1.0, |prediction| match key.choice.sort {
                Sort::Name => 0.0,
                // Uncertainty is at most 1: unsure ones come first.
                Sort::Uncertainty => prediction.uncertainty + if suggestions.is_unsure(prediction) { 2.0 } else { 0.0 },
                Sort::Disagreement => prediction.disagreement,
            })
        };
        self.rows = match key.choice.sort {
            Sort::Name => listed.map(|(id, _)| id).collect(),
            _ => {
                let mut measured: Vec<_> = listed.map(|(id, video)| (id, measure(video))).collect();
                measured.sort_by(|a, b| b.1.total_cmp(&a.1)); // Those that are alike stay in the order of their names.
                measured.into_iter().map(|(id, _)| id).collect()
            }
        };
        self.key = Some(key);
    }

    /// Names the videos and puts them into order, if any was added, removed or moved.
    fn name_videos(&mut self, document: &Document, dir: &Path) {
        let videos = || document.videos.iter();
        if self.paths.iter().eq(videos().map(|(id, video)| (id, &video.path))) {
            return;
        }
        self.named += 1;
        self.paths = videos().map(|(id, video)| (*id, video.path.clone())).collect();
        let paths: Vec<_> = videos().map(|(_, video)| StoredPath::decode(&video.path, dir)).collect();
        self.names = videos().map(|(id, _)| *id).zip(distinct_names(&paths)).collect();
        self.by_name = videos().map(|(id, _)| *id).collect();
        self.by_name.sort_by(|a, b| natural_order(&self.paths[a], &self.paths[b]));
    }
}

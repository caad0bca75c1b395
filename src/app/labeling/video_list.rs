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
    labelled: usize,
    troubled: usize,
    made: usize,
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
            let paths: Vec<_> = document.videos.values().map(|video| StoredPath::decode(&video.path, dir)).collect();
            self.names = document.videos.keys().copied().zip(distinct_names(&paths)).collect();
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
        let mut rows: Vec<(VideoId, &Video)> =
            document.videos.iter().filter(|(id, video)| is_listed(id, video)).map(|(id, video)| (*id, video)).collect();
        let measure = |video: &Video| {
            let prediction = suggestions.of(video).filter(|_| video.is_unlabelled());
            prediction.map_or(-1.0, |prediction| match key.choice.sort {
                Sort::Name => 0.0,
                Sort::Uncertainty => prediction.uncertainty,
                Sort::Disagreement => prediction.disagreement,
            })
        };
        let by_name = |a: &Video, b: &Video| natural_order(&a.path, &b.path);
        match key.choice.sort {
            Sort::Name => rows.sort_by(|a, b| by_name(a.1, b.1)),
            _ => rows.sort_by(|a, b| measure(b.1).total_cmp(&measure(a.1)).then_with(|| by_name(a.1, b.1))),
        }
        self.rows = rows.into_iter().map(|(id, _)| id).collect();
        self.key = Some(key);
    }
}

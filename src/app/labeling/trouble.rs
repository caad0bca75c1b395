//! What is wrong with the files of videos.

use crate::error::Error;
use crate::labels::Facts;

/// What is wrong with the file of a video.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// There is no such file.
    Missing,
    /// It holds something else than when it was labelled.
    Changed(Facts),
    /// It cannot be read, and why.
    Unreadable(Error),
}

impl Trouble {
    /// In a word.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed(_) => "changed",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

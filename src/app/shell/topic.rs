//! What problems are about, and the words for them.

use crate::error::{Error, ErrorKind};

/// Subjects of errors that are longer than this are no words.
const LONGEST_WORD: usize = 16;

/// What a problem is about; the notice of one goes once the same succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topic {
    /// Anything else.
    #[default]
    Other,
    /// Opening a clip, a folder or whatever is at a path.
    Clip,
    /// Loading a model.
    Model,
    /// Opening, creating or saving a project.
    Project,
    /// Training.
    Training,
    /// An evaluation that is run.
    Evaluation,
    /// Reading or showing a saved report.
    Report,
    /// Files that are written.
    Export,
    /// A live source.
    Live,
    /// The sample.
    Sample,
    /// Runs of trainings on the disk.
    Runs,
}

impl Topic {
    /// Returns in two words what failed with this error, or that something is wrong with a file.
    pub fn in_words(self, error: &Error) -> String {
        let text = match self {
            Self::Clip => "Opening failed",
            Self::Model => "Model failed",
            Self::Project => "Project failed",
            Self::Training => "Training failed",
            Self::Evaluation => "Evaluation failed",
            Self::Report => "Report failed",
            Self::Export => "Saving failed",
            Self::Live => "Live failed",
            Self::Sample => "Sample failed",
            Self::Runs => "Run failed",
            Self::Other if is_word(&error.subject) => return format!("{} failed", capitalised(&error.subject)),
            Self::Other => match error.kind {
                ErrorKind::Device => "Device failed",
                ErrorKind::NotFound => "File missing",
                _ => "File problem",
            },
        };
        text.to_owned()
    }
}

/// Whether the subject of an error is a word, such as `training`, and no path.
fn is_word(subject: &str) -> bool {
    (1..=LONGEST_WORD).contains(&subject.len()) && subject.chars().all(char::is_alphabetic)
}

/// Returns a text with its first letter as a capital.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

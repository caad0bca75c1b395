//! What became of what a person asked for: problems by their topic until the same succeeds, and what was written.

use std::path::Path;
use std::time::Instant;

use super::log::LogLevel;
use crate::app::session::Session;
use crate::app::ui::progress::Progress;
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

impl Session {
    /// Reports a problem: in the log, and in the notice until it is dismissed.
    pub fn problem(&mut self, error: &Error) {
        self.failed(Topic::Other, error);
    }

    /// Reports that something of this topic failed: in the log, and in the notice until it is dismissed or the same succeeds.
    pub fn failed(&mut self, topic: Topic, error: &Error) {
        self.log.push(LogLevel::Error, error.to_string());
        (self.notice, self.notice_topic) = (Some(error.clone()), topic);
        self.problems += 1;
    }

    /// Takes the notice away that says that something of this topic failed: it has succeeded since.
    pub fn succeeded(&mut self, topic: Topic) {
        if self.notice_topic == topic {
            self.notice = None;
        }
    }

    /// Reports that a file, or `what`, was written to `path`: the whole path in the log, its name for a while.
    pub fn written(&mut self, path: &Path, what: Option<&str>) {
        self.succeeded(Topic::Export);
        self.notice.take_if(|notice| notice.subject == path.display().to_string());
        self.log.push(LogLevel::Info, format!("Saved {} to {}", what.unwrap_or("a file"), path.display()));
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let place = folder.map_or(String::new(), |folder| format!(" in {}", folder.display()));
        let what = what.map_or(String::new(), |what| format!(": {what}"));
        self.told = Some((format!("Saved {name}{what}{place}"), Instant::now()));
    }
}

/// Returns what is left of a sample that is not drawn any further, to be told now.
pub fn sample_cancelled(progress: Progress) -> (String, Instant) {
    let text = match progress.counts() {
        (0, _) => "Sample cancelled before its first clip was drawn".into(),
        (done, of) => format!("Sample cancelled: {done} of {of} clips drawn and kept"),
    };
    (text, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Message;

    #[test]
    fn a_notice_goes_when_the_same_succeeds_and_no_sooner() {
        let mut session = Session::new("CPU".into());
        let error = Error::new("/reports/a.json", "it is cut off", "Copy it again");
        session.failed(Topic::Report, &error);
        session.succeeded(Topic::Training);
        session.written(Path::new("/out/flow.flo"), Some("the flow of TV-L1"));
        assert_eq!(session.notice, Some(error.clone()), "it is about something else");
        assert!(session.told.as_ref().is_some_and(|(told, _)| told == "Saved flow.flo: the flow of TV-L1 in /out"));
        session.succeeded(Topic::Report);
        assert_eq!(session.notice, None);
        session.receive(&Message::TrainingFailed(error.clone()));
        assert_eq!(session.notice_topic.in_words(&error), "Training failed");
        let other = |subject: &str| Topic::Other.in_words(&Error::new(subject, "it is torn", "Copy it again"));
        assert_eq!([other("recording"), other("/clips/a.mp4")], ["Recording failed", "File problem"]);
    }
}

//! What became of what a person asked for: problems by their topic until the same succeeds, and what was written.

use std::path::Path;
use std::time::Instant;

use super::log::LogLevel;
use super::topic::Topic;
use crate::app::session::Session;
use crate::error::Error;

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
        // Of a path that was typed, a person may not know from which folder it counts.
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.log.push(LogLevel::Info, format!("Saved {} to {}", what.unwrap_or("a file"), path.display()));
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let place = folder.map_or(String::new(), |folder| format!(" in {}", folder.display()));
        let what = what.map_or(String::new(), |what| format!(": {what}"));
        self.told = Some((format!("Saved {name}{what}{place}"), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LiveEvent, Message};

    #[test]
    fn a_problem_of_the_engine_goes_when_the_same_succeeds() {
        let mut session = Session::new("CPU".into());
        let corrected = LiveEvent::Corrected { path: "/a.mp4".into(), class: "wave".into(), frames: 9, slow: None };
        let recorded = LiveEvent::Recorded { path: "/b.mp4".into(), secs: 1.0, slow: None };
        for (topic, other, same) in
            [(Topic::Recording, corrected.clone(), recorded.clone()), (Topic::Corrections, recorded, corrected)]
        {
            session.receive(&Message::Problem(topic, Error::new("/c.mp4", "the disk is full", "Make room")));
            session.receive(&Message::Live(other));
            assert!(session.notice.is_some(), "{topic:?}");
            session.receive(&Message::Live(same));
            assert!(session.notice.is_none(), "{topic:?}");
        }
    }

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

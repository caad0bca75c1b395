//! Labelled segments by video, as summaries and comparisons read them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::frame_times::FrameTimes;
use crate::labels::{Document, Label, StoredPath, times};
use crate::names::{Alike, class_alike, composed};

/// Videos with their labelled segments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelledVideos {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Their colours.
    pub colors: Vec<[u8; 3]>,
    /// The videos of known duration.
    pub videos: Vec<LabelledVideo>,
    /// Paths of the other videos: they have not been probed yet, or their labels cannot be read.
    pub unknown: Vec<String>,
    /// Paths of the variable-rate videos whose frame times are not available; the average rate is used for them.
    pub approximate: Vec<String>,
}

/// A video with its labelled segments.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledVideo {
    /// Name: the path in the project.
    pub video: String,
    /// Path of the file, which may no longer exist.
    pub file: PathBuf,
    /// Group; empty for none.
    pub group: String,
    /// Hash of the file's content; empty if unknown.
    pub hash: String,
    /// Times of its frames.
    pub times: FrameTimes,
    /// Segments, by start.
    pub spans: Vec<LabelledSpan>,
    /// Labels of the whole clip.
    pub whole: Vec<Option<usize>>,
}

/// A segment of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledSpan {
    /// Index of its class among the names; `None` for background.
    pub class: Option<usize>,
    /// Range of frames.
    pub frames: Range<usize>,
}

impl LabelledVideos {
    /// Returns the labels of a project in `dir`. Segments beyond the end of a video are cut.
    pub fn of(document: &Document, dir: &Path) -> Self {
        let place = |label: Label| match label {
            Label::Background => None,
            Label::Class(id) => document.classes.iter().position(|class| class.id == id),
        };
        let mut labelled = Self {
            classes: document.classes.iter().map(|class| class.name.clone()).collect(),
            colors: document.classes.iter().map(|class| class.color).collect(),
            ..Self::default()
        };
        for video in document.videos.values() {
            let known = video.facts.as_ref().filter(|_| video.locked.is_none()).and_then(|facts| {
                let even = || FrameTimes::even(facts.frames, facts.fps, facts.start_secs.unwrap_or(0.0));
                let times = times::read(dir, facts).ok();
                let is_approximate = times.is_none() && facts.variable_rate;
                Some((facts, times.or_else(even)?, is_approximate))
            });
            let (name, file) = (StoredPath::plain(&video.path), StoredPath::decode(&video.path, dir));
            let Some((facts, times, is_approximate)) = known else {
                labelled.unknown.push(name);
                continue;
            };
            labelled.approximate.extend(is_approximate.then(|| name.clone()));
            let video = video.within_frames();
            let spans = video.segments.iter();
            labelled.videos.push(LabelledVideo {
                video: name,
                file,
                group: video.group.clone(),
                hash: facts.hash.clone(),
                times,
                spans: spans
                    .map(|part| LabelledSpan { class: place(part.label), frames: part.start..part.end })
                    .collect(),
                whole: video.labels.iter().map(|&label| place(label)).collect(),
            });
        }
        labelled
    }

    /// Returns the warnings on skipped videos, and on videos without exact times.
    pub fn doubts(&self) -> impl Iterator<Item = Error> {
        let remedy = "Check the videos of the project (project check)";
        let doubt = move |cause: &'static str| move |video: &String| Error::new(video.as_str(), cause, remedy);
        let unknown = self.unknown.iter().map(doubt("its length or its labels are not known; left out"));
        let cause = "the times of its frames are not at hand; its average frame rate was used";
        unknown.chain(self.approximate.iter().map(doubt(cause)))
    }

    /// Returns both with a common list of classes: those of `self`, followed by those that only `other` has. Names are
    /// matched regardless of Unicode form, case and separators between words, as in imports. Also returns the classes
    /// of `other` with several possible matches, or sharing one, which are kept as separate classes.
    pub fn with_same_classes(mut self, mut other: Self) -> (Self, Self, Vec<String>) {
        let own = self.classes.clone();
        let alike: Vec<Alike> =
            other.classes.iter().map(|name| class_alike(own.iter().map(String::as_str), name)).collect();
        let (mut places, mut ambiguous) = (Vec::new(), Vec::new());
        for ((name, &color), found) in other.classes.iter().zip(&other.colors).zip(&alike) {
            let known = match found {
                Alike::One(place) if alike.iter().filter(|other| *other == found).count() == 1 => Some(*place),
                Alike::One(place) if composed(&own[*place]) == composed(name) => Some(*place),
                _ => None,
            };
            if known.is_none() && *found != Alike::None {
                ambiguous.push(name.clone());
            }
            places.push(known.unwrap_or(self.classes.len()));
            if known.is_none() {
                self.classes.push(name.clone());
                self.colors.push(color);
            }
        }
        for video in &mut other.videos {
            let labels = video.spans.iter_mut().map(|span| &mut span.class).chain(&mut video.whole);
            labels.flatten().for_each(|class| *class = places[*class]);
        }
        (other.classes, other.colors) = (self.classes.clone(), self.colors.clone());
        (self, other, ambiguous)
    }
}

impl LabelledVideo {
    /// Returns the segments or, if there are none, the labels of the whole clip as segments from its first frame to its
    /// last.
    pub fn spans_or_whole(&self) -> Vec<LabelledSpan> {
        if !self.spans.is_empty() {
            return self.spans.clone();
        }
        self.whole.iter().map(|&class| LabelledSpan { class, frames: 0..self.times.frames() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: &[&str], class: Option<usize>) -> LabelledVideos {
        let video = LabelledVideo {
            video: "a.mp4".into(),
            file: PathBuf::new(),
            group: String::new(),
            hash: String::new(),
            times: FrameTimes::even(10, 10.0, 0.0).unwrap(),
            spans: vec![LabelledSpan { class, frames: 0..5 }],
            whole: vec![class],
        };
        let colors = vec![[0; 3]; classes.len()];
        LabelledVideos {
            classes: classes.iter().map(|&name| name.into()).collect(),
            colors,
            videos: vec![video],
            ..LabelledVideos::default()
        }
    }

    #[test]
    fn classes_of_two_label_files_are_matched_by_name() {
        let (a, b, _) = of(&["walk", "rear"], Some(0)).with_same_classes(of(&["groom", "walk"], Some(1)));
        assert_eq!((a.classes.clone(), b.classes), (vec!["walk".into(), "rear".into(), "groom".into()], a.classes));
        assert_eq!((b.videos[0].spans[0].class, b.videos[0].whole[0]), (Some(0), Some(0)));
        let (_, b, _) = of(&["walk"], None).with_same_classes(of(&["groom"], Some(0)));
        assert_eq!(b.videos[0].spans[0].class, Some(1));
        let (_, b, _) = of(&["walk"], None).with_same_classes(of(&["groom"], None));
        assert_eq!(b.videos[0].spans[0].class, None, "background is no class");
    }

    #[test]
    fn names_of_one_class_may_be_spelled_in_two_ways_unless_several_are_meant() {
        let (a, b, ambiguous) = of(&["Kick Ball"], None).with_same_classes(of(&["walk", "kick_ball"], Some(1)));
        assert_eq!((b.videos[0].spans[0].class, ambiguous), (Some(0), Vec::new()));
        assert_eq!(a.classes, ["Kick Ball", "walk"]);
        let (a, b, ambiguous) = of(&["Walk", "WALK"], None).with_same_classes(of(&["walk"], Some(0)));
        assert_eq!((a.classes.len(), b.videos[0].spans[0].class), (3, Some(2)));
        assert_eq!(ambiguous, ["walk"]);
        let (_, b, ambiguous) = of(&["walk"], None).with_same_classes(of(&["Walk", "walk"], Some(0)));
        assert_eq!((b.videos[0].spans[0].class, ambiguous), (Some(1), vec!["Walk".to_owned()]), "not two in one");
    }

    #[test]
    fn an_average_rate_in_the_place_of_times_is_named() {
        let facts = |variable_rate| crate::labels::Facts {
            frames: 10,
            fps: 10.0,
            start_secs: Some(0.0),
            variable_rate,
            size: [4, 4],
            bytes: 1,
            hash: "00ff".into(),
        };
        let mut document = Document::default();
        let videos = [("even.mp4", false), ("uneven.mp4", true)].map(|(path, variable_rate)| crate::labels::Video {
            facts: Some(facts(variable_rate)),
            ..crate::labels::Video::new(path)
        });
        document.apply(crate::labels::edits::add_videos(&document, videos.into()));
        let dir = tempfile::tempdir().unwrap();
        let labelled = LabelledVideos::of(&document, dir.path());
        assert_eq!((labelled.videos.len(), labelled.approximate), (2, vec!["uneven.mp4".to_owned()]));
        let listed =
            FrameTimes::listed((0..10).map(|frame| f64::from(frame * frame)).collect::<Vec<_>>(), 100.0).unwrap();
        times::keep(dir.path(), &facts(true), &listed).unwrap();
        assert_eq!(LabelledVideos::of(&document, dir.path()).approximate, Vec::<String>::new());
    }

    #[test]
    fn a_label_of_the_whole_clip_counts_without_segments_only() {
        let mut video = of(&["walk"], Some(0)).videos.remove(0);
        assert_eq!(video.spans_or_whole()[0].frames, 0..5);
        video.spans.clear();
        assert_eq!(video.spans_or_whole(), [LabelledSpan { class: Some(0), frames: 0..10 }]);
    }
}

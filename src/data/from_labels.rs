//! Conversion of the labels of a project to training pieces.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::pieces::{Piece, Pieces};
use crate::error::Error;
use crate::labels::{Document, Label, Segment, StoredPath, Video, VideoId};
use crate::names::composed;
use crate::plural::counted;

/// A selection of labels and videos of a project to train on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The classes, optionally with background as one of them.
    pub labels: BTreeSet<Label>,
    /// The videos; `None` for all.
    pub videos: Option<BTreeSet<VideoId>>,
    /// `true` to use rejected predictions as background where nothing is labelled, if background is among the labels.
    pub negatives: bool,
    /// `true` if several classes may occur at the same time.
    pub multi_label: bool,
}

/// The pieces of a project, and the labels that were left out, with reasons.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FromLabels {
    /// The pieces to train on.
    pub pieces: Pieces,
    /// Labels and videos that cannot be used.
    pub left_out: Vec<Error>,
    /// Labels that are unused because more precise ones exist.
    pub remarks: Vec<Error>,
}

/// Maximum number of videos named in a remark.
const MOST_NAMED: usize = 3;

impl FromLabels {
    /// Returns the pieces of `chosen` in the project in the folder `project`. `locate` returns the path of a video.
    ///
    /// A video with segments contributes only these, each with its own frames; one without contributes its whole
    /// length, if it has one class. Rejected predictions are background if that is chosen. Frames with several of the
    /// chosen classes at once are left out, unless classes may occur at the same time; so are videos whose files are
    /// missing. Classes without pieces are dropped.
    pub fn new(
        document: &Document,
        project: &Path,
        chosen: &Chosen,
        locate: &dyn Fn(VideoId) -> Option<PathBuf>,
    ) -> Self {
        let mut found = Self { pieces: Pieces { project: project.to_owned(), ..Pieces::default() }, ..Self::default() };
        let is_chosen = |id: &VideoId| chosen.videos.as_ref().is_none_or(|videos| videos.contains(id));
        for (id, video) in document.videos.iter().filter(|(id, _)| is_chosen(id)) {
            found.add(document, chosen, video, locate(*id));
        }
        let videos = document.videos.iter().filter(|(id, _)| is_chosen(id)).map(|(_, video)| video);
        found.remarks.extend(unused_labels(videos, project));
        found.keep_classes_with_pieces(document, chosen);
        found
    }

    fn add(&mut self, document: &Document, chosen: &Chosen, video: &Video, path: Option<PathBuf>) {
        self.left_out.extend(video.locked.as_deref().cloned());
        let whole = Path::new(&video.path);
        self.left_out.extend(video.note_beyond_end(path.as_deref().unwrap_or(whole)));
        let all = video;
        let video = &*all.within_frames();
        if video.segments.is_empty() && !all.segments.is_empty() {
            return; // Only its segments are used, and all of them start beyond its end.
        }
        let wanted = stretches(video, chosen);
        if wanted.is_empty() {
            return;
        }
        let path = match usable(video, path) {
            Ok(path) => path,
            Err(error) => return self.left_out.push(error),
        };
        if !chosen.multi_label && shows_several(video, chosen) {
            let remedy = "Mark its classes as segments, or give it one label";
            self.left_out.push(Error::file(&path, "the clip has several of the selected classes", remedy));
            return;
        }
        for (label, frames) in &wanted {
            let clashing = || frames.and_then(|frames| clash(video, chosen, *label, frames));
            if let Some(other) = (!chosen.multi_label).then(clashing).flatten() {
                let cause = format!(
                    "frames {} to {} of {} are {} as well",
                    other.start,
                    other.end - 1,
                    document.label_name(*label),
                    document.label_name(other.label)
                );
                self.left_out.push(Error::file(
                    &path,
                    cause,
                    "Move the edges of the segments, or choose one of the classes",
                ));
                continue;
            }
            let group = Some(video.group.clone()).filter(|group| !group.is_empty());
            let class = composed(document.label_name(*label)).into_owned();
            self.pieces.pieces.push(Piece { path: path.clone(), class, frames: *frames, group });
        }
    }

    /// Keeps the classes that have pieces, in the order of the project, background last.
    fn keep_classes_with_pieces(&mut self, document: &Document, chosen: &Chosen) {
        let classes = document.classes.iter().map(|class| Label::Class(class.id)).chain([Label::Background]);
        for label in classes.filter(|label| chosen.labels.contains(label)) {
            let class = composed(document.label_name(label)).into_owned();
            if self.pieces.classes.contains(&class) {
                continue; // An older project may have it in two Unicode forms.
            }
            if self.pieces.pieces.iter().any(|piece| piece.class == class) {
                self.pieces.classes.push(class);
            } else {
                let remedy = "Label some clips with it, or deselect the class";
                self.left_out.push(Error::new(class, "the class has no clips", remedy));
            }
        }
    }
}

/// Returns the chosen labels of a video with their frames: those of its segments, otherwise those of the whole clip.
fn stretches(video: &Video, chosen: &Chosen) -> Vec<(Label, Option<[usize; 2]>)> {
    let has_negatives = chosen.negatives && chosen.labels.contains(&Label::Background);
    let negatives = if has_negatives { video.negatives() } else { Vec::new() };
    let negatives = negatives.into_iter().map(|frames| (Label::Background, Some([frames.start, frames.end])));
    if video.segments.is_empty() {
        let labels = video.labels.iter().filter(|label| chosen.labels.contains(label));
        return labels.map(|label| (*label, None)).chain(negatives).collect();
    }
    let segments = video.segments.iter().filter(|segment| chosen.labels.contains(&segment.label));
    segments.map(|segment| (segment.label, Some([segment.start, segment.end]))).chain(negatives).collect()
}

/// Returns a remark on labels of whole clips that have segments, but none of that class. All classes are checked, since
/// one without other clips is not among the chosen ones.
fn unused_labels<'a>(videos: impl Iterator<Item = &'a Video>, project: &Path) -> Option<Error> {
    let labels = |video: &Video| {
        let is_segment = |label: &Label| video.segments.iter().any(|segment| segment.label == *label);
        video.labels.iter().filter(|label| **label != Label::Background && !is_segment(label)).count()
    };
    let unused: Vec<&Video> = videos.filter(|video| !video.segments.is_empty() && labels(video) > 0).collect();
    let count = unused.iter().map(|video| labels(video)).sum();
    let name = |video: &&Video| StoredPath::plain(&video.path).rsplit('/').next().unwrap_or_default().to_owned();
    let mut names = unused.iter().take(MOST_NAMED).map(name).collect::<Vec<_>>().join(", ");
    if unused.len() > MOST_NAMED {
        names += &format!(" and {} more", unused.len() - MOST_NAMED);
    }
    let (are, their) = if count == 1 { ("is", "its") } else { ("are", "their") };
    let (clips, have) = if unused.len() == 1 { ("clip", "has") } else { ("clips", "have") };
    let cause = format!("{} {are} not used: {their} {clips} {have} segments ({names})", counted(count, "clip label"));
    let remedy = "Mark these classes as segments too, or delete the segments, to train on them";
    (count > 0).then(|| Error::file(project, cause, remedy))
}

/// Returns `true` if a whole clip has more than one of the chosen classes.
fn shows_several(video: &Video, chosen: &Chosen) -> bool {
    video.segments.is_empty() && video.labels.iter().filter(|label| chosen.labels.contains(label)).count() > 1
}

/// Returns a segment of another chosen class that overlaps these frames.
fn clash<'a>(video: &'a Video, chosen: &Chosen, label: Label, [start, end]: [usize; 2]) -> Option<&'a Segment> {
    let is_other = |other: &&Segment| other.label != label && chosen.labels.contains(&other.label);
    video.segments.iter().filter(is_other).find(|other| other.start < end && start < other.end)
}

/// Returns the file of a video, if it exists and its path is valid in a plan.
fn usable(video: &Video, path: Option<PathBuf>) -> Result<PathBuf, Error> {
    let missing = |place: &str| Error::new(place, "the video is missing", "Relink it in Project › Clip");
    let path = path.ok_or_else(|| missing(&video.path))?;
    if !path.exists() {
        return Err(missing(&path.to_string_lossy()));
    }
    if path.to_str().is_none() {
        return Err(Error::file(&path, "its name is not UTF-8, which settings files require", "Rename the file"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Facts, PredictedBout, Settings, bout_edits, edits};

    /// A project with the classes `jump` and `wave`, and files for its videos.
    struct Stage {
        dir: tempfile::TempDir,
        document: Document,
    }

    #[test]
    fn a_class_that_an_older_project_has_in_two_forms_of_unicode_is_learned_as_one() {
        let mut stage = Stage::new(false);
        stage.video("a.mp4", &["jump"], &[]);
        stage.video("b.mp4", &["wave"], &[]);
        let chosen = stage.chosen(&["jump", "wave"]);
        for (class, name) in stage.document.classes.iter_mut().zip(["o\u{308}l", "\u{f6}l"]) {
            class.name = name.into();
        }
        let locate = |id: VideoId| Some(stage.dir.path().join(&stage.document.videos[&id].path));
        let found = FromLabels::new(&stage.document, stage.dir.path(), &chosen, &locate);
        assert_eq!((found.pieces.classes.as_slice(), found.left_out), (&["\u{f6}l".to_owned()][..], vec![]));
        assert_eq!(found.pieces.counts().iter().map(|class| class.pieces).collect::<Vec<_>>(), [2]);
    }

    impl Stage {
        fn new(multi_label: bool) -> Self {
            let mut document = Document::default();
            document.apply(edits::set_settings(Settings { multi_label, ..Settings::default() }));
            for name in ["jump", "wave"] {
                let (_, step) = edits::add_class(&document, name).unwrap();
                document.apply(step);
            }
            Self { dir: tempfile::tempdir().unwrap(), document }
        }

        fn label(&self, name: &str) -> Label {
            if name == "background" {
                return Label::Background;
            }
            Label::Class(self.document.class_named(name).unwrap().id)
        }

        /// Returns a video with labels of the whole clip and segments.
        fn video(&mut self, name: &str, labels: &[&str], segments: &[(&str, usize, usize)]) -> VideoId {
            std::fs::write(self.dir.path().join(name), "").unwrap();
            let id = self.document.free_video_id();
            let facts = Facts {
                frames: 100,
                fps: 25.0,
                start_secs: Some(0.0),
                variable_rate: false,
                size: [4, 4],
                bytes: 0,
                hash: String::new(),
            };
            let video = Video { facts: Some(facts), ..Video::new(name) };
            self.document.apply(edits::add_videos(&self.document, vec![video]));
            for label in labels {
                let step = edits::label_clip(&self.document, id, self.label(label)).unwrap();
                self.document.apply(step);
            }
            for (label, start, end) in segments {
                let (_, step) = edits::add_segment(&self.document, id, self.label(label), *start, *end).unwrap();
                self.document.apply(step);
            }
            id
        }

        fn chosen(&self, labels: &[&str]) -> Chosen {
            Chosen { labels: labels.iter().map(|label| self.label(label)).collect(), ..Chosen::default() }
        }

        fn pieces(&self, chosen: &Chosen) -> FromLabels {
            let locate = |id| self.document.videos.get(&id).map(|video| self.dir.path().join(&video.path));
            FromLabels::new(&self.document, self.dir.path(), chosen, &locate)
        }
    }

    fn shown(found: &FromLabels) -> Vec<(String, String, Option<[usize; 2]>)> {
        let name = |piece: &Piece| piece.path.file_name().unwrap().to_string_lossy().into_owned();
        found.pieces.pieces.iter().map(|piece| (name(piece), piece.class.clone(), piece.frames)).collect()
    }

    #[test]
    fn whole_clips_and_segments_become_pieces_of_the_chosen_classes() {
        let mut stage = Stage::new(false);
        stage.video("a.mp4", &["jump"], &[]);
        stage.video("b.mp4", &["wave"], &[("jump", 10, 20), ("wave", 30, 45)]);
        stage.video("c.mp4", &["background"], &[]);
        stage.video("d.mp4", &[], &[]);
        let found = stage.pieces(&stage.chosen(&["jump", "wave"]));
        let piece = |name: &str, class: &str, frames| (name.to_owned(), class.to_owned(), frames);
        let of_b = [piece("b.mp4", "jump", Some([10, 20])), piece("b.mp4", "wave", Some([30, 45]))];
        assert_eq!(shown(&found), [&[piece("a.mp4", "jump", None)][..], &of_b].concat());
        assert_eq!((found.pieces.classes.len(), found.left_out.len()), (2, 0));
        let found = stage.pieces(&stage.chosen(&["jump", "background"]));
        assert_eq!(found.pieces.classes, ["jump", "background"]);
    }

    /// Computed by hand: of frames 5 to 25, those before 10 and from 20 are not labelled; 40 to 50 and 45 to 60 are
    /// merged; the clip has 100 frames.
    #[test]
    fn rejected_bouts_are_background_where_nothing_is_labelled_if_background_is_learned() {
        let mut stage = Stage::new(false);
        let first = stage.video("a.mp4", &[], &[("jump", 10, 20)]);
        let second = stage.video("b.mp4", &[], &[]);
        let whole = stage.video("c.mp4", &["wave"], &[]);
        let Label::Class(class) = stage.label("wave") else { panic!("a class") };
        for (id, rejected) in
            [(first, &[[5, 25], [40, 50], [45, 60], [95, 120]][..]), (second, &[[0, 10]]), (whole, &[[0, 10]])]
        {
            let bouts: Vec<_> =
                rejected.iter().map(|&[start, end]| PredictedBout { class, frames: start..end }).collect();
            stage.document.apply(bout_edits::reject_bouts(&stage.document, id, &bouts).unwrap());
        }
        let chosen = Chosen { negatives: true, ..stage.chosen(&["jump", "wave", "background"]) };
        let background: Vec<_> =
            shown(&stage.pieces(&chosen)).into_iter().filter(|(_, class, _)| class == "background").collect();
        let piece = |name: &str, frames| (name.to_owned(), "background".to_owned(), Some(frames));
        let of_first = [[5, 10], [20, 25], [40, 60], [95, 100]].map(|frames| piece("a.mp4", frames));
        assert_eq!(
            background,
            [&of_first[..], &[piece("b.mp4", [0, 10])]].concat(),
            "a label of the whole clip counts"
        );
        for other in [
            Chosen { negatives: false, ..chosen.clone() },
            Chosen { negatives: true, ..stage.chosen(&["jump", "wave"]) },
        ] {
            assert_eq!(shown(&stage.pieces(&other)).len(), 2, "the segment and the clip");
        }
    }

    #[test]
    fn labels_of_clips_that_have_segments_are_remarked_even_if_their_class_has_no_other_clip() {
        let mut stage = Stage::new(true);
        let first = stage.video("a.mp4", &["jump"], &[("wave", 10, 20)]);
        stage.video("b.mp4", &["background"], &[("wave", 10, 20)]);
        let chosen = Chosen { videos: Some([first].into()), ..stage.chosen(&["wave"]) };
        let found = stage.pieces(&chosen);
        let cause = "1 clip label is not used: its clip has segments (a.mp4)";
        assert_eq!(found.remarks.iter().map(|remark| remark.cause.as_str()).collect::<Vec<_>>(), [cause]);
        assert_eq!(stage.pieces(&stage.chosen(&["wave"])).remarks[0].cause, cause, "background is no class here");
        for name in ["c.mp4", "d.mp4", "e.mp4"] {
            stage.video(name, &["jump", "wave"], &[("wave", 10, 20)]);
        }
        let cause = "4 clip labels are not used: their clips have segments (a.mp4, c.mp4, d.mp4 and 1 more)";
        assert_eq!(stage.pieces(&stage.chosen(&["wave"])).remarks[0].cause, cause);
    }

    #[test]
    fn videos_are_picked_by_hand() {
        let mut stage = Stage::new(false);
        stage.video("a.mp4", &["jump"], &[]);
        let second = stage.video("b.mp4", &["jump"], &[]);
        let chosen = Chosen { videos: Some([second].into()), ..stage.chosen(&["jump"]) };
        assert_eq!(shown(&stage.pieces(&chosen)).len(), 1);
    }

    #[test]
    fn what_shows_several_classes_at_once_is_left_out_and_told() {
        let mut stage = Stage::new(true);
        stage.video("a.mp4", &["jump", "wave"], &[]);
        stage.video("b.mp4", &[], &[("jump", 0, 20), ("wave", 10, 30), ("jump", 40, 50)]);
        let both = stage.pieces(&stage.chosen(&["jump", "wave"]));
        assert_eq!(shown(&both), [("b.mp4".to_owned(), "jump".to_owned(), Some([40, 50]))]);
        let several = stage.pieces(&Chosen { multi_label: true, ..stage.chosen(&["jump", "wave"]) });
        let piece = |name: &str, class: &str, frames| (name.to_owned(), class.to_owned(), frames);
        let of_b = [("jump", [0, 20]), ("wave", [10, 30]), ("jump", [40, 50])];
        let of_b = of_b.map(|(class, frames)| piece("b.mp4", class, Some(frames)));
        let all = [&[piece("a.mp4", "jump", None), piece("a.mp4", "wave", None)][..], &of_b].concat();
        assert_eq!((shown(&several), several.left_out.len()), (all, 0), "all of it, where classes may overlap");
        let causes: Vec<&str> = both.left_out.iter().map(|error| error.cause.as_str()).collect();
        assert_eq!(causes.len(), 4, "{causes:?}");
        assert!(
            causes[0].contains("several of the selected classes") && causes[1].contains("wave as well"),
            "{causes:?}"
        );
        assert!(causes[3].contains("no clips"), "of wave nothing is left: {causes:?}");
        assert_eq!(stage.pieces(&stage.chosen(&["jump"])).pieces.pieces.len(), 3, "alone it is clear what they show");
    }

    #[test]
    fn videos_that_are_gone_and_empty_classes_are_told() {
        let mut stage = Stage::new(false);
        stage.video("a.mp4", &["jump"], &[]);
        std::fs::remove_file(stage.dir.path().join("a.mp4")).unwrap();
        let found = stage.pieces(&stage.chosen(&["jump", "wave"]));
        assert_eq!(found.pieces.classes, Vec::<String>::new());
        let causes: Vec<&str> = found.left_out.iter().map(|error| error.cause.as_str()).collect();
        assert_eq!(causes, ["the video is missing", "the class has no clips", "the class has no clips"]);
    }

    #[test]
    fn what_lies_beyond_the_end_of_a_shorter_file_is_left_out_and_told() {
        let mut stage = Stage::new(false);
        stage.video("a.mp4", &["wave"], &[("jump", 10, 40), ("jump", 70, 90)]);
        stage.video("b.mp4", &["wave"], &[("jump", 50, 60)]);
        for video in stage.document.videos.values_mut() {
            video.facts.as_mut().unwrap().frames = 30;
        }
        let found = stage.pieces(&stage.chosen(&["jump", "wave"]));
        assert_eq!(shown(&found), [("a.mp4".to_owned(), "jump".to_owned(), Some([10, 30]))]);
        let causes: Vec<&str> = found.left_out.iter().map(|error| error.cause.as_str()).collect();
        assert!(
            causes[0].starts_with("2 segments reach beyond") && causes[1].starts_with("1 segment reaches"),
            "{causes:?}"
        );
    }
}

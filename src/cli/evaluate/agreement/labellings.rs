//! Reads two labellings, projects, label files or predictions, and pairs their videos.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::outcome::complain;
use crate::cli::prediction_sources::predictions_at;
use crate::engine::{probe, time_videos};
use crate::error::{Error, Result};
use crate::labels::formats::{Choices, Format, import};
use crate::labels::{Document, Opened, Project, edits};
use crate::panic_guard::caught_at;
use crate::plural::counted;
use crate::predictions::{
    BoutChoices, LabelledVideo, LabelledVideos, TwiceLabelled, is_background_class, predicted_labels,
    read_prediction_facts,
};

/// Maximum number of pairs named one by one.
const MOST_NAMED: usize = 10;

/// Two labellings with the same list of classes.
pub(super) struct Labellings {
    names: [String; 2],
    a: LabelledVideos,
    b: LabelledVideos,
    /// The place in `b` of each video of `a` that is there.
    partners: Vec<Option<Partner>>,
    likeliest: Option<Likeliest>,
    /// Whether some labels could not be read; each was reported.
    pub is_doubtful: bool,
}

/// The same labellings with the likeliest class of every frame in place of predicted bouts.
struct Likeliest {
    a: LabelledVideos,
    b: LabelledVideos,
    /// Whether background is a class of the model.
    has_background: bool,
}

/// The place of a video in another labelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Partner {
    place: usize,
    /// The path or the file name is the same, and whether the content is so is not known.
    is_by_name: bool,
}

/// A document of labels and the folder that its paths are relative to.
struct Labelling {
    document: Document,
    dir: PathBuf,
    is_doubtful: bool,
    /// The likeliest class of every frame, and whether background is one: of predictions with one class at a time.
    likeliest: Option<(Document, bool)>,
}

impl Labellings {
    /// Reads the labels at `a` and `b`; bouts in predictions are found by `choices`. A file that does not say how long its videos are uses the lengths of the other side, or those
    /// of the video files.
    ///
    /// # Errors
    /// If one cannot be read, has no video, or they have none in common.
    pub fn read(a: &Path, b: &Path, choices: &BoutChoices) -> Result<Self> {
        // Times of frames of variable-rate videos are kept beside the labels they belong to.
        let scratch = TempDir::new().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
        let is_first_b = !knows_lengths(a)? && knows_lengths(b)?;
        let (first, second) = if is_first_b { (b, a) } else { (a, b) };
        let mut one = Labelling::read(first, scratch.path(), choices)?;
        let other = match knows_lengths(second)? {
            true => Labelling::read(second, scratch.path(), choices)?,
            false => Labelling::read_beside(second, &one)?,
        };
        if one.document.videos.is_empty() && !other.document.videos.is_empty() {
            one = Labelling::read_beside(first, &other)?;
        }
        let mut is_doubtful = one.is_doubtful || other.is_doubtful;
        let likeliest = match is_first_b {
            true => Likeliest::of(&other, &one),
            false => Likeliest::of(&one, &other),
        };
        let [one, other] = [one, other].map(|labelling| labelling.videos());
        let mut reported = BTreeSet::new();
        for (path, labels) in [(first, &one), (second, &other)] {
            // What is wrong with a video of the project is so as well where a label file is read beside it.
            labels.doubts().filter(|doubt| reported.insert(doubt.to_string())).for_each(|doubt| complain(&doubt));
            if labels.videos.is_empty() {
                let cause = "it has no video whose length is known";
                return Err(Error::file(
                    path,
                    cause,
                    "Compare with a project of the videos, or put the file beside them",
                ));
            }
        }
        is_doubtful |= !reported.is_empty();
        let (a_labels, b_labels) = if is_first_b { (other, one) } else { (one, other) };
        let (a_labels, b_labels, ambiguous) = a_labels.with_same_classes(b_labels);
        for class in &ambiguous {
            let cause = format!("class {class} may be one of several of the other side; compared as a class by itself");
            complain(&Error::file(b, cause, "Name the class as the other side does"));
        }
        is_doubtful |= !ambiguous.is_empty();
        let partners = partners(&a_labels.videos, &b_labels.videos);
        if partners.iter().all(Option::is_none) {
            let subject = format!("{} and {}", a.display(), b.display());
            let remedy = "Check that both label the same files, with the same paths or file names";
            return Err(Error::new(subject, "they have no video in common", remedy));
        }
        let names = [a, b].map(|path| path.display().to_string());
        Ok(Self { names, a: a_labels, b: b_labels, partners, likeliest, is_doubtful })
    }

    /// Returns the names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.a.classes
    }

    /// Returns the videos that both have, those that neither has labelled left out.
    ///
    /// # Errors
    /// The first video that has other numbers of frames in both.
    pub fn pairs(&self) -> Result<Vec<TwiceLabelled<'_>>> {
        self.pairs_of(&self.a, &self.b)
    }

    /// Returns the same pairs with the likeliest class of every frame in place of predicted bouts, and whether background is a class
    /// of the model; `None` without predictions of one class at a time.
    ///
    /// # Errors
    /// As [`Self::pairs`].
    pub fn likeliest_pairs(&self) -> Result<Option<(Vec<TwiceLabelled<'_>>, bool)>> {
        let Some(Likeliest { a, b, has_background }) = &self.likeliest else { return Ok(None) };
        Ok(Some((self.pairs_of(a, b)?, *has_background)))
    }

    fn pairs_of<'a>(&'a self, a: &'a LabelledVideos, b: &'a LabelledVideos) -> Result<Vec<TwiceLabelled<'a>>> {
        let mut pairs = Vec::new();
        for (one, other) in a.videos.iter().zip(&self.partners) {
            let Some(other) = other.map(|partner| &b.videos[partner.place]) else { continue };
            let [frames, others] = [one, other].map(|video| video.times.frames());
            if frames != others {
                let [a, b] = &self.names;
                let cause = format!("{} in {a} and {others} in {b}", counted(frames, "frame"));
                return Err(Error::new(&*one.video, cause, "Label the same file in both, or check the videos again"));
            }
            let (a, b) = (one.spans_or_whole(), other.spans_or_whole());
            if !(a.is_empty() && b.is_empty()) {
                pairs.push(TwiceLabelled { video: &one.video, times: &one.times, a, b });
            }
        }
        Ok(pairs)
    }

    /// Prints which videos were paired by their names alone, and how many only one side has.
    pub fn print_pairing(&self) {
        let pairs = self.a.videos.iter().zip(&self.partners);
        let by_name = pairs.filter_map(|(one, partner)| Some((one, partner.filter(|partner| partner.is_by_name)?)));
        let by_name: Vec<_> = by_name.map(|(one, partner)| (&one.video, &self.b.videos[partner.place].video)).collect();
        for (one, other) in by_name.iter().take(MOST_NAMED) {
            let [a, b] = &self.names;
            println!("Paired by name alone; check that it is the same video: {one} in {a}, {other} in {b}");
        }
        if let Some(more) = by_name.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            println!("Paired by name alone as well: {}", counted(more, "more video"));
        }
        let only_a = self.partners.iter().filter(|partner| partner.is_none()).count();
        let only_b = self.b.videos.len() + only_a - self.partners.len();
        for (count, name) in [only_a, only_b].into_iter().zip(&self.names).filter(|(count, _)| *count > 0) {
            println!("Only in {name}, not compared: {}", counted(count, "video"));
        }
    }
}

/// Returns whether a source says itself how many frames its videos have.
fn knows_lengths(source: &Path) -> Result<bool> {
    Ok(is_project(source) || predictions_at(source)?.is_some() || Format::of(source)? == Format::Json)
}

impl Likeliest {
    /// Returns the labellings `a` and `b`; `None` if neither is of a model with one class at a time.
    fn of(a: &Labelling, b: &Labelling) -> Option<Self> {
        let known = [a, b].into_iter().filter_map(|labelling| labelling.likeliest.as_ref());
        let has_background = known.map(|(_, has_background)| *has_background).reduce(|one, other| one && other)?;
        let [a, b] = [a, b].map(|labelling| match &labelling.likeliest {
            Some((document, _)) => LabelledVideos::of(document, &labelling.dir),
            None => labelling.videos(),
        });
        let (a, b, _) = a.with_same_classes(b);
        Some(Self { a, b, has_background })
    }
}

fn is_project(source: &Path) -> bool {
    source.join(Project::FILE).is_file() || (source.ends_with(Project::FILE) && source.is_file())
}

impl Labelling {
    /// Reads a project, predictions, or a label file into `scratch`; videos that the file alone does not describe are looked into.
    fn read(source: &Path, scratch: &Path, choices: &BoutChoices) -> Result<Self> {
        if is_project(source) {
            let Opened { project, notes } = Project::look(source)?;
            notes.iter().for_each(complain);
            let mut document = project.document().clone();
            document.apply(time_videos(&document, project.dir(), false));
            let (dir, is_doubtful) = (project.dir().to_owned(), !notes.is_empty());
            return Ok(Self { document, dir, is_doubtful, likeliest: None });
        }
        if let Some(files) = predictions_at(source)? {
            // A folder of their own: the times of frames between scored ones depend on the stride.
            let dir = TempDir::new_in(scratch).map_err(|error| Error::io(scratch, &error))?.keep();
            let document = predicted_labels(&files, &dir, choices)?;
            let likeliest = match document.settings.multi_label {
                true => None,
                false => Some((predicted_labels(&files, &dir, &choices.likeliest())?, has_background(&files)?)),
            };
            return Ok(Self { document, dir, is_doubtful: false, likeliest });
        }
        let (document, dir) = (Document::default(), scratch.to_owned());
        let mut found = Self { document, dir, is_doubtful: false, likeliest: None };
        let unknown = read_into(source, &found)?.unknown_videos;
        let mut videos = Vec::new();
        for path in &unknown {
            match caught_at(path, || probe(path, scratch)) {
                Ok(video) => videos.push(video),
                Err(error) => complain(&error),
            }
        }
        found.document.apply(edits::add_videos(&found.document, videos));
        let read = read_into(source, &found)?;
        found.document.apply(read.step);
        if !found.document.videos.is_empty() {
            found.is_doubtful = read.left_out > 0;
            read.notes.iter().for_each(complain);
        }
        // A label file says how long its videos are, and not when the frames of those of variable rate are shown.
        found.document.apply(time_videos(&found.document, scratch, true));
        Ok(found)
    }

    /// Reads a label file as labels of the videos of `other`, and drops those of which it says nothing.
    fn read_beside(source: &Path, other: &Self) -> Result<Self> {
        let mut document = other.document.clone();
        for video in document.videos.values_mut() {
            video.labels.clear();
            video.segments.clear();
            video.locked = None;
        }
        let mut found = Self { document, dir: other.dir.clone(), is_doubtful: false, likeliest: None };
        let read = read_into(source, &found)?;
        read.notes.iter().for_each(complain);
        for path in &read.unknown_videos {
            let remedy = "Add it to the project to compare it as well";
            complain(&Error::file(path, "only one of the two labels it; it is not compared", remedy));
        }
        found.is_doubtful = read.left_out > 0;
        found.document.apply(read.step);
        found.document.videos.retain(|_, video| !video.is_unlabelled());
        Ok(found)
    }

    fn videos(&self) -> LabelledVideos {
        LabelledVideos::of(&self.document, &self.dir)
    }
}

/// Returns whether background is a class of the model of predictions.
fn has_background(files: &[PathBuf]) -> Result<bool> {
    for file in files {
        if read_prediction_facts(file)?.classes.iter().any(|class| is_background_class(class)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read_into(source: &Path, labelling: &Labelling) -> Result<crate::labels::formats::Import> {
    let choices = Choices { add_classes: true, replace: true, allow_several: true };
    import(Format::of(source)?, source, &labelling.document, &labelling.dir, choices)
}

/// Returns which video of `b` each of `a` is: the same file, one of the same content, of the same path, or the only one of the same
/// file name on both sides. Videos of one name whose contents are known to differ are not the same.
fn partners(a: &[LabelledVideo], b: &[LabelledVideo]) -> Vec<Option<Partner>> {
    type Key = fn(&LabelledVideo) -> Option<String>;
    let keys: [Key; 4] = [
        |video| Some(video.file.to_string_lossy().into_owned()),
        |video| Some(video.hash.clone()).filter(|hash| !hash.is_empty()),
        |video| Some(video.video.clone()),
        |video| video.file.file_name().map(|name| name.to_string_lossy().into_owned()),
    ];
    let mut found = vec![None; a.len()];
    let mut is_free = vec![true; b.len()];
    for (number, key) in keys.into_iter().enumerate() {
        let free = |place: &usize| is_free[*place];
        let (mut left, mut right) = (BTreeMap::<String, Vec<usize>>::new(), BTreeMap::<String, Vec<usize>>::new());
        for place in (0..a.len()).filter(|&place| found[place].is_none()) {
            key(&a[place]).into_iter().for_each(|name| left.entry(name).or_default().push(place));
        }
        for place in (0..b.len()).filter(free) {
            key(&b[place]).into_iter().for_each(|name| right.entry(name).or_default().push(place));
        }
        for (name, places) in &left {
            if let ([one], Some([other])) = (&places[..], right.get(name).map(Vec::as_slice)) {
                let (has_same_path, has_same_content) = (number == 0, has_same_content(&a[*one], &b[*other]));
                // The path of a file that is not there is a name, too.
                if has_same_content == Some(false) && !(has_same_path && a[*one].file.is_file()) {
                    continue;
                }
                let is_by_name = !has_same_path && has_same_content.is_none();
                (found[*one], is_free[*other]) = (Some(Partner { place: *other, is_by_name }), false);
            }
        }
    }
    found
}

/// Returns whether both are of one content; `None` if that of one is not known.
fn has_same_content(one: &LabelledVideo, other: &LabelledVideo) -> Option<bool> {
    (!one.hash.is_empty() && !other.hash.is_empty()).then(|| one.hash == other.hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_times::FrameTimes;
    use crate::labels::{Facts, Label, Settings, Video};

    fn video(file: &str, name: &str, hash: &str) -> LabelledVideo {
        LabelledVideo {
            video: name.into(),
            file: file.into(),
            group: String::new(),
            hash: hash.into(),
            times: FrameTimes::even(1, 1.0, 0.0).expect("a frame"),
            spans: Vec::new(),
            whole: Vec::new(),
        }
    }

    #[test]
    fn videos_are_paired_by_file_content_path_and_name() {
        let a = [
            video("/x/1.mp4", "1.mp4", ""),
            video("/x/2.mp4", "2.mp4", "ff"),
            video("/x/3.mp4", "3.mp4", ""),
            video("/x/4.mp4", "4", ""),
        ];
        let b =
            [video("/y/3.mp4", "z/3.mp4", ""), video("/y/other.mp4", "other.mp4", "ff"), video("/x/1.mp4", "1", "00")];
        let partner = |place, is_by_name| Some(Partner { place, is_by_name });
        assert_eq!(partners(&a, &b), [partner(2, false), partner(1, false), partner(0, true), None]);
        let twice = [video("/y/a/1.mp4", "a/1.mp4", ""), video("/y/b/1.mp4", "b/1.mp4", "")];
        assert_eq!(partners(&a[..1], &twice), [None], "either could be meant");
    }

    #[test]
    fn videos_of_unknown_length_are_a_doubt_and_no_video_at_all_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts {
            frames: 10,
            fps: 10.0,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [4, 4],
            bytes: 1,
            hash: "00ff".into(),
        };
        let known = Video { facts: Some(facts), labels: vec![Label::Background], ..Video::new("a.mp4") };
        let unknown = Video { labels: vec![Label::Background], ..Video::new("b.mp4") };
        let project = |name: &str, videos: &[&Video]| {
            let dir = dir.path().join(name);
            let mut project = Project::create(&dir, Settings::default()).unwrap();
            let videos = videos.iter().copied().cloned().collect();
            project.perform(edits::add_videos(project.document(), videos)).unwrap();
            project.save().unwrap();
            dir
        };
        let read = |a: &Path, b: &Path| Labellings::read(a, b, &BoutChoices::default());
        let (sound, other) = (project("sound", &[&known]), project("other", &[&known]));
        assert!(!read(&sound, &other).unwrap().is_doubtful);
        let doubtful = read(&sound, &project("doubtful", &[&known, &unknown])).unwrap();
        assert!(doubtful.is_doubtful && doubtful.pairs().unwrap().len() == 1);
        let error = read(&sound, &project("none", &[&unknown])).err().unwrap();
        assert!(error.cause.contains("no video whose length is known"), "{error}");
    }

    #[test]
    fn videos_of_one_name_and_other_content_are_not_the_same() {
        for (a, b) in
            [(("/x/1.mp4", "1.mp4"), ("/y/1.mp4", "1.mp4")), (("/none/1.mp4", "x/1.mp4"), ("/none/1.mp4", "1.mp4"))]
        {
            let pair = |hashes: [&str; 2]| partners(&[video(a.0, a.1, hashes[0])], &[video(b.0, b.1, hashes[1])])[0];
            assert_eq!(pair(["00", "ff"]), None);
            assert_eq!(pair(["00", "00"]), Some(Partner { place: 0, is_by_name: false }));
            assert!(pair(["00", ""]).is_some());
        }
    }
}

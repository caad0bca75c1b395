//! Random documents and edits, for tests of their invariants.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{ClassId, Document, Facts, Label, PredictedBout, Settings, Step, Video, VideoId, bout_edits, edits};

/// Names that are difficult for many file formats.
const NAMES: [&str; 10] = [
    "wave",
    "Jump, high",
    "say \"hi\"",
    "🏌️ golf",
    "a & b <c>",
    "two  blanks",
    "ends with \\",
    "Größe = 1; #2",
    "'quoted'",
    "1.5",
];

/// A generator of random edits.
pub(super) struct RandomEdits {
    random: ChaCha8Rng,
}

impl RandomEdits {
    /// Creates the generator with the seed `seed`.
    pub fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Returns a random integer below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    /// Returns a document after `steps` edits.
    pub fn document(&mut self, multi_label: bool, steps: usize) -> Document {
        let mut document = Document::default();
        document.apply(edits::set_settings(Settings { multi_label, name: "test".into(), ..Settings::default() }));
        for _ in 0..steps {
            let step = self.step(&document);
            document.apply(step);
        }
        document
    }

    /// Returns a random edit that is possible in `document`.
    pub fn step(&mut self, document: &Document) -> Step {
        loop {
            // Videos that are all in the document already make a step without changes, which cannot be undone.
            if let Some(step) = self.attempt(document).filter(|step| !step.changes.is_empty()) {
                return step;
            }
        }
    }

    fn attempt(&mut self, document: &Document) -> Option<Step> {
        let (class, other) = (self.class(document), self.class(document));
        let video = self.video(document);
        let label = self.label(document);
        let color = self.random.random();
        match self.below(17) {
            0 | 1 => Some(edits::add_videos(document, self.videos())),
            2 => Some(edits::add_class(document, &self.name()).ok()?.1),
            3 => edits::rename_class(document, class?, &self.name()).ok(),
            4 => edits::recolor_class(document, class?, color).ok(),
            5 => edits::move_class(document, class?, self.below(5)).ok(),
            6 if self.below(4) == 0 => edits::merge_classes(document, class?, other?).ok(),
            7 if self.below(4) == 0 => edits::delete_class(document, class?).ok(),
            8 if self.below(4) == 0 => edits::remove_video(document, video?).ok(),
            9 => edits::unlabel_clip(document, video?).ok(),
            10 | 11 => edits::label_clip(document, video?, label).ok(),
            12 | 13 => {
                let frames = document.videos[&video?].facts.as_ref().map_or(100, |facts| facts.frames);
                let start = self.below(frames);
                let end = start + 1 + self.below(frames - start);
                Some(edits::add_segment(document, video?, label, start, end).ok()?.1)
            }
            14 => {
                let mut segment = document.videos[&video?].segments.choose(&mut self.random)?.clone();
                segment.note = self.note();
                segment.end = segment.start + 1 + self.below(20);
                edits::change_segment(document, video?, segment).ok()
            }
            15 => {
                let (group, note) = (self.note(), self.note());
                edits::change_video(document, video?, "Note", |video| (video.group, video.note) = (group, note)).ok()
            }
            16 => {
                let start = self.below(20);
                let bout = PredictedBout { class: class?, frames: start..start + 1 + self.below(20) };
                bout_edits::reject_bouts(document, video?, &[bout]).ok()
            }
            _ => None,
        }
    }

    fn class(&mut self, document: &Document) -> Option<ClassId> {
        document.classes.choose(&mut self.random).map(|class| class.id)
    }

    fn label(&mut self, document: &Document) -> Label {
        let class = if self.below(5) == 0 { None } else { self.class(document) };
        class.map_or(Label::Background, Label::Class)
    }

    fn video(&mut self, document: &Document) -> Option<VideoId> {
        let ids: Vec<_> = document.videos.keys().copied().collect();
        ids.choose(&mut self.random).copied()
    }

    fn videos(&mut self) -> Vec<Video> {
        (0..1 + self.below(3)).map(|_| self.new_video()).collect()
    }

    /// Returns a scanned video.
    pub fn new_video(&mut self) -> Video {
        let folder = ["", "clips/", "../other, folder/", "/mnt/disk \"x\"/"][self.below(4)];
        let path = format!("{folder}{}_{}.mp4", ["a", "b & c", "ü", "%FF"][self.below(4)], self.below(1000));
        let fps = [25.0, 30_000.0 / 1001.0, 60.0, 12.5][self.below(4)];
        let frames = 1 + self.below(500);
        let facts = Facts {
            frames,
            fps,
            start_secs: Some(0.0),
            variable_rate: false,
            size: [64, 48],
            bytes: 1000 + frames as u64,
            hash: "0123".into(),
        };
        Video { facts: Some(facts), ..Video::new(path) }
    }

    fn name(&mut self) -> String {
        NAMES[self.below(NAMES.len())].to_owned()
    }

    fn note(&mut self) -> String {
        ["", "seen twice", "two\nlines", "comma, \"quote\" & <tag>"][self.below(4)].to_owned()
    }
}

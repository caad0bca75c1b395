//! The document: the complete state of a project, as plain data.

use std::collections::BTreeMap;

use super::{Change, Class, ClassId, Label, Settings, Step, Video, VideoId};
use crate::error::Result;
use crate::names::{Alike, class_alike, composed};

/// The name of [`Label::Background`], which no class may have.
pub(super) const BACKGROUND: &str = "background";

/// The complete state of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Settings of the whole project.
    pub settings: Settings,
    /// The classes in display order; the first ten have the digit keys.
    pub classes: Vec<Class>,
    /// The videos.
    pub videos: BTreeMap<VideoId, Video>,
    /// The next ids of a class and a video, above all that were ever assigned: ids are not reused.
    next: (u32, u32),
}

impl Document {
    /// Applies `step` and returns its inverse.
    ///
    /// A step contains whole values, so it can be applied to any document, and applying it again has no effect.
    pub fn apply(&mut self, step: Step) -> Step {
        let mut before: Vec<_> = step.changes.into_iter().map(|change| self.change(change)).collect();
        before.reverse();
        Step { title: step.title, changes: before }
    }

    /// Returns the step that reverses `step` after it was applied.
    pub fn reverse(&self, step: &Step) -> Step {
        let before = |change: &Change| match change {
            Change::Settings(_) => Change::Settings(self.settings.clone()),
            Change::Classes(_) => Change::Classes(self.classes.clone()),
            Change::Video(id, _) => Change::Video(*id, self.videos.get(id).cloned()),
        };
        Step { title: step.title.clone(), changes: step.changes.iter().rev().map(before).collect() }
    }

    /// Checks that `step` does not change videos whose labels are locked.
    pub(super) fn check_unlocked(&self, step: &Step) -> Result<()> {
        let mut videos = step.changes.iter().filter_map(|change| match change {
            Change::Video(id, _) => self.videos.get(id),
            Change::Settings(_) | Change::Classes(_) => None,
        });
        videos.try_for_each(Video::check_unlocked)
    }

    fn change(&mut self, change: Change) -> Change {
        match change {
            Change::Settings(settings) => Change::Settings(std::mem::replace(&mut self.settings, settings)),
            Change::Classes(classes) => {
                let highest = classes.iter().map(|class| class.id.0.saturating_add(1)).max().unwrap_or(0);
                self.next.0 = self.next.0.max(highest);
                Change::Classes(std::mem::replace(&mut self.classes, classes))
            }
            Change::Video(id, video) => {
                self.next.1 = self.next.1.max(id.0.saturating_add(1));
                let before = match video {
                    Some(video) => self.videos.insert(id, video),
                    None => self.videos.remove(&id),
                };
                Change::Video(id, before)
            }
        }
    }

    /// Returns the class with this identifier.
    pub fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// Returns the class named `name` after Unicode normalisation; an exact match is preferred if an older project has
    /// both.
    pub fn class_named(&self, name: &str) -> Option<&Class> {
        let wanted = composed(name);
        let is_alike = |class: &&Class| composed(&class.name) == wanted;
        self.classes.iter().find(|class| class.name == name).or_else(|| self.classes.iter().find(is_alike))
    }

    /// Returns the classes matched by a `name` from another source: the class with that name, or those that differ only
    /// in capitals and in the characters between words.
    pub(crate) fn class_alike(&self, name: &str) -> Alike {
        class_alike(self.classes.iter().map(|class| class.name.as_str()), name)
    }

    /// Returns the name of `label`.
    pub fn label_name(&self, label: Label) -> &str {
        match label {
            Label::Background => BACKGROUND,
            Label::Class(id) => self.class(id).map_or("unknown class", |class| &class.name),
        }
    }

    /// Returns the video whose stored path is `path`.
    pub fn video_at(&self, path: &str) -> Option<(VideoId, &Video)> {
        self.videos.iter().find(|(_, video)| video.path == path).map(|(id, video)| (*id, video))
    }

    /// Returns an id that no class ever had.
    pub fn free_class_id(&self) -> ClassId {
        ClassId(self.next.0)
    }

    /// Returns an id that no video ever had.
    pub fn free_video_id(&self) -> VideoId {
        VideoId(self.next.1)
    }

    /// Returns the next free ids, to be stored with the project.
    pub fn next_ids(&self) -> (u32, u32) {
        self.next
    }

    /// Assigns ids from `next` on, or from higher ones if those are in use.
    pub fn reserve_ids(&mut self, next: (u32, u32)) {
        self.next = (self.next.0.max(next.0), self.next.1.max(next.1));
    }
}

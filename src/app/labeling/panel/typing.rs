//! Texts being typed about a clip. They become part of the project when their fields are left, whatever is shown then.

use std::path::PathBuf;

use eframe::egui::Id;

use crate::app::panel::Edit;
use crate::labels::{Project, SegmentId, VideoId, edits};

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Group,
    Note,
    Segment(SegmentId),
}

/// A text in its field.
pub(super) struct TypedText {
    project: PathBuf,
    video: VideoId,
    about: About,
    before: String,
    pub text: String,
    pub field: Id,
}

impl TypedText {
    fn is_new(&self) -> bool {
        let text = if self.about == About::Group { self.text.trim() } else { &self.text };
        text != self.before
    }
}

/// All texts that are not yet in the project.
#[derive(Default)]
pub(super) struct Typing(Vec<TypedText>);

impl Typing {
    /// Returns the text about a video of `project`, `known` if nothing was typed yet.
    pub fn text(&mut self, project: &Project, video: VideoId, about: About, known: &str) -> &mut TypedText {
        let is_it = |typed: &TypedText| (typed.video, typed.about) == (video, about) && typed.project == project.dir();
        let place = self.0.iter().position(is_it).unwrap_or_else(|| {
            self.0.push(TypedText {
                project: project.dir().to_owned(),
                video,
                about,
                before: known.to_owned(),
                text: known.to_owned(),
                field: Id::NULL,
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// Takes the texts whose fields are not the one with the `focus`; returns the changes of `project` that they make.
    pub fn left(&mut self, project: Option<&Project>, focus: Option<Id>) -> Vec<Edit> {
        let left = self.0.extract_if(.., |typed| focus != Some(typed.field));
        let changed = left.filter(|typed| {
            let document = project.filter(|project| project.dir() == typed.project).map(Project::document);
            typed.is_new() && document.is_some_and(|document| document.videos.contains_key(&typed.video))
        });
        changed.map(edit).collect()
    }
}

fn edit(typed: TypedText) -> Edit {
    let TypedText { video: id, about, text, .. } = typed;
    let change = "Edited clip details";
    Edit::new(move |document| match about {
        About::Group => edits::change_video(document, id, change, |video| text.trim().clone_into(&mut video.group)),
        About::Note => edits::change_video(document, id, change, |video| video.note.clone_from(&text)),
        About::Segment(segment) => edits::note_segment(document, id, segment, &text),
    })
}

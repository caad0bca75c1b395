//! Which commands of labelling can be run now, and why the others cannot.

use super::suggestions::SuggestionPhase;
use crate::app::command::Command;
use crate::app::session::Session;

/// Why the labels of a locked video cannot be changed.
const LOCKED: &str =
    "This video's labels are locked: their file could not be read. Repair it, then press Reload in Project › Clip";
/// Why those of a video that nobody can see yet cannot be.
const UNSEEN: &str = "The clip is still loading: label it once a frame is shown";

/// Whether the selected video can be labelled; the reason if it cannot.
pub(in crate::app) fn can_label(session: &Session) -> Result<(), &'static str> {
    session.studio.can_edit()?;
    let (_, video) = session.studio.video().ok_or(match session.clip_path() {
        Some(_) => "This clip is not in the project. Add it below the timeline, or choose a project video",
        None => "Choose a project video first",
    })?;
    match video.locked {
        Some(_) => Err(LOCKED),
        None if session.is_unseen() => Err(UNSEEN),
        None => Ok(()),
    }
}

/// `None` if `command` has nothing to do with labelling, else whether it can be run; the reason if it cannot.
pub(in crate::app) fn available(command: Command, session: &Session) -> Option<Result<(), &'static str>> {
    use Command as C;
    let studio = &session.studio;
    let or = |condition: bool, reason| if condition { Ok(()) } else { Err(reason) };
    let has_project = or(studio.project().is_some(), "No labelling project is open");
    let editable = studio.can_edit();
    let video = || can_label(session);
    let segment = || or(studio.segment().is_some(), "No segment is selected: press , or . to select one");
    let marks = session.marks;
    Some(match command {
        C::NewProject | C::OpenProject => or(studio.opening.is_none(), "A project is being opened"),
        C::CloseProject | C::ExchangeLabels => has_project,
        C::AddVideos | C::AddFolder => {
            editable.and_then(|()| or(!studio.is_searching(), "Searching a folder for videos"))
        }
        C::SaveProject => editable,
        C::Undo => {
            let step = studio.project().and_then(|project| project.undo_step());
            editable.and_then(|()| or(step.is_some(), "Nothing to undo"))
        }
        C::Redo => {
            let step = studio.project().and_then(|project| project.redo_step());
            editable.and_then(|()| or(step.is_some(), "Nothing to redo"))
        }
        C::LabelByFolders => editable.and_then(|()| {
            let videos = studio.document().into_iter().flat_map(|document| document.videos.values());
            or(videos.into_iter().any(|video| video.is_unlabelled()), "All videos are labelled")
        }),
        C::LabelBackground => video(),
        C::Unlabel => video().and_then(|()| {
            or(studio.video().is_some_and(|(_, video)| !video.labels.is_empty()), "The clip has no label")
        }),
        C::MakeSegment => video().and_then(|()| {
            or(session.marked_to_label().is_some(), "Set the in point (I) or out point (O) first")?;
            or(studio.current.is_some(), "Add a class first")
        }),
        C::Delete => {
            let is_marked = marks.start.is_some() || marks.end.is_some();
            match studio.segment() {
                Some(_) => editable,
                None => or(is_marked, "No segment selected, and no in or out point set"),
            }
        }
        C::StartEarlier | C::StartLater | C::EndEarlier | C::EndLater => editable.and_then(|()| segment()),
        C::PreviousSegment | C::NextSegment => has_project.and_then(|()| {
            let (_, video) = studio.video().ok_or("Choose a project video first")?;
            or(video.locked.is_none(), LOCKED)?;
            or(!video.segments.is_empty(), "No segments yet: press I and O, then Enter")
        }),
        C::PreviousVideo | C::NextVideo if studio.selected().is_none() && session.place_in_folder().is_some() => {
            let steps = if command == C::NextVideo { 1 } else { -1 };
            or(session.neighbour_in_folder(steps).is_some(), "No further clip in this direction")
        }
        C::PreviousVideo | C::NextVideo | C::NextUnlabelled => has_project.and_then(|()| {
            let any = studio.document().is_some_and(|document| !document.videos.is_empty());
            or(any, "Add videos to the project first")
        }),
        C::NextDisagreement | C::NextUncertain => {
            has_project.and_then(|()| or(studio.has_suggestions(), "No suggestions: run Predict labels first"))
        }
        C::Suggest => suggest(session),
        C::AcceptSuggestion => video().and_then(|()| {
            let is_open = studio.video().is_some_and(|(_, video)| video.labels.is_empty());
            or(is_open, "The clip is already labelled")?;
            or(studio.proposal().is_some(), "No suggestion for this clip: run Predict labels first")
        }),
        C::RenameClass => editable.and_then(|()| {
            let is_class = matches!(studio.current, Some(crate::labels::Label::Class(_)));
            or(is_class, "Use a class first, or click one in the class list")
        }),
        _ => match command.class_index() {
            Some(index) => editable
                .and_then(|()| or(studio.class_label(index).is_some(), "The project has no class with this number"))
                .and_then(|()| video()),
            None => return None,
        },
    })
}

fn suggest(session: &Session) -> Result<(), &'static str> {
    let studio = &session.studio;
    match studio.suggestions.phase {
        SuggestionPhase::Stopping => return Err("Prediction is being stopped"),
        SuggestionPhase::Preparing | SuggestionPhase::Running => return Ok(()), // it can be stopped
        SuggestionPhase::Idle => {}
    }
    let Some(document) = studio.document() else { return Err("No labelling project is open") };
    let Some(model) = &session.model else { return Err("No model is loaded") };
    if !(model.has_spatial || model.has_temporal) {
        return Err("The loaded model has no classification stream");
    }
    match document.videos.values().any(|video| video.is_unlabelled()) {
        true => Ok(()),
        false => Err("All videos are labelled"),
    }
}

//! The commands of labelling.

use eframe::egui::Key;

use super::project_opener::Start;
use super::suggestions::SuggestionPhase;
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, ensure};
use crate::app::command::prompt::{PathKind, PromptSpec, VIDEO};
use crate::app::command::spec::{CommandSpec, alt, command, ctrl, ctrl_shift, key, shift};
use crate::app::command::{Command as C, Group as G};
use crate::app::layout::Pane;
use crate::app::session::Session;
use crate::labels::{Label, Project, VideoId};

/// Why the labels of a locked video cannot be changed.
const LOCKED: &str =
    "This video's labels are locked: their file could not be read. Repair it, then press Reload in Project › Clip";
/// Why those of a video that nobody can see yet cannot be.
const UNSEEN: &str = "The clip is still loading: label it once a frame is shown";
/// Menus in the menu.
const EDGES_MENU: &str = "Segment edges";
const SUGGESTIONS_MENU: &str = "Review suggestions";
const NO_PROJECT: &str = "No labelling project is open";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::NewProject, G::File, "New project…", "Create a labelling project from a folder", &[ctrl(Key::N)], not_opening)
        .opens(PromptSpec::new("Choose a folder for the new project", "Path of the new project's folder…", PathKind::Folder),
            |app, path, ctx| app.begin_project(Start::New, path, ctx))
        .below_line(),
    command(C::SampleProject, G::Label, "Sample project", "Create or open a project of the sample clips", &[],
        |on| ensure(on.settings.sample.is_some(), "Open the sample first to generate it"))
        .runs(App::open_sample_project),
    command(C::OpenProject, G::File, "Open project…", "Open a labelling project folder", &[], not_opening)
        .opens(PromptSpec::new("Choose a project folder", "Path of a project folder…", PathKind::Folder),
            |app, path, ctx| app.begin_project(Start::Open, path, ctx)),
    command(C::AddVideos, G::File, "Add video…", "Add a video to the project without moving it", &[], not_searching)
        .opens(PromptSpec::new("Choose a video to add to the project", "Path of a video to add to the project…", PathKind::File(VIDEO)),
            |app, path, _| app.find_videos(vec![path])),
    command(C::AddFolder, G::File, "Add folder…", "Add every video in a folder and its sub-folders", &[], not_searching)
        .opens(PromptSpec::new("Choose a folder of videos to add to the project", "Path of a folder of videos to add to the project…", PathKind::Folder),
            |app, path, _| app.find_videos(vec![path])),
    command(C::SaveProject, G::File, "Save project", "Write project files now (every change is journalled)", &[ctrl(Key::S)], editable)
        .runs(|app, _| {
            app.take_typed(None);
            app.session.labeling.save_soon();
        }),
    command(C::ExchangeLabels, G::File, "Import or export labels…", "CSV, JSON, UCF101, ActivityNet, ELAN, BORIS, CVAT, Label Studio, X-AnyLabeling", &[], has_project)
        .runs(|app, _| {
            app.show(Pane::Project);
            app.panels.project.show_exchange();
        }),
    command(C::CloseProject, G::File, "Close project", "Save and close the labelling project", &[], has_project)
        .runs(App::close_project),
    command(C::Undo, G::Label, "Undo", "Undo the last change to the project", &[ctrl(Key::Z)],
        |on| {
            editable(on)?;
            ensure(on.session.labeling.project().and_then(Project::undo_step).is_some(), "Nothing to undo")
        })
        .runs(|app, _| app.undo())
        .keywords("history changes"),
    command(C::Redo, G::Label, "Redo", "Redo the last undone change", &[ctrl_shift(Key::Z), ctrl(Key::Y)],
        |on| {
            editable(on)?;
            ensure(on.session.labeling.project().and_then(Project::redo_step).is_some(), "Nothing to redo")
        })
        .runs(|app, _| app.redo()),
    class::<0>(C::Class1, "Label as class 1", &[key(Key::Num1)]).below_line(),
    class::<1>(C::Class2, "Label as class 2", &[key(Key::Num2)]),
    class::<2>(C::Class3, "Label as class 3", &[key(Key::Num3)]),
    class::<3>(C::Class4, "Label as class 4", &[key(Key::Num4)]),
    class::<4>(C::Class5, "Label as class 5", &[key(Key::Num5)]),
    class::<5>(C::Class6, "Label as class 6", &[key(Key::Num6)]),
    class::<6>(C::Class7, "Label as class 7", &[key(Key::Num7)]),
    class::<7>(C::Class8, "Label as class 8", &[key(Key::Num8)]),
    class::<8>(C::Class9, "Label as class 9", &[key(Key::Num9)]),
    class::<9>(C::Class10, "Label as class 10", &[key(Key::Num0)]),
    command(C::LabelBackground, G::Label, "Label as background", "Label as showing none of the classes", &[key(Key::B)], labellable)
        .runs(|app, _| app.give(Label::Background)),
    command(C::Unlabel, G::Label, "Clear label", "Clear the clip's label", &[key(Key::U)],
        |on| {
            labellable(on)?;
            let videos = on.session.labeling.document().map(|document| &document.videos);
            let is_labelled = |id: VideoId| Some(!videos?.get(&id)?.labels.is_empty());
            let mut chosen = on.session.labeling.chosen().into_iter();
            ensure(chosen.any(|id| is_labelled(id) == Some(true)), "The clip has no label")
        })
        .runs(|app, _| app.unlabel()),
    command(C::LabelByFolders, G::Label, "Label by folder name", "Label unlabelled clips by their folder names", &[],
        |on| {
            editable(on)?;
            ensure(has_unlabelled(on), "All videos are labelled")
        })
        .runs(|app, _| app.label_by_folders()),
    command(C::MakeSegment, G::Label, "Add segment", "Add a segment from in to out point", &[key(Key::Enter)],
        |on| {
            labellable(on)?;
            ensure(on.session.marked_to_label().is_some(), "Set the in point (I) or out point (O) first")?;
            ensure(on.session.labeling.current.is_some(), "Add a class first")
        })
        .runs(|app, _| app.make_segment())
        .below_line(),
    command(C::Delete, G::Label, "Delete segment or in/out points", "Delete the segment, or clear in/out points", &[key(Key::Delete)],
        |on| match on.session.labeling.segment() {
            Some(_) => editable(on),
            None => {
                let marks = on.session.marks;
                ensure(marks.start.is_some() || marks.end.is_some(), "No segment selected, and no in or out point set")
            }
        })
        .runs(|app, _| app.delete()),
    command(C::PreviousSegment, G::Label, "Previous segment", "Go to the previous segment", &[key(Key::Comma)], has_segments)
        .runs(|app, _| app.previous_segment()),
    command(C::NextSegment, G::Label, "Next segment", "Go to the next segment", &[key(Key::Period)], has_segments)
        .runs(|app, _| app.next_segment()),
    command(C::StartEarlier, G::Label, "Move start earlier", "Move the segment start one frame earlier", &[alt(Key::Comma)], nudgeable)
        .runs(|app, _| app.move_start(|segment| segment.start.saturating_sub(1)))
        .below_line()
        .within(EDGES_MENU),
    command(C::StartLater, G::Label, "Move start later", "Move the segment start one frame later", &[alt(Key::Period)], nudgeable)
        .runs(|app, _| app.move_start(|segment| (segment.start + 1).min(segment.end - 1)))
        .within(EDGES_MENU),
    command(C::EndEarlier, G::Label, "Move end earlier", "Move the segment end one frame earlier", &[ctrl(Key::Comma)], nudgeable)
        .runs(|app, _| app.move_end(|segment| (segment.end - 1).max(segment.start + 1)))
        .within(EDGES_MENU),
    command(C::EndLater, G::Label, "Move end later", "Move the segment end one frame later", &[ctrl(Key::Period)], nudgeable)
        .runs(|app, _| app.move_end(|segment| segment.end + 1))
        .within(EDGES_MENU),
    command(C::PreviousVideo, G::Label, "Previous video", "Open the previous video in the list", &[ctrl(Key::ArrowUp)],
        |on| has_neighbour(on, -1))
        .runs(|app, _| app.go_beside(-1))
        .below_line(),
    command(C::NextVideo, G::Label, "Next video", "Open the next video in the list", &[ctrl(Key::ArrowDown)],
        |on| has_neighbour(on, 1))
        .runs(|app, _| app.go_beside(1)),
    command(C::NextUnlabelled, G::Label, "Next unlabelled", "Open the next unlabelled video in the list", &[ctrl(Key::ArrowRight)], has_videos)
        .runs(|app, _| app.next_unlabelled()),
    command(C::Suggest, G::Label, "Suggest labels", "Suggest labels for unlabelled videos (again to stop)", &[key(Key::G)], suggestable)
        .runs(|app, _| app.suggest())
        .below_line(),
    command(C::AcceptSuggestion, G::Label, "Accept suggestion", "Accept the suggested label (a digit corrects it)", &[key(Key::Y)],
        |on| {
            labellable(on)?;
            let is_open = on.session.labeling.video().is_some_and(|(_, video)| video.labels.is_empty());
            ensure(is_open, "The clip is already labelled")?;
            ensure(on.session.labeling.proposal().is_some(), "No suggestion for this clip: run Suggest labels first")
        })
        .runs(|app, _| app.accept_suggestion())
        .within(SUGGESTIONS_MENU),
    command(C::AcceptSure, G::Label, "Accept sure suggestions", "Accept all suggestions that are not unsure", &[shift(Key::Y)],
        |on| {
            has_suggestions(on)?;
            editable(on)?;
            ensure(on.session.labeling.proposals(false).next().is_some(), "All suggestions are unsure: look at each")
        })
        .runs(|app, _| app.accept_suggestions(false))
        .within(SUGGESTIONS_MENU),
    command(C::AcceptAll, G::Label, "Accept all suggestions", "Accept all suggestions, also unsure ones", &[],
        |on| {
            has_suggestions(on)?;
            editable(on)?;
            ensure(on.session.labeling.proposals(true).next().is_some(), "No suggestion is above chance")
        })
        .runs(|app, _| app.accept_suggestions(true))
        .within(SUGGESTIONS_MENU),
    command(C::NextDisagreement, G::Label, "Next disagreement", "Open the video with most stream disagreement", &[key(Key::Q)], has_suggestions)
        .runs(|app, _| app.go_to(|labeling| labeling.next_by(|prediction| prediction.disagreement)))
        .within(SUGGESTIONS_MENU),
    command(C::NextUncertain, G::Label, "Next uncertain", "Open the video with the least confident prediction", &[shift(Key::Q)], has_suggestions)
        .runs(|app, _| app.go_to(|labeling| labeling.next_by(|prediction| prediction.uncertainty)))
        .within(SUGGESTIONS_MENU),
    command(C::RenameClass, G::Label, "Rename class", "Rename the last used class; labels stay", &[key(Key::F2)],
        |on| {
            editable(on)?;
            let is_class = matches!(on.session.labeling.current, Some(Label::Class(_)));
            ensure(is_class, "Use a class first, or click one in the class list")
        })
        .runs(|app, _| {
            app.show(Pane::Project);
            app.panels.project.rename(app.session.labeling.current);
        })
        .below_line(),
];

/// The row of the digit that labels with class `INDEX` of the list.
const fn class<const INDEX: usize>(
    row: C,
    text: &'static str,
    keys: &'static [eframe::egui::KeyboardShortcut],
) -> CommandSpec {
    command(row, G::Label, text, "Label the selected segment, range, bout or clip", keys, |on| {
        editable(on)?;
        let label = on.session.labeling.class_label(INDEX);
        ensure(label.is_some(), "The project has no class with this number")?;
        labellable(on)
    })
    .runs(|app, _| {
        if let Some(label) = app.session.labeling.class_label(INDEX) {
            app.give(label);
        }
    })
}

fn not_opening(on: Conditions<'_>) -> Availability {
    ensure(on.session.labeling.opening.is_none(), "A project is being opened")
}

fn not_searching(on: Conditions<'_>) -> Availability {
    editable(on)?;
    ensure(!on.session.labeling.is_searching(), "Searching a folder for videos")
}

fn has_project(on: Conditions<'_>) -> Availability {
    ensure(on.session.labeling.project().is_some(), NO_PROJECT)
}

fn editable(on: Conditions<'_>) -> Availability {
    on.session.labeling.can_edit()
}

fn labellable(on: Conditions<'_>) -> Availability {
    on.session.can_label()
}

fn nudgeable(on: Conditions<'_>) -> Availability {
    editable(on)?;
    let any = on.session.labeling.segment().is_some() || on.session.selected_bout().is_some();
    ensure(any, "No segment is selected: press , or . to select one")
}

fn has_segments(on: Conditions<'_>) -> Availability {
    has_project(on)?;
    let (_, video) = on.session.labeling.video().ok_or("Choose a project video first")?;
    ensure(video.locked.is_none(), LOCKED)?;
    ensure(!video.segments.is_empty(), "No segments yet: press I and O, then Enter")
}

fn has_videos(on: Conditions<'_>) -> Availability {
    has_project(on)?;
    let any = on.session.labeling.document().is_some_and(|document| !document.videos.is_empty());
    ensure(any, "Add videos to the project first")
}

fn has_neighbour(on: Conditions<'_>, steps: isize) -> Availability {
    if on.session.labeling.selected().is_none() && on.session.place_in_folder().is_some() {
        return ensure(on.session.neighbour_in_folder(steps).is_some(), "No further clip in this direction");
    }
    has_videos(on)
}

fn has_unlabelled(on: Conditions<'_>) -> bool {
    let document = on.session.labeling.document();
    document.is_some_and(|document| document.videos.values().any(|video| video.is_unlabelled()))
}

fn has_suggestions(on: Conditions<'_>) -> Availability {
    has_project(on)?;
    ensure(on.session.labeling.has_suggestions(), "No suggestions: run Suggest labels first")
}

fn suggestable(on: Conditions<'_>) -> Availability {
    match on.session.labeling.suggestions.phase {
        SuggestionPhase::Stopping => return Err("Suggesting labels is being stopped"),
        SuggestionPhase::Preparing | SuggestionPhase::Running => return Ok(()), // it can be stopped
        SuggestionPhase::Idle => {}
    }
    ensure(on.session.labeling.document().is_some(), NO_PROJECT)?;
    let Some(model) = &on.session.model else { return Err("No model is loaded") };
    ensure(model.has_spatial || model.has_temporal, "The loaded model has no classification stream")?;
    ensure(has_unlabelled(on), "All videos are labelled")
}

impl Session {
    /// Whether the selected video can be labelled; the reason if it cannot.
    pub(in crate::app) fn can_label(&self) -> Availability {
        self.labeling.can_edit()?;
        let (_, video) = self.labeling.video().ok_or(match self.clip_path() {
            Some(_) => "This clip is not in the project. Add it below the timeline, or choose a project video",
            None => "Choose a project video first",
        })?;
        match video.locked {
            Some(_) => Err(LOCKED),
            None if self.is_unseen() => Err(UNSEEN),
            None => Ok(()),
        }
    }
}

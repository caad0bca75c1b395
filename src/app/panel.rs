//! What panels ask for: collected while they draw, done by the app afterwards.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use super::command::Command;
use super::command::conditions::{Availability, Conditions};
use super::command::prompt::PathPrompt;
use super::evaluation::state::ResultsLoss;
use super::labeling::import_export::ImportOrder;
use super::session::Session;
use super::settings::Settings;
use super::viewer::clips::KnownClip;
use crate::engine::{PredictionOrder, Request};
use crate::error;
use crate::labels::{Document, Label, Step, VideoId};
use crate::output::Existing;
use crate::video::PlayerCommand;
use eframe::egui::Ui;

/// One thing to be done after drawing.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs a command.
    Run(Command),
    /// Opens a clip, a folder or a model, whatever is at the path.
    Open(PathBuf),
    /// Opens a clip whose class is known.
    Examine(Box<KnownClip>),
    /// Uses the networks in a folder and lays their flow over that of those in another.
    Compare {
        /// The networks before.
        old: PathBuf,
        /// The networks now.
        new: PathBuf,
    },
    /// Changes the labelling project, or says why it cannot be changed so.
    Edit(Edit),
    /// Selects a video of the project and opens it.
    ShowVideo(VideoId),
    /// Adds videos to the project.
    AddVideos(Vec<PathBuf>),
    /// Makes a folder of clips a project, or opens the one that it is.
    MakeProject(PathBuf),
    /// The same, and labels its clips by the names of their folders.
    LabelFolder(PathBuf),
    /// Creates a folder and makes it a project.
    CreateProject(PathBuf),
    /// Reads the files of labels again that could not be read.
    ReadLabelsAgain,
    /// Stops looking for videos.
    StopSearches,
    /// Reads labels of another program.
    Import(Box<ImportOrder>),
    /// Labels what is selected, marked or open.
    Give(Label),
    /// Adds a segment of these frames and selects it.
    AddSegment {
        /// The video.
        video: VideoId,
        /// What it shows.
        label: Label,
        /// The frames.
        frames: Range<usize>,
    },
    /// Undoes so many changes of the project if negative, else does them again.
    GoInHistory(isize),
    /// Leaves the folder names of the project as they are: they are no labels.
    DeclineFolders,
    /// Asks for a path.
    Ask(PathPrompt),
    /// Does with a path what was asked for it.
    Answer(PathPrompt, PathBuf, Existing),
    /// Loads the model in a folder.
    LoadModel(PathBuf),
    /// Opens a folder in the system's file manager.
    ShowFolder(PathBuf),
    /// Lists the clips in sub-folders of the open folder too.
    ListSubFolders,
    /// Shows a run, by its folder, in the list of runs.
    ShowRun(PathBuf),
    /// Keeps what was seen live as a clip of a class, or of none.
    Correct(Option<String>),
    /// Does what loses unsaved results.
    Lose(ResultsLoss),
    /// Saves results by a command, and then does what would lose them.
    SaveBefore(ResultsLoss, Command),
    /// Predicts videos.
    Predict(Box<PredictionOrder>),
    /// Sends a request to the engine.
    Send(Box<Request>),
}

/// Makes a step of a document.
type MakeStep = dyn Fn(&Document) -> error::Result<Step>;

/// A change of the labelling project. Its step holds whole values, so it is made of the document as it is when its turn comes: of two
/// changes in one repaint the second keeps the first.
#[derive(Clone)]
pub struct Edit(Rc<MakeStep>);

impl Edit {
    /// A change whose step `make` makes.
    pub fn new(make: impl Fn(&Document) -> error::Result<Step> + 'static) -> Self {
        Self(Rc::new(make))
    }

    /// The step that changes `document`.
    ///
    /// # Errors
    /// If it cannot be changed so.
    pub fn step(&self, document: &Document) -> error::Result<Step> {
        (self.0)(document)
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edit")
    }
}

/// What a panel draws from and may ask for.
pub struct PanelContext<'a> {
    /// What the window knows.
    pub session: &'a mut Session,
    /// What the window remembers.
    pub settings: &'a mut Settings,
    /// What is to be done after drawing.
    pub actions: &'a mut Vec<Action>,
    /// Whether the training panel describes a run that can be started; the reason if it cannot.
    pub training_ready: Availability,
}

impl PanelContext<'_> {
    /// Whether `command` can be run now; the reason if it cannot.
    pub fn available(&self, command: Command) -> Availability {
        let Self { session, settings, training_ready, .. } = self;
        command.available(Conditions { session, settings, training_ready: *training_ready })
    }

    /// Asks for `command`.
    pub fn run(&mut self, command: Command) {
        self.actions.push(Action::Run(command));
    }

    /// Changes the labelling project by the step that `make` makes of it.
    pub fn edit(&mut self, make: impl Fn(&Document) -> error::Result<Step> + 'static) {
        self.actions.push(Action::Edit(Edit::new(make)));
    }

    /// Goes to a frame of the clip.
    pub fn seek(&mut self, frame: usize) {
        self.session.player.position = frame;
        self.send(Request::Player(PlayerCommand::SeekFrame(frame)));
    }

    /// Sends `request` to the engine.
    pub fn send(&mut self, request: Request) {
        self.actions.push(Action::Send(Box::new(request)));
    }
}

/// A panel of the dock.
pub trait Panel {
    /// Draws into the panel's area.
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>);
}

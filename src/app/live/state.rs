//! State of the live source, the cameras and the corrections.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::flow::state::video_units;
use crate::app::layout::Layout;
use crate::app::viewer::marks::Marks;
use crate::engine::{Engine, LiveResult, LiveSettings, LiveView, RemovedCorrection, SceneChange};
use crate::error::{Error, Result};
use crate::flow::RecentLengths;
use crate::video::{CameraDevice, CameraPhase};

/// The cameras of this machine.
#[derive(Debug, Clone, Default)]
pub enum Cameras {
    /// Not requested yet.
    #[default]
    Unknown,
    /// Requested.
    Asked,
    /// Cameras were enumerated.
    Listed(Vec<CameraDevice>),
    /// The system cannot enumerate cameras.
    Failed(Error),
}

impl Cameras {
    /// The known cameras.
    pub fn list(&self) -> &[CameraDevice] {
        if let Self::Listed(list) = self { list } else { &[] }
    }
}

/// A position in a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipPosition {
    /// The clip.
    pub path: PathBuf,
    /// The frame on the screen.
    pub position: usize,
    /// Its in and out marks.
    pub marks: Marks,
}

/// What the live source replaced.
pub struct SavedWorkspace {
    /// The position in the clip, if one was open.
    pub place: Option<ClipPosition>,
    /// The layout before.
    pub layout: Layout,
    /// What became of that to show the source.
    pub live_layout: Layout,
}

/// A training on corrections that starts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AwaitedTraining {
    /// None is awaited.
    #[default]
    None,
    /// The corrections are being added to the project.
    Corrections,
    /// The clips to train on are being listed.
    Clips,
}

/// State of the live source.
#[derive(Default)]
pub struct LiveState {
    /// The live view; `None` while nothing is watched.
    pub view: Option<LiveView>,
    /// Whether a source was requested that is not open yet.
    pub starting: bool,
    /// What is restored when watching ends.
    pub aside: Option<SavedWorkspace>,
    /// Where to go in the clip that is coming back.
    pub returning: Option<ClipPosition>,
    /// The cameras of this machine.
    pub cameras: Cameras,
    /// Whether the live source fills the screen.
    pub demo: bool,
    /// Clips of corrections by class.
    pub corrections: Vec<(String, Vec<PathBuf>)>,
    /// The clip that was removed from them last and can come back.
    pub removed: Option<RemovedCorrection>,
    /// The training on them that is to start.
    pub training: AwaitedTraining,
    /// The folder that was listed.
    pub listed: Option<PathBuf>,
    /// The prediction settings last sent to the engine.
    pub told: Option<LiveSettings>,
    /// The length that nearly all vectors of most flows of the last seconds stay below, in pixels of the camera.
    pub scale_px: f32,
    /// The flows that the scale comes from.
    lengths: RecentLengths,
}

impl LiveState {
    /// Whether something is watched, or about to be.
    pub fn is_active(&self) -> bool {
        self.starting || self.view.is_some()
    }

    /// The newest answer.
    pub fn result(&self) -> Option<&Arc<LiveResult>> {
        self.view.as_ref()?.result.as_ref()
    }

    /// What is recorded, and for how long; none while nothing is.
    pub fn recording_text(&self) -> Option<String> {
        let recording = self.view.as_ref()?.recording.as_ref()?;
        Some(format!("Recording {}", clock(recording.secs)))
    }

    /// Returns what the status bar says about a source that does not deliver; none while it does.
    pub fn trouble_text(&self) -> Option<String> {
        let camera = &self.view.as_ref()?.camera;
        match &camera.phase {
            CameraPhase::Live => None,
            CameraPhase::Connecting => Some("Connecting to the live source…".into()),
            CameraPhase::Waiting { attempt, .. } if camera.captured == 0 => {
                Some(format!("Live source unavailable, trying again (attempt {attempt})"))
            }
            CameraPhase::Waiting { attempt, .. } => {
                Some(format!("Live source stopped, reconnecting (attempt {attempt})"))
            }
            CameraPhase::Failed(_) => Some("Live source stopped".into()),
        }
    }

    /// Takes what is seen now.
    pub fn refresh(&mut self, engine: &Engine) {
        let view = engine.live();
        self.starting &= view.is_none();
        self.show(view);
    }

    /// Shows what is seen.
    pub fn show(&mut self, view: Option<LiveView>) {
        let is_new = |new: &Arc<LiveResult>| self.result().is_none_or(|old| !Arc::ptr_eq(old, new));
        let result = view.as_ref().and_then(|view| view.result.clone()).filter(is_new);
        if let Some(result) = result {
            self.follow_scale(&result);
        }
        if view.is_none() {
            (self.told, self.scale_px, self.lengths) = (None, 0.0, RecentLengths::default());
        }
        self.view = view;
    }

    /// Takes a new flow into the scale of the colours: one across a cut is no motion, and what comes after it is another scene.
    fn follow_scale(&mut self, result: &LiveResult) {
        if result.scene != SceneChange::None {
            self.lengths.begin_scene();
        }
        if result.scene == SceneChange::Within {
            return;
        }
        let (width, height) = result.frame.display.dimensions();
        let [x, y] = video_units(&result.flow, [width, height]);
        self.scale_px = self.lengths.follow(result.captured, result.flow.typical_px * x.max(y));
    }

    /// Takes in which cameras there are.
    pub fn list(&mut self, cameras: &Result<Vec<CameraDevice>>) {
        self.cameras = match cameras {
            Ok(list) => Cameras::Listed(list.clone()),
            Err(error) => Cameras::Failed(error.clone()),
        };
    }

    /// Corrections of all classes.
    pub fn corrected(&self) -> usize {
        self.corrections.iter().map(|(_, clips)| clips.len()).sum()
    }
}

/// How long something has been recorded, in minutes and seconds.
pub fn clock(secs: f64) -> String {
    let secs = secs.max(0.0) as u64;
    format!("{}:{:02}", secs / 60, secs % 60)
}

/// Returns why the source of `view` does not deliver; none while it does or is being opened.
pub fn fault(view: &LiveView) -> Option<&Error> {
    match &view.camera.phase {
        CameraPhase::Waiting { error, .. } | CameraPhase::Failed(error) => Some(error),
        CameraPhase::Connecting | CameraPhase::Live => None,
    }
}

//! What the window remembers from one start to the next.

pub mod text;

use std::path::{Path, PathBuf};

use eframe::Storage;
use serde::{Deserialize, Serialize};

use self::text::Unread;
use super::command::keymap::Keymap;
use super::evaluation::settings::EvaluationSettings;
use super::labeling::settings::LabelingSettings;
use super::layout::{Layout, default_layout, is_complete};
use super::live::settings::LiveChoices;
use super::predicting::settings::PredictingSettings;
use super::predictions::settings::PredictionSettings;
use super::shell::first_steps::Guide;
use super::training::settings::TrainingSettings;
use super::ui::format::FrameNumbers;
use super::viewer::views::Views;
use super::viewer::wheel_place::WheelPlace;
use crate::engine::{FlowColours, FlowSettings, Pin, flow_model};
use crate::flow::files::FlowFormat;
use crate::gpu::DeviceChoice;

/// How many files the welcome screen offers again.
const RECENT: usize = 8;
/// For how many clips the ground truth is remembered.
const TRUTHS: usize = 64;
/// The least magnitude that the automatic scale draws in full: flow of still pictures is noise of a fraction of a pixel, which would
/// shine in all colours.
const LEAST_SCALE_PX: f32 = 1.0;
/// How many frames one steps at a time unless one chooses otherwise.
const STEP_FRAMES: usize = 10;
/// Where the settings are in eframe's storage.
const KEY: &str = "settings";

/// Where a person was in the clip that was open last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPlace {
    /// The clip.
    pub clip: PathBuf,
    /// The frame.
    pub frame: usize,
    /// The folder whose clips were listed, if the clip is one of them.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Whether the clips in its sub-folders were listed too.
    #[serde(default)]
    pub lists_sub_folders: bool,
}

/// Layout, theme and choices; saved by eframe at regular intervals and at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the panels lie.
    pub layout: Layout,
    /// Whether they have their places from the program and not from a person: they then fit any window.
    #[serde(default)] // Those of an older version may be a person's.
    pub fits_window: bool,
    /// Dark or light theme.
    pub dark: bool,
    /// Clips and folders opened lately, the latest first.
    pub recent: Vec<PathBuf>,
    /// The clip that was open last.
    pub last: Option<LastPlace>,
    /// The device asked for.
    pub device: DeviceChoice,
    /// The model folder in use.
    pub model: Option<PathBuf>,
    /// Classes in the order of their fused score instead of the model's order.
    pub sort_scores: bool,
    /// What the viewer shows.
    pub views: Views,
    /// Magnitude in pixels of the video at which the flow's colours saturate, if it is locked.
    pub locked_scale_px: Option<f32>,
    /// The least magnitude at which the flow's colours saturate while the scale is not locked, in pixels of the video a frame.
    pub least_scale_px: f32,
    /// Where the colour wheel is.
    pub wheel: WheelPlace,
    /// Above 1 slow motion stands out.
    pub gamma: f32,
    /// What the flow comparison works on, apart from what the views need.
    #[serde(alias = "laboratory")]
    pub flow: FlowSettings,
    /// Clips and the ground truth that was chosen for them, the latest first.
    truths: Vec<(PathBuf, PathBuf)>,
    /// The folder of the benchmark measured last.
    pub benchmark_root: Option<PathBuf>,
    /// The choices of the last evaluation.
    pub evaluation: EvaluationSettings,
    /// The choices of the Live panel.
    pub live: LiveChoices,
    /// The choices of labelling.
    #[serde(alias = "studio")]
    pub labeling: LabelingSettings,
    /// The choices of the form that predicts videos.
    pub predicting: PredictingSettings,
    /// How predictions become bouts.
    pub predictions: PredictionSettings,
    /// The keys that a person chose.
    pub keys: Keymap,
    /// The format in which the flow of a clip is exported.
    pub export_format: FlowFormat,
    /// Where the sample project lies, once it is complete.
    pub sample: Option<PathBuf>,
    /// The guided first run.
    pub guide: Guide,
    /// Whether what is played is repeated.
    pub looping: bool,
    /// Whether videos are played with their sound.
    pub sound: bool,
    /// How many frames the keys for several of them go.
    pub step_frames: usize,
    /// Folder of the latest training run's clips.
    pub training_folder: Option<PathBuf>,
    /// The choices of the training panel.
    pub training: TrainingSettings,
    /// The frames that were pinned last.
    pub pins: Vec<Pin>,
    /// The folder of the run whose networks looked at them.
    pub pinned_run: Option<PathBuf>,
    /// The folder of the latest training run.
    pub latest_run: Option<PathBuf>,
    /// The name of the crash report that was offered last.
    pub offered_report: Option<String>,
    /// Folders whose runs were listed, the latest first.
    pub run_folders: Vec<PathBuf>,
    /// Folder of the parts of the job that the Cluster panel shows.
    pub job_folder: Option<PathBuf>,
    /// How texts number frames.
    pub frame_numbers: FrameNumbers,
    /// What could not be read of the settings of the last time.
    #[serde(skip)]
    pub unread: Option<Unread>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            layout: default_layout(),
            fits_window: true,
            dark: true,
            recent: Vec::new(),
            last: None,
            device: DeviceChoice::Auto,
            model: None,
            sort_scores: true,
            views: Views::default(),
            locked_scale_px: None,
            least_scale_px: LEAST_SCALE_PX,
            wheel: WheelPlace::default(),
            gamma: 1.0,
            flow: FlowSettings::default(),
            truths: Vec::new(),
            benchmark_root: None,
            evaluation: EvaluationSettings::default(),
            live: LiveChoices::default(),
            labeling: LabelingSettings::default(),
            predicting: PredictingSettings::default(),
            predictions: PredictionSettings::default(),
            keys: Keymap::default(),
            export_format: FlowFormat::Flo,
            sample: None,
            guide: Guide::default(),
            looping: false,
            sound: true,
            step_frames: STEP_FRAMES,
            training_folder: None,
            training: TrainingSettings::default(),
            pins: Vec::new(),
            pinned_run: None,
            latest_run: None,
            offered_report: None,
            run_folders: Vec::new(),
            job_folder: None,
            frame_numbers: FrameNumbers::default(),
            unread: None,
        }
    }
}

impl Settings {
    /// Returns how flow is coloured, at whatever scale.
    pub fn flow_colours(&self) -> FlowColours {
        FlowColours { locked_px: self.locked_scale_px, least_px: self.least_scale_px, gamma: self.gamma }
    }

    /// The settings of the last time, and the defaults of those that another version has written in a way that cannot be read.
    pub fn load(storage: Option<&dyn Storage>) -> Self {
        let text = storage.and_then(|storage| storage.get_string(KEY));
        let is_first_start = text.is_none();
        let (read, unread) = text.map_or((None, None), |text| text::read(&text));
        let mut settings: Self = read.unwrap_or_default();
        if is_first_start && flow_model().is_ok() {
            settings.views = Views::at_first_start();
        }
        settings.unread = unread;
        if !is_complete(&settings.layout) {
            (settings.layout, settings.fits_window) = (default_layout(), true);
        }
        if settings.views.list().is_empty() {
            settings.views = Views::default();
        }
        settings.evaluation = settings.evaluation.checked();
        let flow_settings = &mut settings.flow;
        flow_settings.stride = flow_settings.stride();
        flow_settings.tvl1 = flow_settings.tvl1.checked().unwrap_or_default();
        flow_settings.truth = None; // It was the last clip's, and no clip is open.
        settings
    }

    /// Puts the settings where [`Settings::load`] finds them.
    pub fn save(&self, storage: &mut dyn Storage) {
        eframe::set_value(storage, KEY, self);
    }

    /// Compares the flow of `clip` with the ground truth that was chosen for it before, and returns whether there is one.
    pub fn recall_truth(&mut self, clip: &Path) -> bool {
        let known = self.truths.iter().find(|(of, _)| of == clip);
        self.flow.truth = known.map(|(_, truth)| truth.clone());
        self.flow.truth.is_some()
    }

    /// Compares the flow of `clip` with `truth`, also when it is opened the next time.
    pub fn choose_truth(&mut self, clip: &Path, truth: Option<PathBuf>) {
        self.truths.retain(|(of, _)| of != clip);
        if let Some(truth) = &truth {
            self.truths.insert(0, (clip.to_owned(), truth.clone()));
            self.truths.truncate(TRUTHS);
        }
        self.flow.truth = truth;
    }

    /// Puts `path` in front of the recent files.
    pub fn remember(&mut self, path: &Path) {
        put_in_front(&mut self.recent, path);
    }

    /// Puts `folder` in front of those whose runs were listed.
    pub fn remember_runs(&mut self, folder: &Path) {
        if self.run_folders.first().is_none_or(|first| first != folder) {
            put_in_front(&mut self.run_folders, folder);
        }
    }
}

/// Puts `path` in front of the few that were used lately.
fn put_in_front(recent: &mut Vec<PathBuf>, path: &Path) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    recent.retain(|other| *other != path);
    recent.insert(0, path);
    recent.truncate(RECENT);
}

/// `…/flow/class/clip` for `…/clips/class/clip.mp4`, where the sample project has its ground truth, if there is such a folder.
pub fn truth_beside(clip: &Path) -> Option<PathBuf> {
    let class = clip.parent()?;
    let root = class.parent()?.parent()?;
    Some(root.join("flow").join(class.file_name()?).join(clip.file_stem()?)).filter(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::app::training::settings::{Aim, ClipOrigin};
    use crate::training::finetune::{FineTune, Preset};
    use crate::training::{Network, Recipe};

    #[derive(Default)]
    struct Memory(HashMap<String, String>);

    impl Storage for Memory {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }

        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.into(), value);
        }

        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }

        fn flush(&mut self) {}
    }

    #[test]
    fn settings_of_another_version_keep_all_that_can_be_read() {
        let mut settings = Settings { dark: false, gamma: 1.75, ..Settings::default() };
        settings.recent = vec!["/clips/a, (1).mp4".into()];
        settings.labeling.project = Some("/labels".into());
        settings.guide.is_open = true;
        settings.last =
            Some(LastPlace { clip: "/clips/a.mp4".into(), frame: 7, folder: None, lists_sub_folders: true });
        settings.wheel.is_small = true;
        settings.pins = vec![Pin { path: "/clips/a.mp4".into(), frame: 7 }];
        settings.choose_truth(Path::new("/a.mp4"), Some("/flow/a".into()));
        let mut memory = Memory::default();
        settings.save(&mut memory);
        let text = memory.0[KEY].clone();
        assert_eq!(Settings::load(Some(&memory)).unread, None);
        memory.set_string(KEY, text.replace("labeling:(", "studio:(").replace("flow:(", "laboratory:("));
        let older = Settings::load(Some(&memory));
        assert_eq!(
            (older.labeling.project, older.unread),
            (settings.labeling.project.clone(), None),
            "older names of fields"
        );
        let other =
            text.replace("gamma:1.75", "gamma:(low:1.0,high:2.0)").replace("dark:false", "dark:false,shape:Round");
        assert_ne!(other, text);
        memory.set_string(KEY, other.clone());
        let loaded = Settings::load(Some(&memory));
        assert_eq!((loaded.dark, loaded.gamma), (false, 1.0));
        assert_eq!((&loaded.recent, &loaded.labeling.project), (&settings.recent, &settings.labeling.project));
        assert_eq!(loaded.truths, settings.truths);
        assert_eq!((&loaded.guide, loaded.wheel, &loaded.last), (&settings.guide, settings.wheel, &settings.last));
        assert_eq!(loaded.pins, settings.pins);
        assert_eq!(loaded.unread, Some(Unread { text: other, names: vec!["gamma".into()] }));
    }

    #[test]
    fn choices_of_trainings_outlast_the_program_and_their_lack_is_no_harm() {
        let mut settings = Settings::default();
        for preset in Preset::ALL {
            settings.training.tuning = FineTune::of(preset);
            for network in [Network::Flow, Network::Temporal, Network::Spatial, Network::Joint] {
                settings.training.plan = Recipe::Paper.plan(network, None);
                (settings.training.aim, settings.training.origin) = (Aim::Train, ClipOrigin::List);
                let mut memory = Memory::default();
                settings.save(&mut memory);
                let loaded = Settings::load(Some(&memory));
                assert_eq!((loaded.unread, loaded.training), (None, settings.training.clone()), "{preset:?}");
            }
        }
        let mut memory = Memory::default();
        assert!(Settings::load(None).fits_window);
        assert_eq!(Settings::load(None).views, Views::at_first_start(), "the flow model comes with the program");
        memory.set_string(KEY, "(dark:false)".into());
        assert_eq!(Settings::load(Some(&memory)).views, Views::default());
        assert!(!Settings::load(Some(&memory)).fits_window, "the layout may be a person's");
        let loaded = Settings::load(Some(&memory));
        assert_eq!((loaded.unread, loaded.dark, loaded.training), (None, false, TrainingSettings::default()));
    }

    #[test]
    fn recent_files_are_few_and_distinct_with_the_latest_first() {
        let mut settings = Settings::default();
        for name in ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/b"] {
            settings.remember(Path::new(name));
        }
        assert_eq!(settings.recent.len(), RECENT);
        assert_eq!(settings.recent[..2], [PathBuf::from("/b"), PathBuf::from("/i")]);
        assert_eq!(settings.recent.iter().filter(|path| **path == Path::new("/b")).count(), 1);
    }

    #[test]
    fn a_clip_finds_its_ground_truth_again() {
        let mut settings = Settings::default();
        settings.choose_truth(Path::new("/a.mp4"), Some("/a".into()));
        settings.recall_truth(Path::new("/b.mp4"));
        assert_eq!(settings.flow.truth, None);
        settings.recall_truth(Path::new("/a.mp4"));
        assert_eq!(settings.flow.truth, Some("/a".into()));
        settings.choose_truth(Path::new("/a.mp4"), None);
        settings.recall_truth(Path::new("/a.mp4"));
        assert_eq!(settings.flow.truth, None);
        let dir = tempfile::tempdir().unwrap();
        let flow = dir.path().join("flow/wave/wave_3");
        std::fs::create_dir_all(&flow).unwrap();
        assert_eq!(truth_beside(&dir.path().join("clips/wave/wave_3.mp4")), Some(flow), "as in the sample project");
    }
}

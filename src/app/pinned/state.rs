//! The pinned windows and the run whose networks predict them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use crate::app::tasks::Tasks;
use crate::app::ui::progress::Progress;
use crate::engine::{Engine, Message, Pin, PinnedPrediction, PinnedRequest, PinnedResults};
use crate::error::Error;
use crate::training::{Snapshot, TrainingEvent, TrainingPlan, runs, snapshots};

/// Maximum number of pins.
pub const PINS: usize = 4;

/// A run whose networks predict the pinned windows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WatchedRun {
    /// Its folder.
    pub dir: PathBuf,
    /// The model it started from; `None` if it started from scratch.
    pub base: Option<PathBuf>,
    /// Its snapshots by rising steps.
    pub snapshots: Vec<Snapshot>,
    /// Its result, once there is one.
    pub result: Option<PathBuf>,
    /// Its training plan, if its folder has one.
    pub plan: Option<TrainingPlan>,
}

impl WatchedRun {
    /// Reads the folder of a run that may have ended.
    pub fn of(run: &runs::Run) -> Self {
        let base = run.plan.as_ref().and_then(|plan| plan.base.clone());
        let (snapshots, result, plan) = (snapshots::list(&run.dir), run.model.clone(), run.plan.clone());
        Self { dir: run.dir.clone(), base, snapshots, result, plan }
    }

    /// Returns the networks before the run: those of step 0, with a new last layer, otherwise the base.
    pub fn before(&self) -> Option<&Path> {
        let first = self.snapshots.first().filter(|snapshot| snapshot.step == 0);
        first.map(|snapshot| snapshot.dir.as_path()).or(self.base.as_deref())
    }

    /// Returns the newest networks.
    pub fn newest(&self) -> Option<&Path> {
        let last = self.snapshots.last().map(|snapshot| snapshot.dir.as_path());
        self.result.as_deref().or(last)
    }
}

/// The pins and their predictions.
#[derive(Default)]
pub struct PinnedState {
    /// The pins.
    pub pins: Vec<Pin>,
    /// The run.
    pub run: WatchedRun,
    /// The run of the last session, until the panel is shown: its predictions take compute time.
    earlier: Option<PathBuf>,
    /// The last requested run, whose folder is being read.
    opening: Option<PathBuf>,
    opened: Tasks<PathBuf, WatchedRun>,
    /// The step whose networks are compared with those before the run; `None` for the newest.
    pub step: Option<usize>,
    outlooks: Option<Arc<PinnedResults>>,
    /// Progress of the predictions.
    progress: Option<Progress>,
    /// `true` if a person has stopped them.
    is_stopped: bool,
    /// The last request, and the value of `written` at that time.
    asked: Option<(PinnedRequest, usize)>,
    written: usize,
}

impl PinnedState {
    /// Restores the pins of the last session and the folder of their run.
    pub fn restore(&mut self, pins: Vec<Pin>, run: Option<PathBuf>) {
        (self.pins, self.earlier) = (pins, run);
        self.pins.truncate(PINS);
    }

    /// Returns the folder of the run, for the next session.
    pub fn kept_run(&self) -> Option<PathBuf> {
        let dir = Some(&self.run.dir).filter(|dir| !dir.as_os_str().is_empty());
        dir.or(self.opening.as_ref()).or(self.earlier.as_ref()).cloned()
    }

    /// Opens the last session's run, unless another one replaced it. A run that no longer exists is dropped.
    pub fn recall(&mut self, ctx: &Context) {
        let Some(dir) = self.earlier.take() else { return };
        self.opening = Some(dir.clone());
        self.opened.start("snapshots", ctx, dir.clone(), move || {
            let run = runs::Run::read(&dir);
            run.map(|run| WatchedRun::of(&run))
                .ok_or_else(|| Error::file(&dir, "it holds no run", "Choose another run"))
        });
    }

    /// Returns `true` if `pin` is pinned.
    pub fn has(&self, pin: &Pin) -> bool {
        self.pins.contains(pin)
    }

    /// Returns `true` if no more pins fit.
    pub fn is_full(&self) -> bool {
        self.pins.len() >= PINS
    }

    /// Pins a frame, or removes its pin.
    pub fn toggle(&mut self, pin: Pin) {
        match self.pins.iter().position(|other| *other == pin) {
            Some(place) => _ = self.pins.remove(place),
            None if !self.is_full() => {
                self.pins.push(pin);
                self.is_stopped = false;
            }
            None => {}
        }
    }

    /// Returns the progress of the predictions while they are computed.
    pub fn progress(&self) -> Option<Progress> {
        self.progress
    }

    /// Returns `true` if a person has stopped them before their end.
    pub fn is_stopped(&self) -> bool {
        let is_complete = |outlooks: &Arc<PinnedResults>| outlooks.counts().0 == outlooks.counts().1;
        self.is_stopped && !self.outlooks.as_ref().is_none_or(is_complete)
    }

    /// Stops computing predictions, or continues.
    pub fn stop(&mut self, is_stopped: bool) {
        self.is_stopped = is_stopped;
        self.follow_progress();
    }

    /// Uses the networks of `run` once its folder, which may be on a slow disk, has been read.
    pub fn open(&mut self, run: &runs::Run, ctx: &Context) {
        (self.opening, self.earlier) = (Some(run.dir.clone()), None);
        let run = run.clone();
        self.opened.start("snapshots", ctx, run.dir.clone(), move || Ok(WatchedRun::of(&run)));
    }

    /// Takes the run whose folder was read, unless another one was requested since.
    pub fn take_opened(&mut self) {
        while let Some((dir, run)) = self.opened.take() {
            if self.opening.as_ref() == Some(&dir) {
                self.opening = None;
                run.into_iter().for_each(|run| self.watch(run));
            }
        }
    }

    /// Uses the networks of another run.
    pub fn watch(&mut self, run: WatchedRun) {
        (self.run, self.step, self.is_stopped, self.opening, self.earlier) = (run, None, false, None, None);
        self.written += 1;
    }

    /// Returns the networks that are compared with those before the run.
    pub fn now(&self) -> Option<&Path> {
        let chosen = self.step.and_then(|step| self.run.snapshots.iter().find(|snapshot| snapshot.step == step));
        chosen.map(|snapshot| snapshot.dir.as_path()).or(self.run.newest())
    }

    /// Returns the prediction of the model in folder `model` for `pin`.
    pub fn outlook(&self, pin: &Pin, model: Option<&Path>) -> Option<&Arc<PinnedPrediction>> {
        self.outlooks.as_ref()?.get(pin, model?)
    }

    /// Returns the reason why the model in folder `model` has no prediction for `pin`.
    pub fn failure(&self, pin: &Pin, model: Option<&Path>) -> Option<String> {
        self.outlooks.as_ref()?.failure(pin, model?).map(ToString::to_string)
    }

    /// Takes new results from the engine.
    pub fn refresh(&mut self, engine: &Engine) {
        self.outlooks = engine.pinned();
        self.follow_progress();
        self.take_opened();
    }

    fn follow_progress(&mut self) {
        let counts = self.outlooks.as_ref().map_or((0, 0), |outlooks| outlooks.counts());
        self.progress = match counts {
            (done, of) if done < of && !self.is_stopped => {
                let mut progress = self.progress.unwrap_or_else(|| Progress::begin(of, "predictions"));
                progress.advance(done, of);
                Some(progress)
            }
            _ => None,
        };
    }

    /// Sets given results.
    #[cfg(test)]
    pub fn set_outlooks(&mut self, outlooks: PinnedResults) {
        self.outlooks = Some(Arc::new(outlooks));
        self.follow_progress();
    }

    /// Returns the request for the engine if it has changed.
    pub fn wish(&mut self, is_busy: bool) -> Option<PinnedRequest> {
        let others = self.run.snapshots.iter().rev().map(|snapshot| snapshot.dir.as_path());
        let mut models: Vec<PathBuf> = Vec::new();
        for model in [self.now(), self.run.before()].into_iter().flatten().chain(others) {
            if !models.iter().any(|known| known == model) {
                models.push(model.to_owned());
            }
        }
        let wish = PinnedRequest { pins: self.pins.clone(), models, is_busy, is_stopped: self.is_stopped };
        let asked = (wish.clone(), self.written);
        if self.asked.as_ref() == Some(&asked) || (self.asked.is_none() && self.pins.is_empty()) {
            return None;
        }
        self.asked = Some(asked);
        Some(wish)
    }

    /// Handles a message of the training. `base` is the model it starts from.
    pub fn receive(&mut self, message: &Message, base: Option<&PathBuf>) {
        if let Message::Opened(info) = message
            && self.pins.iter().any(|pin| pin.path == info.path)
        {
            self.written += 1; // The file may be another one than the one that was pinned.
        }
        let Message::Training(event) = message else { return };
        match event {
            // Its snapshots, if it is resumed, are reported next.
            TrainingEvent::Started { run_dir, .. } if *run_dir != self.run.dir => {
                let (dir, base) = (run_dir.clone(), base.cloned());
                self.watch(WatchedRun { dir, base, ..WatchedRun::default() });
            }
            TrainingEvent::Started { .. } => self.run.result = None,
            TrainingEvent::Snapshots(snapshots) => {
                self.run.snapshots.clone_from(snapshots);
                self.written += 1;
            }
            TrainingEvent::Finished { model_dir, .. } => {
                self.run.result = Some(model_dir.clone());
                self.written += 1;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::VideoInfo;

    fn snapshot(step: usize) -> Snapshot {
        Snapshot { step, dir: format!("/run/snapshots/{step}").into() }
    }

    fn pin(frame: usize) -> Pin {
        Pin { path: "/clips/a.mp4".into(), frame }
    }

    #[test]
    fn a_few_windows_are_pinned_and_taken_off() {
        let mut state = PinnedState::default();
        (0..6).for_each(|frame| state.toggle(pin(frame)));
        assert_eq!((state.pins.len(), state.is_full(), state.has(&pin(5))), (PINS, true, false));
        state.toggle(pin(2));
        assert_eq!(state.pins, [pin(0), pin(1), pin(3)]);
    }

    #[test]
    fn a_run_is_looked_into_on_a_thread_and_makes_way_for_one_that_begins_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let plan = TrainingPlan { run_dir: dir.path().join("run"), ..TrainingPlan::default() };
        std::fs::create_dir_all(&plan.run_dir).unwrap();
        std::fs::write(plan.run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        let run = runs::list(dir.path()).swap_remove(0);
        let (mut state, ctx) = (PinnedState::default(), Context::default());
        state.open(&run, &ctx);
        assert_eq!(state.run, WatchedRun::default(), "the disk may be slow");
        while state.opening.is_some() {
            state.take_opened();
            std::thread::yield_now();
        }
        assert_eq!(state.run.dir, plan.run_dir);
        state.open(&run, &ctx);
        state.watch(WatchedRun { dir: "/other".into(), ..WatchedRun::default() });
        state.opened.finish(plan.run_dir.clone(), Ok(WatchedRun::of(&run)));
        state.take_opened();
        assert_eq!(state.run.dir, PathBuf::from("/other"));
    }

    #[test]
    fn the_run_of_the_last_session_is_looked_into_once_its_pins_are_shown() {
        let dir = tempfile::tempdir().unwrap();
        let plan = TrainingPlan { run_dir: dir.path().join("run"), ..TrainingPlan::default() };
        std::fs::create_dir_all(&plan.run_dir).unwrap();
        std::fs::write(plan.run_dir.join("config.toml"), toml::to_string(&plan).unwrap()).unwrap();
        let ctx = Context::default();
        let recalled = |run: &Path| {
            let mut state = PinnedState::default();
            state.restore(vec![pin(0)], Some(run.to_owned()));
            assert_eq!((&state.run, state.kept_run().as_deref()), (&WatchedRun::default(), Some(run)));
            state.recall(&ctx);
            while state.opening.is_some() {
                state.take_opened();
                std::thread::yield_now();
            }
            (state.run.dir.clone(), state.kept_run())
        };
        assert_eq!(recalled(&plan.run_dir), (plan.run_dir.clone(), Some(plan.run_dir.clone())));
        assert_eq!(recalled(&dir.path().join("gone")), (PathBuf::new(), None));
    }

    #[test]
    fn pins_are_looked_at_again_when_their_clip_is_opened_again() {
        let mut state = PinnedState::default();
        state.toggle(pin(0));
        assert!(state.wish(false).is_some() && state.wish(false).is_none());
        let info = |path: &str| VideoInfo {
            path: path.into(),
            codec: "h264".into(),
            width: 64,
            height: 48,
            frames: 40,
            duration_secs: 1.6,
            fps: 25.0,
            times: crate::frame_times::FrameTimes::even(40, 25.0, 0.0).unwrap(),
            variable_rate: false,
            rotation_degrees: 0,
            interlaced: false,
            has_sound: false,
            recorded: None,
            notes: Vec::new(),
        };
        state.receive(&Message::Opened(info("/clips/b.mp4")), None);
        assert!(state.wish(false).is_none());
        state.receive(&Message::Opened(info("/clips/a.mp4")), None);
        assert!(state.wish(false).is_some());
    }

    #[test]
    fn the_newest_networks_are_set_beside_the_first_unless_a_step_is_chosen() {
        let mut state = PinnedState::default();
        assert_eq!(state.wish(false), None, "nothing is pinned");
        state.toggle(pin(0));
        let started = TrainingEvent::Started {
            run_dir: "/run".into(),
            clips: 1,
            classes: Vec::new(),
            parameters: 1,
            resumed_at: 0,
        };
        let base = Some(PathBuf::from("/base"));
        state.receive(&Message::Training(started), base.as_ref());
        assert_eq!(state.wish(true).unwrap().models, [PathBuf::from("/base")]);
        let snapshots = |steps: &[usize]| {
            Message::Training(TrainingEvent::Snapshots(steps.iter().map(|&step| snapshot(step)).collect()))
        };
        state.receive(&snapshots(&[0, 20, 40]), None);
        let models = |state: &mut PinnedState| state.wish(true).unwrap().models;
        let steps = ["/run/snapshots/40", "/run/snapshots/0", "/run/snapshots/20"];
        assert_eq!(models(&mut state), steps.map(PathBuf::from), "what is shown comes first");
        assert_eq!(state.wish(true), None, "that was asked for already");
        state.step = Some(20);
        assert_eq!(models(&mut state)[0], PathBuf::from("/run/snapshots/20"));
        state.receive(&snapshots(&[0, 40, 60]), None);
        assert_eq!(models(&mut state)[0], PathBuf::from("/run/snapshots/60"), "the chosen one was given up");
        let model_dir = PathBuf::from("/run/model");
        state.step = None;
        state.receive(&Message::Training(TrainingEvent::Finished { model_dir, stopped_early: false }), None);
        assert_eq!(models(&mut state)[0], PathBuf::from("/run/model"));
    }
}

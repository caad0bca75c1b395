//! How long the next linear probe takes: by the time that clips took in earlier ones of this session.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::app::training::state::TrainingState;
use crate::app::ui::format::span;
use crate::plural::counted;
use crate::training::{Network, Preparation, TrainingEvent};

/// Fewest clips of which the time is measured, besides the first ones, which wait for the networks.
const FEWEST: usize = 3;
/// Clips that are done within this time of each other were looked at side by side.
const SIDE_BY_SIDE: Duration = Duration::from_millis(5);

/// The times that the features of a clip took.
#[derive(Debug, Default)]
pub struct ProbeTimes {
    known: Vec<ClipTime>,
    running: Option<RunningProbe>,
}

/// The time of a clip.
#[derive(Debug, PartialEq)]
struct ClipTime {
    network: Network,
    /// The model that the run started from, and those with the same layers that were trained from it.
    bases: Vec<PathBuf>,
    secs: f64,
}

/// The features that are being extracted.
#[derive(Debug)]
struct RunningProbe {
    network: Network,
    since: Instant,
    /// Clips that were done by then.
    before: usize,
    /// The last clip, and when it was done.
    done: (usize, Instant),
}

impl ProbeTimes {
    /// Takes in what happened at `now` in a training.
    pub fn receive(&mut self, event: &TrainingEvent, training: &TrainingState, now: Instant) {
        match event {
            TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of } => {
                let number = training.part.map_or(0, |(number, ..)| number);
                let Some(plan) = training.plans.get(number).filter(|_| training.is_probe()) else { return };
                match &mut self.running {
                    // The first clip is not measured: it waits for the networks.
                    None if *done == 1 => {
                        let network = plan.network;
                        self.running = Some(RunningProbe { network, since: now, before: 1, done: (1, now) });
                    }
                    // Where many are left out at once, no time was spent on them.
                    Some(running) if *done == running.done.0 + 1 => {
                        running.done = (*done, now);
                        if now.duration_since(running.since) < SIDE_BY_SIDE {
                            running.before = *done;
                        }
                    }
                    _ => {}
                }
                if done == of {
                    self.end(training);
                }
            }
            TrainingEvent::Finished { model_dir, .. } => {
                let base = base(training);
                let alike = |known: &&mut ClipTime| base.is_some_and(|base| known.bases.iter().any(|of| of == base));
                self.known.iter_mut().filter(alike).for_each(|known| known.bases.push(model_dir.clone()));
            }
            // Time that passes meanwhile is spent on no clip.
            TrainingEvent::Paused | TrainingEvent::Started { .. } => self.running = None,
            _ => {}
        }
    }

    /// Keeps what was measured. The slowest run counts: features that were kept from earlier ones cost nearly nothing.
    fn end(&mut self, training: &TrainingState) {
        let (Some(running), Some(base)) = (self.running.take(), base(training)) else { return };
        let RunningProbe { network, since, before, done: (done, last) } = running;
        if done - before < FEWEST {
            return;
        }
        let secs = last.duration_since(since).as_secs_f64() / (done - before) as f64;
        let is_same = |known: &&mut ClipTime| known.network == network && known.bases.iter().any(|of| of == base);
        match self.known.iter_mut().find(is_same) {
            Some(known) => known.secs = known.secs.max(secs),
            None => self.known.push(ClipTime { network, bases: vec![base.to_owned()], secs }),
        }
    }

    /// Returns how long a probe of these networks of the model in `base` takes for `clips` clips; none if it was not measured.
    pub fn estimate(&self, base: &Path, networks: &[Network], clips: usize) -> Option<String> {
        let of = |network: &Network| {
            let is_same = |known: &&ClipTime| known.network == *network && known.bases.iter().any(|of| of == base);
            self.known.iter().find(is_same).map(|known| known.secs)
        };
        let per_clip = networks.iter().map(of).sum::<Option<f64>>().filter(|_| !networks.is_empty() && clips > 0)?;
        let (secs, clips) = (span((per_clip * clips as f64).max(1.0)), counted(clips, "clip"));
        Some(format!("About {secs} for {clips}, as measured before; less where features are kept."))
    }
}

/// Returns the model that all runs of a training start from.
fn base(training: &TrainingState) -> Option<&Path> {
    training.plans.first()?.base.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{RunKind, TrainingPlan};

    fn training() -> TrainingState {
        let mut training = TrainingState::starting();
        let plan = |network, base: &str| {
            let kind = RunKind::LinearProbe { windows: 3 };
            TrainingPlan { kind, base: Some(base.into()), ..TrainingPlan::of(network) }
        };
        training.plans = vec![plan(Network::Spatial, "/model"), plan(Network::Temporal, "/runs/a-spatial/model")];
        training
    }

    /// Extracts the features of `clips` clips, the first in 5 s and each other in `secs`.
    fn extract(times: &mut ProbeTimes, training: &TrainingState, clips: usize, secs: f64) {
        let began = Instant::now();
        for done in 0..=clips {
            let event = TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of: clips };
            let passed = if done == 0 { 0.0 } else { 5.0 + (done - 1) as f64 * secs };
            times.receive(&event, training, began + Duration::from_secs_f64(passed));
        }
    }

    #[test]
    fn the_next_probe_takes_as_long_for_each_clip_as_those_before() {
        let (mut times, mut training) = (ProbeTimes::default(), training());
        let both = [Network::Spatial, Network::Temporal];
        extract(&mut times, &training, 11, 0.5);
        assert_eq!(times.estimate(Path::new("/model"), &both, 40), None, "nothing is known of the temporal stream");
        training.part = Some((1, 2, Network::Temporal));
        extract(&mut times, &training, 11, 1.5);
        let text = |times: &ProbeTimes, base: &str| times.estimate(Path::new(base), &both, 40);
        let expected = "About 1 min 20 s for 40 clips, as measured before; less where features are kept.";
        assert_eq!(text(&times, "/model").as_deref(), Some(expected));
        extract(&mut times, &training, 11, 0.001);
        assert_eq!(text(&times, "/model").as_deref(), Some(expected), "those were kept");
        assert_eq!(text(&times, "/other"), None);
        let model_dir = PathBuf::from("/runs/a/model");
        times.receive(&TrainingEvent::Finished { model_dir, stopped_early: false }, &training, Instant::now());
        assert_eq!(text(&times, "/runs/a/model").as_deref(), Some(expected), "its layers are the same");
        assert_eq!(times.estimate(Path::new("/model"), &[], 40), None);
    }

    #[test]
    fn few_clips_and_those_of_a_run_that_waited_say_nothing() {
        let (mut times, training) = (ProbeTimes::default(), training());
        extract(&mut times, &training, 3, 0.5);
        let spatial = [Network::Spatial];
        assert_eq!(times.estimate(Path::new("/model"), &spatial, 40), None, "three clips");
        let began = Instant::now();
        for done in 1..=9 {
            let event = TrainingEvent::Preparing { what: Preparation::ExtractFeatures, done, of: 9 };
            let now = began + Duration::from_secs(done as u64);
            times.receive(&event, &training, now);
            if done == 5 {
                times.receive(&TrainingEvent::Paused, &training, now);
            }
        }
        assert_eq!(times.estimate(Path::new("/model"), &spatial, 40), None, "it waited");
    }
}

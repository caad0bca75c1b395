//! The run that was interrupted, by a crash or the end of the program, and is offered to be resumed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::training::TrainingPlan;
use crate::training::runs::Run;

/// A run to be resumed.
#[derive(Debug, Clone, PartialEq)]
pub struct InterruptedRun {
    /// Its folder.
    pub dir: PathBuf,
    /// Its name.
    pub name: String,
    /// Steps that are done.
    pub step: usize,
    /// Steps of its plan, if that can be read.
    pub steps: Option<usize>,
    /// Its time limit.
    pub budget_secs: Option<f64>,
    /// Its place, from 1, among so many runs of the same training.
    pub place: (usize, usize),
    /// Seconds of the runs that belong to it and have ended.
    pub seconds: f64,
    /// It and the runs that belong to it, in turn.
    pub plans: Vec<TrainingPlan>,
}

impl InterruptedRun {
    /// What happened, in a sentence: of several streams in turn which it is, and its time limit.
    pub fn in_words(&self) -> String {
        let name = match self.place {
            (_, 0 | 1) => self.name.clone(),
            (place, of) => format!("{} (stream {place} of {of})", self.name),
        };
        let limit = match self.budget_secs {
            Some(secs) => format!(", with a time limit of {:.1} min", secs / 60.0),
            None => String::new(),
        };
        match (self.step, self.steps) {
            (0, _) => format!("{name} was interrupted before its first checkpoint."),
            (step, None) => format!("{name} was interrupted at step {step}{limit}."),
            (step, Some(steps)) if limit.is_empty() => format!("{name} was interrupted at step {step} of {steps}."),
            (step, Some(steps)) => format!("{name} was interrupted at step {step} of at most {steps}{limit}."),
        }
    }
}

/// The interrupted run of the folder of runs, if there is one.
#[derive(Debug, Clone, Default)]
pub struct InterruptedRuns {
    offer: Option<InterruptedRun>,
    /// The runs that lay beside the latest one when the program was started.
    at_start: Vec<Run>,
    /// Those that were answered: the list may not know it yet.
    answered: BTreeSet<PathBuf>,
    /// Those that were pointed at, wherever a person looks.
    announced: BTreeSet<PathBuf>,
}

impl InterruptedRuns {
    /// Takes the runs in the folder of the latest one, the newest first, at the start of the program.
    pub fn begin(&mut self, runs: Vec<Run>) {
        self.at_start = runs;
    }

    /// Takes the list of runs, the newest first.
    pub fn follow(&mut self, listed: &[Run]) {
        let is_interrupted = |run: &&Run| run.is_interrupted && !self.answered.contains(&run.dir);
        // Of what is listed more is known by now.
        let is_unlisted = |run: &&Run| listed.iter().all(|other| other.dir != run.dir);
        let newest = listed.iter().find(is_interrupted).map(|run| (run, listed));
        let at_start = self.at_start.iter().filter(is_unlisted).find(is_interrupted);
        let newest = newest.or(at_start.map(|run| (run, self.at_start.as_slice())));
        let is_known = match (&self.offer, newest) {
            (Some(offer), Some((run, _))) => (&offer.dir, &offer.name, offer.step) == (&run.dir, &run.name, run.step),
            (offer, run) => offer.is_none() && run.is_none(),
        };
        if !is_known {
            self.offer = newest.map(|(run, runs)| InterruptedRun {
                budget_secs: run.plan.as_ref().and_then(|plan| plan.budget_secs),
                place: place(run, runs),
                dir: run.dir.clone(),
                name: run.name.clone(),
                step: run.step,
                steps: run.plan.as_ref().map(|plan| plan.steps),
                seconds: run.seconds_of_ended(runs),
                plans: run.turn(runs).into_iter().filter_map(|run| run.plan.clone()).collect(),
            });
        }
    }

    /// The run that is offered.
    pub fn offer(&self) -> Option<&InterruptedRun> {
        self.offer.as_ref()
    }

    /// Returns what happened and where it is offered, once for each run.
    pub fn announcement(&mut self) -> Option<String> {
        let offer = self.offer.as_ref().filter(|offer| self.announced.insert(offer.dir.clone()))?;
        Some(format!("{} was interrupted: see Training", offer.name))
    }

    /// Takes the offer, which was accepted or dismissed.
    pub fn answer(&mut self) -> Option<InterruptedRun> {
        let offer = self.offer.take()?;
        self.answered.insert(offer.dir.clone());
        Some(offer)
    }
}

/// Returns the place of `run`, from 1, among those of `all` that are of the same training, and how many these are.
fn place(run: &Run, all: &[Run]) -> (usize, usize) {
    let training = run.training(all);
    let before = training.iter().take_while(|other| other.dir != run.dir).count();
    (before + 1, training.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_stream_of_several_is_named_with_its_time_limit() {
        let run = InterruptedRun {
            dir: "/runs/tune-01".into(),
            name: "tune-01".into(),
            step: 16,
            steps: Some(1200),
            budget_secs: None,
            place: (1, 1),
            seconds: 0.0,
            plans: Vec::new(),
        };
        assert_eq!(run.in_words(), "tune-01 was interrupted at step 16 of 1200.");
        let run = InterruptedRun { budget_secs: Some(180.0), place: (2, 2), ..run };
        let text = "tune-01 (stream 2 of 2) was interrupted at step 16 of at most 1200, with a time limit of 3.0 min.";
        assert_eq!(run.in_words(), text);
    }
}

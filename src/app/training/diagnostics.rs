//! What the diagnostics of the training panel show besides its curves: what of the loss counts, what MotionNet's gradient
//! consists of, what is taken for what on the validation clips, and where the run went back.

use crate::app::ui::curves::Curves;
use crate::engine::SHARES_EVERY;
use crate::error::Error;
use crate::evaluation::Confusion;
use crate::training::{GradientShares, LossSwitches, LossTerm, TrainingEvent};

/// The state of the diagnostics, as the events of a training tell it.
#[derive(Debug, Clone)]
pub struct TrainingDiagnostics {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// What of the loss counts.
    switches: Option<LossSwitches>,
    /// What was asked to count and is not confirmed yet.
    asked: Option<LossSwitches>,
    /// Scales of the flow pyramid, once they are known.
    pub scales: usize,
    /// Share of each kind of loss in MotionNet's gradient, by step.
    pub shares: Curves,
    /// Steps between two looks at them, 0 for none.
    pub shares_every: usize,
    /// The newest of them with norms and cosines.
    pub gradient: Option<GradientShares>,
    /// The newest guesses on the validation clips, and after how many steps they were made.
    pub confusion: Option<(usize, Confusion)>,
    /// What that measurement was, as [`TrainingEvent::Validation`] names it.
    pub measured: String,
    /// The last divergence, until it is dismissed.
    pub divergence: Option<Divergence>,
    /// The steps that the run went back to.
    pub returns: Vec<usize>,
}

impl Default for TrainingDiagnostics {
    fn default() -> Self {
        Self {
            classes: Vec::new(),
            switches: None,
            asked: None,
            scales: 0,
            shares: Curves::default(),
            shares_every: SHARES_EVERY,
            gradient: None,
            confusion: None,
            measured: String::new(),
            divergence: None,
            returns: Vec::new(),
        }
    }
}

/// What happened to a run that diverged.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// Why it was found to diverge.
    pub error: Error,
    /// The step that it went back to.
    pub to: usize,
    /// What is left of the plan's rate.
    pub rate_factor: f64,
}

impl TrainingDiagnostics {
    /// What of the loss counts, or is about to.
    pub fn switches(&self) -> Option<LossSwitches> {
        self.asked.or(self.switches)
    }

    /// Shows `switches` until the run has answered.
    pub fn ask(&mut self, switches: LossSwitches) {
        self.asked = Some(switches);
    }

    /// What `switches` change of what counts, in words.
    pub fn changes(&self, switches: &LossSwitches) -> Vec<String> {
        self.switches.map_or(Vec::new(), |before| before.changes(switches))
    }

    /// Takes an event in.
    pub fn receive(&mut self, event: &TrainingEvent) {
        match event {
            TrainingEvent::Started { classes, .. } => self.classes.clone_from(classes),
            TrainingEvent::Switched { switches, .. } => {
                self.switches = Some(*switches);
                self.asked = None;
            }
            TrainingEvent::Step(metrics) if self.scales == 0 => {
                let known = metrics.terms.iter().filter(|(name, _)| name.starts_with(LossTerm::Pixel.name())).count();
                // Of a loss at one scale only the finest is told, though the others are there.
                let beyond =
                    |switches: LossSwitches| (known..LossSwitches::SCALES).any(|i| switches.is_on(LossTerm::Pixel, i));
                self.scales = if self.switches.is_some_and(beyond) { known } else { LossSwitches::SCALES };
            }
            TrainingEvent::Resuming(run) => {
                for (term, points) in &run.gradient_shares {
                    points.iter().for_each(|[step, share]| self.shares.push(term, *step, *share));
                }
            }
            TrainingEvent::GradientShares(gradient) => {
                for part in &gradient.terms {
                    self.shares.push(part.term.name(), gradient.step as f64, part.share);
                }
                self.gradient = Some(gradient.clone());
            }
            TrainingEvent::Validation { step, name, guesses, .. } if !guesses.is_empty() => {
                let classes = self.classes.len();
                let known = guesses.iter().filter(|pair| pair.iter().all(|class| *class < classes));
                let confusion = Confusion::of(classes, known.map(|[label, guess]| (*label, *guess)));
                self.confusion = Some((*step, confusion));
                self.measured.clone_from(name);
            }
            TrainingEvent::RolledBack { to, rate_factor, diverged, .. } => {
                self.shares.cut(*to as f64);
                self.gradient = None;
                self.confusion = self.confusion.take().filter(|(step, _)| step <= to);
                self.returns.push(*to);
                if let Some(error) = diverged {
                    self.divergence = Some(Divergence { error: error.clone(), to: *to, rate_factor: *rate_factor });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_shown_until_the_run_answers() {
        let mut diagnostics = TrainingDiagnostics::default();
        let before = LossSwitches::of(&Default::default());
        let asked = LossSwitches { action: 0.5, ..before };
        assert_eq!(diagnostics.switches(), None);
        diagnostics.receive(&TrainingEvent::Switched { step: 0, switches: before });
        diagnostics.ask(asked);
        assert_eq!(diagnostics.switches(), Some(asked));
        diagnostics.receive(&TrainingEvent::Switched { step: 3, switches: before }); // refused
        assert_eq!(diagnostics.switches(), Some(before));
    }

    #[test]
    fn what_was_found_after_a_step_that_is_gone_back_to_is_void() {
        let mut diagnostics = TrainingDiagnostics::default();
        let classes = vec!["bow".into(), "clap".into()];
        let started =
            TrainingEvent::Started { run_dir: "/run".into(), clips: 4, classes, parameters: 1, resumed_at: 0 };
        diagnostics.receive(&started);
        let measured = |step| TrainingEvent::Validation {
            step,
            name: "top-1".into(),
            value: 0.5,
            guesses: vec![[0, 0], [1, 0], [7, 0]],
        };
        diagnostics.receive(&measured(20));
        assert_eq!(diagnostics.confusion, Some((20, Confusion { counts: vec![vec![1, 0], vec![1, 0]] })));
        let back = |to, diverged| TrainingEvent::RolledBack { from: 30, to, rate_factor: 0.5, diverged };
        diagnostics.receive(&back(20, None));
        assert!(diagnostics.confusion.is_some() && diagnostics.divergence.is_none());
        diagnostics.receive(&back(10, Some(Error::new("training", "diverged", "Lower the rate"))));
        assert!(diagnostics.confusion.is_none());
        assert_eq!(diagnostics.divergence.as_ref().map(|divergence| divergence.to), Some(10));
        assert_eq!(diagnostics.returns, [20, 10]);
    }
}

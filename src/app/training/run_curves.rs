//! The curves of several runs in turn: those of a run stay when the next begins.

use crate::app::ui::curves::Curves;
use crate::training::Network;

/// The curves of a run to be looked at.
#[derive(Clone, Copy)]
pub struct RunCurves<'a> {
    /// What the run trained, where there are several.
    pub network: Option<Network>,
    /// The loss and its terms by step.
    pub losses: &'a Curves,
    /// Shares between 0 and 1 by step, and the photometric ratio.
    pub shares: &'a Curves,
    /// Share of each kind of loss in MotionNet's gradient, by step.
    pub gradient_shares: &'a Curves,
    /// The steps that it went back to.
    pub returns: &'a [usize],
}

impl RunCurves<'_> {
    fn is_empty(&self) -> bool {
        self.losses.is_empty() && self.shares.is_empty()
    }

    /// Returns the first and the last step of all curves, which every plot shows.
    pub fn steps(&self) -> Option<[f64; 2]> {
        let curves = [self.losses, self.shares, self.gradient_shares].into_iter().flat_map(Curves::iter);
        let ends = curves.filter_map(|(_, curve)| Some([curve.points().first()?[0], curve.points().last()?[0]]));
        ends.reduce(|[first, last], [begin, end]| [first.min(begin), last.max(end)])
    }
}

/// The curves of a run that has ended.
#[derive(Debug, Clone)]
struct EndedRun {
    network: Network,
    losses: Curves,
    shares: Curves,
    gradient_shares: Curves,
    returns: Vec<usize>,
}

/// The curves of the runs before the present one, one of each network.
#[derive(Debug, Clone, Default)]
pub struct EarlierRuns(Vec<EndedRun>);

impl EarlierRuns {
    /// Keeps the curves of `ended`, if it has some, as the run of `next` begins: that brings its own.
    pub fn turn_to(&mut self, next: Network, ended: RunCurves<'_>) {
        if let Some(network) = ended.network.filter(|_| !ended.is_empty()) {
            self.0.retain(|run| run.network != network);
            self.0.push(EndedRun {
                network,
                losses: ended.losses.clone(),
                shares: ended.shares.clone(),
                gradient_shares: ended.gradient_shares.clone(),
                returns: ended.returns.to_vec(),
            });
        }
        self.0.retain(|run| run.network != next);
    }

    /// Returns the curves of every run that has some, those of `present` last.
    pub fn with<'a>(&'a self, present: RunCurves<'a>) -> Vec<RunCurves<'a>> {
        let earlier = self.0.iter().map(|run| RunCurves {
            network: Some(run.network),
            losses: &run.losses,
            shares: &run.shares,
            gradient_shares: &run.gradient_shares,
            returns: &run.returns,
        });
        earlier.chain((!present.is_empty()).then_some(present)).collect()
    }
}

/// Returns the curves of `runs` as comma-separated values, a line a point; those of several begin with what the run trained.
pub fn curves_table(runs: &[RunCurves<'_>]) -> String {
    let mut text = String::from(if runs.len() > 1 { "network,curve,step,value\n" } else { "curve,step,value\n" });
    for run in runs {
        let network = run.network.filter(|_| runs.len() > 1);
        let network = network.map_or(String::new(), |network| format!("{},", network.name().to_lowercase()));
        let table = [run.losses, run.shares, run.gradient_shares].map(Curves::table).concat();
        table.lines().for_each(|line| text += &format!("{network}{line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_plots_span_the_steps_of_all_curves() {
        let [mut losses, mut shares] = [Curves::default(), Curves::default()];
        let none = Curves::default();
        let steps = |losses: &Curves, shares: &Curves| {
            RunCurves { network: None, losses, shares, gradient_shares: &none, returns: &[] }.steps()
        };
        assert_eq!(steps(&losses, &shares), None);
        for step in 1..=20 {
            losses.push("loss", f64::from(step), 1.0);
        }
        shares.push("validation photometric ratio", 25.0, 0.5);
        assert_eq!(steps(&losses, &shares), Some([1.0, 25.0]));
    }
}

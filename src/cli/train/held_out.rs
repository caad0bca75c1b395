//! The held-out results of a training: the accuracy of each stream, and of both fused, on held-out clips.

use serde_json::{Value, json};

use crate::evaluation::{Confusion, HeldOutReport, interval_in_percent, wilson_interval};
use crate::plural::counted;
use crate::training::runs::Run;
use crate::training::{Network, TrainingEvent, TrainingPlan};

/// The streams in the order in which they are listed.
const ORDER: [&str; 3] = ["spatial", "temporal", "fused"];

/// The last measurement of each stream, gathered from the events of runs and from their folders.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    /// The networks that the runs train, in order.
    networks: Vec<Network>,
    /// The run in progress.
    run: usize,
    classes: Vec<String>,
    streams: Vec<StreamResult>,
}

/// The last measurement of a stream.
#[derive(Debug)]
struct StreamResult {
    /// spatial, temporal or fused.
    name: &'static str,
    /// Whether each clip was left out in turn, with no hold-out set.
    cross_validated: bool,
    step: usize,
    confusion: Confusion,
}

impl HeldOut {
    /// Returns an empty collection for these runs.
    pub fn of(plans: &[TrainingPlan]) -> Self {
        Self { networks: plans.iter().map(|plan| plan.network).collect(), ..Self::default() }
    }

    /// Handles an event.
    pub fn receive(&mut self, event: &TrainingEvent) {
        match event {
            TrainingEvent::Part { number, .. } => self.run = *number,
            TrainingEvent::Started { classes, .. } if !classes.is_empty() => self.classes.clone_from(classes),
            TrainingEvent::Validation { step, name, guesses, .. } if !guesses.is_empty() => {
                self.measured(*step, name, guesses);
            }
            _ => {}
        }
    }

    /// Adds what the folders of `plans` hold of streams that were measured before.
    pub fn complete(&mut self, plans: &[TrainingPlan]) {
        for plan in plans.iter().rev() {
            let Some(report) = HeldOutReport::read(&plan.run_dir) else { continue };
            if self.classes.is_empty() {
                self.classes.clone_from(&report.classes);
            }
            let labels = || report.clips.iter().map(|clip| clip.label);
            for stream in &report.streams {
                if self.streams.iter().any(|known| known.name == stream.name) {
                    continue;
                }
                // Both are fused by the last run.
                let own = plans.iter().find(|plan| stream_name(plan.network) == stream.name).unwrap_or(plan);
                let guesses = labels().zip(stream.guesses.iter().copied());
                self.streams.push(StreamResult {
                    name: stream.name,
                    cross_validated: report.is_cross_validated,
                    step: Run::read(&own.run_dir).map_or(0, |run| run.measured),
                    confusion: Confusion::of(report.classes.len(), guesses),
                });
            }
        }
        self.streams.sort_by_key(|stream| ORDER.iter().position(|name| *name == stream.name));
    }

    fn measured(&mut self, step: usize, measure: &str, guesses: &[[usize; 2]]) {
        let name = match self.networks.get(self.run) {
            _ if measure.contains("fused") => "fused",
            Some(network) => stream_name(*network),
            None => return,
        };
        // Those of a run without a list of classes are numbers.
        let largest = guesses.iter().flatten().max().map_or(0, |largest| largest + 1);
        let classes = self.classes.len().max(largest);
        let confusion = Confusion::of(classes, guesses.iter().map(|[label, guess]| (*label, *guess)));
        let result = StreamResult { name, cross_validated: measure.contains("cross-validated"), step, confusion };
        match self.streams.iter_mut().find(|stream| stream.name == name) {
            Some(stream) => *stream = result,
            None => self.streams.push(result),
        }
    }

    /// Returns the figures as a table; nothing where nothing was measured.
    pub fn in_words(&self) -> String {
        let Some(first) = self.streams.first() else { return String::new() };
        let kind = match first.cross_validated {
            true => "cross-validation, one recording left out at a time",
            false => "held-out clips",
        };
        let mut text = format!("Accuracy by {kind} (95 % Wilson interval):\n");
        for StreamResult { name, confusion, .. } in &self.streams {
            let (right, clips) = confusion.right();
            let (percent, of) = (100.0 * right as f64 / clips.max(1) as f64, counted(clips, "clip"));
            let interval = interval_in_percent(wilson_interval(right, clips));
            text += &format!("  {name:<9}{percent:5.1} % ({interval})  {right} of {of} correct\n");
        }
        if self.networks.len() > 1 && !self.streams.iter().any(|stream| stream.name == "fused") {
            text += "  fused    not measured; run motionscope evaluate actions on clips of a test list\n";
        }
        let width = self.classes.iter().map(|class| class.chars().count()).max().unwrap_or_default().max(5);
        let heads: String = self.streams.iter().map(|stream| format!("{:>10}", stream.name)).collect();
        text += &format!("  {:<width$}{:>7}{heads}\n", "class", "clips");
        for (class, name) in self.classes.iter().enumerate() {
            let row = |stream: &StreamResult| [stream.right_of(class), stream.clips_of(class)];
            let clips = self.streams.iter().map(|stream| row(stream)[1]).max().unwrap_or_default();
            if clips > 0 {
                let rights: String = self.streams.iter().map(|stream| format!("{:>10}", row(stream)[0])).collect();
                text += &format!("  {name:<width$}{clips:>7}{rights}\n");
            }
        }
        text
    }

    /// Returns the figures for a JSON document; an empty object where nothing was measured.
    pub fn as_json(&self) -> Value {
        let stream = |stream: &StreamResult| {
            let (right, clips) = stream.confusion.right();
            let classes: Vec<Value> = self
                .classes
                .iter()
                .enumerate()
                .map(|(class, name)| {
                    let [right, clips] = [stream.right_of(class), stream.clips_of(class)];
                    let interval = wilson_interval(right, clips);
                    json!({ "name": name, "clips": clips, "correct": right, "interval": interval })
                })
                .collect();
            let figures = json!({
                "measured_by": if stream.cross_validated { "cross-validation" } else { "hold-out" },
                "step": stream.step,
                "clips": clips,
                "correct": right,
                "top1": right as f64 / clips.max(1) as f64,
                "interval": wilson_interval(right, clips),
                "classes": classes,
                "confusion": stream.confusion,
            });
            (stream.name.to_owned(), figures)
        };
        Value::Object(self.streams.iter().map(stream).collect())
    }
}

impl StreamResult {
    /// Returns the clips of a class.
    fn clips_of(&self, class: usize) -> usize {
        self.confusion.counts.get(class).map_or(0, |row| row.iter().sum())
    }

    /// Returns the correct ones among them.
    fn right_of(&self, class: usize) -> usize {
        self.confusion.counts.get(class).map_or(0, |row| row[class])
    }
}

/// Returns the name of the stream that a run of `network` trains: a joint network is in the place of the temporal one.
fn stream_name(network: Network) -> &'static str {
    match network {
        Network::Joint => Network::Temporal.key(),
        other => other.key(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validation(name: &str, guesses: &[[usize; 2]]) -> TrainingEvent {
        TrainingEvent::Validation { step: 9, name: name.into(), value: 0.0, guesses: guesses.to_vec() }
    }

    /// Both streams of a fine-tuning of 2 classes, one clip of a third class that the model keeps.
    fn tuned() -> HeldOut {
        let plan = |network| TrainingPlan { network, ..TrainingPlan::default() };
        let mut held_out = HeldOut::of(&[plan(Network::Spatial), plan(Network::Temporal)]);
        let part = |number, network| TrainingEvent::Part { number, of: 2, network };
        let started = TrainingEvent::Started {
            run_dir: "run".into(),
            clips: 4,
            classes: ["wave", "clap", "bow"].map(str::to_owned).into(),
            parameters: 1,
            resumed_at: 0,
        };
        for event in [
            part(0, Network::Spatial),
            started,
            validation("cross-validated top-1", &[[0, 1], [0, 1], [1, 0], [1, 0]]),
            validation("cross-validated top-1", &[[0, 0], [0, 1], [1, 0], [1, 1]]),
            part(1, Network::Temporal),
            validation("photometric ratio", &[]),
            validation("cross-validated top-1", &[[0, 0], [0, 0], [1, 0], [1, 2]]),
            validation("fused cross-validated top-1", &[[0, 0], [0, 0], [1, 1], [1, 0]]),
        ] {
            held_out.receive(&event);
        }
        held_out
    }

    #[test]
    fn a_fine_tuning_ends_with_the_figures_of_each_stream_and_class() {
        assert_eq!(
            tuned().in_words(),
            "\
Accuracy by cross-validation, one recording left out at a time (95 % Wilson interval):
  spatial   50.0 % (15.0–85.0)  2 of 4 clips correct
  temporal  50.0 % (15.0–85.0)  2 of 4 clips correct
  fused     75.0 % (30.1–95.4)  3 of 4 clips correct
  class  clips   spatial  temporal     fused
  wave       2         1         2         2
  clap       2         1         0         1
"
        );
        assert_eq!(HeldOut::default().in_words(), "");
    }

    #[test]
    fn a_joint_network_is_measured_in_the_place_of_the_temporal_stream() {
        let plan = TrainingPlan { network: Network::Joint, ..TrainingPlan::default() };
        let mut held_out = HeldOut::of(&[plan]);
        held_out.receive(&validation("top-1", &[[0, 0], [1, 0]]));
        assert!(held_out.in_words().contains("temporal  50.0 %"), "{}", held_out.in_words());
    }

    #[test]
    fn a_fusion_that_was_not_measured_is_not_left_out_silently() {
        let mut held_out = tuned();
        held_out.streams.retain(|stream| stream.name != "fused");
        assert!(held_out.in_words().contains("fused    not measured"), "{}", held_out.in_words());
    }

    #[test]
    fn the_json_has_the_same_figures() {
        let json = tuned().as_json();
        assert_eq!((&json["fused"]["correct"], &json["fused"]["clips"]), (&json!(3), &json!(4)));
        assert_eq!(json["temporal"]["measured_by"], "cross-validation");
        assert_eq!(json["temporal"]["confusion"], json!([[2, 0, 0], [1, 0, 1], [0, 0, 0]]));
        let bow = &json["spatial"]["classes"][2];
        assert_eq!((&bow["name"], &bow["clips"], &bow["interval"]), (&json!("bow"), &json!(0), &Value::Null));
    }
}

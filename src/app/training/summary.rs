//! What a run learns from and trains, in a sentence.

use crate::app::ui::format::thousands;
use crate::plural::counted;
use crate::training::Network;

/// Returns how many parameters are trained: of all streams so far, and of each.
pub(super) fn parameters_text(parameters: usize, streams: &[(Network, usize)]) -> String {
    if streams.len() < 2 {
        return format!("{} parameters", thousands(parameters));
    }
    let each: Vec<_> = streams
        .iter()
        .map(|(network, count)| format!("{} {}", network.name().to_lowercase(), thousands(*count)))
        .collect();
    format!("{} parameters ({})", thousands(streams.iter().map(|(_, count)| count).sum()), each.join(", "))
}

/// Returns what a run has to learn from, and what it trains.
pub(super) fn summary(clips: usize, classes: usize, parameters: &str, resumed_at: usize) -> String {
    let labels = if classes == 0 { "without labels".to_owned() } else { counted(classes, "class") };
    let resumed = if resumed_at == 0 { String::new() } else { format!(", resumed at step {resumed_at}") };
    let clips = counted(clips, "clip");
    format!("{clips}, {labels}, {parameters}{resumed}")
}

#[cfg(test)]
mod tests {
    use crate::app::training::state::TrainingState;
    use crate::training::{Network, TrainingEvent};

    #[test]
    fn the_parameters_of_all_streams_are_counted() {
        let mut training = TrainingState::starting();
        let begin = |training: &mut TrainingState, number, network, parameters| {
            training.receive(&TrainingEvent::Part { number, of: 2, network });
            let (run_dir, classes) = ("/runs/a".into(), vec!["bow".into(), "clap".into()]);
            training.receive(&TrainingEvent::Started { run_dir, clips: 9, classes, parameters, resumed_at: 0 });
        };
        begin(&mut training, 0, Network::Spatial, 1000);
        assert_eq!(training.summary, "9 clips, 2 classes, 1,000 parameters");
        begin(&mut training, 1, Network::Temporal, 2500);
        let expected = "9 clips, 2 classes, 3,500 parameters (spatial 1,000, temporal 2,500)";
        assert_eq!(training.summary, expected);
        begin(&mut training, 1, Network::Temporal, 2500);
        assert_eq!(training.summary, expected, "it was resumed");
    }
}

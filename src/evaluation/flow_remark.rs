//! The remark on the flow that the temporal stream of an evaluated model read.

use crate::nets::{FlowSource, ModelCard};

/// Returns the remark for results of a model of this `card` about the flow source `used`; `None` if the stream was
/// trained on MotionNet's flow and read it.
pub fn flow_remark(card: &ModelCard, used: FlowSource) -> Option<String> {
    let trained_on = card.flow_source();
    match (card.temporal.is_some(), trained_on == used) {
        (false, _) => None,
        (_, true) if used == FlowSource::MotionNet => None,
        (_, true) => Some(format!("The temporal stream read {}, on which it was trained.", used.in_words())),
        (_, false) => Some(format!(
            "The temporal stream was trained on {} and read {} here; without --flow-source it reads the former.",
            trained_on.in_words(),
            used.in_words()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn only_flow_other_than_the_usual_is_remarked_on() {
        let mut card = ModelCard::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/default"))).unwrap();
        assert_eq!(flow_remark(&card, FlowSource::MotionNet), None);
        card.temporal.as_mut().unwrap().flow_source = FlowSource::Tvl1;
        let remark = |used| flow_remark(&card, used).unwrap();
        assert_eq!(remark(FlowSource::Tvl1), "The temporal stream read TV-L1 flow, on which it was trained.");
        assert!(
            remark(FlowSource::MotionNet)
                .starts_with("The temporal stream was trained on TV-L1 flow and read MotionNet's flow here")
        );
    }
}

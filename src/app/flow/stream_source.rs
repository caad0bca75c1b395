//! The window's source whose flow the temporal stream of a two-stage model reads.

use crate::engine::{FlowSettings, FlowSource, ModelInfo};
use crate::nets;

/// The flow that the temporal stream of a two-stage model reads: that of TV-L1 or DIS, with the preset it was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamSource {
    trained: nets::FlowSource,
    source: FlowSource,
}

impl StreamSource {
    /// Returns that of `model`; `None` where its stream reads MotionNet's flow, also in place of one that frames do not have.
    pub fn of(model: &ModelInfo) -> Option<Self> {
        let trained = Some(model.trained_flow).filter(|_| model.reads_flow)?;
        let source = match (trained.tvl1_parameters(), trained.dis_preset()) {
            (Some(_), _) => FlowSource::Tvl1,
            (_, Some(_)) => FlowSource::Dis,
            _ => return None,
        };
        Some(Self { trained, source })
    }

    /// Returns which source of the window it is.
    pub fn source(self) -> FlowSource {
        self.source
    }

    /// Returns its name in a sentence: `DIS flow (preset medium)`.
    pub fn in_words(self) -> &'static str {
        self.trained.in_words()
    }

    /// Returns the entry of `source`, elsewhere named `name`, in a list of sources, with its relation to the temporal
    /// stream.
    pub fn entry(self, source: FlowSource, name: &str, settings: &FlowSettings) -> String {
        match source {
            FlowSource::Network => format!("{name} – not read by the temporal stream"),
            _ if source != self.source => name.to_owned(),
            _ if !self.is_same(settings) => format!("{name} – the temporal stream reads {}", self.in_words()),
            _ => {
                let preset = self.trained.dis_preset().map_or(String::new(), |preset| format!(" {}", preset.name()));
                format!("{name}{preset} – read by the temporal stream")
            }
        }
    }

    /// Returns `true` if the window computes the source with the same parameters.
    fn is_same(self, settings: &FlowSettings) -> bool {
        match self.source {
            FlowSource::Tvl1 => self.trained.tvl1_parameters() == Some(settings.tvl1),
            _ => self.trained.dis_preset() == Some(settings.dis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::model_of;
    use crate::flow::dis::DisPreset;

    #[test]
    fn a_source_says_whether_the_temporal_stream_reads_it() {
        let of = |trained_flow| StreamSource::of(&ModelInfo { trained_flow, ..model_of(&["wave"]) });
        assert_eq!([nets::FlowSource::MotionNet, nets::FlowSource::Codec].map(of), [None, None]);
        let (dis, mut settings) = (of(nets::FlowSource::Dis).unwrap(), FlowSettings::default());
        let entry = |source, settings: &FlowSettings| dis.entry(source, source.name(), settings);
        assert_eq!(entry(FlowSource::Dis, &settings), "DIS medium – read by the temporal stream");
        assert_eq!(entry(FlowSource::Network, &settings), "MotionNet of the model – not read by the temporal stream");
        assert_eq!(entry(FlowSource::Tvl1, &settings), "TV-L1");
        settings.dis = DisPreset::Fast;
        let other = entry(FlowSource::Dis, &settings);
        assert_eq!(other, "DIS – the temporal stream reads DIS flow (preset medium)");
        let fast = of(nets::FlowSource::Tvl1Fast).unwrap();
        let entry = fast.entry(FlowSource::Tvl1, "TV-L1", &settings);
        assert_eq!(entry, "TV-L1 – the temporal stream reads TV-L1 flow (preset fast)");
    }
}

//! Names of the motion networks of both models, by their architecture.

use std::path::Path;

use crate::engine::FlowSource;
use crate::nets::{Architecture, JointArchitecture, ModelCard};

/// The folder of the shipped model for flow.
const FOR_FLOW: &str = "models/flow";
/// The heading of networks that learn from true flow.
const SUPERVISED: &str = "Supervised";

/// A network that predicts flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowNetwork {
    /// A motion network.
    Motion(Architecture),
    /// A network for flow and action.
    Joint(JointArchitecture),
}

impl FlowNetwork {
    /// Returns the one that `card` describes, if there is one.
    pub fn of(card: &ModelCard) -> Option<Self> {
        let joint = card.joint.as_ref().map(|entry| Self::Joint(entry.config.architecture));
        joint.or_else(|| Some(Self::Motion(card.motion.as_ref()?.config.architecture)))
    }

    fn title(self) -> &'static str {
        match self {
            Self::Motion(architecture) => architecture.title(),
            Self::Joint(architecture) => architecture.name(),
        }
    }

    fn is_supervised(self) -> bool {
        matches!(self, Self::Motion(architecture) if architecture.is_supervised())
    }
}

/// The networks of the model in use and of the second one, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(super) struct NetworkNames {
    of_model: Option<(String, Option<FlowNetwork>)>,
    of_second: Option<(String, Option<FlowNetwork>)>,
}

impl NetworkNames {
    /// Sets the network of the model in use; a joint one has no architecture of a motion network.
    pub fn set_model(&mut self, architecture: Option<Architecture>) {
        let title = architecture.map_or("Joint network", Architecture::title);
        self.of_model = Some((format!("{title} of the model"), architecture.map(FlowNetwork::Motion)));
    }

    /// Notes the model in folder `dir` as the second one, and its network once that is known.
    pub fn set_second(&mut self, dir: Option<&Path>, network: Option<FlowNetwork>) {
        let title = network.map_or(Architecture::MotionNet.title(), FlowNetwork::title);
        self.of_second = dir.map(|dir| (of_folder(dir, title), network));
    }

    /// Returns the name of `source`.
    pub fn name(&self, source: FlowSource) -> &str {
        match source {
            FlowSource::Network => self.of_model.as_ref().map(|(name, _)| name.as_str()),
            FlowSource::SecondNetwork => self.of_second.as_ref().map(|(name, _)| name.as_str()),
            _ => None,
        }
        .unwrap_or(source.name())
    }

    /// Returns the heading above `source`.
    pub fn kind(&self, source: FlowSource) -> &'static str {
        let network = match source {
            FlowSource::Network => self.of_model.as_ref().and_then(|(_, network)| *network),
            FlowSource::SecondNetwork => self.of_second.as_ref().and_then(|(_, network)| *network),
            _ => None,
        };
        if network.is_some_and(FlowNetwork::is_supervised) { SUPERVISED } else { source.kind() }
    }
}

/// Returns the name of a network of the model in folder `dir`; a run keeps its model in a folder within its own.
fn of_folder(dir: &Path, title: &str) -> String {
    if dir.ends_with(FOR_FLOW) {
        return format!("{title} for flow");
    }
    let is_part = ["model", "best"].iter().any(|part| dir.ends_with(part));
    let folder = if is_part { dir.parent().unwrap_or(dir) } else { dir };
    format!("{title} of {}", folder.file_name().unwrap_or_default().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_called_by_their_architecture_and_model() {
        let (mut names, motion) = (NetworkNames::default(), FlowNetwork::Motion);
        assert_eq!(names.name(FlowSource::Network), "MotionNet of the model");
        names.set_model(Some(Architecture::FlowNetC));
        assert_eq!(names.name(FlowSource::Network), "FlowNetC of the model");
        let mut second = |dir: &str, network| {
            names.set_second(Some(Path::new(dir)), network);
            (names.name(FlowSource::SecondNetwork).to_owned(), names.kind(FlowSource::SecondNetwork))
        };
        assert_eq!(second("/models/flow", None), ("MotionNet for flow".into(), "Learned"));
        assert_eq!(
            second("/runs/a/model", Some(motion(Architecture::FlowNetS))),
            ("FlowNetS of a".into(), "Supervised")
        );
        assert_eq!(second("/runs/tiny", Some(motion(Architecture::TinyMotionNet))).1, "Learned");
        let joint = FlowNetwork::Joint(JointArchitecture::ActionFlowNet2);
        assert_eq!(second("/runs/b/model", Some(joint)), ("ActionFlowNet-2 of b".into(), "Learned"));
        names.set_second(None, None);
        assert_eq!(names.name(FlowSource::SecondNetwork), FlowSource::SecondNetwork.name());
        assert_eq!((names.kind(FlowSource::Network), names.kind(FlowSource::Dis)), ("Supervised", "Classical"));
    }
}

//! Names of the motion networks of both models, by their architecture.

use std::path::Path;

use crate::engine::FlowSource;
use crate::nets::Architecture;

/// The folder of the shipped model for flow.
const FOR_FLOW: &str = "models/flow";
/// The heading of networks that learn from true flow.
const SUPERVISED: &str = "Supervised";

/// The networks of the model in use and of the second one, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(super) struct NetworkNames {
    of_model: Option<(String, Option<Architecture>)>,
    of_second: Option<(String, Option<Architecture>)>,
}

impl NetworkNames {
    /// Sets the network of the model in use; a joint one has no architecture of a motion network.
    pub fn set_model(&mut self, architecture: Option<Architecture>) {
        let title = architecture.map_or("Joint network", Architecture::title);
        self.of_model = Some((format!("{title} of the model"), architecture));
    }

    /// Sets the model in folder `dir` as the second one, and its network once that is known.
    pub fn set_second(&mut self, dir: Option<&Path>, architecture: Option<Architecture>) {
        self.of_second = dir.map(|dir| (of_folder(dir, architecture.unwrap_or(Architecture::MotionNet)), architecture));
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
        let architecture = match source {
            FlowSource::Network => self.of_model.as_ref().and_then(|(_, architecture)| *architecture),
            FlowSource::SecondNetwork => self.of_second.as_ref().and_then(|(_, architecture)| *architecture),
            _ => None,
        };
        if architecture.is_some_and(Architecture::is_supervised) { SUPERVISED } else { source.kind() }
    }
}

/// Returns the name of a network of the model in folder `dir`; a run keeps its model in a folder within its own.
fn of_folder(dir: &Path, architecture: Architecture) -> String {
    let title = architecture.title();
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
        let mut names = NetworkNames::default();
        assert_eq!(names.name(FlowSource::Network), "MotionNet of the model");
        names.set_model(Some(Architecture::FlowNetC));
        assert_eq!(names.name(FlowSource::Network), "FlowNetC of the model");
        let mut second = |dir: &str, architecture| {
            names.set_second(Some(Path::new(dir)), architecture);
            (names.name(FlowSource::SecondNetwork).to_owned(), names.kind(FlowSource::SecondNetwork))
        };
        assert_eq!(second("/models/flow", None), ("MotionNet for flow".into(), "Learned"));
        assert_eq!(second("/runs/a/model", Some(Architecture::FlowNetS)), ("FlowNetS of a".into(), "Supervised"));
        assert_eq!(second("/runs/tiny", Some(Architecture::TinyMotionNet)).1, "Learned");
        names.set_second(None, None);
        assert_eq!(names.name(FlowSource::SecondNetwork), FlowSource::SecondNetwork.name());
        assert_eq!((names.kind(FlowSource::Network), names.kind(FlowSource::Dis)), ("Supervised", "Classical"));
    }
}

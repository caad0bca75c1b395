//! What a source of flow is called on the screen: the second MotionNet by the folder of its model.

use std::path::Path;

use crate::engine::{FlowSettings, FlowSource};

/// Returns the name of `source`, as it is set up in `settings`: `MotionNet (tune-01)` for the second network of that run.
pub fn source_name(source: FlowSource, settings: &FlowSettings) -> String {
    let model = settings.second_model.as_deref().filter(|_| source == FlowSource::SecondNetwork);
    match model.and_then(folder_name) {
        Some(folder) => format!("{} ({folder})", FlowSource::Network.name()),
        None => source.name().into(),
    }
}

/// The name of a model's folder; a run keeps its networks in `<run>/model`.
fn folder_name(dir: &Path) -> Option<String> {
    let folder = if dir.ends_with("model") { dir.parent()? } else { dir };
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_network_has_the_name_of_its_model() {
        let name = |source, dir: Option<&str>| {
            source_name(source, &FlowSettings { second_model: dir.map(Into::into), ..FlowSettings::default() })
        };
        assert_eq!(name(FlowSource::SecondNetwork, Some("/runs/tune-01/model")), "MotionNet (tune-01)");
        assert_eq!(name(FlowSource::SecondNetwork, Some("/models/flow")), "MotionNet (flow)");
        assert_eq!(name(FlowSource::SecondNetwork, None), "Second MotionNet");
        assert_eq!(name(FlowSource::Network, Some("/models/flow")), "MotionNet");
    }
}

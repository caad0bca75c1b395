//! The names of the results in the folder of a clip.

use std::path::Path;

pub(super) const SCORES: &str = "scores.json";
pub(super) const FLOW_VIDEO: &str = "flow.mp4";
pub(super) const ANNOTATED: &str = "annotated.mp4";
/// The folder of flow files.
pub(super) const FLOW_FILES: &str = "flow";

/// Returns the name of the file of the flow that begins at frame `index`.
pub(super) fn flow_file(index: usize) -> String {
    format!("{index:06}.flo")
}

/// Returns whether a path in the folder of a clip is called as a result is.
pub(super) fn is_result(path: &Path) -> bool {
    let is_flow = |path: &Path| {
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        number.is_some_and(|number| path == Path::new(FLOW_FILES).join(flow_file(number)))
    };
    [SCORES, FLOW_VIDEO, ANNOTATED].iter().any(|name| path == Path::new(name)) || is_flow(path)
}

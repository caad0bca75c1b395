//! The names of the results in the folder of a clip.

pub(super) const SCORES: &str = "scores.json";
pub(super) const FLOW_VIDEO: &str = "flow.mp4";
pub(super) const ANNOTATED: &str = "annotated.mp4";
/// The folder of flow files.
pub(super) const FLOW_FILES: &str = "flow";

/// Returns the name of the file of the flow that begins at frame `index`.
pub(super) fn flow_file(index: usize) -> String {
    format!("{index:06}.flo")
}

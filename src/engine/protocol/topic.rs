//! What problems are about.

/// What a problem is about; the notice of one goes once the same succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topic {
    /// Anything else.
    #[default]
    Other,
    /// Opening a clip, a folder or whatever is at a path.
    Clip,
    /// Loading a model, or running its networks.
    Model,
    /// Opening, creating or saving a project.
    Project,
    /// Training.
    Training,
    /// An evaluation that is run.
    Evaluation,
    /// Reading or showing a saved report.
    Report,
    /// Files that are written.
    Export,
    /// A live source.
    Live,
    /// A recording of a live source.
    Recording,
    /// Clips of corrected live predictions.
    Corrections,
    /// The sample.
    Sample,
    /// Runs of trainings on the disk.
    Runs,
    /// Flow that is measured on a clip.
    Flow,
    /// A flow benchmark.
    Benchmark,
    /// The scores of a whole clip.
    Scores,
    /// Suggested labels.
    Suggestions,
    /// Predictions of videos.
    Predictions,
}

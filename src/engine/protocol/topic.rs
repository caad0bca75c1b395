//! Topics of problems.

/// The topic of a problem; its notice disappears once the same operation succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topic {
    /// Anything else.
    #[default]
    Other,
    /// Opening a clip, a folder or another path.
    Clip,
    /// Loading a model, or running its networks.
    Model,
    /// Opening, creating or saving a project.
    Project,
    /// Training.
    Training,
    /// Running an evaluation.
    Evaluation,
    /// Reading or showing a saved report.
    Report,
    /// Writing files.
    Export,
    /// A live source.
    Live,
    /// A recording of a live source.
    Recording,
    /// Clips of corrected live predictions.
    Corrections,
    /// The sample.
    Sample,
    /// Training runs on the disk.
    Runs,
    /// Measuring flow on a clip.
    Flow,
    /// A flow benchmark.
    Benchmark,
    /// Scoring a whole clip.
    Scores,
    /// Suggested labels.
    Suggestions,
    /// Predictions of videos.
    Predictions,
}

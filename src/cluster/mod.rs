//! Jobs over several machines under a batch system: Slurm scripts, their submission, and the progress of the parts.

mod jobs;
mod record;
mod resources;
mod scripts;
mod slurm;
mod submission;

pub use jobs::{JobState, JobsReport, PartStatus, age_text, log_tail};
pub use record::SubmissionRecord;
pub use resources::Resources;
pub use scripts::ArrayJob;
pub use submission::{Submitted, submit};

//! Jobs over several machines under a batch system: the scripts that Slurm runs, their submission, and how far the parts are.

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

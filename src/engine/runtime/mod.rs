//! The runtime of the engine: named workers, cancellable jobs, and the channels for their results.

pub(super) mod events;
pub(super) mod job;
pub(super) mod latest;
pub(super) mod training_run;
pub(super) mod worker;

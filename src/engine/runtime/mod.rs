//! How the engine's threads run: named workers, jobs that can be ended, and the ways out of them.

pub(super) mod events;
pub(super) mod job;
pub(super) mod latest;
pub(super) mod training_run;
pub(super) mod worker;

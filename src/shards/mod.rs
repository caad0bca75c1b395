//! Distribution of one job over several machines: a [`Shard`] is a machine's share of the work, a part is the file with
//! its results, and a [`PartFolder`] collects the parts of all machines until they are merged.

mod assignment;
mod checkpoint;
mod folder;
mod inputs;
mod manifest;
mod results;
mod shard;

pub use assignment::{assigned, stretch};
pub use checkpoint::ShardCheckpoint;
pub use folder::{Part, PartFolder};
pub use inputs::{JobInputs, size_of};
pub use manifest::{Job, Manifest};
pub use results::{ItemOutcome, ShardResults};
pub use shard::Shard;

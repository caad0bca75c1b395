//! Data sets: the clips of a run and their labels, in any layout, and their loading into memory.
//!
//! A [`DataSource`] is a folder or a list. The reader of its [`Layout`] converts it to a listing of rows and problems.
//! [`Dataset::open`] converts the listing to a data set or reports an error; [`check()`] also checks the clips
//! themselves. [`hold_out`] removes clips for validation from a data set, [`clips`] decodes the others and may store
//! them in a [`clip_cache`], and [`augmentation`] draws the samples of a step.

pub mod augmentation;
mod check;
pub mod clip_cache;
pub mod clips;
mod content;
mod dataset;
pub mod flow_benchmarks;
mod from_labels;
pub mod hold_out;
mod labelled_clip;
mod layout;
mod listing;
mod lists;
pub(crate) mod memory;
pub mod memory_budget;
mod pair_augmentation;
mod pieces;
mod sides;
mod simultaneous;
mod slow_captures;
mod source;
mod true_pairs;

pub use check::{CheckPlan, CheckReport, ClassCount, ClassSpread, ClipFinding, DatasetCheck, SubsetReport, check};
pub use clip_cache::CachePlan;
pub(crate) use content::file_fingerprint;
pub use content::{Content, clip_identity};
pub use dataset::{Dataset, no_clips};
pub use from_labels::{Chosen, FromLabels};
pub use labelled_clip::{AmbiguousSegment, LIVE_NAME, LabelledClip, live_recording};
pub use layout::Layout;
pub use listing::{Problem, ProblemKind};
pub use lists::class_names;
pub use pair_augmentation::PairAugmentation;
pub use pieces::{ClassPieces, Piece, Pieces};
pub use sides::mirrored_classes;
pub use slow_captures::slow_captures;
pub use source::{DataSource, ListSource, PairSource, Subset};
pub use true_pairs::{TruePair, TruePairs};

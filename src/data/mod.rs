//! Data sets: the clips of a run and their labels, from any layout, and how they reach memory.
//!
//! A [`DataSource`] names a folder or a list. The reader of its [`Layout`] turns it into a listing of rows and problems.
//! [`Dataset::open`] turns the listing into a data set or reports an error; [`check()`] also checks the clips themselves.
//! [`hold_out`] takes clips to measure on out of a data set, [`clips`] decodes the others and may keep them in a [`clip_cache`],
//! [`augmentation`] draws what a step sees of them.

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

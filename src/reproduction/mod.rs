//! Reproduction of the paper's tables on the user's data: the same comparisons at a chosen scale, beside the published
//! numbers.
//!
//! [`ReproductionSettings`] select the [`PaperTable`], the data and the scale. The rows are trained and measured one
//! after the other in their own folders, from which [`reproduce`] resumes after any interruption; the result is a
//! [`ReproductionTable`]. [`ReproductionShards`] distribute the rows of a table over several machines.

mod event;
mod experiment;
mod flow_rivals;
mod folder;
mod published;
mod rivals;
mod row;
mod row_groups;
mod row_result;
mod run;
mod settings;
mod shards;
mod speed;
mod svm_rows;
mod table;
mod table_files;
mod timing;

pub use event::ReproductionEvent;
pub use row_result::RowResult;
pub use run::{Ending, reproduce};
pub use settings::{FlowRoot, Lists, PaperTable, ReproductionScale, ReproductionSettings};
pub use shards::{ReproductionMachines, ReproductionShards, RowGroupResult, merge_reproduction};
pub use table::{Column, ReproductionTable, TableRow};

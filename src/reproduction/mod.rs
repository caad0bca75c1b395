//! The paper's tables on one's own data: the same comparisons at a chosen scale, beside the published numbers.
//!
//! [`ReproductionSettings`] say which [`PaperTable`], on what and how large; the rows of a table are trained and measured one after the
//! other in folders of their own, from which [`reproduce`] continues after whatever happened; the [`ReproductionTable`] is what it all
//! comes to. [`ReproductionShards`] are the rows of a table over several machines.

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

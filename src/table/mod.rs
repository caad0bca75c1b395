//! Tables of labels: one reader for imported labels and lists of training clips.
//!
//! Cells are separated by commas, semicolons or tabs (RFC 4180), with or without a header and Excel's `sep=` line, in
//! UTF-8 or in UTF-16 with a byte order mark. Numbers may have a decimal comma, times may be clock times. A fault in
//! one row is reported with its line, and the others are read.

mod cells;
mod columns;

pub use cells::{Record, Table, decode, escape_formula, quoted_cell, seconds, unescape_formula};
pub use columns::{Columns, Part, with_group_in_place};

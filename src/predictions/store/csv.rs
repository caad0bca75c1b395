//! Predictions as a CSV table.

use std::io::{self, Write};

use super::format::column_names;
use crate::predictions::FrameScores;
use crate::predictions::summary::{cell, decimals};

/// Writes a row for each scored frame: the frame, from 0, the time in seconds, and the probability of each class.
///
/// # Errors
/// If writing fails.
pub fn write_frame_csv(scores: &FrameScores, out: &mut impl Write) -> io::Result<()> {
    let names: Vec<String> = column_names(&scores.classes).iter().map(|name| cell(name)).collect();
    writeln!(out, "{}", names.join(","))?;
    for (index, &secs) in scores.secs.iter().enumerate() {
        write!(out, "{},{}", index * scores.stride, decimals(secs))?;
        for &probability in scores.row(index) {
            write!(out, ",{}", decimals(probability.into()))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

//! A table of comma-separated values in the folder of a run, with one line per step.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use crate::atomic;
use crate::error::{Error, Result};
use crate::files;

/// The open file of a table; the first column is the step.
pub struct StepTable {
    path: PathBuf,
    columns: Vec<String>,
    /// `None` before the first line.
    file: Option<BufWriter<File>>,
}

impl StepTable {
    /// Opens the table at `path` and removes the lines after step `step`, which the run writes again. An empty table
    /// has no file.
    pub fn open(path: PathBuf, step: usize) -> Result<Self> {
        let mut table = Self { path, columns: Vec::new(), file: None };
        table.keep_until(step)?;
        Ok(table)
    }

    /// Removes the lines after step `step`, to which the run rolls back.
    pub fn keep_until(&mut self, step: usize) -> Result<()> {
        self.flush()?;
        (self.file, self.columns) = (None, Vec::new());
        let Ok(text) = files::read_to_string(&self.path) else { return Ok(()) };
        let mut lines = text.lines();
        let header = lines.next().filter(|_| step > 0).unwrap_or_default();
        let kept: Vec<&str> = lines.filter(|line| step_of(line).is_some_and(|of_line| of_line <= step)).collect();
        if header.is_empty() {
            return fs::remove_file(&self.path).map_err(|error| Error::io(&self.path, &error));
        }
        self.columns = header.split(',').skip(1).map(str::to_owned).collect();
        self.rewrite(&kept)
    }

    /// Appends a line of named cells. A new name is added as the last column.
    pub fn push(&mut self, step: usize, cells: &[(&str, String)]) -> Result<()> {
        let known = self.columns.len();
        let fresh =
            cells.iter().map(|(name, _)| *name).filter(|name| !self.columns.iter().any(|column| column == name));
        let fresh: Vec<String> = fresh.map(str::to_owned).collect();
        self.columns.extend(fresh);
        if self.columns.len() > known || self.file.is_none() {
            self.widen(self.columns.len() - known)?;
        }
        let cell =
            |column: &String| cells.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str());
        let line: String = self.columns.iter().flat_map(|column| [",", cell(column)]).collect();
        let path = &self.path;
        let Some(file) = &mut self.file else { return Ok(()) };
        writeln!(file, "{step}{line}").map_err(|error| Error::io(path, &error))
    }

    /// Writes all buffered lines to disk, before a checkpoint includes their steps.
    pub fn flush(&mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush).map_err(|error| Error::io(&self.path, &error))
    }

    /// Appends `more` empty cells to the existing lines.
    fn widen(&mut self, more: usize) -> Result<()> {
        self.flush()?;
        let text = files::read_to_string(&self.path).unwrap_or_default();
        let lines: Vec<String> = text.lines().skip(1).map(|line| format!("{line}{}", ",".repeat(more))).collect();
        self.rewrite(&lines)
    }

    fn rewrite<S: AsRef<str>>(&mut self, lines: &[S]) -> Result<()> {
        let header: String = self.columns.iter().flat_map(|column| [",", column]).collect();
        atomic::replace(&self.path, |file| {
            writeln!(file, "step{header}")?;
            lines.iter().try_for_each(|line| writeln!(file, "{}", line.as_ref()))
        })?;
        let file = OpenOptions::new().append(true).open(&self.path).map_err(|error| Error::io(&self.path, &error))?;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }
}

fn step_of(line: &str) -> Option<usize> {
    line.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn later_lines_are_dropped_and_new_columns_are_added() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.csv");
        let cell = |value: f32| value.to_string();
        let mut table = StepTable::open(path.clone(), 0).unwrap();
        table.flush().unwrap();
        assert!(!path.exists());
        for step in 1..=4 {
            table.push(step, &[("loss", cell(0.5)), ("pixel 2", cell(step as f32))]).unwrap();
        }
        table.keep_until(2).unwrap();
        table.push(3, &[("pixel 2", cell(7.0)), ("loss", cell(0.25)), ("pixel 3", cell(1.0))]).unwrap();
        table.flush().unwrap();
        let expected = "step,loss,pixel 2,pixel 3\n1,0.5,1,\n2,0.5,2,\n3,0.25,7,1\n";
        assert_eq!(text(&path), expected);
        fs::write(&path, format!("{expected}4,0.1")).unwrap(); // incomplete last line
        let mut table = StepTable::open(path.clone(), 3).unwrap();
        table.push(4, &[("loss", cell(0.125))]).unwrap();
        table.flush().unwrap();
        assert_eq!(text(&path), format!("{expected}4,0.125,,\n"));
        table.keep_until(0).unwrap();
        assert!(!path.exists());
    }
}

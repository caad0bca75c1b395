//! A table as text for the terminal, Markdown, CSV and JSON.

use std::io::Write;
use std::path::Path;

use super::table::{ACCURACY, Column, ReproductionTable, TableRow};
use crate::atomic;
use crate::error::Result;
use crate::table::quoted_cell;

impl ReproductionTable {
    /// Writes `table.md`, `table.csv` and `table.json` to folder `dir`.
    ///
    /// # Errors
    /// If a file cannot be written; an older one is then unchanged.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let write =
            |name: &str, text: &str| atomic::replace(&dir.join(name), |writer| writer.write_all(text.as_bytes()));
        write("table.md", &self.markdown())?;
        write("table.csv", &self.csv())?;
        atomic::replace(&dir.join("table.json"), |writer| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writeln!(writer)
        })
    }

    /// Returns the table in aligned columns for a terminal.
    pub fn text(&self) -> String {
        let cells = self.cells();
        let widths: Vec<usize> = (0..cells[0].len())
            .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
            .collect();
        let mut text = format!("{}\n\n", self.title);
        for row in &cells {
            let mut line = format!("{:<width$}", row[0], width = widths[0]);
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                line += &format!("  {cell:>width$}");
            }
            text += &format!("{}\n", line.trim_end());
        }
        text + &self.remarks("")
    }

    /// Returns the table as Markdown.
    fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n", self.title);
        for (number, row) in self.cells().iter().enumerate() {
            text += &format!("| {} |\n", row.join(" | "));
            if number == 0 {
                text += &format!("|---|{}\n", "---:|".repeat(row.len() - 1));
            }
        }
        let settings = toml::to_string(&self.settings).unwrap_or_default();
        text += &self.remarks("- ");
        text + &format!(
            "\nMotionscope {}, FFmpeg {}, {}\n\n```toml\n{settings}```\n",
            self.motionscope_version, self.ffmpeg_version, self.device
        )
    }

    /// Returns the table as CSV, a line per row; cells without a figure are empty.
    fn csv(&self) -> String {
        let names = self.columns.iter().map(|column| format!(",{0},published_{0}", column.key)).collect::<String>();
        let has_errors = self.rows.iter().any(|row| row.standard_error.is_some());
        let error_name = if has_errors { ",accuracy_standard_error" } else { "" };
        let mut text = format!("row,name{names}{error_name},missing,device\n");
        for row in &self.rows {
            let number = |value: &Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let pairs = row.measured.iter().zip(&row.published);
            let cells: String =
                pairs.map(|(ours, published)| format!(",{},{}", number(ours), number(published))).collect();
            let error = if has_errors { format!(",{}", number(&row.standard_error)) } else { String::new() };
            let missing = row.missing.as_deref().unwrap_or_default();
            let device = row.device.as_deref().unwrap_or_default();
            text += &format!(
                "{},{}{cells}{error},{},{}\n",
                row.id,
                quoted_cell(&row.name),
                quoted_cell(missing),
                quoted_cell(device)
            );
        }
        text
    }

    /// Returns header and rows; the last column is the device if a time was measured.
    fn cells(&self) -> Vec<Vec<String>> {
        let names = self.columns.iter().flat_map(|column| [column.name.clone(), "published".into()]);
        let has_device = self.rows.iter().any(|row| row.device.is_some());
        let device = |text: String| Some(text).filter(|_| has_device);
        let head = std::iter::once(String::new()).chain(names).chain(device("device".into())).collect();
        let row = |row: &TableRow| {
            let columns = self.columns.iter().zip(row.measured.iter().zip(&row.published));
            let figures = columns.flat_map(|(column, (ours, published))| {
                let error = row.standard_error.filter(|_| column.key == ACCURACY && ours.is_some());
                let error = error.map(|error| format!(" ± {error:.1}")).unwrap_or_default();
                [number(ours, column) + &error, number(published, column)]
            });
            let device = device(row.device.clone().unwrap_or_else(|| "–".into()));
            std::iter::once(row.name.clone()).chain(figures).chain(device).collect()
        };
        std::iter::once(head).chain(self.rows.iter().map(row)).collect()
    }

    /// Returns the reasons for missing figures and the notes, one per line, prefixed with `bullet`.
    fn remarks(&self, bullet: &str) -> String {
        let missing = self.rows.iter().filter_map(|row| Some(format!("{}: {}", row.name, row.missing.as_ref()?)));
        let lines: String = missing.chain(self.notes.iter().cloned()).map(|line| format!("{bullet}{line}\n")).collect();
        format!("\n{lines}")
    }
}

/// Returns a formatted figure, or a dash if there is none.
fn number(value: &Option<f64>, column: &Column) -> String {
    value.map_or("–".into(), |value| format!("{value:.*}", column.decimals))
}

#[cfg(test)]
mod tests {
    use super::super::settings::{PaperTable, ReproductionScale, ReproductionSettings};
    use super::*;

    fn table() -> ReproductionTable {
        let row = |id: &str, measured, published, missing: Option<&str>| TableRow {
            id: id.into(),
            name: format!("Row {id}, tried"),
            measured,
            published,
            standard_error: None,
            missing: missing.map(str::to_owned),
            device: None,
        };
        ReproductionTable {
            schema: ReproductionTable::SCHEMA.into(),
            version: ReproductionTable::VERSION,
            title: "A table".into(),
            columns: ReproductionTable::columns(PaperTable::Table1).into_iter().take(2).collect(),
            rows: vec![
                row("a", vec![Some(43.756), Some(12.0)], vec![Some(85.65), None], None),
                row("b", vec![None, None], vec![None, None], Some("it \"broke\"")),
            ],
            notes: vec!["A note.".into()],
            settings: ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny),
            device: "CPU".into(),
            motionscope_version: "0".into(),
            ffmpeg_version: "0".into(),
        }
    }

    #[test]
    fn figures_stand_beside_the_published_ones_in_every_format() {
        let table = table();
        let text = table.text();
        assert!(text.contains("Row a, tried       43.76      85.65  12.00          –\n"), "{text}");
        assert!(text.contains("Row b, tried: it \"broke\"\nA note.\n") && !table.is_complete(), "{text}");
        assert!(table.markdown().contains("| Row a, tried | 43.76 | 85.65 | 12.00 | – |\n"), "{}", table.markdown());
        let csv = table.csv();
        let mut lines = csv.lines();
        assert_eq!(
            lines.next(),
            Some("row,name,accuracy_percent,published_accuracy_percent,fps,published_fps,missing,device")
        );
        assert_eq!(lines.next(), Some("a,\"Row a, tried\",43.756,85.65,12,,,"));
        assert_eq!(lines.next(), Some("b,\"Row b, tried\",,,,,\"it \"\"broke\"\"\","));
        let dir = tempfile::tempdir().unwrap();
        table.write(dir.path()).unwrap();
        let json = std::fs::read_to_string(dir.path().join("table.json")).unwrap();
        assert_eq!(serde_json::from_str::<ReproductionTable>(&json).unwrap(), table);
    }

    #[test]
    fn accuracies_have_their_standard_errors() {
        let mut table = table();
        table.rows[0].standard_error = Some(4.22);
        assert!(table.text().contains("Row a, tried  43.76 ± 4.2      85.65  12.00          –\n"), "{}", table.text());
        assert!(table.csv().contains(",published_fps,accuracy_standard_error,missing,device\n"), "{}", table.csv());
        assert!(table.csv().contains(",12,,4.22,,\n"), "{}", table.csv());
    }

    #[test]
    fn each_row_says_where_its_time_was_measured() {
        let mut table = table();
        table.rows[0].device = Some("GPU, TV-L1 on the CPU".into());
        assert!(table.text().contains("12.00          –  GPU, TV-L1 on the CPU\n"), "{}", table.text());
        assert!(table.markdown().contains("| 12.00 | – | GPU, TV-L1 on the CPU |\n"), "{}", table.markdown());
        assert!(table.csv().contains(",12,,,\"GPU, TV-L1 on the CPU\"\n"), "{}", table.csv());
        assert_eq!(table.markdown().lines().nth(2).unwrap().matches('|').count(), 7);
    }
}

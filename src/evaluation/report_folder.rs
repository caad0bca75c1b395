//! The folder of a report: JSON, CSV and an HTML page.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::csv::quoted;
use super::{ActionsReport, html};
use crate::atomic;
use crate::error::{Error, Result};

impl ActionsReport {
    /// The files of a folder that a report is written to.
    pub const FILES: [&str; 4] = ["report.json", "clips.csv", "classes.csv", "report.html"];

    /// Writes `report.html`, `report.json`, `clips.csv` and `classes.csv` to folder `dir`, which is made if need be.
    ///
    /// # Errors
    /// If a file cannot be written; an older one is intact then.
    pub fn write_folder(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        let write =
            |name: &str, text: &str| atomic::replace(&dir.join(name), |writer| writer.write_all(text.as_bytes()));
        self.write_json(&dir.join("report.json"))?;
        write("clips.csv", &self.clips_csv())?;
        write("classes.csv", &self.classes_csv())?;
        write("report.html", &html::page(self))
    }

    /// Returns a row per clip: names of the true class and of the guesses, and how confident they were.
    fn clips_csv(&self) -> String {
        let mut text =
            String::from("clip,label,spatial,spatial_confidence,temporal,temporal_confidence,fused,fused_confidence\n");
        for result in &self.results {
            let cells = [&result.spatial, &result.temporal, &result.fused].map(|guess| match guess {
                Some(guess) => format!("{},{:.6}", quoted(&self.classes[guess.class]), guess.confidence),
                None => ",".into(),
            });
            let label = quoted(&self.classes[result.label]);
            text += &format!("{},{label},{}\n", quoted(&result.path), cells.join(","));
        }
        text
    }

    /// Returns a row per class: its clips, and precision, recall and F1 of each stream.
    fn classes_csv(&self) -> String {
        let columns = ["spatial", "temporal", "fused"].map(|name| format!("{name}_precision,{name}_recall,{name}_f1"));
        let mut text = format!("class,clips,{}\n", columns.join(","));
        for (class, name) in self.classes.iter().enumerate() {
            let clips = self.results.iter().filter(|result| result.label == class).count();
            let cells = [&self.spatial, &self.temporal, &self.fused].map(|report| {
                let figures = report.as_ref().map(|report| &report.classes[class]);
                let shares = figures.map_or([None; 3], |figures| [figures.precision, figures.recall, figures.f1]);
                shares.map(|share| share.map(|share| format!("{share:.6}")).unwrap_or_default()).join(",")
            });
            text += &format!("{},{clips},{}\n", quoted(name), cells.join(","));
        }
        text
    }
}

//! The folder of a report: JSON, CSV and an HTML page.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{ActionsReport, MultiLabelFigures, html};
use crate::atomic;
use crate::error::{Error, Result};
use crate::table::{escape_formula, quoted_cell};

impl ActionsReport {
    /// The files of a report.
    pub const FILES: [&str; 4] = ["report.json", "clips.csv", "classes.csv", "report.html"];

    /// Writes `report.html`, `report.json`, `clips.csv` and `classes.csv` to folder `dir`, which is created if needed.
    ///
    /// # Errors
    /// If a file cannot be written; an older one is then unchanged.
    pub fn write_folder(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        let write =
            |name: &str, text: &str| atomic::replace(&dir.join(name), |writer| writer.write_all(text.as_bytes()));
        self.write_json(&dir.join("report.json"))?;
        write("clips.csv", &self.clips_csv())?;
        write("classes.csv", &self.classes_csv())?;
        write("report.html", &html::page(self))
    }

    /// Writes only the HTML page to `path`, whose folder is created if needed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_page(&self, path: &Path) -> Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| Error::io(path, &error))?;
        atomic::replace_unsynced(path, |writer| writer.write_all(html::page(self).as_bytes()))
    }

    /// Returns a row per clip: names of the true and the predicted classes, and the confidences.
    fn clips_csv(&self) -> String {
        let mut text =
            String::from("clip,label,spatial,spatial_confidence,temporal,temporal_confidence,fused,fused_confidence\n");
        for result in &self.results {
            let cells = [&result.spatial, &result.temporal, &result.fused].map(|guess| match guess {
                Some(guess) => format!("{},{:.6}", cell(&self.classes[guess.class]), guess.confidence),
                None => ",".into(),
            });
            let label = cell(&result.shown(&self.classes));
            text += &format!("{},{label},{}\n", cell(&result.path), cells.join(","));
        }
        text
    }

    /// Returns a row per class: its number of clips, and precision, recall and F1 of each stream.
    fn classes_csv(&self) -> String {
        let columns = ["spatial", "temporal", "fused"].map(|name| format!("{name}_precision,{name}_recall,{name}_f1"));
        let of_multi_label = if self.is_multi_label() { ",threshold,spatial_ap,temporal_ap,fused_ap" } else { "" };
        let mut text = format!("class,clips,{}{of_multi_label}\n", columns.join(","));
        for (class, name) in self.classes.iter().enumerate() {
            let clips = self.results.iter().filter(|result| result.shows(class)).count();
            let cells = [&self.spatial, &self.temporal, &self.fused].map(|report| {
                let figures = report.as_ref().map(|report| &report.classes[class]);
                let shares = figures.map_or([None; 3], |figures| [figures.precision, figures.recall, figures.f1]);
                shares.map(|share| share.map(|share| format!("{share:.6}")).unwrap_or_default()).join(",")
            });
            text += &format!("{},{clips},{}{}\n", cell(name), cells.join(","), self.multi_label_cells(class));
        }
        text
    }

    /// Returns the threshold of a class of a multi-label model, and its average precision in each stream.
    fn multi_label_cells(&self, class: usize) -> String {
        let streams = [&self.spatial, &self.temporal, &self.fused];
        let figures = streams.map(|stream| stream.as_ref().and_then(|stream| stream.multi_label.as_ref()));
        let Some(first) = figures.iter().flatten().next() else { return String::new() };
        let precision = |own: &MultiLabelFigures| own.average_precision[class];
        let cells = figures.map(|own| own.and_then(precision).map(|share| format!("{share:.6}")).unwrap_or_default());
        format!(",{:.6},{}", first.thresholds[class], cells.join(","))
    }
}

/// Returns a cell that spreadsheets do not interpret as a formula.
fn cell(text: &str) -> String {
    quoted_cell(&escape_formula(text))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::data::LabelledClip;
    use crate::evaluation::{ClipScores, EvaluationPlan, Protocol, ScoredClip};
    use crate::nets::fusion::{Fusion, FusionRule};
    use crate::training::FlowSource;
    use crate::training::validation::PhotometricError;

    /// Returns a report of four clips, one of them misclassified, and one unreadable clip.
    fn report() -> ActionsReport {
        let classes = ["clap", "jump, \"high\"", "wave <left>"].map(str::to_owned);
        let plan = EvaluationPlan {
            data: "testlist01.txt".into(),
            protocol: Protocol::PAPER,
            fusion: Fusion::default(),
            flow_source: FlowSource::MotionNet,
        };
        let mut scores = ClipScores::new(classes.len());
        for (name, label, spatial, temporal) in [
            ("clap/a.avi", 0, [4.0, 1.0, 0.0], [3.0, 0.0, 1.0]),
            ("clap/b & c.avi", 0, [0.0, 2.0, 1.0], [0.5, 3.0, 0.0]),
            ("jump/d.avi", 1, [0.0, 2.0, 1.0], [1.0, 2.0, 0.0]),
            ("wave/e,f.avi", 2, [1.0, 0.5, 0.0], [0.0, 0.0, 5.0]),
        ] {
            scores.push(ScoredClip {
                clip: LabelledClip {
                    path: PathBuf::from("/clips").join(name),
                    label,
                    segment_secs: None,
                    group: None,
                    also: Vec::new(),
                },
                spatial: Some(spatial.to_vec()),
                temporal: Some(temporal.to_vec()),
                photometric: PhotometricError::default(),
            });
        }
        scores.fail("wave/g.avi: cut off");
        scores.report("own", &classes, &plan)
    }

    #[test]
    fn top_5_is_in_the_page_of_many_classes_only() {
        let mut report = report();
        assert!(!html::page(&report).contains("Top-5") && html::page(&report).contains("95 % interval"));
        report.classes.extend((3..10).map(|class| format!("class {class}")));
        for stream in [&mut report.spatial, &mut report.temporal, &mut report.fused].into_iter().flatten() {
            let empty = stream.classes[0].clone();
            stream.classes.resize(10, empty);
        }
        assert!(html::page(&report).contains("Top-5"));
    }

    /// By hand, at a threshold of 0.6 for the first class and one half for the others: the sigmoids of 1, 0 and −1 are
    /// 0.73, 0.5 and 0.27.
    #[test]
    fn a_multi_label_model_is_reported_by_class_at_its_thresholds() {
        let classes = ["clap", "jump", "wave"].map(str::to_owned);
        let fusion = Fusion { rule: FusionRule::Sigmoid, ..Fusion::default() };
        let plan = EvaluationPlan {
            data: "list.csv".into(),
            protocol: Protocol::PAPER,
            fusion,
            flow_source: FlowSource::MotionNet,
        };
        let mut scores = ClipScores::new(classes.len()).with_thresholds(vec![0.6, 0.5, 0.5]);
        for (name, label, also, spatial) in
            [("a.mp4", 0, vec![1], [1.0, 0.1, -1.0]), ("b.mp4", 1, vec![], [0.1, 0.2, -1.0])]
        {
            let clip = LabelledClip { path: name.into(), label, segment_secs: None, group: None, also };
            let photometric = PhotometricError::default();
            scores.push(ScoredClip { clip, spatial: Some(spatial.to_vec()), temporal: None, photometric });
        }
        let report = scores.report("own", &classes, &plan);
        assert_eq!(report.remarks, ["1 of the model's 3 classes without clips: 'wave'."]);
        assert_eq!(report.results[0].spatial.map(|guess| (100.0 * guess.confidence).round()), Some(73.0));
        let page = html::page(&report);
        assert!(page.contains("mAP") && page.contains("clap + jump"), "{page}");
        assert!(!page.contains("Top-1") && !page.contains("Confusion matrix"), "{page}");
        let table = report.classes_csv();
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows[0].ends_with(",threshold,spatial_ap,temporal_ap,fused_ap"), "{table}");
        let perfect = "1.000000,1.000000,1.000000,,,,,,";
        assert_eq!(
            rows[1..3],
            [format!("clap,1,{perfect},0.600000,1.000000,,"), format!("jump,2,{perfect},0.500000,1.000000,,"),]
        );
        let read: ActionsReport = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        assert_eq!(read, report);
    }

    #[test]
    fn names_are_no_formulas_of_a_spreadsheet() {
        let mut report = report();
        report.classes[0] = "=1+1".into();
        report.results[0].path = "@a.avi".into();
        let [clips, classes] = [report.clips_csv(), report.classes_csv()];
        assert!(clips.contains("\n'@a.avi,'=1+1,") && classes.contains("\n'=1+1,"), "{clips}{classes}");
    }

    /// Rounds values that depend on the machine's exponential function.
    fn round(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => {
                let rounded = number.as_f64().map(|number| (number * 1e4).round() / 1e4);
                *value = rounded.into();
            }
            Value::Array(values) => values.iter_mut().for_each(round),
            Value::Object(values) => values.values_mut().for_each(round),
            _ => {}
        }
    }

    /// After an intended change: `INSTA_UPDATE=always cargo test --release report_folder`.
    #[test]
    fn the_files_of_a_report_are_as_they_were_read_last() {
        let dir = tempfile::tempdir().unwrap();
        report().write_folder(dir.path()).unwrap();
        for name in ActionsReport::FILES {
            let mut text = fs::read_to_string(dir.path().join(name)).unwrap();
            if name.ends_with(".json") {
                let mut value = serde_json::from_str(&text).unwrap();
                round(&mut value);
                text = serde_json::to_string_pretty(&value).unwrap();
            }
            insta::with_settings!(
                { snapshot_path => "../../tests/snapshots/report", prepend_module_to_snapshot => false },
                { insta::assert_snapshot!(name, text) }
            );
        }
    }
}

//! The output of `motionscope live`: one line per second and a summary.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::engine::LiveResult;
use crate::error::{Error, Result};
use crate::nets::fusion::{Firmness, Fusion, found_text, percent};
use crate::plural::counted;
use crate::video::{CameraPhase, CameraStatus};

/// The measurements of one second.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    secs: f64,
    state: &'static str,
    camera_fps: f64,
    /// None before the second prediction.
    model_fps: Option<f64>,
    latency_ms: Option<f64>,
    class: Option<String>,
    /// All classes that a multi-label model shows; left out for other models.
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    probability: Option<f32>,
    /// True if the prediction is uncertain.
    is_unsure: bool,
    captured: u64,
    answered: u64,
    /// Frames without a prediction.
    skipped: u64,
    memory_mb: Option<f64>,
}

impl Moment {
    /// Returns the measurements after `elapsed`.
    pub fn of(
        elapsed: Duration,
        camera: &CameraStatus,
        result: Option<&LiveResult>,
        (classes, fusion): (&[String], &Fusion),
    ) -> Self {
        // While nothing comes there is no answer: the last one would be repeated.
        let current = result.filter(|_| matches!(camera.phase, CameraPhase::Live));
        let top = current.and_then(|result| result.answer.top);
        Self {
            secs: tenth(elapsed.as_secs_f64()),
            state: match camera.phase {
                CameraPhase::Connecting => "connecting",
                CameraPhase::Live => "live",
                CameraPhase::Waiting { .. } => "waiting",
                CameraPhase::Failed(_) => "failed",
            },
            camera_fps: tenth(camera.fps),
            model_fps: current.map(|result| tenth(f64::from(result.fps))).filter(|fps| *fps > 0.0),
            latency_ms: current.map(|result| tenth(f64::from(result.latency_ms))),
            class: top.and_then(|top| classes.get(top).cloned()),
            probability: current.zip(top).and_then(|(result, top)| result.answer.shares.get(top).copied()),
            is_unsure: current.is_some_and(|result| match &result.found {
                Some(found) => found.is_empty(),
                None => result.answer.firmness(fusion) != Firmness::Sure,
            }),
            classes: current.and_then(|result| result.found.clone()),
            captured: camera.captured,
            answered: result.map_or(0, |result| result.answered),
            skipped: result.map_or(0, |result| result.skipped),
            memory_mb: memory_mb(),
        }
    }

    /// Prints it to stdout.
    pub fn print(&self, json: bool) -> Result<()> {
        if json {
            return print_json(self);
        }
        println!("{self}");
        Ok(())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model_fps.map_or("–".into(), |fps| format!("{fps:.1}"));
        let latency = self.latency_ms.map_or("–".into(), |latency| format!("{latency:.0} ms"));
        let memory = self.memory_mb.map_or("–".into(), |memory| format!("{memory:.0} MB"));
        write!(
            f,
            "{:8.1} s  {:10}  camera {:5.1} fps  model {model:>5} fps  latency {latency:>8}  memory {memory:>8}  ",
            self.secs, self.state, self.camera_fps,
        )?;
        // The probability of one class says nothing of several.
        if let Some(found) = &self.classes {
            return f.write_str(&found_text(found));
        }
        let class = self.class.as_deref().unwrap_or("–");
        let share = self.probability.map_or(String::new(), |share| format!(" {} %", percent(share, 0)));
        write!(f, "{class}{share}{}", if self.is_unsure { ", unsure" } else { "" })
    }
}

/// Rounds to a tenth: more digits of a measurement are noise.
fn tenth(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

/// Maximum number of values kept, however long the run.
const MOST_KEPT: usize = 20_000;

/// A summary of the whole run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    secs: f64,
    answers: usize,
    longest_ms: f32,
    latencies_ms: Thinned,
    memory_mb: Thinned,
}

/// A series of values, evenly subsampled as it grows, so that days take no more memory than minutes.
#[derive(Debug, Default)]
struct Thinned {
    values: Vec<f32>,
    /// Number of values skipped between two that are kept.
    passed_over: usize,
    /// Number of values since the last one kept.
    since: usize,
}

impl Thinned {
    fn push(&mut self, value: f32) {
        if !self.values.is_empty() && self.since < self.passed_over {
            self.since += 1;
            return;
        }
        self.since = 0;
        self.values.push(value);
        if self.values.len() >= MOST_KEPT {
            let mut place = 0;
            self.values.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            // The newest one has just been taken out.
            self.since = self.passed_over + 1;
            self.passed_over = 2 * self.passed_over + 1;
        }
    }
}

/// The printed summary: medians of the first and the last tenth.
#[derive(Debug, Serialize)]
struct SummaryLine {
    seconds: f64,
    answers: usize,
    /// None without predictions, as is the longest.
    latency_ms_median: Option<[f64; 2]>,
    latency_ms_longest: Option<f64>,
    memory_mb: [f64; 2],
}

impl Summary {
    /// Adds a prediction.
    pub fn answer(&mut self, result: &LiveResult) {
        self.answers += 1;
        self.longest_ms = self.longest_ms.max(result.latency_ms);
        self.latencies_ms.push(result.latency_ms);
    }

    /// Adds the measurements of a second.
    pub fn moment(&mut self, moment: &Moment) {
        self.secs = moment.secs;
        if let Some(memory) = moment.memory_mb {
            self.memory_mb.push(memory as f32);
        }
    }

    /// Returns whether there was no prediction.
    pub fn is_empty(&self) -> bool {
        self.answers == 0
    }

    fn line(&self) -> SummaryLine {
        let measured = |value: f32| tenth(f64::from(value));
        SummaryLine {
            seconds: self.secs,
            answers: self.answers,
            latency_ms_median: (!self.is_empty()).then(|| first_and_last(&self.latencies_ms.values).map(measured)),
            latency_ms_longest: (!self.is_empty()).then(|| measured(self.longest_ms)),
            memory_mb: first_and_last(&self.memory_mb.values).map(measured),
        }
    }

    /// Prints it to stdout.
    pub fn print(&self, json: bool) -> Result<()> {
        let line = self.line();
        if json {
            return print_json(&line);
        }
        println!("{line}");
        Ok(())
    }
}

impl fmt::Display for SummaryLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predictions = counted(self.answers, "prediction");
        write!(f, "{:.0} s, {predictions}; first → last tenth of the run: ", self.seconds)?;
        if let (Some([first, last]), Some(longest)) = (self.latency_ms_median, self.latency_ms_longest) {
            write!(f, "median latency {first:.0} → {last:.0} ms (maximum {longest:.0} ms), ")?;
        }
        let [first, last] = self.memory_mb;
        write!(f, "memory {first:.0} → {last:.0} MB")
    }
}

/// Returns the medians of the first and the last tenth; 0 for no values.
fn first_and_last(values: &[f32]) -> [f32; 2] {
    let tenth = values.len().div_ceil(10);
    let median = |part: &[f32]| {
        let mut sorted = part.to_vec();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
    };
    [median(&values[..tenth]), median(&values[values.len() - tenth..])]
}

/// Returns the resident memory of the process, if the system reports it in `/proc`.
fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some((kilobytes / 102.4).round() / 10.0)
}

fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new("JSON", error.to_string(), "Leave out --json, and please report this"))?;
    println!("{text}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_all_classes_that_a_multi_label_model_shows() {
        let moment = |classes: Option<&[&str]>| Moment {
            secs: 1.0,
            state: "live",
            camera_fps: 25.0,
            model_fps: None,
            latency_ms: None,
            class: Some("walk".into()),
            classes: classes.map(|classes| classes.iter().map(|&class| class.to_owned()).collect()),
            probability: Some(0.8),
            is_unsure: false,
            captured: 25,
            answered: 1,
            skipped: 0,
            memory_mb: None,
        };
        let end = |classes| moment(classes).to_string().rsplit("  ").next().unwrap_or_default().to_owned();
        assert_eq!(end(Some(&["walk", "wave"])), "walk, wave");
        assert_eq!(end(Some(&[])), "none of its classes");
        assert_eq!(end(None), "walk 80 %");
        let json = |classes| serde_json::to_string(&moment(classes)).unwrap();
        assert!(json(Some(&["walk", "wave"])).contains(r#""classes":["walk","wave"]"#));
        assert!(!json(None).contains("classes"), "other models have one class");
    }

    #[test]
    fn days_take_no_more_memory_than_minutes() {
        let mut thinned = Thinned::default();
        (0..1_000_000).for_each(|i| thinned.push(i as f32));
        assert!((MOST_KEPT / 2..MOST_KEPT).contains(&thinned.values.len()), "{}", thinned.values.len());
        let step = thinned.values[1] - thinned.values[0];
        assert!(thinned.values.windows(2).all(|pair| pair[1] - pair[0] == step), "evenly");
        assert_eq!(thinned.values[0], 0.0);
        assert!(thinned.values[thinned.values.len() - 1] > 990_000.0);
    }

    #[test]
    fn numbers_are_written_without_noise() {
        let mut summary = Summary { secs: 2.0, answers: 1, longest_ms: 15.3, ..Summary::default() };
        summary.latencies_ms.push(12.7);
        summary.memory_mb.push(301.2);
        assert_eq!(
            serde_json::to_string(&summary.line()).unwrap(),
            r#"{"seconds":2.0,"answers":1,"latency_ms_median":[12.7,12.7],"latency_ms_longest":15.3,"memory_mb":[301.2,301.2]}"#
        );
    }

    #[test]
    fn one_prediction_is_no_predictions() {
        let line = |answers| SummaryLine {
            seconds: 2.0,
            answers,
            latency_ms_median: (answers > 0).then_some([10.0, 12.0]),
            latency_ms_longest: (answers > 0).then_some(15.0),
            memory_mb: [100.0, 101.0],
        };
        assert_eq!(
            line(1).to_string(),
            "2 s, 1 prediction; first → last tenth of the run: median latency 10 → 12 ms (maximum 15 ms), memory 100 → 101 MB"
        );
        assert!(line(2).to_string().contains("2 predictions;"));
        assert_eq!(line(0).to_string(), "2 s, 0 predictions; first → last tenth of the run: memory 100 → 101 MB");
    }

    #[test]
    fn a_growth_is_seen_between_the_first_and_the_last_tenth() {
        let growing: Vec<f32> = (0..100).map(|i| i as f32).collect();
        assert_eq!(first_and_last(&growing), [5.0, 95.0]);
        assert_eq!(first_and_last(&[7.0]), [7.0, 7.0]);
        assert_eq!(first_and_last(&[]), [0.0, 0.0]);
    }
}

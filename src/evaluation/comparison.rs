//! Comparison of two evaluations: which figures and clips changed, and whether the difference is significant.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use super::{ActionsReport, ClipResult, Guess, interval_in_percent};
use crate::error::{Error, Result};
use crate::plural::counted;

/// Maximum number of classes listed, by change of accuracy.
const CLASSES: usize = 10;

/// The differences between reports `a` and `b`; displayed as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Number of clips in both.
    pub common: usize,
    /// Number of clips in only one of them.
    pub apart: usize,
    /// Changes of the streams that both have.
    pub streams: Vec<StreamChange>,
}

/// The change of one stream between two evaluations.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamChange {
    /// `spatial`, `temporal` or `fused`.
    pub name: &'static str,
    /// Top-1, top-5 (with many classes), mean class accuracy and mean average precision (of multi-label models) of `a`
    /// and of `b`, over all of their clips.
    pub figures: [(&'static str, [Option<f64>; 2]); 4],
    /// 95 % Wilson intervals of top-1 of `a` and of `b`.
    pub intervals: [Option<[f64; 2]>; 2],
    /// Number of common clips that are right in `b` only.
    pub won: usize,
    /// Number of common clips that are right in `a` only.
    pub lost: usize,
    /// p-value of McNemar's exact test, two-sided.
    pub p: f64,
    /// Name of a class and its accuracy in `a` and in `b`, the largest change first.
    pub classes: Vec<(String, [f64; 2])>,
    /// The common clips that only one report gets right: gained ones, then lost ones, in the order of `b`.
    pub changed: Vec<ClipChange>,
}

/// A clip that only one of the reports gets right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipChange {
    /// Class folder and file.
    pub path: String,
    /// Index among the results of `b`.
    pub index: usize,
    /// True class.
    pub label: usize,
    /// The predicted class in `a` and in `b`; `None` without a prediction.
    pub guesses: [Option<usize>; 2],
}

impl ClipChange {
    /// Returns whether it is right in `b`.
    pub fn is_won(&self) -> bool {
        self.guesses[1] == Some(self.label)
    }
}

impl Comparison {
    /// Compares two reports on the same classes. Clips are matched by class folder and file, segment and class.
    ///
    /// # Errors
    /// If the classes differ; `paths` are the files of the reports, for the message.
    pub fn between([a, b]: [&ActionsReport; 2], paths: [&Path; 2]) -> Result<Self> {
        if a.classes != b.classes {
            let cause = format!("its classes differ from those of {}", paths[0].display());
            return Err(Error::file(paths[1], cause, "Compare two evaluations with the same classes"));
        }
        let others: HashMap<ClipKey<'_>, &ClipResult> = keys(a).into_iter().zip(&a.results).collect();
        let common: Vec<ComparedPair<'_>> = keys(b)
            .iter()
            .zip(&b.results)
            .enumerate()
            .filter_map(|(i, (key, after))| Some((i, [*others.get(key)?, after])))
            .collect();
        Ok(Self {
            common: common.len(),
            apart: a.results.len() + b.results.len() - 2 * common.len(),
            streams: STREAMS.into_iter().filter_map(|stream| change(stream, [a, b], &common)).collect(),
        })
    }
}

/// The identity of a clip in any report: its file, its segment in milliseconds, its class, and its number among clips
/// that share all these. The index in the list does not identify it, since lists may differ in order and length.
type ClipKey<'a> = (&'a str, Option<[i64; 2]>, usize, usize);

fn keys(report: &ActionsReport) -> Vec<ClipKey<'_>> {
    let mut counts: HashMap<(&str, Option<[i64; 2]>, usize), usize> = HashMap::new();
    let key = |(file, result): (_, &ClipResult)| {
        let segment = result.segment_secs.map(|segment| segment.map(|secs| (1e3 * secs).round() as i64));
        let count = counts.entry((file, segment, result.label)).or_default();
        *count += 1;
        (file, segment, result.label, *count)
    };
    report.files().into_iter().zip(&report.results).map(key).collect()
}

/// A clip in both reports: its index in `b`, and its results.
type ComparedPair<'a> = (usize, [&'a ClipResult; 2]);

/// Name of a stream and its prediction for a clip.
type StreamOf = (&'static str, fn(&ClipResult) -> Option<Guess>);

const STREAMS: [StreamOf; 3] =
    [("spatial", |result| result.spatial), ("temporal", |result| result.temporal), ("fused", |result| result.fused)];

fn change((name, guess): StreamOf, reports: [&ActionsReport; 2], common: &[ComparedPair<'_>]) -> Option<StreamChange> {
    let find = |report: &'_ ActionsReport| report.streams().find(|(other, _)| *other == name).map(|(_, r)| r.clone());
    let [Some(a), Some(b)] = reports.map(find) else { return None };
    let change = |(index, pair): &ComparedPair<'_>| ClipChange {
        path: pair[1].path.clone(),
        index: *index,
        label: pair[1].label,
        guesses: pair.map(|result| guess(result).map(|guess| guess.class)),
    };
    let is_right = |result: &ClipResult| guess(result).is_some_and(|guess| result.shows(guess.class));
    let only = |before: bool, after: bool| {
        common.iter().filter(move |(_, pair)| pair.map(is_right) == [before, after]).map(change)
    };
    let mut changed: Vec<ClipChange> = only(false, true).collect();
    let won = changed.len();
    changed.extend(only(true, false));
    let lost = changed.len() - won;
    let recalls = reports[0].classes.iter().zip(a.classes.iter().zip(&b.classes));
    let mut classes: Vec<_> =
        recalls.filter_map(|(class, (a, b))| Some((class.clone(), [a.recall?, b.recall?]))).collect();
    classes.retain(|(_, [a, b])| a != b);
    classes.sort_by(|(_, x), (_, y)| (y[1] - y[0]).abs().total_cmp(&(x[1] - x[0]).abs()));
    classes.truncate(CLASSES);
    let figures = [
        ("top-1", [Some(a.top1), Some(b.top1)]),
        ("top-5", [a.top5, b.top5]),
        ("mean class", [a.mean_class, b.mean_class]),
        ("mAP", [&a, &b].map(|stream| stream.multi_label.as_ref().and_then(|own| own.map))),
    ];
    let intervals = [a.interval, b.interval];
    Some(StreamChange { name, figures, intervals, won, lost, p: chance_of_split(won, lost), classes, changed })
}

/// Returns the two-sided binomial probability, for a fair coin, of a split at least as uneven as `won` to `lost`.
fn chance_of_split(won: usize, lost: usize) -> f64 {
    let throws = won + lost;
    let fewer = won.min(lost);
    // ln C(n, k) by recurrence: C(n, k) = C(n, k−1)·(n−k+1)/k.
    let mut ln_ways = 0.0;
    let mut tail = 0.0;
    for k in 0..=fewer {
        if k > 0 {
            ln_ways += ((throws - k + 1) as f64 / k as f64).ln();
        }
        tail += (ln_ways - throws as f64 * std::f64::consts::LN_2).exp();
    }
    (2.0 * tail).min(1.0)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in both, {} in only one", counted(self.common, "clip"), self.apart)?;
        writeln!(f, "{:<10}{:<12}{:>9}{:>9}{:>9}", "stream", "", "A %", "B %", "B − A")?;
        for stream in &self.streams {
            for (figure, values) in stream.figures {
                if let [Some(a), Some(b)] = values {
                    writeln!(f, "{:<10}{figure:<12}{}", stream.name, difference([a, b]))?;
                }
            }
            let StreamChange { won, lost, p, intervals, .. } = stream;
            let [a, b] = intervals.map(interval_in_percent);
            writeln!(f, "{:<10}top-1, 95 % intervals: A {a}, B {b}", stream.name)?;
            writeln!(f, "{:<10}{} gained, {lost} lost; McNemar p = {p:.3}", stream.name, counted(*won, "clip"))?;
            for (class, accuracies) in &stream.classes {
                writeln!(f, "  {class:<20}{}", difference(*accuracies))?;
            }
        }
        Ok(())
    }
}

fn difference([a, b]: [f64; 2]) -> String {
    format!("{:>9.1}{:>9.1}{:>+9.1}", 100.0 * a, 100.0 * b, 100.0 * (b - a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelledClip;
    use crate::evaluation::{ClipScores, EvaluationPlan, Protocol, ScoredClip};
    use crate::nets::fusion::Fusion;
    use crate::training::FlowSource;

    /// By hand: of 10 changed clips 1 was lost: 2·(C(10,0) + C(10,1)) / 2¹⁰ = 22 / 1024.
    #[test]
    fn the_chance_of_a_split() {
        assert!((chance_of_split(9, 1) - 22.0 / 1024.0).abs() < 1e-12);
        assert_eq!((chance_of_split(0, 0), chance_of_split(3, 3)), (1.0, 1.0));
        assert!(chance_of_split(3000, 0) < 1e-300);
    }

    const SEGMENTS: [([f64; 2], usize); 3] = [([0.0, 5.0], 0), ([10.0, 15.0], 1), ([20.0, 25.0], 0)];

    /// Returns a report on segments of one file in this order; the model is wrong about the first of [`SEGMENTS`] only.
    fn report(order: &[usize]) -> ActionsReport {
        let mut scores = ClipScores::new(2);
        for &place in order {
            let (segment, label) = SEGMENTS[place];
            let said = if place == 0 { 1 - label } else { label };
            let clip = LabelledClip {
                path: "clips/v.mp4".into(),
                label,
                segment_secs: Some(segment),
                group: None,
                also: Vec::new(),
            };
            let logits = (0..2).map(|class| if class == said { 1.0 } else { 0.0 }).collect();
            scores.push(ScoredClip { clip, spatial: Some(logits), temporal: None, photometric: Default::default() });
        }
        let plan = EvaluationPlan {
            data: "list".into(),
            protocol: Protocol::PAPER,
            fusion: Fusion::default(),
            flow_source: FlowSource::MotionNet,
        };
        scores.report("model", &["golf", "run"].map(str::to_owned), &plan)
    }

    #[test]
    fn segments_of_one_video_are_compared_with_themselves_whatever_their_order() {
        let compared = |a: &ActionsReport, b: &ActionsReport| {
            let comparison = Comparison::between([a, b], [Path::new("a"), Path::new("b")]).unwrap();
            let stream = &comparison.streams[0];
            ([comparison.common, comparison.apart], [stream.won, stream.lost])
        };
        let a = report(&[0, 1, 2]);
        assert_eq!(compared(&a, &report(&[2, 1, 0])), ([3, 0], [0, 0]), "another order of the list");
        assert_eq!(compared(&a, &report(&[1, 2])), ([2, 1], [0, 0]), "one could not be read");
        // Reports of earlier versions have no segments: clips of different classes are different clips.
        let old = |mut report: ActionsReport| {
            report.results.iter_mut().for_each(|result| result.segment_secs = None);
            report
        };
        assert_eq!(compared(&old(report(&[0, 1])), &old(report(&[0, 1]))), ([2, 0], [0, 0]));
        assert_eq!(compared(&old(report(&[0])), &old(report(&[1]))), ([0, 2], [0, 0]));
        // The file of a clip is found by its name, even if that ends in a number itself.
        assert_eq!(a.files(), ["clips/v.mp4"; 3]);
        let mut own = report(&[0]);
        own.results[0].path = "golf/take#3".into();
        assert_eq!(own.files(), ["golf/take#3"]);
    }
}

//! The plots of a report as SVG elements.

use maud::{Markup, html};

use crate::evaluation::{Calibration, Confusion, SweepPoint};
use crate::plural::counted;

/// Sides of the plot area of a line or bar plot.
const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 180.0;
/// Margin for axis labels.
const MARGIN: f64 = 36.0;

/// Returns the plot of top-1 accuracy over the weight of the temporal stream, with the chosen `weight` marked.
pub(super) fn sweep(points: &[SweepPoint], weight: f64) -> Markup {
    let largest = points.iter().map(|point| point.weight).fold(f64::MIN_POSITIVE, f64::max);
    let (low, high) = points.iter().fold((1.0_f64, 0.0_f64), |(low, high), p| (low.min(p.top1), high.max(p.top1)));
    let (low, high) =
        ((low * 10.0).floor() / 10.0, ((high * 10.0).ceil() / 10.0).max((low * 10.0).floor() / 10.0 + 0.1));
    let place = |point: &SweepPoint| {
        (MARGIN + WIDTH * point.weight / largest, HEIGHT * (1.0 - (point.top1 - low) / (high - low)))
    };
    let line: Vec<String> = points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let content = html! {
        polyline class="line" points=(line.join(" ")) {}
        @for point in points.iter().filter(|point| point.weight == weight) {
            @let (x, y) = place(point);
            circle class="mark" cx=(tenths(x)) cy=(tenths(y)) r="4" {
                title { "weight " (weight) ": " (tenths(100.0 * point.top1)) " %" }
            }
        }
    };
    axes(&content, ["0".into(), largest.to_string()], [percent(low), percent(high)])
}

/// Returns the reliability diagram, accuracy (bars) against confidence: the gap between a bar and the diagonal is over-
/// or underconfidence.
pub(super) fn reliability(calibration: &Calibration) -> Markup {
    let width = WIDTH / calibration.bins.len().max(1) as f64;
    let content = html! {
        @for (i, bin) in calibration.bins.iter().enumerate().filter(|(_, bin)| bin.clips > 0) {
            @let x = MARGIN + width * i as f64 + 1.0;
            @let (low, high) = (bin.accuracy.min(bin.confidence), bin.accuracy.max(bin.confidence));
            @for (class, from, to) in [("bar", 0.0, bin.accuracy), ("gap", low, high)] {
                rect class=(class) x=(tenths(x)) y=(tenths(HEIGHT * (1.0 - to))) width=(tenths(width - 2.0))
                    height=(tenths(HEIGHT * (to - from))) {
                    title { (counted(bin.clips, "clip")) ", confidence " (percent(bin.confidence)) ", accuracy " (percent(bin.accuracy)) }
                }
            }
        }
        path class="axis" d={ "M" (MARGIN) " " (HEIGHT) " L" (MARGIN + WIDTH) " 0" } {}
        text x=(MARGIN + 8.0) y="14" { (format!("ECE {:.3}", calibration.ece)) }
    };
    axes(&content, ["0".into(), "1".into()], [percent(0.0), percent(1.0)])
}

/// Returns a cell with the number of clips for each pair of classes that occurs, darker for a larger share of its row.
pub(super) fn confusion(confusion: &Confusion, classes: &[String]) -> Markup {
    let cell = (560.0 / classes.len().max(1) as f64).clamp(14.0, 32.0);
    let font = (cell - 1.0).min(11.0);
    let left = 8.0 + 0.62 * font * classes.iter().map(|name| name.chars().count()).max().unwrap_or_default() as f64;
    let side = cell * classes.len() as f64;
    let style = |size: f64| format!("font-size:{}px", tenths(size));
    // A digit is about 0.6 of its size wide.
    let fitting = |clips: usize| style((cell / (0.62 * clips.to_string().len() as f64 + 0.3)).min(font));
    let content = html! {
        rect class="axis" x=(tenths(left)) y=(tenths(left)) width=(tenths(side)) height=(tenths(side)) {}
        @for (guess, name) in classes.iter().enumerate() {
            @let x = left + cell * (guess as f64 + 0.5) + 0.35 * font;
            text style=(style(font)) transform={ "translate(" (tenths(x)) " " (tenths(left - 4.0)) ") rotate(-90)" } { (name) }
        }
        @for (label, (row, name)) in confusion.counts.iter().zip(classes).enumerate() {
            @let y = left + cell * label as f64;
            @let total: usize = row.iter().sum();
            text x=(tenths(left - 4.0)) y=(tenths(y + 0.5 * cell + 0.35 * font)) text-anchor="end" style=(style(font)) { (name) }
            @for (guess, clips) in row.iter().enumerate().filter(|(_, clips)| **clips > 0) {
                rect class=(if guess == label { "right" } else { "wrong" })
                    fill-opacity=(format!("{:.2}", 0.15 + 0.85 * *clips as f64 / total as f64))
                    x=(tenths(left + cell * guess as f64)) y=(tenths(y)) width=(tenths(cell)) height=(tenths(cell)) {
                    title { (name) " → " (classes[guess]) ": " (clips) " of " (total) }
                }
                text x=(tenths(left + cell * (guess as f64 + 0.5))) y=(tenths(y + 0.5 * cell + 0.35 * font))
                    text-anchor="middle" pointer-events="none" style=(fitting(*clips)) { (clips) }
            }
        }
    };
    svg(left + side, left + side, &content)
}

/// Returns `content` with a frame and labelled axis ends.
fn axes(content: &Markup, [x0, x1]: [String; 2], [y0, y1]: [String; 2]) -> Markup {
    let right = MARGIN + WIDTH;
    let numbers = [
        (MARGIN, HEIGHT + 14.0, "middle", x0),
        (right, HEIGHT + 14.0, "middle", x1),
        (MARGIN - 4.0, HEIGHT, "end", y0),
        (MARGIN - 4.0, 10.0, "end", y1),
    ];
    let framed = html! {
        rect class="axis" x=(MARGIN) y="0" width=(WIDTH) height=(HEIGHT) {}
        (content)
        @for (x, y, anchor, number) in numbers { text x=(x) y=(y) text-anchor=(anchor) { (number) } }
    };
    svg(right + 8.0, HEIGHT + 20.0, &framed)
}

fn svg(width: f64, height: f64, content: &Markup) -> Markup {
    let (width, height) = (format!("{width:.0}"), format!("{height:.0}"));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            (content)
        }
    }
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

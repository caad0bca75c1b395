//! The plots of a report, each one SVG element.

use super::escape::escaped;
use crate::evaluation::{Calibration, Confusion, SweepPoint};

/// Sides of the area of a line or bar plot.
const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 180.0;
/// Room for the numbers at the axes.
const MARGIN: f64 = 36.0;

/// Top-1 over the weight of the temporal stream, the chosen `weight` marked.
pub(super) fn sweep(points: &[SweepPoint], weight: f64) -> String {
    let largest = points.iter().map(|point| point.weight).fold(f64::MIN_POSITIVE, f64::max);
    let (low, high) = points.iter().fold((1.0_f64, 0.0_f64), |(low, high), p| (low.min(p.top1), high.max(p.top1)));
    let (low, high) =
        ((low * 10.0).floor() / 10.0, ((high * 10.0).ceil() / 10.0).max((low * 10.0).floor() / 10.0 + 0.1));
    let place = |point: &SweepPoint| {
        (MARGIN + WIDTH * point.weight / largest, HEIGHT * (1.0 - (point.top1 - low) / (high - low)))
    };
    let line: Vec<String> = points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let mark = points.iter().filter(|point| point.weight == weight).map(|point| {
        let (x, y) = place(point);
        let title = format!("weight {weight}: {:.1} %", 100.0 * point.top1);
        format!("<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{title}</title></circle>\n")
    });
    let content = format!("<polyline class=\"line\" points=\"{}\"/>\n{}", line.join(" "), mark.collect::<String>());
    axes(&content, ["0".into(), format!("{largest}")], [percent(low), percent(high)])
}

/// Accuracy (bars) against confidence: what lies between a bar and the diagonal is missing or too much.
pub(super) fn reliability(calibration: &Calibration) -> String {
    let width = WIDTH / calibration.bins.len().max(1) as f64;
    let bars = calibration.bins.iter().enumerate().filter(|(_, bin)| bin.clips > 0).map(|(i, bin)| {
        let x = MARGIN + width * i as f64;
        let title = format!(
            "{} clips, confidence {}, accuracy {}",
            bin.clips,
            percent(bin.confidence),
            percent(bin.accuracy)
        );
        let bar = |class: &str, from: f64, to: f64| {
            let (y, height) = (HEIGHT * (1.0 - to), HEIGHT * (to - from));
            format!(
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{title}</title></rect>\n",
                x + 1.0,
                width - 2.0
            )
        };
        let gap = (bin.accuracy.min(bin.confidence), bin.accuracy.max(bin.confidence));
        bar("bar", 0.0, bin.accuracy) + &bar("gap", gap.0, gap.1)
    });
    let diagonal = format!("<path class=\"axis\" d=\"M{MARGIN} {HEIGHT} L{} 0\"/>\n", MARGIN + WIDTH);
    let caption = format!("<text x=\"{}\" y=\"14\">ECE {:.3}</text>\n", MARGIN + 8.0, calibration.ece);
    axes(&(bars.collect::<String>() + &diagonal + &caption), ["0".into(), "1".into()], [percent(0.0), percent(1.0)])
}

/// Returns a cell for each pair of classes that occurs, the darker the larger its share of the row.
pub(super) fn confusion(confusion: &Confusion, classes: &[String]) -> String {
    let count = classes.len();
    let cell = (560.0 / count.max(1) as f64).clamp(6.0, 24.0);
    let font = (cell - 1.0).min(11.0);
    let left = 8.0 + 0.62 * font * classes.iter().map(|name| name.chars().count()).max().unwrap_or_default() as f64;
    let side = cell * count as f64;
    let mut content =
        format!("<rect class=\"axis\" x=\"{left:.1}\" y=\"0\" width=\"{side:.1}\" height=\"{side:.1}\"/>\n");
    for (label, (row, name)) in confusion.counts.iter().zip(classes).enumerate() {
        let y = cell * label as f64;
        content += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" style=\"font-size:{font:.1}px\">{}</text>\n",
            left - 4.0,
            y + 0.8 * cell,
            escaped(name)
        );
        let total: usize = row.iter().sum();
        for (guess, &clips) in row.iter().enumerate().filter(|(_, clips)| **clips > 0) {
            let class = if guess == label { "right" } else { "wrong" };
            let opacity = 0.15 + 0.85 * clips as f64 / total as f64;
            let title = escaped(&format!("{name} → {}: {clips} of {total}", classes[guess]));
            let x = left + cell * guess as f64;
            content += &format!(
                "<rect class=\"{class}\" fill-opacity=\"{opacity:.2}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{cell:.1}\" \
                 height=\"{cell:.1}\"><title>{title}</title></rect>\n"
            );
        }
    }
    svg(left + side, side, &content)
}

/// `content` with a frame and the ends of both axes.
fn axes(content: &str, [x0, x1]: [String; 2], [y0, y1]: [String; 2]) -> String {
    let right = MARGIN + WIDTH;
    let text = |x: f64, y: f64, anchor: &str, text: &str| {
        format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n")
    };
    let frame = format!("<rect class=\"axis\" x=\"{MARGIN}\" y=\"0\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n");
    let numbers = [
        text(MARGIN, HEIGHT + 14.0, "middle", &x0),
        text(right, HEIGHT + 14.0, "middle", &x1),
        text(MARGIN - 4.0, HEIGHT, "end", &y0),
        text(MARGIN - 4.0, 10.0, "end", &y1),
    ];
    svg(right + 8.0, HEIGHT + 20.0, &format!("{frame}{content}{}", numbers.concat()))
}

fn svg(width: f64, height: f64, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n{content}</svg>\n"
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

//! Plots of bouts as SVG text: the raster of every video, and the transition matrix.

use super::labelled::LabelledVideos;
use super::summary::Ethogram;

/// Width of the time axis in points.
const WIDTH: f64 = 720.0;
/// Height of the row of a class, of a title and of the axis.
const ROW: f64 = 14.0;
/// Font size.
const FONT: f64 = 11.0;
/// Approximate width of a character as a fraction of the font size.
const LETTER: f64 = 0.62;
/// Side of a cell of the transition matrix.
const CELL: f64 = 34.0;
/// Minimum width of a bout, to keep it visible.
const LEAST: f64 = 0.5;
const MARGIN: f64 = 8.0;

/// Returns the raster plot: below the name of each video with segments, a row for each class of the project in its
/// colour, with its bouts over the time since the start of the video. All videos share a time axis.
pub fn raster_svg(labelled: &LabelledVideos) -> String {
    let videos: Vec<_> = labelled.videos.iter().filter(|video| !video.spans.is_empty()).collect();
    let longest = videos.iter().map(|video| video.times.duration_secs()).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let left = MARGIN + label_width(&labelled.classes);
    let rows = labelled.classes.len() as f64;
    let block = ROW * (rows + 1.5);
    let height = MARGIN + block * videos.len() as f64 + 2.0 * ROW;
    let mut body = String::new();
    for (place, video) in videos.iter().enumerate() {
        let top = MARGIN + block * place as f64;
        body += &text(left, top + FONT, "start", &video.video);
        let start = video.times.start_secs();
        let x = |secs: f64| left + WIDTH * (secs - start) / longest;
        for (class, name) in labelled.classes.iter().enumerate() {
            let y = top + ROW * (class as f64 + 1.0);
            body += &text(left - 4.0, y + FONT, "end", name);
            body += &rectangle([left, y, WIDTH * video.times.duration_secs() / longest, ROW - 2.0], "#f0f0f0", "");
            let color = hex(labelled.colors.get(class).copied().unwrap_or_default());
            for span in video.spans.iter().filter(|span| span.class == Some(class)) {
                let [from, to] = video.times.span_secs(&span.frames);
                let hint = format!("{name}: {from:.2} to {to:.2} s");
                body += &rectangle([x(from), y, (x(to) - x(from)).max(LEAST), ROW - 2.0], &color, &hint);
            }
        }
    }
    let bottom = height - ROW + 2.0;
    body += &text(left, bottom, "start", "0");
    body += &text(left + WIDTH, bottom, "end", &format!("{longest:.1} s"));
    svg(left + WIDTH + MARGIN, height, &body)
}

/// Returns the transition matrix: darker cells have a larger share of the transitions from the class of their row.
pub fn transitions_svg(ethogram: &Ethogram) -> String {
    let left = MARGIN + label_width(&ethogram.classes);
    let side = left + CELL * ethogram.classes.len() as f64 + MARGIN;
    let mut body = String::new();
    for (place, name) in ethogram.classes.iter().enumerate() {
        let middle = left + CELL * (place as f64 + 0.5) + 0.35 * FONT;
        body += &format!(
            "<text transform=\"translate({} {}) rotate(-90)\">{}</text>\n",
            tenths(middle),
            tenths(left - 4.0),
            escaped(name)
        );
        body += &text(left - 4.0, middle, "end", name);
    }
    for (from, row) in ethogram.transitions.iter().enumerate() {
        let total: usize = row.iter().sum();
        for (to, &count) in row.iter().enumerate() {
            let share = count as f64 / total.max(1) as f64;
            let (x, y) = (left + CELL * to as f64, left + CELL * from as f64);
            let hint = format!("{} to {}: {count} of {total}", ethogram.classes[from], ethogram.classes[to]);
            let grey = (240.0 - 160.0 * share).round() as u8;
            body += &rectangle([x, y, CELL - 1.0, CELL - 1.0], &hex([grey, grey, 240]), &hint);
            body += &text(x + 0.5 * CELL, y + 0.5 * CELL + 0.35 * FONT, "middle", &count.to_string());
        }
    }
    svg(side, side, &body)
}

fn svg(width: f64, height: f64, body: &str) -> String {
    let [width, height] = [width, height].map(tenths);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"{FONT}\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>\n", tenths(x), tenths(y), escaped(text))
}

fn rectangle(place: [f64; 4], fill: &str, hint: &str) -> String {
    let [x, y, width, height] = place.map(tenths);
    let title = if hint.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(hint)) };
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\">{title}</rect>\n")
}

fn label_width(names: &[String]) -> f64 {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    LETTER * FONT * longest as f64 + 6.0
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Returns a text without characters that XML forbids.
fn escaped(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control()).collect::<String>();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_times::FrameTimes;
    use crate::predictions::labelled::{LabelledSpan, LabelledVideo};

    fn labelled() -> LabelledVideos {
        let video = |video: &str, frames: usize, spans: &[[usize; 2]]| LabelledVideo {
            video: video.into(),
            file: std::path::PathBuf::new(),
            group: String::new(),
            hash: String::new(),
            times: FrameTimes::even(frames, 10.0, 1.0).unwrap(),
            spans: spans.iter().map(|&[start, end]| LabelledSpan { class: Some(0), frames: start..end }).collect(),
            whole: Vec::new(),
        };
        LabelledVideos {
            classes: vec!["a<b".into(), "rear".into()],
            colors: vec![[0xe6, 0x9f, 0], [0, 0, 0xff]],
            videos: vec![video("one & two.mp4", 100, &[[10, 20], [50, 100]]), video("b.mp4", 50, &[[0, 25]])],
            ..LabelledVideos::default()
        }
    }

    /// By hand: 10 s are 720 points, so that 1 s after the start is 72 points from the left, and 5 s are 360 wide.
    #[test]
    fn bouts_are_drawn_at_their_times_in_the_colour_of_their_class() {
        let svg = raster_svg(&labelled());
        let xml = roxmltree::Document::parse(&svg).unwrap();
        let bouts: Vec<_> = xml.descendants().filter(|node| node.attribute("fill") == Some("#e69f00")).collect();
        let number = |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let origin = MARGIN + label_width(&labelled().classes);
        let places: Vec<_> = bouts.iter().map(|node| [number(node, "x") - origin, number(node, "width")]).collect();
        for (found, expected) in places.iter().flatten().zip([72.0, 72.0, 360.0, 360.0, 0.0, 180.0]) {
            assert!((found - expected).abs() < 0.11, "{places:?}");
        }
        assert_eq!(bouts.len(), 3);
        assert!(xml.descendants().any(|node| node.text() == Some("one & two.mp4")));
    }

    #[test]
    fn every_transition_has_its_count() {
        let svg = transitions_svg(&Ethogram::of(&labelled()));
        let xml = roxmltree::Document::parse(&svg).unwrap();
        let has = |text: &str| xml.descendants().any(|node| node.text() == Some(text));
        assert!(has("a<b to a<b: 1 of 1") && has("rear to rear: 0 of 0"), "{svg}");
        roxmltree::Document::parse(&raster_svg(&LabelledVideos::default())).unwrap();
    }
}

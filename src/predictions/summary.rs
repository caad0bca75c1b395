//! Statistics of labelled segments for publications: bouts per video, group and class, and transitions between classes.

use std::collections::BTreeMap;

use super::labelled::{LabelledSpan, LabelledVideo, LabelledVideos};
use crate::table::{escape_formula, quoted_cell};

/// The scope of a row of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SummaryScope {
    /// A video.
    Video(String),
    /// The videos of a group.
    Group(String),
    /// All videos with segments.
    All,
}

/// Statistics of the bouts of a class in one or several videos. Overlapping segments of one class count as separate
/// bouts, but their time counts once.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSummary {
    /// Scope.
    pub scope: SummaryScope,
    /// Number of videos in the scope.
    pub videos: usize,
    /// Name of the class.
    pub class: String,
    /// Number of bouts.
    pub count: usize,
    /// Duration of frames with the class, seconds.
    pub total_secs: f64,
    /// Mean duration of a bout in seconds; `None` without bouts, like the next two.
    pub mean_secs: Option<f64>,
    /// Median duration of a bout, seconds.
    pub median_secs: Option<f64>,
    /// Latency: seconds from the start of a video to the first bout; for several videos, the mean over those with one.
    pub latency_secs: Option<f64>,
    /// Bouts per minute of video; `None` if the videos have no duration.
    pub per_minute: Option<f64>,
    /// Fraction of the duration of the videos.
    pub share: Option<f64>,
    /// Duration of the videos, seconds.
    pub video_secs: f64,
    /// Duration with any label, including background, seconds.
    pub labelled_secs: f64,
}

/// A bout of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledBout {
    /// Name of its video.
    pub video: String,
    /// Group of the video.
    pub group: String,
    /// Index of its class among the names.
    pub class: usize,
    /// Its first frame, and the frame after its last one.
    pub frames: [usize; 2],
    /// Start and end, seconds on the clock of the file.
    pub secs: [f64; 2],
}

/// Statistics of labelled videos.
#[derive(Debug, Clone, PartialEq)]
pub struct Ethogram {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// A row per class for every video, for every group and for all videos together.
    pub rows: Vec<ClassSummary>,
    /// All bouts, by video and start.
    pub bouts: Vec<LabelledBout>,
    /// Transition matrix: number of times that a bout of a class (row) is followed by one of a class (column) in the
    /// same video, ordered by start.
    pub transitions: Vec<Vec<usize>>,
    /// Videos without segments, which are not counted anywhere.
    pub without_segments: usize,
}

/// Statistics of a class in one video.
struct InVideo {
    lengths: Vec<f64>,
    total_secs: f64,
    latency_secs: Option<f64>,
}

/// The classes of a video, and its duration.
struct VideoFigures<'a> {
    video: &'a LabelledVideo,
    video_secs: f64,
    labelled_secs: f64,
    classes: Vec<InVideo>,
}

impl Ethogram {
    /// Returns the statistics of the segments of `labelled`; labels of whole clips are not bouts.
    pub fn of(labelled: &LabelledVideos) -> Self {
        let classes = &labelled.classes;
        let (with, without): (Vec<_>, Vec<_>) = labelled.videos.iter().partition(|video| !video.spans.is_empty());
        let figures: Vec<VideoFigures<'_>> = with.iter().map(|video| VideoFigures::of(video, classes.len())).collect();
        let mut rows = Vec::new();
        for one in &figures {
            rows.extend(summaries(&SummaryScope::Video(one.video.video.clone()), &[one], classes));
        }
        let mut groups: BTreeMap<&str, Vec<&VideoFigures<'_>>> = BTreeMap::new();
        for one in figures.iter().filter(|one| !one.video.group.is_empty()) {
            groups.entry(&one.video.group).or_default().push(one);
        }
        for (group, videos) in &groups {
            rows.extend(summaries(&SummaryScope::Group((*group).to_owned()), videos, classes));
        }
        rows.extend(summaries(&SummaryScope::All, &figures.iter().collect::<Vec<_>>(), classes));
        let bouts: Vec<LabelledBout> = with.iter().flat_map(|video| bouts_of(video)).collect();
        let mut transitions = vec![vec![0; classes.len()]; classes.len()];
        for pair in bouts.windows(2).filter(|pair| pair[0].video == pair[1].video) {
            transitions[pair[0].class][pair[1].class] += 1;
        }
        Self { classes: classes.clone(), rows, bouts, transitions, without_segments: without.len() }
    }

    /// Returns the rows of all videos together.
    pub fn overall(&self) -> impl Iterator<Item = &ClassSummary> {
        self.rows.iter().filter(|row| row.scope == SummaryScope::All)
    }

    /// Returns the summaries as CSV; undefined figures are empty cells.
    pub fn summary_csv(&self) -> String {
        let mut text =
            "scope,name,videos,class,count,total_s,mean_s,median_s,latency_s,per_minute,share,video_s,labelled_s\n"
                .to_owned();
        for row in &self.rows {
            let (scope, name) = match &row.scope {
                SummaryScope::Video(name) => ("video", name.as_str()),
                SummaryScope::Group(name) => ("group", name.as_str()),
                SummaryScope::All => ("all", ""),
            };
            let optional = |value: Option<f64>| value.map(decimals).unwrap_or_default();
            let cells = [
                scope.into(),
                cell(name),
                row.videos.to_string(),
                cell(&row.class),
                row.count.to_string(),
                decimals(row.total_secs),
                optional(row.mean_secs),
                optional(row.median_secs),
                optional(row.latency_secs),
                optional(row.per_minute),
                optional(row.share),
                decimals(row.video_secs),
                decimals(row.labelled_secs),
            ];
            text += &(cells.join(",") + "\n");
        }
        text
    }

    /// Returns all bouts as CSV, one per row.
    pub fn bouts_csv(&self) -> String {
        let mut text = "video,group,class,start_frame,end_frame,start_s,end_s,length_s\n".to_owned();
        for LabelledBout { video, group, class, frames: [first, after], secs: [start, end] } in &self.bouts {
            let [video, group, class] = [video, group, &self.classes[*class]].map(|name| cell(name));
            let [start, end, length] = [*start, *end, end - start].map(decimals);
            text += &format!("{video},{group},{class},{first},{after},{start},{end},{length}\n");
        }
        text
    }

    /// Returns the transition matrix as CSV: from the class of the row to that of the column.
    pub fn transitions_csv(&self) -> String {
        let names: Vec<String> = self.classes.iter().map(|name| cell(name)).collect();
        let mut text = format!("from,{}\n", names.join(","));
        for (name, row) in names.iter().zip(&self.transitions) {
            let counts: Vec<String> = row.iter().map(usize::to_string).collect();
            text += &format!("{name},{}\n", counts.join(","));
        }
        text
    }
}

impl<'a> VideoFigures<'a> {
    fn of(video: &'a LabelledVideo, classes: usize) -> Self {
        let of_class = |class: usize| {
            let own = video.spans.iter().filter(|span| span.class == Some(class));
            let secs: Vec<[f64; 2]> = own.clone().map(|span| video.times.span_secs(&span.frames)).collect();
            InVideo {
                lengths: secs.iter().map(|[start, end]| end - start).collect(),
                total_secs: covered_secs(video, own),
                latency_secs: secs.iter().map(|[start, _]| start - video.times.start_secs()).reduce(f64::min),
            }
        };
        Self {
            video,
            video_secs: video.times.duration_secs(),
            labelled_secs: covered_secs(video, video.spans.iter()),
            classes: (0..classes).map(of_class).collect(),
        }
    }
}

/// Returns the duration of the frames in the union of `spans`, seconds.
fn covered_secs<'a>(video: &LabelledVideo, spans: impl Iterator<Item = &'a LabelledSpan>) -> f64 {
    let mut frames: Vec<_> = spans.map(|span| span.frames.clone()).collect();
    frames.sort_by_key(|frames| frames.start);
    let (mut covered, mut reached) = (0.0, 0);
    for own in frames {
        let [start, end] = video.times.span_secs(&(own.start.max(reached)..own.end.max(reached)));
        covered += end - start;
        reached = reached.max(own.end);
    }
    covered
}

fn bouts_of(video: &LabelledVideo) -> Vec<LabelledBout> {
    let known = video.spans.iter().filter_map(|span| Some((span.class?, span)));
    let bout = |(class, span): (usize, &LabelledSpan)| LabelledBout {
        video: video.video.clone(),
        group: video.group.clone(),
        class,
        frames: [span.frames.start, span.frames.end],
        secs: video.times.span_secs(&span.frames),
    };
    let mut bouts: Vec<LabelledBout> = known.map(bout).collect();
    bouts.sort_by_key(|bout| (bout.frames, bout.class));
    bouts
}

fn summaries(scope: &SummaryScope, videos: &[&VideoFigures<'_>], classes: &[String]) -> Vec<ClassSummary> {
    let video_secs: f64 = videos.iter().map(|one| one.video_secs).sum();
    let labelled_secs = videos.iter().map(|one| one.labelled_secs).sum();
    let of_class = |(place, class): (usize, &String)| {
        let own = videos.iter().map(|one| &one.classes[place]);
        let lengths: Vec<f64> = own.clone().flat_map(|one| one.lengths.iter().copied()).collect();
        let latencies: Vec<f64> = own.clone().filter_map(|one| one.latency_secs).collect();
        let total_secs: f64 = own.map(|one| one.total_secs).sum();
        let has_time = video_secs > 0.0;
        ClassSummary {
            scope: scope.clone(),
            videos: videos.len(),
            class: class.clone(),
            count: lengths.len(),
            total_secs,
            mean_secs: mean(&lengths),
            latency_secs: mean(&latencies),
            per_minute: has_time.then(|| lengths.len() as f64 * 60.0 / video_secs),
            share: has_time.then(|| total_secs / video_secs),
            median_secs: median(lengths),
            video_secs,
            labelled_secs,
        }
    };
    classes.iter().enumerate().map(of_class).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { (values[middle - 1] + upper) / 2.0 } else { upper })
}

/// Returns a number with at most six decimals, without trailing zeros.
pub(super) fn decimals(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns a text as a cell that spreadsheets do not interpret as a formula.
pub(super) fn cell(text: &str) -> String {
    quoted_cell(&escape_formula(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_times::FrameTimes;

    fn video(name: &str, group: &str, frames: usize, spans: &[(Option<usize>, [usize; 2])]) -> LabelledVideo {
        let spans = spans.iter().map(|&(class, [start, end])| LabelledSpan { class, frames: start..end });
        LabelledVideo {
            video: name.into(),
            file: std::path::PathBuf::new(),
            group: group.into(),
            hash: String::new(),
            times: FrameTimes::even(frames, 10.0, 0.5).unwrap(),
            spans: spans.collect(),
            whole: Vec::new(),
        }
    }

    fn example() -> Ethogram {
        let videos = vec![
            video(
                "a, 1.mp4",
                "cage",
                600,
                &[
                    (Some(0), [20, 40]),
                    (Some(1), [40, 50]),
                    (None, [50, 90]),
                    (Some(0), [100, 110]),
                    (Some(0), [200, 260]),
                ],
            ),
            video("b.mp4", "cage", 300, &[(Some(1), [100, 130])]),
            video("c.mp4", "", 300, &[]),
        ];
        let classes = vec!["walk".into(), "rear".into(), "groom".into()];
        Ethogram::of(&LabelledVideos { classes, colors: vec![[0; 3]; 3], videos, ..LabelledVideos::default() })
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} for {expected}");
    }

    /// By hand: walks of 2, 1 and 6 s in a minute of video, the first after 2 s though the clock starts at 0.5 s.
    #[test]
    fn bouts_of_a_video_are_counted_and_measured() {
        let ethogram = example();
        let walk = &ethogram.rows[0];
        assert_eq!((walk.count, walk.videos, &*walk.class), (3, 1, "walk"));
        assert!((walk.total_secs - 9.0).abs() < 1e-9 && (walk.labelled_secs - 14.0).abs() < 1e-9);
        for (found, expected) in [
            (walk.mean_secs, 3.0),
            (walk.median_secs, 2.0),
            (walk.latency_secs, 2.0),
            (walk.per_minute, 3.0),
            (walk.share, 0.15),
        ] {
            close(found, expected);
        }
    }

    /// By hand: rears of 1 s after 4 s and of 3 s after 10 s, in 90 s of two videos.
    #[test]
    fn a_group_is_its_videos_together() {
        let ethogram = example();
        let group = SummaryScope::Group("cage".into());
        let rear = ethogram.rows.iter().find(|row| row.scope == group && row.class == "rear").unwrap();
        assert_eq!((rear.count, rear.videos, rear.video_secs), (2, 2, 90.0));
        for (found, expected) in
            [(rear.mean_secs, 2.0), (rear.median_secs, 2.0), (rear.latency_secs, 7.0), (rear.per_minute, 4.0 / 3.0)]
        {
            close(found, expected);
        }
        assert_eq!(ethogram.without_segments, 1, "it counts nowhere");
    }

    #[test]
    fn a_class_that_is_never_shown_has_no_lengths() {
        let ethogram = example();
        let groom = ethogram.overall().find(|row| row.class == "groom").unwrap();
        assert_eq!((groom.count, groom.total_secs, groom.mean_secs, groom.latency_secs), (0, 0.0, None, None));
        assert!(ethogram.summary_csv().ends_with("all,,2,groom,0,0,,,,0,0,90,17\n"), "{}", ethogram.summary_csv());
        let nothing = Ethogram::of(&LabelledVideos { classes: vec!["walk".into()], ..LabelledVideos::default() });
        assert_eq!((nothing.rows[0].share, nothing.rows[0].per_minute), (None, None));
    }

    #[test]
    fn transitions_follow_the_starts_within_a_video() {
        let ethogram = example();
        assert_eq!(
            ethogram.transitions,
            [[1, 1, 0], [1, 0, 0], [0, 0, 0]],
            "walk, rear, walk, walk; then another video"
        );
        assert_eq!(ethogram.transitions_csv(), "from,walk,rear,groom\nwalk,1,1,0\nrear,1,0,0\ngroom,0,0,0\n");
        let bouts = ethogram.bouts_csv();
        assert_eq!(bouts.lines().nth(1), Some("\"a, 1.mp4\",cage,walk,20,40,2.5,4.5,2"));
        assert_eq!(bouts.lines().count(), 6);
    }

    #[test]
    fn time_with_two_segments_of_a_class_counts_once() {
        let videos = vec![video("a.mp4", "", 100, &[(Some(0), [0, 40]), (Some(0), [20, 60])])];
        let labelled = LabelledVideos { classes: vec!["walk".into()], videos, ..LabelledVideos::default() };
        let walk = &Ethogram::of(&labelled).rows[0];
        assert!((walk.total_secs - 6.0).abs() < 1e-9);
        close(walk.mean_secs, 4.0);
    }
}

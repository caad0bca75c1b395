//! Simultaneous classes: overlapping segments become multi-label clips.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Dataset, LabelledClip};

/// Segments whose ends differ by less count as changing together: times come from text with limited decimals.
const SAME_SECS: f64 = 1e-4;

impl Dataset {
    /// Returns the data set for a multi-label network: every video is cut where its set of classes changes, and each
    /// part becomes one clip with all of them. Rows of whole videos become one clip per video.
    ///
    /// Clips are in the order in which their videos first occur; those of a video are in order of time, whole ones
    /// first.
    pub fn cut_at_changes(self) -> Self {
        let mut places = BTreeMap::new();
        let mut videos: Vec<(PathBuf, Vec<LabelledClip>)> = Vec::new();
        for clip in self.clips {
            let place = *places.entry(clip.path.clone()).or_insert(videos.len());
            if place == videos.len() {
                videos.push((clip.path.clone(), Vec::new()));
            }
            videos[place].1.push(clip);
        }
        let clips = videos.into_iter().flat_map(|(_, clips)| cut(&clips)).collect();
        Self { clips, ..self }
    }
}

/// Returns the clips of one video, cut where the set of classes changes.
fn cut(clips: &[LabelledClip]) -> Vec<LabelledClip> {
    let whole: Vec<&LabelledClip> = clips.iter().filter(|clip| clip.segment_secs.is_none()).collect();
    let parts = clips.iter().filter_map(|clip| Some((clip, clip.segment_secs?)));
    let parts: Vec<(&LabelledClip, [f64; 2])> = parts.collect();
    let mut edges: Vec<f64> = parts.iter().flat_map(|(_, span)| *span).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|next, edge| *next - *edge < SAME_SECS);
    let between = |edges: &[f64]| {
        let middle = (edges[0] + edges[1]) / 2.0;
        let here = parts.iter().filter(|(_, [start, end])| *start < middle && middle < *end);
        let here: Vec<&LabelledClip> = here.map(|(clip, _)| *clip).collect();
        together(&here, Some([edges[0], edges[1]]))
    };
    let of_parts = edges.windows(2).filter_map(between);
    together(&whole, None).into_iter().chain(of_parts).collect()
}

/// Returns one clip with all classes of `clips`, at `segment_secs`; `None` without clips.
fn together(clips: &[&LabelledClip], segment_secs: Option<[f64; 2]>) -> Option<LabelledClip> {
    let first = clips.first()?;
    let mut shown: BTreeSet<usize> = clips.iter().flat_map(|clip| clip.shown()).collect();
    let label = shown.pop_first()?;
    let group = clips.iter().find_map(|clip| clip.group.clone());
    Some(LabelledClip { path: first.path.clone(), label, segment_secs, group, also: shown.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(path: &str, label: usize, segment_secs: Option<[f64; 2]>) -> LabelledClip {
        LabelledClip { path: path.into(), label, segment_secs, group: Some("hall".into()), also: Vec::new() }
    }

    fn cut_clips(clips: Vec<LabelledClip>) -> Vec<(String, Vec<usize>, Option<[f64; 2]>)> {
        let dataset = Dataset { classes: ["a", "b", "c"].map(str::to_owned).to_vec(), clips, ambiguous: Vec::new() };
        let clips = dataset.cut_at_changes().clips.into_iter();
        clips.map(|clip| (clip.path.to_string_lossy().into_owned(), clip.shown(), clip.segment_secs)).collect()
    }

    #[test]
    fn overlapping_segments_become_parts_with_all_their_classes() {
        let found = cut_clips(vec![
            clip("v.mp4", 2, Some([1.0, 3.0])),
            clip("w.mp4", 1, Some([0.0, 1.0])),
            clip("v.mp4", 0, Some([2.0, 5.0])),
            clip("v.mp4", 0, Some([7.0, 8.0])),
        ]);
        let part = |path: &str, shown: &[usize], span| (path.to_owned(), shown.to_vec(), Some(span));
        let of_v = [
            part("v.mp4", &[2], [1.0, 2.0]),
            part("v.mp4", &[0, 2], [2.0, 3.0]),
            part("v.mp4", &[0], [3.0, 5.0]),
            part("v.mp4", &[0], [7.0, 8.0]),
        ];
        assert_eq!(found, [&of_v[..], &[part("w.mp4", &[1], [0.0, 1.0])]].concat(), "what is not labelled is no clip");
    }

    #[test]
    fn ends_that_differ_by_rounding_leave_no_sliver() {
        let found = cut_clips(vec![clip("v.mp4", 0, Some([1.0, 3.0])), clip("v.mp4", 1, Some([1.0, 3.000_04]))]);
        assert_eq!(found, [("v.mp4".to_owned(), vec![0, 1], Some([1.0, 3.0]))]);
    }

    #[test]
    fn rows_of_a_whole_video_become_one_clip() {
        let found = cut_clips(vec![clip("v.mp4", 2, None), clip("v.mp4", 0, None), clip("w.mp4", 1, None)]);
        assert_eq!(found, [("v.mp4".to_owned(), vec![0, 2], None), ("w.mp4".to_owned(), vec![1], None)]);
    }
}

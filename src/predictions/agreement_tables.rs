//! Tables of an agreement as CSV.

use super::agreement::{Agreement, Disagreement};
use super::summary::{cell, decimals};

/// Returns the confusion matrix: frames by the label of `a` (rows) and `b` (columns).
pub fn confusion_csv(agreement: &Agreement) -> String {
    let names: Vec<String> = agreement.labels.iter().map(|name| cell(name)).collect();
    let mut text = format!("a \\ b,{}\n", names.join(","));
    for (name, row) in names.iter().zip(&agreement.confusion.counts) {
        let counts: Vec<String> = row.iter().map(usize::to_string).collect();
        text += &format!("{name},{}\n", counts.join(","));
    }
    text
}

/// Returns the intervals with different labels, one per row.
pub fn disagreements_csv(agreement: &Agreement) -> String {
    let mut text = "video,start_frame,end_frame,start_s,end_s,a,b\n".to_owned();
    for Disagreement { video, start_frame, end_frame, start_secs, end_secs, a, b } in &agreement.disagreements {
        let [video, a, b] = [video, a, b].map(|name| cell(name));
        let [start, end] = [*start_secs, *end_secs].map(decimals);
        text += &format!("{video},{start_frame},{end_frame},{start},{end},{a},{b}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame_times::FrameTimes;
    use crate::predictions::{LabelledSpan, TwiceLabelled, Unlabelled};

    #[test]
    fn tables_name_the_classes_of_both() {
        let times = FrameTimes::even(10, 10.0, 0.0).unwrap();
        let span = |class| vec![LabelledSpan { class, frames: 2..6 }];
        let video = TwiceLabelled { video: "a, b.mp4", times: &times, a: span(Some(0)), b: span(None) };
        let agreement = Agreement::of(&["=walk".into()], &[video], Unlabelled::Excluded, &[0.5]);
        assert_eq!(confusion_csv(&agreement), "a \\ b,'=walk,background\n'=walk,0,4\nbackground,0,0\n");
        let expected = "video,start_frame,end_frame,start_s,end_s,a,b\n\"a, b.mp4\",2,6,0.2,0.6,'=walk,background\n";
        assert_eq!(disagreements_csv(&agreement), expected);
    }
}

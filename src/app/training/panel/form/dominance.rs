//! Classes nearly all of whose clips come from one recording: what is measured of them is about that recording.

use super::listing::ClassShare;

/// Share of a class's clips from which on one recording dominates it, in per cent.
const DOMINANT_PERCENT: usize = 80;
/// Fewest clips of a class of which that is said.
const FEWEST: usize = 5;
/// Most classes that are named.
const NAMED: usize = 3;

/// Returns which classes one of several recordings dominates, and what to do about it. Of classes of a single recording another
/// message says so.
pub(super) fn dominance_text(classes: &[ClassShare]) -> Option<String> {
    let is_dominated = |class: &&ClassShare| {
        class.recordings > 1 && class.clips >= FEWEST && 100 * class.largest >= DOMINANT_PERCENT * class.clips
    };
    let dominated: Vec<&ClassShare> = classes.iter().filter(is_dominated).collect();
    let name = |class: &&ClassShare| format!("{} ({} of {})", class.name, class.largest, class.clips);
    let named: Vec<String> = dominated.iter().take(NAMED).map(name).collect();
    let more = match dominated.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!(
            "One recording has nearly all clips of {}{more}. Label clips of other recordings, or accuracy says little about new videos.",
            named.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_one_of_several_recordings_dominates_is_named() {
        let class = |name: &str, clips, recordings, largest| ClassShare {
            name: name.into(),
            clips,
            recordings,
            largest,
            held: 0,
        };
        assert_eq!(dominance_text(&[]), None);
        for even in [class("wave", 10, 3, 7), class("wave", 10, 1, 10), class("wave", 4, 2, 4)] {
            assert_eq!(dominance_text(std::slice::from_ref(&even)), None, "{even:?}");
        }
        let text = dominance_text(&[class("wave", 10, 2, 8), class("clap", 10, 5, 2)]).unwrap();
        assert!(text.starts_with("One recording has nearly all clips of wave (8 of 10). Label"), "{text}");
        let many: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| class(name, 5, 2, 4)).into();
        assert!(dominance_text(&many).unwrap().contains("c (4 of 5) and 2 more."));
    }
}

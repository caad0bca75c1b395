//! Classes that differ only in left and right, which random mirroring of clips confuses.

use super::listing::{ListingPlace, Problem, ProblemKind};

/// Returns a note on the first two classes that are mirror images of each other.
pub fn mirrored_classes(classes: &[String]) -> Option<String> {
    let words: Vec<Vec<String>> = classes.iter().map(|class| words(class)).collect();
    let twin = |words: &Vec<String>| words.iter().map(|word| other_side(word).to_owned()).collect::<Vec<String>>();
    let (left, right) = words.iter().enumerate().find_map(|(left, of_left)| {
        let right = words.iter().position(|of_right| *of_right == twin(of_left)).filter(|right| *right > left)?;
        Some((left, right))
    })?;
    let [left, right] = [left, right].map(|label| &classes[label]);
    Some(format!("training mirrors half of the clips, which swaps '{right}' and '{left}'"))
}

pub(super) fn note(classes: &[String], place: &ListingPlace) -> Option<Problem> {
    let cause = mirrored_classes(classes)?;
    let remedy = "Expect confusion between them, or merge them into one class";
    Some(place.problem(ProblemKind::Label, &cause, remedy))
}

fn other_side(word: &str) -> &str {
    match word {
        "left" => "right",
        "right" => "left",
        "l" => "r",
        "r" => "l",
        _ => word,
    }
}

/// Returns the words of a name in lower case: the same for `TurnLeft`, `turn_left` and `turn left`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is a first word").extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(classes: &[&str]) -> Option<String> {
        mirrored_classes(&classes.iter().map(|class| (*class).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn pairs_of_left_and_right_are_told_and_others_not() {
        assert!(said(&["wave", "swipe left", "swipe_right"]).unwrap().contains("swaps 'swipe_right' and 'swipe left'"));
        assert!(said(&["TurnRight", "turn left"]).is_some() && said(&["hand R up", "hand l up"]).is_some());
        for classes in
            [&["left", "wave"][..], &["bright", "light"], &["turn left", "swipe right"], &["copyright", "cleft"], &[]]
        {
            assert_eq!(said(classes), None, "{classes:?}");
        }
    }
}

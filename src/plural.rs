//! Counted nouns in English.

/// Returns a number with its noun: `1 video`, `2 classes`, `0 entries`. The last word of `noun` is put in the plural.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {}", plural(noun)) }
}

fn plural(noun: &str) -> String {
    if ["s", "x", "ch", "sh"].iter().any(|end| noun.ends_with(end)) {
        return format!("{noun}es");
    }
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clip_is_no_clips() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "clip")), ["0 clips", "1 clip", "2 clips"]);
        assert_eq!(
            ["class", "box", "entry", "key"].map(|noun| counted(3, noun)),
            ["3 classes", "3 boxes", "3 entries", "3 keys"]
        );
        assert_eq!([counted(1, "ambiguous segment"), counted(2, "batch")], ["1 ambiguous segment", "2 batches"]);
    }
}

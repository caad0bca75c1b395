//! A search for files that may be duplicates.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;

use super::super::content::Content;

/// Returns the contents of the files of which another has the same length; the others cannot be copies and are not read.
/// Folders of pictures are left out.
pub(super) fn contents_of_twins(paths: &[PathBuf]) -> HashMap<PathBuf, Content> {
    let mut by_length: HashMap<u64, Vec<&PathBuf>> = HashMap::new();
    for path in paths {
        if let Ok(facts) = fs::metadata(path)
            && facts.is_file()
        {
            by_length.entry(facts.len()).or_default().push(path);
        }
    }
    let twins: Vec<_> = by_length.into_values().filter(|paths| paths.len() > 1).flatten().collect();
    twins.into_par_iter().filter_map(|path| Some((path.clone(), Content::of(path).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_the_same_and_others_not() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<_> = [("a", "wave"), ("b", "wave"), ("c", "walk"), ("d", "longer")]
            .map(|(name, content)| {
                let path = dir.path().join(name);
                fs::write(&path, content).unwrap();
                path
            })
            .into();
        let found = contents_of_twins(&paths);
        assert_eq!(found.len(), 3, "nothing is as long as the last one");
        assert!(found[&paths[0]] == found[&paths[1]] && found[&paths[0]] != found[&paths[2]]);
    }
}

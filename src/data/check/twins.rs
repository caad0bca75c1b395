//! Detection of files that may be duplicates.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files that share their length with another; the others cannot be copies and need not be read. Folders of
/// pictures are left out.
pub(super) fn twins(paths: &[PathBuf]) -> HashSet<&Path> {
    let mut by_length: HashMap<u64, Vec<&Path>> = HashMap::new();
    for path in paths {
        if let Ok(facts) = fs::metadata(path)
            && facts.is_file()
        {
            by_length.entry(facts.len()).or_default().push(path);
        }
    }
    by_length.into_values().filter(|paths| paths.len() > 1).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_equal_length_may_be_copies() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<_> = [("a", "wave"), ("b", "wave"), ("c", "walk"), ("d", "longer")]
            .map(|(name, content)| {
                let path = dir.path().join(name);
                fs::write(&path, content).unwrap();
                path
            })
            .into();
        let found = twins(&paths);
        assert_eq!(found, paths[..3].iter().map(PathBuf::as_path).collect(), "nothing is as long as the last one");
    }
}

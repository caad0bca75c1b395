//! Which files may be copies of each other.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

/// Length and hash of a file's content.
pub(super) type Fingerprint = (u64, u64);

/// The fingerprints of the files of which another has the same length; the others cannot be copies and are not read.
/// Folders of pictures have none.
pub(super) fn fingerprints(paths: &[PathBuf]) -> HashMap<PathBuf, Fingerprint> {
    let mut by_length: HashMap<u64, Vec<&PathBuf>> = HashMap::new();
    for path in paths {
        if let Ok(facts) = fs::metadata(path)
            && facts.is_file()
        {
            by_length.entry(facts.len()).or_default().push(path);
        }
    }
    let twins: Vec<_> = by_length
        .into_iter()
        .filter(|(_, paths)| paths.len() > 1)
        .flat_map(|(length, paths)| paths.into_iter().map(move |path| (length, path)))
        .collect();
    twins.into_par_iter().filter_map(|(length, path)| Some((path.clone(), (length, hash(path).ok()?)))).collect()
}

fn hash(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hasher.finish()),
            length => hasher.write(&block[..length]),
        }
    }
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
        let found = fingerprints(&paths);
        assert_eq!(found.len(), 3, "nothing is as long as the last one");
        assert!(found[&paths[0]] == found[&paths[1]] && found[&paths[0]] != found[&paths[2]]);
    }
}

//! Canonical paths, which do not depend on the current folder of a program.

use std::path::{Component, Path, PathBuf};

/// Returns the canonical form of a path that can be written in several ways: `clips/a.avi`, `./clips/a.avi` and
/// `../here/clips/a.avi`. Links are not followed, since the clips of an old run may be on a disk that is not connected.
pub(super) fn located(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut located = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => _ = located.pop(),
            part => located.push(part),
        }
    }
    located
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_name_however_it_is_spelt() {
        let here = std::env::current_dir().unwrap();
        let name = here.file_name().unwrap().to_str().unwrap();
        for spelt in ["clips/a.avi".into(), "./clips/a.avi".into(), format!("../{name}/clips/b/../a.avi")] {
            assert_eq!(located(Path::new(&spelt)), here.join("clips/a.avi"), "{spelt}");
        }
    }
}

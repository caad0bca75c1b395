//! Folders of files shipped with the program: beside it in an unpacked archive, under `share` in an installation.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the possible paths of the shipped folder `name`: next to the executable, and in `share/motionscope` beside
/// the executable's folder, such as `/usr/share/motionscope` for `/usr/bin`.
pub(crate) fn places(name: &str) -> Vec<PathBuf> {
    env::current_exe().map(|executable| places_of(&executable, name)).unwrap_or_default()
}

fn places_of(executable: &Path, name: &str) -> Vec<PathBuf> {
    let folder = executable.parent();
    let shared = folder.and_then(Path::parent).map(|prefix| prefix.join("share/motionscope"));
    folder.map(Path::to_owned).into_iter().chain(shared).map(|place| place.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_files_are_beside_the_program_or_in_share() {
        let [unpacked, installed] = ["/opt/ms/motionscope", "/usr/bin/motionscope"].map(Path::new);
        assert_eq!(places_of(unpacked, "models")[0], Path::new("/opt/ms/models"));
        assert_eq!(places_of(installed, "models")[1], Path::new("/usr/share/motionscope/models"));
        assert_eq!(places("docs").len(), 2, "the test's own program");
    }
}

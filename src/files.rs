//! Opening of files named by users, without blocking on a named pipe without a writer or a device without an end.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::Endless;

/// Pipes of the shell, and empty files.
const HARMLESS: [&str; 5] = ["/dev/stdin", "/dev/null", "/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];

/// Opens the file at `path` for reading.
///
/// # Errors
/// What the operating system reports, and if `path` is a named pipe or a device, except those that the shell connects
/// to the program.
pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<File> {
    let path = path.as_ref();
    if is_endless(path) { Err(io::Error::other(Endless)) } else { File::open(path) }
}

/// Returns whether `path` is a named pipe or a device, except those that the shell connects to the program.
pub(crate) fn is_endless(path: &Path) -> bool {
    let is_harmless = HARMLESS.iter().any(|harmless| path.starts_with(harmless));
    !is_harmless && fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

/// Returns the content of the file at `path`.
///
/// # Errors
/// Same as [`open`].
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::with_capacity(file.metadata().map_or(0, |facts| facts.len() as usize));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the content of the file at `path` as UTF-8 text.
///
/// # Errors
/// Same as [`open`], and if it is not valid UTF-8.
pub(crate) fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_and_a_folder_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        fs::write(&path, "wave").unwrap();
        assert_eq!((read(&path).unwrap(), read_to_string(&path).unwrap()), (b"wave".to_vec(), "wave".into()));
        assert_eq!(open(dir.path().join("b.txt")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(read(dir.path()).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn pipes_and_devices_are_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("a.txt");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link, Path::new("/dev/zero")] {
            let error = crate::error::Error::io(path, &open(path).unwrap_err());
            assert!(error.cause.contains("pipe or a device") && error.remedy.contains("/dev/stdin"), "{error}");
        }
        assert!(read(Path::new("/dev/null")).unwrap().is_empty());
    }
}

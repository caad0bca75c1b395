//! Atomic file writes: at any time a file has either the old or the complete new content.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf, absolute};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Prefix and suffix of the names of incomplete files.
pub(crate) const PREFIX: &str = ".motionscope-";
pub(crate) const SUFFIX: &str = ".partial";

/// Writes a file beside `path` with `write` and renames it to `path`. The content is synced to the disk before the old
/// file is replaced; a symbolic link at `path` is followed.
///
/// # Errors
/// If the folder cannot be written to; an existing file at `path` is unchanged.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<()> {
    let staged = stage(path, write)?;
    staged.as_file().sync_all().map_err(|error| Error::io(path, &error))?;
    publish(staged, path)?;
    resolve(path).parent().into_iter().for_each(sync_names);
    Ok(())
}

/// Like [`replace`], but without syncing, for data that can be recreated: after a power failure the file may be empty.
///
/// # Errors
/// Same as [`replace`].
pub(crate) fn replace_unsynced(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<()> {
    publish(stage(path, write)?, path)
}

/// Writes a file with `write` to `path` unless there is one, in one step. Returns whether it was written.
///
/// # Errors
/// If the folder cannot be written to.
pub(crate) fn create(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<bool> {
    let staged = stage(path, write)?;
    staged.as_file().sync_all().map_err(|error| Error::io(path, &error))?;
    match staged.persist_noclobber(path) {
        Ok(_) => path.parent().into_iter().for_each(sync_names),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        // A disk without hard links.
        Err(error) => publish(error.file, path)?,
    }
    Ok(true)
}

/// Has the disk confirm the names of the files in `folder`.
pub(crate) fn sync_names(folder: &Path) {
    // Folders cannot be opened like files on Windows, where renaming is durable by itself.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Maximum length of a chain of symbolic links.
const MOST_LINKS: usize = 40;

/// Returns the file that a write to `path` changes: absolute, with symbolic links resolved, even if it does not exist
/// yet.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    // If the current folder was removed, the path cannot be made absolute.
    let Ok(mut path) = absolute(path) else { return path.to_owned() };
    for _ in 0..MOST_LINKS {
        if let Ok(real) = fs::canonicalize(&path) {
            return real;
        }
        let Ok(link) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolve(folder).join(name),
        // The path ends with `..`.
        (Some(folder), None) => {
            let mut folder = resolve(folder);
            folder.pop();
            folder
        }
        (None, _) => path,
    }
}

/// Returns whether `path`, with links followed, is neither a file nor a folder but a device or a pipe.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

/// Returns the error for a special file at `path`, which is not replaced.
pub(crate) fn not_replaced(path: &Path) -> Error {
    Error::file(
        path,
        "it is a device or a pipe, which no file may replace",
        "Choose another name or folder to write to",
    )
}

/// Creates a file beside `path` with the content from `write`, to be moved there by [`publish`].
pub(crate) fn stage(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<NamedTempFile> {
    let resolved = resolve(path);
    if is_special(&resolved) {
        return Err(not_replaced(path));
    }
    let folder = resolved.parent().unwrap_or(Path::new("/"));
    let staged = || {
        let file = new_partial(folder)?;
        keep_rights(file.path(), &resolved); // before anything is in it
        let mut writer = BufWriter::new(file.as_file());
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        Ok(file)
    };
    staged().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => Error::no_folder(path, folder),
        _ => Error::io(path, &error),
    })
}

/// Creates a new hidden file in `folder`, locked so that no other process removes it as stale.
fn new_partial(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask, like any file
        let file = builder.tempfile_in(folder)?;
        if !cfg!(unix) {
            return Ok(file); // Locks would keep the file from being moved there.
        }
        let _ = file.as_file().lock(); // Fails on disks without locks, where stale files are not removed either.
        // Another process may have removed it before it was locked.
        if file.path().exists() {
            return Ok(file);
        }
    }
}

/// Gives the file at `new`, which is to replace `old`, the permissions and, if permitted, the group of `old`. If the
/// group cannot be kept, the new group gets the permissions of others. Has no effect on disks without permissions.
#[cfg(unix)]
pub(crate) fn keep_rights(new: &Path, old: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let (Ok(was), Ok(now)) = (fs::metadata(old), fs::metadata(new)) else { return };
    let mut mode = was.mode() & 0o777;
    if was.gid() != now.gid() && chown(new, None, Some(was.gid())).is_err() {
        mode = mode & 0o707 | (mode & 0o007) << 3;
    }
    let _ = fs::set_permissions(new, fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
pub(crate) fn keep_rights(_new: &Path, _old: &Path) {}

/// Moves a staged file to `path`.
pub(crate) fn publish(staged: NamedTempFile, path: &Path) -> Result<()> {
    let resolved = resolve(path);
    if is_special(&resolved) {
        return Err(not_replaced(path));
    }
    staged.persist(resolved).map(drop).map_err(|error| Error::io(path, &error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_link_is_written_through_and_a_new_file_has_the_rights_of_any() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        symlink(at("disk/new.csv"), at("dangling.csv")).unwrap();
        symlink("dangling.csv", at("link.csv")).unwrap();
        for text in ["first", "second"] {
            replace(&at("link.csv"), |writer| writer.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(at("disk/new.csv")).unwrap(), text);
        }
        assert!(at("link.csv").is_symlink() && at("dangling.csv").is_symlink());
        File::create(at("any")).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(at("disk/new.csv")), mode(at("any")));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_is_replaced_keeps_its_rights() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("private.csv");
        fs::write(&path, "old").unwrap();
        for mode in [0o600, 0o640, 0o400, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let gid = fs::metadata(&path).unwrap().gid();
            let staged = stage(&path, |writer| writer.write_all(b"new")).unwrap();
            let facts = staged.as_file().metadata().unwrap();
            assert_eq!((facts.mode() & 0o777, facts.gid()), (mode, gid), "before it is complete, too");
            publish(staged, &path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_named_rather_than_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("missing");
        let error = replace(&folder.join("a.png"), |writer| writer.write_all(b"text")).unwrap_err();
        assert!(
            error.cause.contains(folder.to_str().unwrap()) && error.remedy.starts_with("Create the folder"),
            "{error}"
        );
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_common_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket.csv");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = replace(&path, |writer| writer.write_all(b"text")).unwrap_err();
        assert!(error.cause.contains("a device or a pipe"), "{error}");
        assert!(is_special(&path), "it is still there");
    }

    #[test]
    #[cfg(unix)]
    fn paths_lead_to_the_file_that_would_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(root.join("a")).unwrap();
        std::os::unix::fs::symlink(root.join("a"), root.join("b")).unwrap();
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        for (path, file) in
            [("b/x", "a/x"), ("b/../x", "x"), ("a/new/../x", "a/x"), ("a/new/deep/x", "a/new/deep/x"), ("loop", "loop")]
        {
            assert_eq!(resolve(&root.join(path)), root.join(file), "{path}");
        }
    }
}

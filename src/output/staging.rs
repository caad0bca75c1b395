//! Atomic output of several files: written to a hidden folder and renamed when all of them are complete.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::{Existing, OutputGuard, in_words};
use crate::atomic::{PREFIX, SUFFIX, keep_rights, resolve, sync_names};
use crate::error::{Error, Result};

/// The lock file, held while the program that created the folder uses it.
const LOCK: &str = "lock";
/// The subfolder of new files.
const FILES: &str = "files";
/// The folder of replaced files, until the output is complete.
const REPLACED: &str = "replaced";

/// The hidden folders of this process, to be removed if it ends early.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Results of one command, staged before they are moved into a folder. Dropped without [`Self::publish`], they are
/// removed.
pub struct Staging {
    /// The target folder, as it was named.
    named: PathBuf,
    /// The target folder with links resolved; it need not exist.
    target: PathBuf,
    hidden: Hidden,
}

/// A hidden folder that is removed with its content: when this is dropped or, if the process is killed, by the next
/// process that writes there.
pub struct Hidden {
    dir: TempDir,
    /// Held while the folder is in use.
    _lock: File,
}

impl Hidden {
    /// Creates a hidden folder in `folder`, and removes those that were left behind.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn new(folder: &Path) -> Result<Self> {
        Self::new_for(folder, folder)
    }

    /// Creates a hidden folder on the disk of the file at `path`, so that a file can be moved there by renaming.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn beside(path: &Path) -> Result<Self> {
        Self::new_for(resolve(path).parent().unwrap_or(Path::new("/")), path)
    }

    /// Creates a hidden folder in `folder`; errors name `subject`.
    fn new_for(folder: &Path, subject: &Path) -> Result<Self> {
        remove_stale(folder);
        // Only the kind of the error: the name of the hidden folder means nothing to a person.
        let failed = |error: io::Error| match folder.is_dir() {
            true => Error::not_made(subject, &error.kind().into()),
            false => Error::io(subject, &error.kind().into()),
        };
        hidden_folder(folder).map(|(dir, lock)| Self { dir, _lock: lock }).map_err(failed)
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Staging {
    /// Begins to write into `folder`, which need not exist; leftovers of a process that was killed are removed.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn begin(folder: &Path) -> Result<Self> {
        let (named, target) = (folder.to_owned(), resolve(folder));
        if target.is_relative() {
            let cause = "the current folder no longer exists";
            return Err(Error::file(folder, cause, "Start it in another folder"));
        }
        // On the same disk as the target, so that files can be renamed.
        let home = target.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok()).unwrap_or(Path::new("/"));
        if !home.is_dir() {
            return Err(Error::file(home, "a file of this name is in the way of the folder", "Choose another folder"));
        }
        let hidden = Hidden::new(home)?;
        let files = hidden.path().join(FILES);
        fs::create_dir(&files).map_err(|error| Error::io(home, &error))?;
        Ok(Self { named, target, hidden })
    }

    /// Returns the folder to write to, in place of the target folder. Any sub-folders may be created in it.
    pub fn root(&self) -> PathBuf {
        self.hidden.path().join(FILES)
    }

    /// Returns the path at which to write the file `target` in the output folder; creates its parent folders.
    ///
    /// # Errors
    /// If a folder cannot be created, or `target` is not in the output folder.
    pub fn file(&self, target: &Path) -> Result<PathBuf> {
        let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
        let relative = target.strip_prefix(&self.named).ok().filter(|relative| relative.components().all(is_name));
        let outside = || Error::file(target, "it is outside the output folder", "Choose another name");
        let relative = relative.filter(|relative| relative.file_name().is_some()).ok_or_else(outside)?;
        let staged = self.root().join(relative);
        if let Some(folder) = staged.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
        }
        Ok(staged)
    }

    /// Returns the final paths of the files written so far.
    ///
    /// # Errors
    /// If the hidden folder cannot be read.
    pub fn targets(&self) -> Result<Vec<PathBuf>> {
        let files = files_in(&self.root()).map_err(|error| Error::io(&self.target, &error))?;
        Ok(files.into_iter().map(|file| self.named.join(file)).collect())
    }

    /// Returns a note about files of an earlier run that remain although `guard` replaces files: those in the output
    /// folder that `is_result` recognises and no new file replaces.
    pub fn note_staying(&self, guard: &OutputGuard, is_result: &dyn Fn(&Path) -> bool) -> Option<Error> {
        if guard.existing != Existing::Replace {
            return None;
        }
        // A folder that cannot be read has no files to name.
        let new: BTreeSet<_> = files_in(&self.root()).unwrap_or_default().into_iter().collect();
        // Hidden folders hold files that are being written.
        let is_unfinished =
            |path: &Path| path.iter().next().is_some_and(|first| first.to_string_lossy().starts_with(PREFIX));
        let old = files_in(&self.target).unwrap_or_default().into_iter().filter(|path| !is_unfinished(path));
        let staying: Vec<_> = old.filter(|path| is_result(path) && !new.contains(path)).collect();
        let cause = match staying.len() {
            0 => return None,
            1 => "it is of an earlier run and remains beside the new files",
            _ => "they are of an earlier run and remain beside the new files",
        };
        let staying: Vec<_> = staying.into_iter().map(|path| self.named.join(path)).collect();
        Some(Error::new(in_words(&staying), cause, "Delete what does not belong to the new results"))
    }

    /// Moves all files to the target, in one step if the folder does not exist yet. If one cannot be moved, the
    /// previous ones are removed again and the files they had replaced are restored.
    ///
    /// # Errors
    /// If `guard` no longer permits it, or a file cannot be written.
    pub fn publish(self, guard: &OutputGuard) -> Result<()> {
        let root = self.root();
        let files = files_in(&root).map_err(|error| Error::io(&self.target, &error))?;
        let targets: Vec<_> = files.iter().map(|file| self.target.join(file)).collect();
        guard.check(&targets)?;
        sync(&files.iter().map(|file| root.join(file)).collect::<Vec<_>>())?;
        if let (false, Some(parent)) = (self.target.exists(), self.target.parent()) {
            fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
            fs::rename(&root, &self.target).map_err(|error| Error::io(&self.target, &error))?;
            sync_names(parent);
            return Ok(());
        }
        let mut moved = Moved::default();
        let replaced = self.hidden.path().join(REPLACED);
        fs::create_dir_all(&replaced).map_err(|error| Error::io(&replaced, &error))?;
        for (number, (file, target)) in files.iter().zip(&targets).enumerate() {
            let result = moved.add(&root.join(file), &resolve(target), replaced.join(number.to_string()));
            if let Err(error) = result {
                moved.take_back();
                return Err(Error::io(target, &error));
            }
        }
        let folders: BTreeSet<_> = targets.iter().filter_map(|target| target.parent()).collect();
        folders.into_iter().for_each(sync_names);
        Ok(())
    }
}

/// Returns the files in `folder` and its subfolders as relative paths, sorted by name.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (BTreeSet::new(), vec![PathBuf::new()]);
    while let Some(relative) = folders.pop() {
        for entry in fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    Ok(files.into_iter().collect())
}

impl Drop for Hidden {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).remove(self.dir.path());
    }
}

/// Removes unfinished output before the process exits without returning.
pub fn discard_unfinished() {
    for folder in std::mem::take(&mut *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)) {
        let _ = fs::remove_dir_all(folder); // The next command that writes there removes the rest.
    }
}

/// Files that were moved to the target, with the replaced ones.
#[derive(Default)]
struct Moved {
    files: Vec<(PathBuf, Option<PathBuf>)>,
    folders: Vec<PathBuf>,
}

impl Moved {
    /// Moves `from` to `to`; an existing file there is moved to `aside`.
    fn add(&mut self, from: &Path, to: &Path, aside: PathBuf) -> io::Result<()> {
        if let Some(folder) = to.parent() {
            let missing: Vec<_> =
                folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
            fs::create_dir_all(folder)?;
            self.folders.extend(missing.into_iter().rev());
        }
        let mut old = None;
        if fs::symlink_metadata(to).is_ok() {
            keep_rights(from, to);
            // A hard link to the old file, so that a file exists at every moment.
            fs::hard_link(to, &aside).or_else(|_| move_file(to, &aside))?;
            old = Some(aside);
        }
        let result = move_file(from, to);
        match (&result, &old) {
            (Err(_), Some(aside)) => _ = move_file(aside, to),
            (Err(_), None) => {}
            (Ok(()), _) => self.files.push((to.to_owned(), old)),
        }
        result
    }

    /// Restores the previous state; what cannot be restored is left unchanged.
    fn take_back(self) {
        for (file, old) in self.files.into_iter().rev() {
            let _ = match old {
                Some(old) => move_file(&old, &file),
                None => fs::remove_file(&file),
            };
        }
        for folder in self.folders.into_iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Moves a file, to another disk if needed; an existing file at `to` remains until it is replaced.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut builder = tempfile::Builder::new();
            builder.prefix(PREFIX).suffix(SUFFIX);
            #[cfg(unix)]
            builder.permissions(fs::metadata(from)?.permissions());
            let mut copy = builder.tempfile_in(to.parent().unwrap_or(Path::new(".")))?;
            io::copy(&mut File::open(from)?, copy.as_file_mut())?;
            copy.as_file().sync_all()?;
            copy.persist(to).map_err(|error| error.error)?;
            fs::remove_file(from)
        }
        result => result,
    }
}

/// Creates a hidden folder in `home`, with the lock that keeps others from removing it.
fn hidden_folder(home: &Path) -> io::Result<(TempDir, File)> {
    loop {
        let hidden = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempdir_in(home)?;
        let path = hidden.path().join(LOCK);
        let lock = File::create_new(&path)?;
        // Disks without locks: nothing is removed as stale there either.
        let _ = lock.lock();
        // Another process may have removed the new folder as stale before it was locked.
        if path.exists() {
            UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).insert(hidden.path().to_owned());
            return Ok((hidden, lock));
        }
    }
}

/// Removes the hidden folders and files in `home` whose processes have ended.
fn remove_stale(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            continue;
        }
        let path = entry.path();
        let is_folder = path.is_dir();
        let lock = File::open(if is_folder { path.join(LOCK) } else { path.clone() });
        // On other systems files are not locked, see `atomic`.
        let is_stale = (is_folder || cfg!(unix)) && lock.as_ref().is_ok_and(|lock| lock.try_lock().is_ok());
        let removed = match is_folder {
            _ if !is_stale => continue,
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        if let Err(error) = removed {
            tracing::warn!("{} cannot be removed: {error}", path.display());
        }
    }
}

/// Maximum number of files synced at a time: the disk confirms several in the time of one.
const AT_A_TIME: usize = 16;

/// Syncs the content of `files` to disk.
fn sync(files: &[PathBuf]) -> Result<()> {
    let (rest, failure) = (Mutex::new(files.iter()), Mutex::new(None));
    let next = || rest.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME.min(files.len()) {
            scope.spawn(|| {
                while let Some(path) = next() {
                    let synced = File::options().write(true).open(path).and_then(|file| file.sync_all());
                    if let Err(error) = synced {
                        let error = Error::io(path, &error);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        return;
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    }

    fn write(staging: &Staging, target: &Path, text: &str) {
        fs::write(staging.file(target).unwrap(), text).unwrap();
    }

    #[test]
    fn files_appear_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("new/export");
        let staging = Staging::begin(&target).unwrap();
        write(&staging, &target.join("list.txt"), "a");
        write(&staging, &target.join("class/clip.mp4"), "b");
        assert!(!target.exists());
        staging.publish(&OutputGuard::default()).unwrap();
        assert_eq!(names(&target), ["class", "list.txt"]);
        assert_eq!(names(dir.path()), ["new"]);

        let staging = Staging::begin(&target).unwrap();
        write(&staging, &target.join("other.txt"), "c");
        write(&staging, &target.join("list.txt"), "d");
        assert!(staging.publish(&OutputGuard::default()).is_err());
        assert_eq!(names(&target), ["class", "list.txt"]);
        assert_eq!(fs::read_to_string(target.join("list.txt")).unwrap(), "a");

        let staging = Staging::begin(&target).unwrap();
        write(&staging, &target.join("other.txt"), "c");
        drop(staging);
        assert_eq!(names(&target), ["class", "list.txt"]);
        for in_the_way in ["list.txt", "list.txt/folder"] {
            let error = Staging::begin(&target.join(in_the_way)).map(drop).unwrap_err();
            assert!(error.subject.ends_with("list.txt") && error.cause.contains("in the way"), "{error}");
        }
        assert!(Staging::begin(&target).unwrap().file(&target.join("../elsewhere.txt")).is_err());
    }

    #[test]
    fn what_was_replaced_is_there_again_if_a_later_file_cannot_be_moved() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a.txt"), "old").unwrap();
        let staging = Staging::begin(dir.path()).unwrap();
        write(&staging, &at("a.txt"), "new");
        write(&staging, &at("folder/b.txt"), "new");
        assert_eq!(files_in(&staging.root()).unwrap(), [Path::new("a.txt"), Path::new("folder/b.txt")]);
        let mut moved = Moved::default();
        for (number, (name, is_there)) in [("a.txt", true), ("folder/b.txt", true), ("c.txt", false)].iter().enumerate()
        {
            let aside = staging.hidden.path().join(number.to_string());
            assert_eq!(moved.add(&staging.root().join(name), &at(name), aside).is_ok(), *is_there, "{name}");
        }
        assert_eq!(fs::read_to_string(at("a.txt")).unwrap(), "new");
        moved.take_back();
        drop(staging);
        assert_eq!(fs::read_to_string(at("a.txt")).unwrap(), "old");
        assert_eq!(names(dir.path()), ["a.txt"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_is_replaced_keeps_its_rights() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let staging = Staging::begin(dir.path()).unwrap();
        write(&staging, &path, "new");
        staging.publish(&OutputGuard::new(Existing::Replace)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg(unix)]
    fn links_are_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("disk/class")).unwrap();
        fs::create_dir(at("export")).unwrap();
        fs::write(at("disk/list.txt"), "old").unwrap();
        std::os::unix::fs::symlink(at("disk/list.txt"), at("export/list.txt")).unwrap();
        std::os::unix::fs::symlink(at("disk/class"), at("export/class")).unwrap();
        let staging = Staging::begin(&at("export")).unwrap();
        write(&staging, &at("export/list.txt"), "new");
        write(&staging, &at("export/class/clip.mp4"), "clip");
        staging.publish(&OutputGuard::new(Existing::Replace)).unwrap();
        assert_eq!(fs::read_to_string(at("disk/list.txt")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("disk/class/clip.mp4")).unwrap(), "clip");
        assert!(at("export/list.txt").is_symlink() && at("export/class").is_symlink());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_running_one_writes_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let running = Staging::begin(dir.path()).unwrap();
        let stale = dir.path().join(".motionscope-gone.partial");
        fs::create_dir_all(stale.join(FILES)).unwrap();
        fs::write(stale.join(LOCK), "").unwrap();
        fs::write(dir.path().join(".motionscope-mine"), "").unwrap();
        fs::write(dir.path().join(".motionscope-file.partial"), "").unwrap();
        let file = crate::atomic::stage(&dir.path().join("a"), |_| Ok(())).unwrap();
        let second = Staging::begin(dir.path()).unwrap();
        assert!(!stale.exists() && !dir.path().join(".motionscope-file.partial").exists());
        assert!(file.path().exists());
        assert!(running.hidden.path().exists() && second.hidden.path().exists());
        drop((running, second, file));
        assert_eq!(names(dir.path()), [".motionscope-mine"]);
    }

    #[test]
    fn results_of_an_earlier_run_that_stay_are_named_where_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["0.flo", "1.flo", "notes.txt"] {
            fs::write(dir.path().join(name), "old").unwrap();
        }
        let staging = Staging::begin(dir.path()).unwrap();
        write(&staging, &dir.path().join("0.flo"), "new");
        let is_flow = |path: &Path| path.extension().is_some_and(|ending| ending == "flo");
        assert_eq!(staging.note_staying(&OutputGuard::default(), &is_flow), None);
        let replacing = OutputGuard::new(Existing::Replace);
        let note = staging.note_staying(&replacing, &is_flow).unwrap();
        assert_eq!(note.subject, dir.path().join("1.flo").display().to_string());
        assert_eq!(staging.note_staying(&replacing, &|path| path == Path::new("0.flo")), None);
        staging.publish(&replacing).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("1.flo")).unwrap(), "old");
    }
}

//! Data folders with a sub-folder per class.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::LabelledClip;
use crate::data::labelled_clip::group_of;
use crate::data::listing::{Listing, ListingPlace, ListingRow, Problem, ProblemKind};
use crate::error::{Error, Result};
use crate::labels::Project;
use crate::labels::formats::exported_clips;
use crate::names::{class_of_folder, composed};
use crate::plural::counted;
use crate::video::{is_frame_folder, is_hidden, is_video};

/// Maximum number of left-out files and folders named in a note.
const MOST_NAMED: usize = 3;

/// Content of a data folder that is not a clip.
#[derive(Default)]
struct LeftOut {
    files: Vec<PathBuf>,
    /// Folders inside those of the classes.
    deeper: Vec<PathBuf>,
    /// Folders without clips, beside those of the classes.
    empty: Vec<PathBuf>,
}

/// Returns the clips in a sub-folder per class, in alphabetical order; clips are videos and folders of frames. Other
/// files are left out with a note, hidden files and those of a project without.
pub(super) fn read(folder: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    let mut left_out = LeftOut::default();
    let mut classes = Vec::new();
    let is_project = folder.join(Project::FILE).is_file();
    let is_own = |class: &Path| is_project && Project::FOLDERS.iter().any(|own| class.ends_with(own));
    for class in visible_entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let (folders, files): (Vec<_>, Vec<_>) = visible_entries(&class)?.into_iter().partition(|path| path.is_dir());
        let (videos, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| is_video(path));
        let (frames, deeper): (Vec<_>, Vec<_>) = folders.into_iter().partition(|path| is_frame_folder(path));
        let mut clips = [videos, frames].concat();
        clips.sort();
        if !is_own(&class) {
            left_out.files.extend(others);
        }
        // The folders of a project may hold anything, such as its trainings.
        if !is_project {
            let deeper: Vec<_> = deeper.into_iter().filter(|folder| holds_clips(folder)).collect();
            if clips.is_empty() && deeper.is_empty() {
                left_out.empty.push(class.clone());
            }
            left_out.deeper.extend(deeper);
        }
        classes.push((class, clips));
    }
    leave_out_exported(folder, &mut classes, &mut listing);
    for (class, clips) in classes {
        if clips.is_empty() {
            continue;
        }
        if name(&class, &mut listing).is_none() {
            continue;
        }
        let Some(name) = class_of_folder(&class) else { continue };
        let label = listing.classes.iter().position(|class| *class == name).unwrap_or(listing.classes.len());
        for path in clips {
            // Clips that cannot be named in a plan or opened are better left out now than at a step.
            if self::name(&path, &mut listing).is_some() {
                let place = ListingPlace::whole(&path);
                let group = group_of(&path, &name);
                let clip = LabelledClip { group, path, label, segment_secs: None, also: Vec::new() };
                listing.rows.push(ListingRow { place, clip, frames: None });
            }
        }
        if label == listing.classes.len() {
            listing.classes.push(name);
        }
    }
    let mut note = |paths: &[PathBuf], what: &str, why: &str, remedy: &str| {
        listing.notes.extend(note_of(folder, paths, what, why, remedy));
    };
    note(&left_out.files, "file", "without a video file extension", "Convert those that are clips to .mp4");
    let remedy = "Move their clips into the folder of the class";
    note(&left_out.deeper, "sub-folder", "as clips are looked for in the folders of the classes only", remedy);
    note(&left_out.empty, "folder", "without clips", "Remove them, or add clips to those that are classes");
    Ok(listing)
}

/// Leaves out clips that an export has cut out of the others, since the same scene would be in training and test. If
/// there are no others, they are the data set.
fn leave_out_exported(folder: &Path, classes: &mut [(PathBuf, Vec<PathBuf>)], listing: &mut Listing) {
    let exported = exported_clips(folder);
    let count = classes.iter().flat_map(|(_, clips)| clips).filter(|clip| exported.contains(*clip)).count();
    if count == 0 || count == classes.iter().map(|(_, clips)| clips.len()).sum::<usize>() {
        return;
    }
    classes.iter_mut().for_each(|(_, clips)| clips.retain(|clip| !exported.contains(clip)));
    let clips = counted(count, "clip");
    let cause = format!("{clips} skipped, because a label export cut them from other videos");
    let remedy = "Train on its lists, or move them to a folder of their own";
    listing.notes.push(ListingPlace::whole(folder).problem(ProblemKind::LeftOut, &cause, remedy));
}

fn holds_clips(folder: &Path) -> bool {
    let entries = visible_entries(folder).unwrap_or_default(); // Unreadable entries are not clips.
    entries.iter().any(|path| if path.is_dir() { is_frame_folder(path) } else { is_video(path) })
}

/// Returns the name of a clip or class; adds a note if it is not valid Unicode.
fn name(path: &Path, listing: &mut Listing) -> Option<String> {
    let name = path.file_name().and_then(|name| name.to_str()).map(|name| composed(name).into_owned());
    if name.is_none() {
        let cause = "skipped: its name is not valid Unicode";
        listing.notes.push(ListingPlace::whole(path).problem(ProblemKind::LeftOut, cause, "Rename it"));
    }
    name
}

/// Returns the note that `paths` in `folder` were skipped; `None` without any.
fn note_of(folder: &Path, paths: &[PathBuf], what: &str, why: &str, remedy: &str) -> Option<Problem> {
    if paths.is_empty() {
        return None;
    }
    let named: Vec<String> = paths.iter().take(MOST_NAMED).filter_map(|path| within(path, folder)).collect();
    let more = if paths.len() > named.len() { ", …" } else { "" };
    let cause = format!("{} skipped, {why}: {}{more}", counted(paths.len(), what), named.join(", "));
    Some(ListingPlace::whole(folder).problem(ProblemKind::LeftOut, &cause, remedy))
}

fn within(path: &Path, folder: &Path) -> Option<String> {
    Some(path.strip_prefix(folder).ok()?.display().to_string())
}

/// Returns the entries of `folder` that are not hidden, sorted.
fn visible_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let mut paths: Vec<_> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| !is_hidden(path)).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_without_clips_are_no_classes() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["b", "a", "empty"] {
            fs::create_dir(dir.path().join(class)).unwrap();
        }
        for file in ["b/1.mp4", "a/2.avi", "a/notes.txt"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let listing = read(dir.path()).unwrap();
        assert_eq!(listing.classes, ["a", "b"]);
        assert_eq!(listing.rows.len(), 2);
        let notes: Vec<_> = listing.notes.iter().map(|note| note.cause.as_str()).collect();
        let expected =
            ["1 file skipped, without a video file extension: a/notes.txt", "1 folder skipped, without clips: empty"];
        assert_eq!(notes, expected);
    }

    #[test]
    fn folders_of_frames_are_clips_and_clips_one_level_deeper_are_reported() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["run/a/1.mp4", "run/b/1.mp4", "wave/a/img_1.png", "wave/a/img_2.png", "wave/b.mp4"] {
            fs::create_dir_all(dir.path().join(file).parent().unwrap()).unwrap();
            fs::write(dir.path().join(file), "").unwrap();
        }
        let listing = read(dir.path()).unwrap();
        let clips: Vec<_> = listing.rows.iter().map(|row| row.clip.path.clone()).collect();
        assert_eq!(
            (listing.classes, clips),
            (vec!["wave".to_owned()], ["a", "b.mp4"].map(|name| dir.path().join("wave").join(name)).to_vec())
        );
        let notes: Vec<_> = listing.notes.iter().map(|note| note.cause.as_str()).collect();
        assert!(
            matches!(notes[..], [note] if note.starts_with("2 sub-folders skipped") && note.ends_with("run/a, run/b")),
            "{notes:?}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_called_as_its_class_has_the_name_inside() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["two／hands", "two？", "wave"] {
            fs::create_dir(dir.path().join(class)).unwrap();
            fs::write(dir.path().join(class).join("1.mp4"), "").unwrap();
        }
        fs::write(dir.path().join("two／hands/.class"), "two/hands\n").unwrap();
        let listing = read(dir.path()).unwrap();
        assert_eq!(listing.classes, ["two/hands", "two？", "wave"]);
        assert_eq!(listing.notes, []);
    }

    #[test]
    fn a_project_s_own_files_are_no_clips_that_were_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["wave", "labels", "times"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for file in ["wave/1.mp4", "labels/1-1.toml", "times/ab.bin"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        assert_eq!(read(dir.path()).unwrap().notes.len(), 2, "without a project they may be anything");
        fs::write(dir.path().join("project.toml"), "").unwrap();
        let listing = read(dir.path()).unwrap();
        assert_eq!((listing.classes, listing.notes), (vec!["wave".to_owned()], Vec::new()));
    }

    #[test]
    fn clips_of_an_export_are_left_out_beside_others_and_taken_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("classInd.txt", "1 a\n");
        write("trainlist01.txt", "a/v_a_g01_c01.mp4 1\n");
        write("testlist01.txt", "");
        write("a/v_a_g01_c01.mp4", "");
        let listing = read(dir.path()).unwrap();
        assert_eq!((listing.rows.len(), listing.notes.len()), (1, 0));
        write("a/1.mp4", "");
        let listing = read(dir.path()).unwrap();
        assert_eq!((listing.rows.len(), listing.notes.len()), (1, 1));
        assert!(listing.rows[0].clip.path.ends_with("1.mp4") && listing.notes[0].cause.starts_with("1 clip skipped"));
    }

    #[test]
    fn hidden_files_count_for_nothing_and_cameras_endings_do() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["wave", ".trash", "__MACOSX"] {
            fs::create_dir(dir.path().join(class)).unwrap();
        }
        let clips =
            ["a.mp4", "b.MTS", "c.m2ts", "d.ts", "e.3gp", "f.VOB", "g.dv", "h.asf", "i.mxf", "j.wmv", "k.flv", "l.ogv"];
        let hidden = ["._a.mp4", ".DS_Store", "Thumbs.db", "desktop.ini"];
        for file in clips.iter().chain(&hidden) {
            fs::write(dir.path().join("wave").join(file), "").unwrap();
        }
        for file in [".trash/x.mp4", "__MACOSX/y.mp4"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let listing = read(dir.path()).unwrap();
        assert_eq!((listing.classes.as_slice(), listing.rows.len()), (&["wave".to_owned()][..], clips.len()));
        assert_eq!(listing.notes, []);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_told_and_accents_are_one_class() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let bad = std::ffi::OsStr::from_bytes(b"bad\xff.mp4");
        for class in ["e\u{301}te\u{301}", "été"] {
            fs::create_dir(dir.path().join(class)).unwrap();
            fs::write(dir.path().join(class).join("a.mp4"), "").unwrap();
        }
        fs::write(dir.path().join("été").join(bad), "").unwrap();
        let listing = read(dir.path()).unwrap();
        assert_eq!((listing.classes.as_slice(), listing.rows.len()), (&["été".to_owned()][..], 2));
        assert!(listing.rows.iter().all(|row| row.clip.label == 0));
        assert!(listing.notes[0].cause.contains("not valid Unicode"), "{:?}", listing.notes);
    }
}

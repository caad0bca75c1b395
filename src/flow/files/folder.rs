//! The flow files in a folder, one per pair of frames.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{StreamPair, extension};
use crate::error::{Error, Result};
use crate::video::{is_hidden, natural_order};

/// Extensions of files that may hold flow.
const EXTENSIONS: [&str; 5] = ["flo", "npy", "png", "jpg", "jpeg"];

/// Folders of horizontal components, as in Feichtenhofer's flow of UCF101.
const HORIZONTAL: [&str; 3] = ["u", "x", "flow_x"];

/// Digits of the names that say the frame at which a flow begins.
const FRAME_DIGITS: usize = 6;

/// Returns the flow files in `folder` in natural order (`2.flo` before `10.flo`). Of a pair of two-stream pictures it
/// returns the first.
///
/// Single pictures that are not half of a pair count only if they are PNG, which may be KITTI's.
///
/// # Errors
/// If the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, &error))?;
    let paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !is_hidden(path)).collect();
    let mut files: Vec<PathBuf> = paths.iter().filter(|path| path.is_file() && holds_flow(path)).cloned().collect();
    files.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    let components = HORIZONTAL.iter().map(|name| folder.join(name)).find(|folder| folder.is_dir());
    match components {
        Some(horizontal) if files.is_empty() => list(&horizontal),
        _ => Ok(files),
    }
}

/// Returns `files`, which [`list`] found, keyed by the pair of frames whose flow they hold: pair *n* begins at frame
/// *n*. `pairs` is the clip's number of pairs, if known.
///
/// Gapless numbered files that are as many as the pairs, or one more (some tools write one for the last frame too), are
/// assigned in order from pair 0. Otherwise the number gives the frame: counted from 0 in names as
/// [`FlowFormat::path_in`](super::FlowFormat::path_in) writes them, from 1 in halves of pairs, and from the first
/// number in other names. Files without numbers are assigned in order.
pub fn by_pair(files: Vec<PathBuf>, pairs: Option<usize>) -> BTreeMap<usize, PathBuf> {
    let Some(numbers) = numbers(&files) else { return files.into_iter().enumerate().collect() };
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    let has_gaps = last - first + 1 != files.len();
    let is_whole = !has_gaps && pairs.is_some_and(|pairs| [pairs, pairs + 1].contains(&files.len()));
    let name = files[0].file_stem().unwrap_or_default();
    let is_frame = name.len() == FRAME_DIGITS && name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
    let base = match StreamPair::find(&files[0]) {
        _ if is_whole => first,
        Some(_) => first.min(1),
        None if is_frame => 0,
        None => first,
    };
    numbers.iter().map(|number| number - base).zip(files).collect()
}

/// Returns the numbers in the names of `files` if the names differ only in these and the numbers rise, else `None`. For
/// a single file it is the last number in its name.
fn numbers(files: &[PathBuf]) -> Option<Vec<usize>> {
    let names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    let (first, last) = (names.first()?, names.last()?);
    let [prefix, suffix] = if names.len() == 1 {
        let end = first.bytes().rposition(|byte| byte.is_ascii_digit())? + 1;
        let start = first[..end].bytes().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |place| place + 1);
        [&first[..start], &first[end..]]
    } else {
        // Files are sorted by number, so digits that the first and the last name share are part of the number.
        let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
        let start = common - first.as_bytes()[..common].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let end = start + first.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        [first.get(..start)?, first.get(end..)?]
    };
    let number = |name: &String| -> Option<usize> {
        let digits = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let numbers = names.iter().map(number).collect::<Option<Vec<_>>>()?;
    numbers.is_sorted_by(|a, b| a < b).then_some(numbers)
}

fn holds_flow(path: &Path) -> bool {
    let extension = extension(path);
    let is_picture = ["jpg", "jpeg"].contains(&extension.as_str());
    match StreamPair::find(path) {
        Some(pair) => EXTENSIONS.contains(&extension.as_str()) && pair.x == path,
        None => EXTENSIONS.contains(&extension.as_str()) && !is_picture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_in_which_people_count() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for number in 1..=12 {
            fs::write(dir.path().join(format!("flow_{number}.flo")), "").expect("writable");
        }
        fs::write(dir.path().join("._flow_1.flo"), "").expect("writable");
        let files = list(dir.path()).expect("readable");
        let expected: Vec<_> = (1..=12).map(|number| dir.path().join(format!("flow_{number}.flo"))).collect();
        assert_eq!(files, expected);
    }

    #[test]
    fn numbers_in_names_say_which_pair_a_file_is_of() {
        let pairs = |names: &[&str], pairs| -> Vec<usize> {
            by_pair(names.iter().map(|name| Path::new("d_1").join(name)).collect(), pairs).into_keys().collect()
        };
        // The program's own exports of a part of the clip, with a missing pair.
        assert_eq!(pairs(&["000100.flo", "000101.flo"], Some(299)), [100, 101]);
        assert_eq!(pairs(&["000100.flo"], Some(299)), [100]);
        assert_eq!(pairs(&["000006.npy", "000008.npy"], Some(9)), [6, 8]);
        assert_eq!(pairs(&["flow_x_00101.jpg", "flow_x_00103.jpg"], None), [100, 102]);
        // Whole clips, numbered from any start, with or without an extra file.
        assert_eq!(pairs(&["000001.flo", "000002.flo"], Some(2)), [0, 1]);
        assert_eq!(pairs(&["frame_0010.flo", "frame_0011.flo"], Some(1)), [0, 1]);
        assert_eq!(pairs(&["flow_x_00000.jpg", "flow_x_00001.jpg"], None), [0, 1]);
        // A gap.
        assert_eq!(pairs(&["frame_9.flo", "frame_11.flo", "frame_12.flo"], Some(4)), [0, 2, 3]);
        assert_eq!(pairs(&["000000_10.png", "000002_10.png"], Some(9)), [0, 2]);
        // No numbers.
        assert_eq!(pairs(&["a.flo", "b.flo"], Some(9)), [0, 1]);
        assert_eq!(pairs(&["a1.flo", "b1.flo"], Some(9)), [0, 1]);
    }

    #[test]
    fn pairs_count_once_and_other_files_not_at_all() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("inside")).expect("writable");
            fs::write(path, "").expect("writable");
        };
        ["b.flo", "a.npy", "flow_x_2.jpg", "flow_y_2.jpg", "photo.jpg", "notes.txt", "k.png"]
            .iter()
            .for_each(|name| write(name));
        let names = |folder: &Path| -> Vec<_> {
            list(folder)
                .expect("readable")
                .iter()
                .map(|path| path.strip_prefix(folder).expect("in it").to_owned())
                .collect()
        };
        assert_eq!(names(dir.path()), ["a.npy", "b.flo", "flow_x_2.jpg", "k.png"].map(PathBuf::from));
        ["sub/u/1.jpg", "sub/v/1.jpg"].iter().for_each(|name| write(name));
        assert_eq!(names(&dir.path().join("sub")), ["u/1.jpg"].map(PathBuf::from));
        assert!(list(&dir.path().join("missing")).is_err());
    }
}

//! UCF101's lists: `classInd.txt`, `trainlist01.txt`, `testlist01.txt` over clips `Class/v_Class_g01_c01.mp4`.
//!
//! UCF101 has clips of one class only, so every segment and every clip with one label is to be cut out. Clips of one
//! group have the same number after `g`; every fourth group is a test group. The same clips are also written as lists
//! for mmaction2.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::StoredPath;
use super::annotation_set::{AnnotatedClip, AnnotationClass, AnnotationSet};
use super::exported::{note_lost, write_file};
use super::{Cut, Exported};
use crate::annotations::text;
use crate::annotations::ucf101::{CLASS_INDEX, class_index, fields, folder_of, read_class_index};
use crate::error::{Error, Result};

const TRAIN_LIST: &str = "trainlist01.txt";
const TEST_LIST: &str = "testlist01.txt";
/// Lists for mmaction2's `VideoDataset`: path, tab, class from 0. A tab, since class names may contain blanks.
const MMACTION_TRAIN: &str = "mmaction2_train.txt";
const MMACTION_TEST: &str = "mmaction2_test.txt";
/// The extension of exported clips.
const ENDING: &str = ".mp4";

/// Interval of the group numbers in the test list.
const TEST_EVERY: usize = 4;

/// Offset between alternative numbers for a group.
const FURTHER_NUMBERS: usize = 10_000;

/// A clip in the lists.
struct Listed<'a> {
    clip: &'a AnnotatedClip,
    label: &'a str,
    frames: Option<(usize, usize)>,
}

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let mut exported = Exported::default();
    let classes = set.label_names();
    let folders = folder_names(&classes);
    let index = class_index(classes.iter().map(|class| folders[class].as_str()));
    let several = set.clips.iter().filter(|clip| clip.labels.len() > 1 && clip.spans.is_empty()).count();
    let lost = "clips with several classes skipped, because UCF101 lists cannot store them";
    note_lost(&mut exported, target, several, lost, "Export JSON as well if they matter");
    let both = set.clips.iter().filter(|clip| !clip.labels.is_empty() && !clip.spans.is_empty()).count();
    let lost = "clip labels of clips with segments skipped, as in training";
    note_lost(&mut exported, target, both, lost, "Export JSON as well if they matter");

    let groups = group_numbers(set);
    let mut counts: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let (mut train, mut test) = (String::new(), String::new());
    let (mut mmaction_train, mut mmaction_test) = (String::new(), String::new());
    for Listed { clip, label, frames } in set.clips.iter().flat_map(listed) {
        let group = groups[group(clip)];
        let count = counts.entry((label, group)).and_modify(|count| *count += 1).or_insert(1);
        let folder = &folders[label];
        let name = format!("{folder}/v_{folder}_g{group:02}_c{count:02}{ENDING}");
        let id = 1 + classes.iter().position(|class| *class == label).unwrap_or_default();
        let row = format!("{name}\t{}\n", id - 1);
        match group % TEST_EVERY {
            0 => {
                test += &format!("{name}\n");
                mmaction_test += &row;
            }
            _ => {
                train += &format!("{name} {id}\n");
                mmaction_train += &row;
            }
        }
        let (start, end) = frames.map_or((0, None), |(start, end)| (start, Some(end)));
        exported.cuts.push(Cut { video: clip.absolute.clone(), start, end, target: target.join(name) });
    }
    let lists = [(CLASS_INDEX, index), (TRAIN_LIST, train), (TEST_LIST, test)];
    for (name, text) in lists.into_iter().chain([(MMACTION_TRAIN, mmaction_train), (MMACTION_TEST, mmaction_test)]) {
        write_file(&target.join(name), &text, &mut exported)?;
    }
    Ok(exported)
}

/// Returns the parts of a video to extract.
fn listed(clip: &AnnotatedClip) -> Vec<Listed<'_>> {
    // If parts are labelled, training uses only these, and so does the export.
    let whole = clip.labels.first().filter(|_| clip.labels.len() == 1 && clip.spans.is_empty());
    let whole = whole.map(|label| Listed { clip, label, frames: None });
    let parts = clip.spans.iter();
    let parts = parts.map(|part| Listed { clip, label: &part.label, frames: part.frames() });
    whole.into_iter().chain(parts).collect()
}

/// Returns the recording of a clip: the clip itself if it has no group.
fn group(clip: &AnnotatedClip) -> &str {
    if clip.group.is_empty() { &clip.path } else { &clip.group }
}

/// Returns the number of each group: that in its name if it was imported from such lists, otherwise that of its first
/// video. Videos that are added or labelled later change no number, so that lists that are exported again name the same
/// clips.
fn group_numbers(set: &AnnotationSet) -> BTreeMap<&str, usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for group in set.clips.iter().map(group) {
        let number = group.strip_prefix('g').and_then(|number| number.parse().ok()).filter(|number| *number > 0);
        if let Some(number) = number.filter(|number| !numbers.contains_key(group) && taken.insert(*number)) {
            numbers.insert(group, number);
        }
    }
    for clip in &set.clips {
        let group = group(clip);
        if !numbers.contains_key(group) {
            let mut candidates = (0..).map(|round| clip.number + round * FURTHER_NUMBERS);
            numbers.extend(candidates.find(|number| taken.insert(*number)).map(|number| (group, number)));
        }
    }
    numbers
}

/// Returns a unique folder name for each class, also on case-insensitive disks.
fn folder_names<'a>(classes: &[&'a str]) -> BTreeMap<&'a str, String> {
    let mut taken = BTreeSet::new();
    let mut name = |class: &str| {
        let plain = folder_name(class);
        if taken.insert(plain.to_lowercase()) {
            return plain;
        }
        // The same name with its first letters percent-encoded, which decodes to the same class; all of them if
        // necessary.
        let escaped = |letters: usize| {
            let bytes = class.chars().take(letters).collect::<String>().into_bytes();
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            escaped + &class.chars().skip(letters).map(|c| folder_name(&c.to_string())).collect::<String>()
        };
        let letters = (1..=class.chars().count()).find(|letters| taken.insert(escaped(*letters).to_lowercase()));
        letters.map_or(plain, escaped)
    };
    classes.iter().map(|class| (*class, name(class))).collect()
}

/// Returns a class as a folder name that is valid on any disk; other characters become `%` and two hexadecimal digits.
fn folder_name(class: &str) -> String {
    let mut name = String::new();
    for (place, c) in class.char_indices() {
        let is_end = place == 0 || place + c.len_utf8() == class.len();
        match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' => name += &format!("%{:02X}", c as u32),
            '.' if is_end => name += "%2E",
            _ => name.push(c),
        }
    }
    name
}

/// Returns the class encoded by the name of a folder.
fn class_name(folder: &str) -> String {
    let decoded = StoredPath::decode(&folder.replace('/', "%2F"), Path::new("/"));
    decoded.strip_prefix("/").unwrap_or(&decoded).to_string_lossy().into_owned()
}

/// Returns the clips in `folder` that an export has cut out, by the lists that all exports have; empty for another
/// folder of clips or UCF101 itself.
pub fn exported_clips(folder: &Path) -> BTreeSet<PathBuf> {
    if ![CLASS_INDEX, TRAIN_LIST, TEST_LIST].iter().all(|name| folder.join(name).is_file()) {
        return BTreeSet::new();
    }
    let lists = [TRAIN_LIST, TEST_LIST].iter().filter_map(|name| text::lines(&folder.join(name)).ok());
    let is_ours = |path: &Path| {
        let class = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("v_{class}_g")) && name.ends_with(ENDING)
    };
    let clips = lists.flatten().map(|(_, line)| folder.join(fields(&line).0));
    clips.filter(|clip| is_ours(clip)).collect()
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let (dir, lists) = match source.is_dir() {
        true => {
            let is_list = |path: &Path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with("trainlist") || name.starts_with("testlist")
            };
            (source, text::files(source, "txt")?.into_iter().filter(|path| is_list(path)).collect())
        }
        false => (source.parent().unwrap_or(Path::new("")), vec![source.to_owned()]),
    };
    if lists.is_empty() {
        return Err(Error::file(source, "there is no trainlist or testlist in this folder", "Choose another folder"));
    }
    let classes = read_classes(&dir.join(CLASS_INDEX))?;
    let mut set =
        AnnotationSet { classes: classes.iter().map(AnnotationClass::named).collect(), ..AnnotationSet::default() };
    for list in lists {
        for (number, line) in text::lines(&list)? {
            match row(&line, &classes) {
                Some((path, label)) => {
                    let place = text::place(source, &list, Some(number));
                    set.clips.push(AnnotatedClip {
                        labels: vec![label],
                        group: group_of(path),
                        ..AnnotatedClip::named(path, place)
                    });
                }
                None => {
                    let cause = format!("line {number}: no class matches '{line}'; skipped");
                    set.notes.push(Error::file(&list, cause, "Correct the line or the class index"));
                }
            }
        }
    }
    Ok(set)
}

/// Returns the classes in the index; empty if the file is missing.
fn read_classes(path: &Path) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(read_class_index(path)?.into_iter().map(|(_, name)| class_name(&name)).collect())
}

/// Returns the clip and the class of a line: by the number after it, otherwise by its folder.
fn row<'a>(line: &'a str, classes: &[String]) -> Option<(&'a str, String)> {
    let (clip, id) = fields(line);
    if let Some(id) = id {
        return Some((clip, classes.get(id.checked_sub(1)?)?.clone()));
    }
    let folder = class_name(Some(folder_of(clip)).filter(|folder| *folder != clip)?);
    let alike = |class: &&String| class.eq_ignore_ascii_case(&folder); // UCF101 spells one class in two ways.
    let class = classes.iter().find(|class| **class == folder).or_else(|| classes.iter().find(alike));
    if classes.is_empty() { Some((line, folder)) } else { Some((line, class?.clone())) }
}

/// Returns the group in the name of a clip, as in UCF101's `v_Class_g01_c02`.
fn group_of(path: &str) -> String {
    let is_group =
        |part: &&str| part.len() > 1 && part.starts_with('g') && part[1..].bytes().all(|b| b.is_ascii_digit());
    path.rsplit('_').find(is_group).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::super::{Document, Label, Video, edits};
    use super::super::{Choices, Format, import, prepare};
    use super::*;

    fn document(classes: &[&str], videos: &[(&str, &str, usize)]) -> Document {
        let mut document = Document::default();
        for class in classes {
            document.apply(edits::add_class(&document, class).unwrap().1);
        }
        add(&mut document, videos);
        document
    }

    /// Adds videos with path, group and index of their class.
    fn add(document: &mut Document, videos: &[(&str, &str, usize)]) {
        let ids: Vec<_> = document.classes.iter().map(|class| class.id).collect();
        let videos = videos.iter().map(|(path, group, class)| Video {
            labels: vec![Label::Class(ids[*class])],
            group: (*group).to_owned(),
            ..Video::new(*path)
        });
        document.apply(edits::add_videos(document, videos.collect()));
    }

    /// Returns the clip that each video becomes, relative to the folder.
    fn clips(document: &Document) -> BTreeMap<String, String> {
        let exported = prepare(Format::UcfLists, document, Path::new("/p"), Path::new("/p")).unwrap();
        let name = |path: &Path| path.strip_prefix("/p").unwrap().to_string_lossy().into_owned();
        exported.cuts.iter().map(|cut| (name(&cut.video), name(&cut.target))).collect()
    }

    #[test]
    fn clips_keep_their_names_when_other_videos_come_and_go() {
        let listed = [("A/v_A_g01_c01.mp4", "g01", 0), ("A/v_A_g02_c01.mp4", "g02", 0)];
        let mut document = document(&["A"], &listed);
        add(&mut document, &[("z.mp4", "", 0)]);
        let before = clips(&document);
        assert_eq!(before["A/v_A_g02_c01.mp4"], "A/v_A_g02_c01.mp4", "a clip of such lists is itself");
        add(&mut document, &[("aaa.mp4", "", 0), ("b.mp4", "studio", 0)]);
        let first = *document.videos.keys().next().unwrap();
        document.apply(edits::remove_video(&document, first).unwrap());
        let after = clips(&document);
        assert!(before.iter().skip(1).all(|(video, clip)| after[video] == *clip), "{before:?}, {after:?}");
        assert_eq!(after.values().collect::<HashSet<_>>().len(), after.len());
    }

    #[test]
    fn the_clips_of_an_export_are_known_by_its_lists_and_those_of_others_are_not() {
        let videos = [("b 1.mp4", "", 0), ("c.mp4", "", 0), ("d.mp4", "", 1), ("e.mp4", "", 1)];
        let document = document(&["A", "to wave"], &videos);
        let dir = tempfile::tempdir().unwrap();
        let exported = super::super::export(Format::UcfLists, &document, dir.path(), dir.path()).unwrap();
        let cuts: BTreeSet<_> = exported.cuts.iter().map(|cut| cut.target.clone()).collect();
        assert_eq!((exported_clips(dir.path()), cuts.len()), (cuts, 4));
        std::fs::remove_file(dir.path().join(CLASS_INDEX)).unwrap();
        assert!(exported_clips(dir.path()).is_empty());
        for (name, text) in
            [(CLASS_INDEX, "1 A\n"), (TRAIN_LIST, "A/v_A_g01_c01.avi 1\nA/mine.mp4 1\n"), (TEST_LIST, "")]
        {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        assert!(exported_clips(dir.path()).is_empty());
    }

    #[test]
    fn classes_that_differ_by_case_have_folders_of_their_own_on_any_disk() {
        let names = ["Swing", "swing", "SWING", "ä", "Ä", "a/b", "A/B"];
        let paths: Vec<_> = (0..names.len()).map(|place| format!("{place}.mp4")).collect();
        let videos: Vec<_> = paths.iter().enumerate().map(|(place, path)| (path.as_str(), "", place)).collect();
        let document = document(&names, &videos);
        let dir = tempfile::tempdir().unwrap();
        let exported = super::super::export(Format::UcfLists, &document, dir.path(), dir.path()).unwrap();
        let folders: HashSet<_> =
            exported.cuts.iter().map(|cut| cut.target.parent().unwrap().to_string_lossy().to_lowercase()).collect();
        assert_eq!(folders.len(), names.len(), "{folders:?}");
        let choices = Choices { add_classes: true, ..Choices::default() };
        let mut back = Document::default();
        let read = import(Format::UcfLists, dir.path(), &back, dir.path(), choices).unwrap();
        back.apply(read.step);
        assert!(back.classes.iter().map(|class| class.name.as_str()).eq(names));
    }
}

//! Lists as UCF101 comes with: `classInd.txt`, `trainlist01.txt`, `testlist01.txt` over clips `Class/v_Class_g01_c01.mp4`.
//!
//! UCF101 knows clips of one class only, so that every segment and every clip with one label is to be cut out. Clips of one
//! group have the same number after `g`, and every fourth group is tested on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::StoredPath;
use super::sheet::{Clip, Sheet, SheetClass};
use super::{Cut, Exported, note_lost, text, write_file};
use crate::error::{Error, Result};

const CLASS_INDEX: &str = "classInd.txt";

/// Of so many groups, the last is tested on.
const TEST_EVERY: usize = 4;

/// A clip that belongs into the lists.
struct Listed<'a> {
    clip: &'a Clip,
    label: &'a str,
    frames: Option<(usize, usize)>,
}

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let mut exported = Exported::default();
    let classes = sheet.label_names();
    let index: String = (1..).zip(&classes).map(|(id, class)| format!("{id} {}\n", folder_name(class))).collect();
    let several = sheet.clips.iter().filter(|clip| clip.labels.len() > 1).count();
    let lost = "clips of several classes, which UCF101 does not have, are left out";
    note_lost(&mut exported, target, several, lost, "Export JSON as well if they matter");

    let groups: BTreeSet<&str> = sheet.clips.iter().filter(|clip| clip.is_labelled()).map(group).collect();
    let groups: BTreeMap<&str, usize> = groups.into_iter().zip(1..).collect();
    let mut counts: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let (mut train, mut test) = (String::new(), String::new());
    for Listed { clip, label, frames } in sheet.clips.iter().flat_map(listed) {
        let group = groups[group(clip)];
        let count = counts.entry((label, group)).and_modify(|count| *count += 1).or_insert(1);
        let folder = folder_name(label);
        let name = format!("{folder}/v_{folder}_g{group:02}_c{count:02}.mp4");
        let id = 1 + classes.iter().position(|class| *class == label).unwrap_or_default();
        match group % TEST_EVERY {
            0 => test += &format!("{name}\n"),
            _ => train += &format!("{name} {id}\n"),
        }
        let (start, end) = frames.map_or((0, None), |(start, end)| (start, Some(end)));
        exported.cuts.push(Cut { video: clip.absolute.clone(), start, end, target: target.join(name) });
    }
    for (name, text) in [(CLASS_INDEX, index), ("trainlist01.txt", train), ("testlist01.txt", test)] {
        write_file(&target.join(name), &text, &mut exported)?;
    }
    Ok(exported)
}

/// What is to be cut out of a video.
fn listed(clip: &Clip) -> Vec<Listed<'_>> {
    let whole = clip.labels.first().filter(|_| clip.labels.len() == 1);
    let whole = whole.map(|label| Listed { clip, label, frames: None });
    let parts = clip.stretches.iter();
    let parts = parts.map(|part| Listed { clip, label: &part.label, frames: part.frames() });
    whole.into_iter().chain(parts).collect()
}

/// The recording a clip belongs to: itself, if nothing is said.
fn group(clip: &Clip) -> &str {
    if clip.group.is_empty() { &clip.path } else { &clip.group }
}

/// A class as the name of a folder on any disk; what cannot be in one stands as `%` and two hexadecimal digits.
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

/// The class that the name of a folder stands for.
fn class_name(folder: &str) -> String {
    let decoded = StoredPath::decode(&folder.replace('/', "%2F"), Path::new("/"));
    decoded.strip_prefix("/").unwrap_or(&decoded).to_string_lossy().into_owned()
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
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
    let mut sheet = Sheet { classes: classes.iter().map(SheetClass::named).collect(), ..Sheet::default() };
    for list in lists {
        let file = list.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (number, line) in text::read(&list)?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            match row(line, &classes) {
                Some((path, label)) => {
                    let place = format!("line {} of {file}", number + 1);
                    sheet.clips.push(Clip { labels: vec![label], group: group_of(path), ..Clip::named(path, place) });
                }
                None => {
                    let cause = format!("line {}: no class fits '{line}'; left out", number + 1);
                    sheet.notes.push(Error::file(&list, cause, "Correct the line or the class index"));
                }
            }
        }
    }
    Ok(sheet)
}

/// The classes in the index; none if there is none.
fn read_classes(path: &Path) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut classes = Vec::new();
    for (number, line) in text::read(path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match line.trim().split_once(char::is_whitespace) {
            Some((id, name)) if id.parse() == Ok(classes.len() + 1) => classes.push(class_name(name.trim())),
            _ => {
                let cause = format!("line {}: '{}' is not '{} name'", number + 1, line.trim(), classes.len() + 1);
                return Err(Error::file(path, cause, "Number the classes from 1, one a line"));
            }
        }
    }
    Ok(classes)
}

/// The clip and the class of a line: by the number after it, else by its folder.
fn row<'a>(line: &'a str, classes: &[String]) -> Option<(&'a str, String)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((path, id)) = line.rsplit_once(char::is_whitespace).filter(|(_, id)| is_number(id)) {
        let class = classes.get(id.parse::<usize>().ok()?.checked_sub(1)?)?;
        return Some((path.trim(), class.clone()));
    }
    let (folder, _) = line.split_once(['/', '\\'])?;
    let folder = class_name(folder);
    let alike = |class: &&String| class.eq_ignore_ascii_case(&folder); // UCF101 spells one of its own in two ways.
    let class = classes.iter().find(alike);
    if classes.is_empty() { Some((line, folder)) } else { Some((line, class?.clone())) }
}

/// The group that UCF101 writes into the name of a clip, `v_Class_g01_c02`.
fn group_of(path: &str) -> String {
    let is_group =
        |part: &&str| part.len() > 1 && part.starts_with('g') && part[1..].bytes().all(|b| b.is_ascii_digit());
    path.rsplit('_').find(is_group).unwrap_or_default().to_owned()
}

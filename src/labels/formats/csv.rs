//! CSV (RFC 4180): `path,label,start,end,group,note`, a row for each label, times in seconds.
//!
//! The training reads the same. A row without times labels the whole clip.

use std::path::Path;

use super::sheet::{Clip, Sheet, Span, Stretch};
use super::{Exported, note_lost, text, write_file};
use crate::error::{Error, Result};

const HEADER: [&str; 6] = ["path", "label", "start", "end", "group", "note"];

/// What may separate cells: the first of them that the first line holds.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

pub(super) fn write(sheet: &Sheet, target: &Path) -> Result<Exported> {
    let mut rows = vec![HEADER.map(str::to_owned)];
    let (mut exported, mut timeless) = (Exported::default(), 0);
    for clip in &sheet.clips {
        let row = |label: &str, [start, end]: [String; 2], note: &str| {
            [clip.path.clone(), label.to_owned(), start, end, clip.group.clone(), note.to_owned()]
        };
        rows.extend(clip.labels.iter().map(|label| row(label, Default::default(), &clip.note)));
        for stretch in &clip.stretches {
            match clip.secs_of(stretch) {
                Some(secs) => rows.push(row(&stretch.label, secs.map(seconds), &stretch.note)),
                None => timeless += 1,
            }
        }
    }
    let text: String = rows.iter().map(|row| row.each_ref().map(|cell| quoted(cell)).join(",") + "\n").collect();
    write_file(target, &text, &mut exported)?;
    note_timeless(&mut exported, target, timeless);
    Ok(exported)
}

/// Notes segments whose times are not known.
pub(super) fn note_timeless(exported: &mut Exported, target: &Path, count: usize) {
    let what = "segments left out because the frames per second of their videos are not known";
    note_lost(exported, target, count, what, "Have the project look into its videos and export again");
}

/// Seconds to the microsecond, without needless zeros.
fn seconds(secs: f64) -> String {
    let text = format!("{secs:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn quoted(cell: &str) -> String {
    let is_plain = !cell.contains(['"', ',', '\n', '\r', ';', '\t']) && cell.trim() == cell;
    if is_plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

pub(super) fn read(source: &Path) -> Result<Sheet> {
    let rows = parse(&text::read(source)?)
        .map_err(|(line, cause)| Error::file(source, format!("line {line}: {cause}"), "Close the quotes"))?;
    let columns = rows.first().and_then(|(_, cells)| Columns::of_header(cells));
    let skip = usize::from(columns.is_some());
    let columns = columns.unwrap_or_default();
    let mut sheet = Sheet::default();
    for (line, cells) in &rows[skip..] {
        match clip(cells, &columns, format!("line {line}")) {
            Ok(clip) => sheet.clips.push(clip),
            Err(cause) => {
                let [path, ..] = columns.cells(cells);
                sheet.clips.push(Clip { left_out: 1, ..Clip::named(path.trim(), format!("line {line}")) });
                let remedy = "Give a path, a label and, for a segment, its start and end in seconds";
                sheet.notes.push(Error::file(source, format!("line {line}: {cause}; left out"), remedy));
            }
        }
    }
    Ok(sheet)
}

/// Which column holds what.
struct Columns([Option<usize>; 6]);

impl Default for Columns {
    fn default() -> Self {
        Self([0, 1, 2, 3, 4, 5].map(Some))
    }
}

impl Columns {
    /// The columns that a header names; none if the cells are no header.
    fn of_header(cells: &[String]) -> Option<Self> {
        const NAMES: [&[&str]; 6] = [
            &["path", "file", "filename", "clip", "video"],
            &["label", "class", "action"],
            &["start", "begin", "start_secs"],
            &["end", "stop", "end_secs"],
            &["group"],
            &["note", "comment"],
        ];
        let is_name = |cell: &String, names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(cell.trim()));
        let columns = NAMES.map(|names| cells.iter().position(|cell| is_name(cell, names)));
        (columns[0].is_some() && columns[1].is_some()).then_some(Self(columns))
    }

    fn cells<'a>(&self, cells: &'a [String]) -> [&'a str; 6] {
        self.0.map(|column| column.and_then(|column| cells.get(column)).map_or("", String::as_str))
    }
}

fn clip(cells: &[String], columns: &Columns, place: String) -> std::result::Result<Clip, String> {
    let [path, label, start, end, group, note] = columns.cells(cells);
    let (path, label, start, end) = (path.trim(), label.trim(), start.trim(), end.trim());
    if path.is_empty() {
        return Err("it names no video".into());
    }
    let mut clip = Clip { group: group.to_owned(), ..Clip::named(path, place) };
    if start.is_empty() && end.is_empty() {
        clip.labels = Some(label.to_owned()).filter(|label| !label.is_empty()).into_iter().collect();
        clip.note = note.to_owned();
        return Ok(clip);
    }
    match (start.parse(), end.parse()) {
        (Ok(start), Ok(end)) if !label.is_empty() => {
            clip.stretches = vec![Stretch { note: note.to_owned(), ..Stretch::new(label, Span::Secs(start, end)) }];
            Ok(clip)
        }
        _ => Err(format!("'{label}' from '{start}' to '{end}' is no segment")),
    }
}

/// A record's first line, from 1, and its cells.
pub(super) type Record = (usize, Vec<String>);

/// Takes a table apart; blank lines are left out.
///
/// # Errors
/// The line and the cause where quotes are not closed.
pub(super) fn parse(text: &str) -> std::result::Result<Vec<Record>, (usize, &'static str)> {
    let first = text.lines().next().unwrap_or_default();
    let unquoted: String = first.split('"').step_by(2).collect();
    let separator = unquoted.chars().find(|c| SEPARATORS.contains(c)).unwrap_or(',');
    let (mut records, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut first_line, mut opened) = (1, 1, None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if opened.is_some() && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if opened.is_some() => opened = None,
            _ if opened.is_some() => cell.push(c),
            '"' if cell.trim().is_empty() => {
                cell.clear();
                opened = Some(line);
            }
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                records.push((first_line, std::mem::take(&mut cells)));
                first_line = line;
            }
            '\r' if characters.peek().is_none_or(|next| *next == '\n') => {}
            _ if c == separator => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
    }
    if let Some(line) = opened {
        return Err((line, "quotes are opened and not closed"));
    }
    cells.push(cell);
    records.push((first_line, cells));
    records.retain(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_apart_as_they_were_put_together() {
        let rows = parse("path;label\r\n\"a; \"\"b\"\"\n\";x\n\n c ;d").unwrap();
        assert_eq!(rows[1], (2, vec!["a; \"b\"\n".into(), "x".into()]));
        assert_eq!(rows[2], (5, vec![" c ".into(), "d".into()]));
        assert_eq!(parse("a,b\n\"c,d\ne").unwrap_err().0, 2);
    }

    #[test]
    fn rows_that_make_no_sense_are_told_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, "clip,class,start,end\na.mp4,wave,,\n,wave\nb.mp4,wave,1,x\nb.mp4,wave,1,2.5\n").unwrap();
        let sheet = read(&path).unwrap();
        assert_eq!(sheet.clips.iter().map(|clip| clip.left_out).collect::<Vec<_>>(), [0, 1, 1, 0]);
        let notes: Vec<_> = sheet.notes.iter().map(|note| note.cause.as_str()).collect();
        assert!(notes[0].starts_with("line 3: it names no video") && notes[1].starts_with("line 4: "), "{notes:?}");
    }
}

//! CSV (RFC 4180): `path,label,start,end,group,note,start_frame,end_frame,fps`, one row per label, times in seconds.
//!
//! Training reads the same format with the same [`table`](crate::table). A row without times labels the whole clip.
//! `end` and `end_frame` refer to the frame after the last one. On import, seconds take precedence over frames. Frames
//! counted at another rate than the video's are converted by time.

use std::path::Path;

use super::annotation_set::{AnnotatedClip, AnnotationSet, Extent, Span};
use super::exported::write_file;
use super::{Exported, boris};
use crate::annotations::text;
use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::table::{Columns, Part, Table, escape_formula, quoted_cell, with_group_in_place};

const HEADER: &str = "path,label,start,end,group,note,start_frame,end_frame,fps\n";

pub(super) fn write(set: &AnnotationSet, target: &Path) -> Result<Exported> {
    let mut text = HEADER.to_owned();
    for clip in &set.clips {
        let fps = clip.times().and_then(FrameTimes::fps).map(rounded).unwrap_or_default();
        let mut row = |label: &str, [start, end]: [String; 2], note: &str, [first, after]: [String; 2]| {
            let [path, label, group, note] = [&clip.path, label, &clip.group, note].map(cell);
            text += &format!("{path},{label},{start},{end},{group},{note},{first},{after},{fps}\n");
        };
        for label in &clip.labels {
            row(label, Default::default(), &clip.note, Default::default());
        }
        for span in &clip.spans {
            let secs = clip.secs_of(span).map(|secs| secs.map(rounded)).unwrap_or_default();
            let frames = span.frames().map(|(start, end)| [start.to_string(), end.to_string()]);
            row(&span.label, secs, &span.note, frames.unwrap_or_default());
        }
    }
    let mut exported = Exported::default();
    write_file(target, &text, &mut exported)?;
    Ok(exported)
}

/// Formats a number with at most six decimals, without trailing zeros.
fn rounded(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns a text as a quoted cell that is not interpreted as a formula.
fn cell(text: &str) -> String {
    quoted_cell(&escape_formula(text))
}

pub(super) fn read(source: &Path) -> Result<AnnotationSet> {
    let mut table = Table::parse(&text::read(source)?);
    if boris::is_table(&table) {
        return boris::read_table(source, &table);
    }
    let header = match table.records.first() {
        Some((line, cells)) => Columns::of_header(cells).map_err(|names| {
            let cause = format!("line {line}: the columns {names} are not known");
            Error::file(source, cause, "Name them start and end for seconds, start_frame and end_frame for frames")
        })?,
        None => None,
    };
    let refused = |cause: &str| {
        let remedy = "Save it as CSV with the columns path and label, separated by commas, semicolons or tabs";
        Err(Error::file(source, cause, remedy))
    };
    if table.records.is_empty() && table.problems.is_empty() {
        return refused("the file is empty");
    }
    if header.is_none() && !table.records.is_empty() && table.records.iter().all(|(_, cells)| cells.len() < 2) {
        return refused("it has only one column, but needs a path and a label");
    }
    let skip = usize::from(header.is_some());
    if header.is_none() {
        table.records.iter_mut().for_each(|(_, cells)| with_group_in_place(cells));
    }
    let columns = header.unwrap_or_default();
    let mut set = AnnotationSet::default();
    for (line, cause) in table.problems {
        let cause = format!("line {line}: {cause}; skipped");
        set.notes.push(Error::file(source, cause, "Close the quotes, and double those inside a cell"));
    }
    for (line, cells) in &table.records[skip..] {
        let place = format!("line {line}");
        let path = columns.path(cells);
        match clip(cells, &columns, &place) {
            Ok(clip) => set.clips.push(clip),
            Err(cause) => {
                if !path.is_empty() {
                    set.clips.push(AnnotatedClip { left_out: 1, ..AnnotatedClip::named(path, place) });
                }
                let remedy = "Give a path, a label and, for a segment, its start and end";
                set.notes.push(Error::file(source, format!("line {line}: {cause}; skipped"), remedy));
            }
        }
    }
    Ok(set)
}

fn clip(cells: &[String], columns: &Columns, place: &str) -> std::result::Result<AnnotatedClip, String> {
    let (path, label, note) = (columns.path(cells), columns.label(cells), columns.note(cells).to_owned());
    if path.is_empty() {
        return Err("it names no video".into());
    }
    let mut clip = AnnotatedClip { group: columns.group(cells).to_owned(), ..AnnotatedClip::named(path, place) };
    let extent = match columns.part(cells)? {
        Part::Whole => {
            clip.labels = Some(label.to_owned()).filter(|label| !label.is_empty()).into_iter().collect();
            clip.note = note;
            return Ok(clip);
        }
        _ if label.is_empty() => return Err("the segment has no label".into()),
        Part::Secs(start, end) => Extent::Secs(start, end),
        Part::Frames(start, end) => {
            clip.rate = columns.rate(cells);
            Extent::Frames(start, end)
        }
    };
    clip.spans = vec![Span { note, ..Span::new(label, extent) }];
    Ok(clip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bytes: &[u8]) -> Result<AnnotationSet> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    #[test]
    fn a_third_cell_that_is_no_time_is_the_group_as_in_lists_of_data() {
        let set = set(b"a.mp4,x,monday\nb.mp4,y,0:05,0:07\nc.mp4,x,1,2,tuesday\nd.mp4,y\n").unwrap();
        assert!(set.notes.is_empty(), "{:?}", set.notes);
        let found: Vec<_> =
            set.clips.iter().map(|clip| (clip.group.as_str(), clip.labels.len(), clip.spans.len())).collect();
        assert_eq!(found, [("monday", 1, 0), ("", 0, 1), ("tuesday", 0, 1), ("", 1, 0)]);
        // With a header, the third column is a start time.
        let set = self::set(b"path,label,start\na.mp4,x,monday\n").unwrap();
        assert_eq!((set.clips[0].left_out, set.notes.len()), (1, 1));
    }

    #[test]
    fn rows_that_make_no_sense_are_noted_with_their_line() {
        let text =
            "clip,class,start,end\na.mp4,wave,,\n,wave\nb.mp4,wave,1,x\nb.mp4,wave,1,2.5\nc.mp4,\"wave\nd.mp4,wave\n";
        let set = set(text.as_bytes()).unwrap();
        let clips: Vec<_> = set.clips.iter().map(|clip| (clip.path.as_str(), clip.left_out)).collect();
        assert_eq!(clips, [("a.mp4", 0), ("b.mp4", 1), ("b.mp4", 0), ("d.mp4", 0)]);
        let notes: Vec<_> = set.notes.iter().map(|note| note.cause.as_str()).collect();
        let starts = ["line 6: quotes are opened", "line 3: it names no video", "line 4: '1' to 'x'"];
        assert!(notes.len() == 3 && notes.iter().zip(starts).all(|(note, start)| note.starts_with(start)), "{notes:?}");
    }

    #[test]
    fn tables_of_any_spreadsheet_say_the_same() {
        let utf16: Vec<u8> =
            "\u{feff}path,label,start,end\na.mp4,wave,1.5,2.75\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [
            b"path;label;start;end\na.mp4;wave;1,5;2,75\n".as_slice(),
            b"a.mp4;wave;1,5;2,75\n",
            b"sep=;\npath;label;start;end\na.mp4;wave;1.5;2.75\n",
            b"video,label,start,end\na.mp4,wave,00:01.5,0:00:02.75\n",
            b"Label\tFile\tEnd (s)\tStart (s)\nwave\ta.mp4\t2.75\t1.5\n",
            &utf16,
        ] {
            let set = set(text).unwrap();
            assert!(set.notes.is_empty() && set.clips.len() == 1, "{:?}: {set:?}", String::from_utf8_lossy(text));
            let part = &set.clips[0].spans[0];
            assert_eq!(
                (set.clips[0].path.as_str(), part.label.as_str(), part.extent),
                ("a.mp4", "wave", Extent::Secs(1.5, 2.75))
            );
        }
    }

    #[test]
    fn frames_are_no_label_of_the_whole_clip() {
        let frames = set(b"path,label,start_frame,end_frame\na.mp4,wave,30,60\n").unwrap();
        assert_eq!(frames.clips[0].spans[0].extent, Extent::Frames(30, 60));
        let error = set(b"path,label,start_tick,end_tick\na.mp4,wave,30,60\n").unwrap_err();
        assert!(error.cause.contains("line 1: the columns start_tick, end_tick"), "{error}");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, cause) in [
            (b"".as_slice(), "the file is empty"),
            (b"\n\n", "the file is empty"),
            (b"path|label\na.mp4|wave\n", "it has only one column"),
            (b"PK\x03\x04 a workbook", "it is a spreadsheet or another archive"),
        ] {
            let error = set(text).unwrap_err();
            assert!(error.cause.starts_with(cause), "{error}");
        }
        assert!(set(b"path,label,start,end\n").is_ok(), "a project without labels");
    }

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(
            ["=cmd|' /C calc'!A0", "+1", "a, b", "@x\"y"].map(cell),
            ["'=cmd|' /C calc'!A0", "'+1", "\"a, b\"", "\"'@x\"\"y\""]
        );
    }
}

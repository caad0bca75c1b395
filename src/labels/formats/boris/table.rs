//! The tables that BORIS exports: tabular events (`Time`, `Behavior type`) and aggregated events (`Start (s)`, `Stop (s)`).

use std::collections::BTreeMap;
use std::path::Path;

use super::super::annotation_set::AnnotationSet;
use super::events::{Event, Kind, Medium, Observation, add_observation, within};
use crate::error::{Error, Result};
use crate::table::{Record, Table, seconds};

/// BORIS' name for events without a subject.
const NO_SUBJECT: &str = "No focal subject";

const REMEDY: &str = "Export the events from BORIS as CSV or TSV";

/// Returns `true` if a table is one of these.
pub(in super::super) fn is_table(table: &Table) -> bool {
    table.records.iter().any(|(_, cells)| Titles::of(cells).is_some())
}

/// Indices of the columns.
struct Titles<'a> {
    titles: &'a [String],
    behaviour: usize,
    media: usize,
}

impl<'a> Titles<'a> {
    fn of(titles: &'a [String]) -> Option<Self> {
        let place = |title: &str| titles.iter().position(|cell| cell.trim() == title);
        let media = ["Media file name", "Media file path", "Media file"].into_iter().find_map(place)?;
        Some(Self { titles, behaviour: place("Behavior")?, media })
    }

    fn has(&self, title: &str) -> bool {
        self.titles.iter().any(|cell| cell.trim() == title)
    }

    /// Returns the cell of the first existing column of `titles`; empty if there is none.
    fn cell<'c>(&self, cells: &'c [String], titles: &[&str]) -> &'c str {
        let place = titles.iter().find_map(|title| self.titles.iter().position(|cell| cell.trim() == *title));
        place.and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
    }

    /// Returns the cells of the columns whose titles begin with `start`.
    fn cells<'c>(&self, cells: &'c [String], start: &str) -> Vec<&'c str> {
        let places = self.titles.iter().enumerate().filter(|(_, title)| title.trim().starts_with(start));
        places.filter_map(|(place, _)| cells.get(place)).map(|cell| cell.trim()).collect()
    }

    /// Returns the media of the players of an observation with these rows.
    fn players(&self, rows: &[&Record]) -> Vec<Vec<Medium>> {
        let Some((_, first)) = rows.first() else { return Vec::new() };
        let offset = seconds(self.cell(first, &["Time offset (s)"])).unwrap_or(0.0);
        let sources = self.cell(first, &["Source"]);
        if !sources.contains("player #") {
            let mut media: Vec<String> = Vec::new();
            for (_, cells) in rows {
                let path = cells.get(self.media).map_or("", |cell| cell.trim());
                if !is_absent(path) && !media.iter().any(|other| other == path) {
                    media.push(path.to_owned());
                }
            }
            // Of several media the lengths are unknown, so times are assigned to the first one.
            let length =
                seconds(self.cell(first, &["Total length", "Media duration (s)"])).filter(|_| media.len() == 1);
            return vec![Medium::queue(media.into_iter().map(|path| (path, length)), offset)];
        }
        let lengths: Vec<&str> = self.cell(first, &["Media duration (s)"]).split('|').collect();
        let players = sources.split("player #").skip(1).zip(lengths.iter().chain(std::iter::repeat(&"")));
        let player = |(source, lengths): (&str, &&str)| {
            let files = source.split_once(':').map_or("", |(_, files)| files).trim_end_matches(['|', ' ']);
            let lengths: Vec<Option<f64>> = lengths.split(';').map(seconds).collect();
            let files = files.split(';').map(|file| file.trim().to_owned()).filter(|file| !file.is_empty());
            let media = files.enumerate().map(|(place, file)| (file, lengths.get(place).copied().flatten()));
            Medium::queue(media, offset)
        };
        // The table does not have the offsets of the other players.
        players.map(player).take(1).collect()
    }

    fn event(&self, (line, cells): &Record) -> std::result::Result<Event, String> {
        let secs = |titles: &[&str]| seconds(self.cell(cells, titles));
        let (start, kind) = if self.has("Start (s)") && self.has("Stop (s)") {
            let (start, stop) = (secs(&["Start (s)"]), self.cell(cells, &["Stop (s)"]));
            let end = match seconds(stop) {
                None if !matches!(stop, "" | "NA" | "None") => {
                    return Err(format!("line {line}: the event stops at '{stop}', which is not a time; skipped"));
                }
                end => end.or(start),
            };
            (start, Kind::Until(end.unwrap_or(0.0)))
        } else {
            let status = self.cell(cells, &["Status", "Behavior type"]);
            let kind = match status.to_uppercase().as_str() {
                "START" => Kind::Start,
                "STOP" => Kind::Stop,
                "" | "POINT" | "POINT EVENT" => Kind::Point,
                _ => return Err(format!("line {line}: '{status}' is neither START, STOP nor POINT; skipped")),
            };
            (secs(&["Time", "Start (s)"]), kind)
        };
        let code = cells.get(self.behaviour).map_or("", |cell| cell.trim());
        let (Some(secs), false) = (start, code.is_empty()) else {
            return Err(format!("line {line}: the event has no time or no behaviour; skipped"));
        };
        let subject = Some(self.cell(cells, &["Subject"])).filter(|subject| *subject != NO_SUBJECT).unwrap_or_default();
        let modifiers = self.cells(cells, "Modifier").join("|");
        let comment = self.cell(cells, &["Comment start", "Comment"]);
        Ok(Event {
            secs,
            kind,
            subject: subject.to_owned(),
            code: code.to_owned(),
            modifiers,
            comment: comment.to_owned(),
            place: format!("line {line}"),
        })
    }
}

/// Reads the events of a table.
pub(in super::super) fn read_table(source: &Path, table: &Table) -> Result<AnnotationSet> {
    let wrong = |cause: String| Error::file(source, cause, REMEDY);
    let rows = &table.records;
    let header = rows.iter().position(|(_, cells)| Titles::of(cells).is_some());
    let header = header.ok_or_else(|| wrong("the columns Behavior and Media file name are missing".into()))?;
    let titles = Titles::of(&rows[header].1).ok_or_else(|| wrong("the column Behavior is missing".into()))?;
    let mut set = AnnotationSet::default();
    set.notes.extend(table.problems.iter().map(|(line, cause)| wrong(format!("line {line}: {cause}; skipped"))));
    let mut observations: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for row in &rows[header + 1..] {
        observations.entry(titles.cell(&row.1, &["Observation id"])).or_default().push(row);
    }
    for (name, rows) in observations {
        let place = if name.is_empty() { String::new() } else { format!("observation {name}") };
        let players = titles.players(&rows);
        if rows.iter().any(|(_, cells)| titles.cell(cells, &["Source"]).contains("player #2")) {
            let cause = within(&place, "it has several players; the videos of the first get the labels");
            set.remarks.push(Error::file(source, cause, "Import the project of BORIS to label those of the others"));
        }
        if players.first().is_none_or(Vec::is_empty) {
            let lines = match (rows[0].0, rows[rows.len() - 1].0) {
                (first, last) if first == last => format!("line {first}"),
                (first, last) => format!("lines {first} to {last}"),
            };
            set.notes.push(wrong(format!("{lines}: the events name no media file; skipped")));
            continue;
        }
        let is_dark = players[0].len() > 1 && players[0].iter().any(|medium| medium.length.is_infinite());
        let first = players[0][0].path.clone();
        let mut observation = Observation { place, players, ..Observation::default() };
        for row in rows {
            let is_later = is_dark && row.1.get(titles.media).is_some_and(|path| path.trim() != first);
            match titles.event(row) {
                Ok(_) if is_later => observation.unreadable += 1,
                Ok(event) => observation.events.push(event),
                Err(cause) => {
                    observation.unreadable += 1;
                    set.notes.push(wrong(cause));
                }
            }
        }
        if is_dark {
            let cause = "the table has no media durations; events of all but the first media file are skipped";
            let cause = within(&observation.place, cause);
            set.notes.push(Error::file(source, cause, "Import the project of BORIS instead"));
        }
        add_observation(&mut set, observation, source);
    }
    Ok(set)
}

fn is_absent(path: &str) -> bool {
    matches!(path, "" | "NA" | "Not found")
}

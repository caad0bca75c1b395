//! The roles of the columns in a table of labels.

use super::{seconds, unescape_formula};

/// The role of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Path,
    Label,
    Start,
    End,
    Duration,
    Group,
    Note,
    StartFrame,
    EndFrame,
    LastFrame,
    StartMillis,
    EndMillis,
    Fps,
}

use Role::*;

/// The names of columns, in lower case and reduced to letters and digits.
const NAMES: [(Role, &[&str]); 13] = [
    (Path, &["path", "file", "filename", "filepath", "clip", "video", "videopath", "videoname"]),
    (Label, &["label", "class", "action"]),
    (
        Start,
        &["start", "begin", "startsecs", "startsec", "starts", "startseconds", "starttime", "timestart", "begintime"],
    ),
    (End, &["end", "stop", "endsecs", "endsec", "ends", "endseconds", "endtime", "timeend", "stoptime"]),
    (Duration, &["duration", "durationsecs", "durationsec", "durations", "durationseconds"]),
    (Group, &["group"]),
    (Note, &["note", "comment"]),
    (StartFrame, &["startframe", "framestart", "beginframe", "firstframe"]),
    (EndFrame, &["endframe", "frameend", "stopframe"]),
    (LastFrame, &["lastframe"]),
    (StartMillis, &["startms", "beginms", "starttimems"]),
    (EndMillis, &["endms", "stopms", "endtimems"]),
    (Fps, &["fps", "framerate"]),
];

/// The columns of a table without a header.
const PLAIN: [Role; 6] = [Path, Label, Start, End, Group, Note];

/// Words for the start of a part, and for its end.
const BEGINNINGS: [&str; 3] = ["start", "begin", "onset"];
const ENDS: [&str; 3] = ["end", "stop", "offset"];

/// Moves the third of three cells of a table without a header to the place of the group, unless it is a time whose end
/// is missing.
pub fn with_group_in_place(cells: &mut Vec<String>) {
    if let [_, _, third] = cells.as_slice()
        && !third.trim().is_empty()
        && seconds(third).is_none()
    {
        cells.splice(2..2, [String::new(), String::new()]);
    }
}

/// The roles of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Option<Role>>);

/// The part of a video that a row labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// The whole video.
    Whole,
    /// Start and end, in seconds.
    Secs(f64, f64),
    /// The first frame and the one after the last.
    Frames(usize, usize),
}

impl Default for Columns {
    /// Returns `path,label,start,end,group,note`.
    fn default() -> Self {
        Self(PLAIN.map(Some).to_vec())
    }
}

impl Columns {
    /// Returns the columns that a header names, in any order; `None` if the cells are not a header.
    ///
    /// # Errors
    /// The names of unknown columns that look like times: without them a part of a video would be mistaken for the
    /// whole.
    pub fn of_header(cells: &[String]) -> Result<Option<Self>, String> {
        let plain = |cell: &String| -> String {
            cell.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let names: Vec<String> = cells.iter().map(plain).collect();
        let is_both = ["onset", "offset"].iter().all(|one| names.iter().any(|name| name == one));
        let role = |name: &String| match name.as_str() {
            // An onset or offset column without the other may be anything.
            "onset" if is_both => Some(Start),
            "offset" if is_both => Some(End),
            name => NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(role, _)| *role),
        };
        let mut columns = Self(Vec::new());
        for name in &names {
            // Of two columns with the same name the first counts.
            let role = role(name).filter(|role| columns.place(*role).is_none());
            columns.0.push(role);
        }
        if columns.place(Path).is_none() || columns.place(Label).is_none() {
            return Ok(None);
        }
        let has = |role| columns.place(role).is_some();
        let has_times = (has(Start) && (has(End) || has(Duration)))
            || (has(StartFrame) && (has(EndFrame) || has(LastFrame)))
            || (has(StartMillis) && has(EndMillis));
        let unknown = cells.iter().zip(&columns.0).filter(|(_, role)| role.is_none()).map(|(cell, _)| cell.trim());
        let named = |words: [&str; 3]| {
            let is_word = |part: &str| words.iter().any(|word| word.eq_ignore_ascii_case(part));
            unknown.clone().find(|cell| cell.split(|c: char| !c.is_alphanumeric()).any(is_word))
        };
        match (has_times, named(BEGINNINGS), named(ENDS)) {
            (false, Some(start), Some(end)) => Err(format!("{start}, {end}")),
            _ => Ok(Some(columns)),
        }
    }

    /// Returns the name of the video; empty if missing.
    pub fn path<'a>(&self, cells: &'a [String]) -> &'a str {
        unescape_formula(self.cell(cells, Path))
    }

    /// Returns the name or number of the class; empty if missing.
    pub fn label<'a>(&self, cells: &'a [String]) -> &'a str {
        unescape_formula(self.cell(cells, Label)).trim()
    }

    /// Returns the recording; empty if missing.
    pub fn group<'a>(&self, cells: &'a [String]) -> &'a str {
        unescape_formula(self.cell(cells, Group))
    }

    /// Returns a remark; empty if missing.
    pub fn note<'a>(&self, cells: &'a [String]) -> &'a str {
        unescape_formula(self.cell(cells, Note))
    }

    /// Returns the part of the video. If a row has both, seconds take precedence over frames.
    ///
    /// # Errors
    /// A description of invalid times.
    pub fn part(&self, cells: &[String]) -> Result<Part, String> {
        let wrong = |start: &str, end: &str| Err(format!("'{start}' to '{end}' is not a segment"));
        for (start, end, lasting, unit) in [(Start, End, Some(Duration), 1.0), (StartMillis, EndMillis, None, 1000.0)] {
            let (start, end) = (self.cell(cells, start).trim(), self.cell(cells, end).trim());
            if start.is_empty() && end.is_empty() {
                continue;
            }
            let duration = lasting.map_or("", |role| self.cell(cells, role).trim());
            if end.is_empty() && !duration.is_empty() {
                return match (seconds(start), seconds(duration)) {
                    (Some(start), Some(duration)) => Ok(Part::Secs(start / unit, start / unit + duration)),
                    _ => wrong(start, duration),
                };
            }
            return match (seconds(start), seconds(end)) {
                (Some(start), Some(end)) => Ok(Part::Secs(start / unit, end / unit)),
                _ => wrong(start, end),
            };
        }
        let (start, end) = (self.cell(cells, StartFrame).trim(), self.cell(cells, EndFrame).trim());
        let last = self.cell(cells, LastFrame).trim();
        if start.is_empty() && end.is_empty() && last.is_empty() {
            return Ok(Part::Whole);
        }
        let frame = |cell: &str| cell.parse::<usize>().ok();
        match (frame(start), frame(end).or_else(|| frame(last)?.checked_add(1))) {
            (Some(start), Some(end)) => Ok(Part::Frames(start, end)),
            _ => wrong(start, if end.is_empty() { last } else { end }),
        }
    }

    /// Returns the frame rate at which the row's frames are counted, if given.
    pub fn rate(&self, cells: &[String]) -> Option<f64> {
        let rate = self.cell(cells, Fps).trim().replace(',', ".").parse::<f64>().ok();
        rate.filter(|rate| rate.is_finite() && *rate > 0.0)
    }

    fn place(&self, role: Role) -> Option<usize> {
        self.0.iter().position(|other| *other == Some(role))
    }

    /// Returns the text of a cell; empty if it is missing.
    fn cell<'a>(&self, cells: &'a [String], role: Role) -> &'a str {
        self.place(role).and_then(|place| cells.get(place)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn row(text: &str) -> Vec<String> {
        Table::parse(text).records.remove(0).1
    }

    fn columns(header: &str) -> Columns {
        Columns::of_header(&row(header)).unwrap().unwrap()
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let columns = columns("Label,Start (s),END,Video path,fps");
        let cells = row("'=wave,1.5,0:02, a.mp4 ,25");
        assert_eq!((columns.path(&cells), columns.label(&cells), columns.note(&cells)), ("a.mp4", "=wave", ""));
        assert_eq!(columns.part(&cells), Ok(Part::Secs(1.5, 2.0)));
        assert_eq!(Columns::of_header(&row("a.mp4,wave,1,2")), Ok(None));
        assert_eq!(columns.path(&row("x,1,2,\" a.mp4\",25")), " a.mp4", "blanks within quotes are part of a name");
    }

    #[test]
    fn parts_are_in_seconds_milliseconds_or_frames() {
        let frames = columns("path,label,start_frame,end_frame");
        assert_eq!(frames.part(&row("a,b,10,20")), Ok(Part::Frames(10, 20)));
        assert_eq!(frames.part(&row("a,b,,")), Ok(Part::Whole));
        assert!(frames.part(&row("a,b,10,")).is_err() && frames.part(&row("a,b,1.5,3")).is_err());
        assert_eq!(columns("path,label,first frame,last frame").part(&row("a,b,10,19")), Ok(Part::Frames(10, 20)));
        assert_eq!(columns("path,label,start_ms,end_ms").part(&row("a,b,1500,2500")), Ok(Part::Secs(1.5, 2.5)));
        let both = columns("path,label,start,end,start_frame,end_frame");
        assert_eq!(both.part(&row("a,b,1,2,30,60")), Ok(Part::Secs(1.0, 2.0)));
        assert_eq!(both.part(&row("a,b,,,30,60")), Ok(Part::Frames(30, 60)));
        assert_eq!(both.part(&row("a,b")), Ok(Part::Whole));
        assert_eq!(columns("path,label,onset,offset").part(&row("a,b,1,2")), Ok(Part::Secs(1.0, 2.0)));
        assert_eq!(columns("path,label,offset,start,end").part(&row("a,b,9,1,2")), Ok(Part::Secs(1.0, 2.0)));
        let rates = columns("path,label,start_frame,end_frame,fps");
        assert_eq!(
            ["a,b,1,2,29.97", "a,b,1,2,", "a,b,1,2,0"].map(|text| rates.rate(&row(text))),
            [Some(29.97), None, None]
        );
        let lasting = columns("path,label,start,duration");
        assert_eq!(lasting.part(&row("a,b,1,1.5")), Ok(Part::Secs(1.0, 2.5)));
        assert_eq!(lasting.part(&row("a,b,,9")), Ok(Part::Whole), "as long as the video");
    }

    #[test]
    fn times_that_are_not_known_do_not_make_a_part_the_whole() {
        let unknown = Columns::of_header(&row("path,label,start_tick,end_tick"));
        assert_eq!(unknown, Err("start_tick, end_tick".into()));
        assert!(Columns::of_header(&row("path,label,weekend,gender,start place")).is_ok());
    }
}

//! Which column of a table holds what.

/// Places of the columns; as in `path,label,start,end,group` unless a header says otherwise.
pub(super) struct Columns {
    path: usize,
    label: usize,
    start: Option<usize>,
    end: Option<usize>,
    group: Option<usize>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { path: 0, label: 1, start: Some(2), end: Some(3), group: Some(4) }
    }
}

impl Columns {
    /// The columns that a header names, in whatever order; none if the cells are no header.
    pub fn from_header(cells: &[String]) -> Option<Self> {
        let find = |names: &[&str]| {
            cells.iter().position(|cell| names.iter().any(|name| name.eq_ignore_ascii_case(cell.trim())))
        };
        Some(Self {
            path: find(&["path", "file", "filename", "clip", "video"])?,
            label: find(&["label", "class", "action"])?,
            start: find(&["start", "begin", "start_secs"]),
            end: find(&["end", "stop", "end_secs"]),
            group: find(&["group"]),
        })
    }

    /// The name of the clip.
    pub fn path<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        cell(cells, Some(self.path))
    }

    /// The name or number of the class.
    pub fn label<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        cell(cells, Some(self.label))
    }

    /// Where the segment starts.
    pub fn start<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        cell(cells, self.start)
    }

    /// Where the segment ends.
    pub fn end<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        cell(cells, self.end)
    }

    /// The recording.
    pub fn group<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        cell(cells, self.group)
    }
}

/// A cell that is there and not blank.
fn cell(cells: &[String], column: Option<usize>) -> Option<&str> {
    cells.get(column?).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
}

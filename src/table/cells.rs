//! Decoding of bytes to text, and parsing of text to cells and of cells to numbers.

use std::borrow::Cow;

/// The supported cell separators.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Number of lines inspected to detect the separator.
const SAMPLE_LINES: usize = 20;

/// The first line number of a record, from 1, and its cells.
pub type Record = (usize, Vec<String>);

/// The records of a table. Blanks around a cell are removed unless they are quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The readable records, without blank ones.
    pub records: Vec<Record>,
    /// The lines of invalid records, with the fault.
    pub problems: Vec<(usize, &'static str)>,
}

impl Table {
    /// Parses a table.
    pub fn parse(text: &str) -> Self {
        // Line ends of classic Mac OS.
        let text = if text.contains('\n') { Cow::Borrowed(text) } else { Cow::Owned(text.replace('\r', "\n")) };
        let (separator, mut at) = separator(&text);
        let mut line = 1 + newlines(&text[..at]);
        let mut table = Self::default();
        while at < text.len() {
            match record(&text[at..], separator) {
                Ok((cells, length)) => {
                    if cells.iter().any(|cell| !cell.trim().is_empty()) {
                        table.records.push((line, cells));
                    }
                    line += newlines(&text[at..at + length]);
                    at += length;
                }
                Err((place, cause)) => {
                    line += newlines(&text[at..at + place]);
                    table.problems.push((line, cause));
                    at += place;
                    at += text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
                    line += 1;
                }
            }
        }
        table
    }
}

/// Returns the first record of `text` and its length in bytes, or the position and description of an error.
fn record(text: &str, separator: char) -> Result<(Vec<String>, usize), (usize, &'static str)> {
    let (mut cells, mut at) = (Vec::new(), 0);
    loop {
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start_matches(|c: char| c == ' ' || (c == '\t' && separator != '\t')).len();
        let (cell, length) = match rest[blanks..].starts_with('"') {
            true => {
                let (cell, length) = quoted(&rest[blanks + 1..]).ok_or((at, "quotes are opened and not closed"))?;
                (cell, blanks + 1 + length)
            }
            false => {
                let length = rest.find([separator, '\n']).unwrap_or(rest.len());
                (rest[..length].trim().to_owned(), length)
            }
        };
        let after = &rest[length..];
        let gap = after.len() - after.trim_start_matches([' ', '\r']).len();
        cells.push(cell);
        at += length + gap;
        match after[gap..].chars().next() {
            None => return Ok((cells, at)),
            Some('\n') => return Ok((cells, at + 1)),
            Some(c) if c == separator => at += c.len_utf8(),
            Some(_) => return Err((at, "something follows the closing quotes")),
        }
    }
}

/// Returns the content of a cell after its opening quote, and its length in bytes including the closing quote.
fn quoted(text: &str) -> Option<(String, usize)> {
    let (mut cell, mut from) = (String::new(), 0);
    loop {
        let end = from + text[from..].find('"')?;
        cell += &text[from..end];
        if !text[end + 1..].starts_with('"') {
            return Some((cell, end + 1));
        }
        cell.push('"');
        from = end + 2;
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Returns the separator, and the byte at which the table begins: after Excel's line `sep=;`, if there is one.
fn separator(text: &str) -> (char, usize) {
    let first = text.lines().next().unwrap_or_default();
    let plain = first.trim().trim_matches('"');
    let named = plain.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|start| &plain[start.len()..]);
    if let Some(named) = named {
        let named = named.chars().next().or_else(|| first.contains('\t').then_some('\t'));
        let begin = text.find('\n').map_or(text.len(), |end| end + 1);
        return (named.unwrap_or(','), begin);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES);
    let lines: Vec<String> = lines.map(|line| line.split('"').step_by(2).collect()).collect();
    let Some(first) = lines.first() else { return (',', 0) };
    if first.contains('\t') {
        return ('\t', 0);
    }
    let is_even = |separator: char| {
        let mut counts = lines.iter().map(|line| line.matches(separator).count());
        let count = counts.next().unwrap_or(0);
        count > 0 && counts.all(|other| other == count)
    };
    let is_decimal = first.contains(';') && first.contains(',') && are_decimal(first);
    let has_semicolons = first.contains(';') && !is_even(',') && is_even(';');
    if is_decimal || has_semicolons {
        return (';', 0);
    }
    (SEPARATORS.into_iter().find(|&separator| first.contains(separator)).unwrap_or(','), 0)
}

/// Returns `true` if every comma of a line is between two digits.
fn are_decimal(line: &str) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    line.match_indices(',')
        .all(|(at, _)| is_digit(line[..at].chars().next_back()) && is_digit(line[at + 1..].chars().next()))
}

/// Returns the text of a file, without a byte order mark: UTF-8, or UTF-16 if it has such a mark or begins with a Latin
/// letter.
///
/// # Errors
/// The number of the first invalid line, from 1.
pub fn decode(bytes: &[u8]) -> Result<String, usize> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)]));
        let text: Result<String, _> = char::decode_utf16(units.clone()).collect();
        text.map_err(|_| {
            let valid = char::decode_utf16(units).take_while(Result::is_ok).flatten();
            1 + valid.filter(|c| *c == '\n').count()
        })
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [1..=255, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, 1..=255, ..] => utf16(bytes, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(bytes)
                .map(str::to_owned)
                .map_err(|error| 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count())
        }
    }
}

/// Parses a time to seconds: `1.5`, `1,5`, `01:02.5`, `1:02:03,5`.
pub fn seconds(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    let (sign, clock) = cell.strip_prefix('-').map_or((1.0, cell), |clock| (-1.0, clock));
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() == 1 {
        return number(cell);
    }
    let (last, whole) = parts.split_last()?;
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 2 || !whole.iter().all(is_number) || !last.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut secs = 0.0;
    for (place, part) in whole.iter().enumerate() {
        let value: f64 = part.parse().ok()?;
        secs = secs * 60.0 + Some(value).filter(|value| place == 0 || *value < 60.0)?;
    }
    let last = number(last).filter(|secs| *secs < 60.0)?;
    Some(sign * (secs * 60.0 + last))
}

/// Parses a number with a decimal point or a decimal comma.
fn number(cell: &str) -> Option<f64> {
    let has_comma = cell.matches(',').count() == 1 && !cell.contains('.');
    let cell = if has_comma { Cow::Owned(cell.replace(',', ".")) } else { Cow::Borrowed(cell) };
    cell.parse().ok()
}

/// Returns a text as one cell (RFC 4180); also quotes other separators and outer blanks.
pub fn quoted_cell(text: &str) -> String {
    let is_plain = !text.contains(['"', ',', '\n', '\r', ';', '\t']) && text.trim() == text;
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// Returns a text that no spreadsheet interprets as a formula: formulas are prefixed with an apostrophe.
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Reverses [`escape_formula`].
pub fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: usize, cells: &[&str]) -> Record {
        (line, cells.iter().map(|cell| cell.to_string()).collect())
    }

    fn records(text: &str) -> Vec<Record> {
        let table = Table::parse(text);
        assert_eq!(table.problems, [], "{text}");
        table.records
    }

    #[test]
    fn quotes_separators_and_line_ends() {
        assert_eq!(
            records("a,b\r\n\r\n\"c, \"\"d\"\"\",e\r\n\"f\ng\",\nh,i"),
            [of(1, &["a", "b"]), of(3, &["c, \"d\"", "e"]), of(4, &["f\ng", ""]), of(6, &["h", "i"])]
        );
        assert_eq!(records("a;b,c\n"), [of(1, &["a;b", "c"])], "commas before semicolons");
        assert_eq!(records("\"a,b\";c\n"), [of(1, &["a,b", "c"])]);
        assert_eq!(records("a\tb, c"), [of(1, &["a", "b, c"])]);
        assert_eq!(records("a;1,5;2,75\n"), [of(1, &["a", "1,5", "2,75"])], "a decimal comma separates nothing");
        assert_eq!(
            records("path;label;start\na, b;x;1,5\n"),
            [of(1, &["path", "label", "start"]), of(2, &["a, b", "x", "1,5"])]
        );
        assert_eq!(records("a, b.mp4;x\nc.mp4;y\n")[0], of(1, &["a, b.mp4", "x"]));
        assert_eq!(records("sep=;\na;b,c"), [of(2, &["a", "b,c"])]);
        assert_eq!(records("\"SEP=,\"\r\na;x,b"), [of(2, &["a;x", "b"])]);
        assert_eq!(records("a,b\rc,d\r"), [of(1, &["a", "b"]), of(2, &["c", "d"])]);
        assert_eq!(
            records("path;label\r\n\"a; \"\"b\"\"\n\";x\n\n c ;d")[1..],
            [of(2, &["a; \"b\"\n", "x"]), of(5, &["c", "d"])]
        );
        assert_eq!(records(""), []);
    }

    #[test]
    fn names_with_commas_stay_one_cell() {
        assert_eq!(quoted_cell("alley_1/frame_0001"), "alley_1/frame_0001");
        assert_eq!(quoted_cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        let names = ["a;b", " c\t", "\"d\"", "e\r\nf", ""];
        let line = names.map(quoted_cell).join(",");
        assert_eq!(records(&line), [of(1, &names)]);
    }

    #[test]
    fn what_is_wrong_with_a_row_costs_that_row() {
        let table = Table::parse("a,b\n\"c,d\ne,f\n");
        assert_eq!(table.problems, [(2, "quotes are opened and not closed")]);
        assert_eq!(table.records, [of(1, &["a", "b"]), of(3, &["e", "f"])]);
        let table = Table::parse("a,b\n\"c\"d,e\nf, \"g\" \r\n");
        assert_eq!(table.problems, [(2, "something follows the closing quotes")]);
        assert_eq!(table.records, [of(1, &["a", "b"]), of(3, &["f", "g"])]);
    }

    #[test]
    fn text_is_utf8_or_utf16_with_its_mark() {
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let text = "\u{feff}päth,🏌️\nx";
        assert_eq!(decode(&utf16(text, u16::to_le_bytes)).unwrap(), text[3..]);
        assert_eq!(decode(&utf16(text, u16::to_be_bytes)).unwrap(), text[3..]);
        assert_eq!(decode(text.as_bytes()).unwrap(), text[3..]);
        assert_eq!(decode(&utf16("path,label", u16::to_le_bytes)).unwrap(), "path,label", "without its mark");
        assert_eq!(decode(&utf16("path,label", u16::to_be_bytes)).unwrap(), "path,label");
        assert_eq!(decode(b"a\nb\xff"), Err(2));
        assert_eq!(decode(b"\xff\xfea\0\n\0\0\xd8"), Err(2));
    }

    #[test]
    fn times_have_a_point_a_comma_or_colons() {
        for (cell, secs) in [
            ("1.5", 1.5),
            (" 2,75 ", 2.75),
            ("00:01.5", 1.5),
            ("0:00:03", 3.0),
            ("1:02:03,5", 3723.5),
            ("90:00", 5400.0),
            ("-00:01.5", -1.5),
            ("-2", -2.0),
            ("1e3", 1000.0),
        ] {
            assert_eq!(seconds(cell), Some(secs), "{cell}");
        }
        for cell in ["", "x", "1:", ":1", "1:60", "0:99:00", "1:2:3:4", "1:-2", "1,234,5", "1.234,5", "a:1"] {
            assert_eq!(seconds(cell), None, "{cell}");
        }
    }

    #[test]
    fn formulas_are_text_and_come_back() {
        for text in ["=1+1", "'=1", "-", "@x", "+", "plain", "'quoted'", "''"] {
            let cell = escape_formula(text);
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
            assert_eq!(unescape_formula(&cell), text);
        }
    }
}

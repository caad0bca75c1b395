//! Text to cells (RFC 4180).

/// What may separate cells, the first of them that the first line holds outside quotes.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A record's first line, from 1, and its cells.
pub(super) type Record = (usize, Vec<String>);

/// Takes a table apart; blank lines are left out.
///
/// # Errors
/// The line and the cause where quotes are not closed, or something follows them.
pub(super) fn parse(text: &str) -> Result<Vec<Record>, (usize, &'static str)> {
    let separator = separator(text);
    let mut records = Vec::new();
    let mut characters = text.chars().peekable();
    let mut line = 1;
    while characters.peek().is_some() {
        let first_line = line;
        let mut cells = Vec::new();
        loop {
            let (cell, end) = cell(&mut characters, separator, &mut line)?;
            cells.push(cell);
            if end != Some(separator) {
                break;
            }
        }
        line += 1;
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            records.push((first_line, cells));
        }
    }
    Ok(records)
}

/// The next cell and the character that ended it: the separator, a line feed, or none at the end of the text.
fn cell(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    separator: char,
    line: &mut usize,
) -> Result<(String, Option<char>), (usize, &'static str)> {
    let mut cell = String::new();
    if characters.next_if_eq(&'"').is_some() {
        let first_line = *line;
        loop {
            match characters.next() {
                None => return Err((first_line, "quotes are opened and not closed")),
                Some('"') if characters.next_if_eq(&'"').is_none() => break,
                Some(c) => {
                    *line += usize::from(c == '\n');
                    cell.push(c);
                }
            }
        }
        characters.next_if_eq(&'\r');
        return match characters.next() {
            end if end.is_none() || end == Some('\n') || end == Some(separator) => Ok((cell, end)),
            _ => Err((*line, "something follows the closing quotes")),
        };
    }
    for c in characters {
        if c == separator || c == '\n' {
            cell.truncate(cell.trim_end_matches('\r').len());
            return Ok((cell, Some(c)));
        }
        cell.push(c);
    }
    Ok((cell, None))
}

fn separator(text: &str) -> char {
    let mut quoted = false;
    let first_line = text.trim_start().lines().next().unwrap_or_default();
    let outside: String = first_line
        .chars()
        .filter(|&c| {
            quoted ^= c == '"';
            !quoted
        })
        .collect();
    SEPARATORS.into_iter().find(|&separator| outside.contains(separator)).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(usize, Vec<String>)> {
        parse(text).unwrap()
    }

    #[test]
    fn quotes_separators_and_line_endings() {
        let of = |line, cells: &[&str]| (line, cells.iter().map(|cell| cell.to_string()).collect::<Vec<_>>());
        assert_eq!(
            cells("a,b\r\n\r\n\"c, \"\"d\"\"\",e\r\n\"f\ng\",\nh,i"),
            [of(1, &["a", "b"]), of(3, &["c, \"d\"", "e"]), of(4, &["f\ng", ""]), of(6, &["h", "i"])]
        );
        assert_eq!(cells("a;b,c\n"), [of(1, &["a;b", "c"])], "commas before semicolons");
        assert_eq!(cells("\"a,b\";c\n"), [of(1, &["a,b", "c"])]);
        assert_eq!(cells("a\tb"), [of(1, &["a", "b"])]);
        assert_eq!(cells(""), []);
    }

    #[test]
    fn open_quotes_are_named_with_their_line() {
        assert_eq!(parse("a,b\n\"c,d\ne,f\n"), Err((2, "quotes are opened and not closed")));
        assert_eq!(parse("a,b\n\"c\"d,e\n"), Err((2, "something follows the closing quotes")));
    }
}

//! UCF101's lists: `classInd.txt` (`id name`, from 1), `trainlistNN.txt` (`Class/clip.avi id`), `testlistNN.txt`
//! (without the id).

use std::path::Path;

use super::text;
use crate::error::{Error, Result};

/// The name of the class index beside the lists.
pub const CLASS_INDEX: &str = "classInd.txt";

/// Parses a line into the clip and its class number, if there is one.
pub fn fields(line: &str) -> (&str, Option<usize>) {
    match line.rsplit_once(char::is_whitespace) {
        // A number that is too large or negative belongs to no class.
        Some((clip, id)) if is_number(id) => (clip.trim_end(), Some(id.parse().unwrap_or(usize::MAX))),
        _ => (line, None),
    }
}

/// Returns whether `text` is a number, including a negative one, which is an invalid label but not part of a name.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the first folder of a clip, which is named after its class.
pub fn folder_of(clip: &str) -> &str {
    clip.split(['/', '\\']).next().unwrap_or_default()
}

/// Returns the names in the class index at `path`, each with its line number.
///
/// # Errors
/// If the file cannot be read, or an id is out of order.
pub fn read_class_index(path: &Path) -> Result<Vec<(usize, String)>> {
    let lines = text::lines(path)?.into_iter().zip(1usize..);
    let names = lines.map(|((number, line), expected)| match line.split_once(char::is_whitespace) {
        Some((id, name)) if id.parse() == Ok(expected) => Ok((number, name.trim().to_owned())),
        _ => {
            let cause = format!("line {number}: '{line}' is not '{expected} name'");
            Err(Error::file(path, cause, "Classes are numbered from 1, one a line"))
        }
    });
    names.collect()
}

/// Returns the class index with these names.
pub fn class_index<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    (1..).zip(names).map(|(id, name)| format!("{id} {name}\n")).collect()
}

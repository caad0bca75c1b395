//! Settings that another version has written: what can be read of them is read, field by field.

use std::cell::Cell;

use eframe::Storage;
use serde::de::DeserializeOwned;

/// Settings that could not all be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// All of them, as they were written.
    pub text: String,
    /// The names of those that could not be read.
    pub names: Vec<String>,
}

/// Reads the RON of a struct whose fields all have defaults; the fields that cannot be read are left out. Nothing if it is no such
/// text at all.
pub fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, Option<Unread>) {
    if let Some(value) = parse(text) {
        return (Some(value), None);
    }
    let fields = fields(text).unwrap_or_default();
    let is_read = |field: &&&str| parse::<T>(&format!("({field})")).is_some();
    let (known, unknown): (Vec<&str>, Vec<&str>) = fields.iter().partition(is_read);
    let names = unknown.iter().map(|field| field.split(':').next().unwrap_or_default().trim().to_owned());
    let unread = Unread { text: text.to_owned(), names: names.collect() };
    (parse(&format!("({})", known.join(","))), Some(unread))
}

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    eframe::get_value(&Text(text), "")
}

/// The fields of `(name:value,…)`, each with its value; nothing if the text is not like that.
fn fields(text: &str) -> Option<Vec<&str>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let (depth, quote, is_escaped) = (Cell::new(0_usize), Cell::new(None), Cell::new(false));
    let is_end = |character: char| {
        if is_escaped.replace(false) {
            return false;
        }
        match (quote.get(), character) {
            (Some(_), '\\') => is_escaped.set(true),
            (Some(open), _) if open == character => quote.set(None),
            (Some(_), _) => {}
            (None, '"' | '\'') => quote.set(Some(character)),
            (None, '(' | '[' | '{') => depth.set(depth.get() + 1),
            (None, ')' | ']' | '}') => depth.set(depth.get().saturating_sub(1)),
            (None, ',') => return depth.get() == 0,
            (None, _) => {}
        }
        false
    };
    Some(inner.split(is_end).filter(|field| !field.trim().is_empty()).collect())
}

/// A text where a storage is asked for.
struct Text<'a>(&'a str);

impl Storage for Text<'_> {
    fn get_string(&self, _key: &str) -> Option<String> {
        Some(self.0.to_owned())
    }

    fn set_string(&mut self, _key: &str, _value: String) {}

    fn remove_string(&mut self, _key: &str) {}

    fn flush(&mut self) {}
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        dark: bool,
        recent: Vec<PathBuf>,
        truths: Vec<(PathBuf, PathBuf)>,
        gamma: f32,
        key: char,
    }

    #[test]
    fn what_can_be_read_is_read_and_the_rest_is_named() {
        let text = r#"(dark:true,recent:["/a, (b\"]c","/d"],layout:(tiles:{1:("x",[2])},root:None),truths:7,gamma:1.5,key:',')"#;
        let (sample, unread) = read::<Sample>(text);
        let recent = vec!["/a, (b\"]c".into(), "/d".into()];
        assert_eq!(sample, Some(Sample { dark: true, recent, gamma: 1.5, key: ',', ..Sample::default() }));
        assert_eq!(
            unread,
            Some(Unread { text: text.into(), names: vec!["truths".into()] }),
            "unknown fields are no harm"
        );
        assert_eq!(read::<Sample>("(dark:true)"), (Some(Sample { dark: true, ..Sample::default() }), None));
    }

    #[test]
    fn a_text_that_is_none_is_kept_and_breaks_nothing() {
        for text in ["", "(", "nonsense", "(dark:tr", "[1,2]", "(dark:\u{0}true,gamma:1.5)"] {
            let (_, unread) = read::<Sample>(text);
            assert_eq!(unread.map(|unread| unread.text).as_deref(), Some(text));
        }
    }
}

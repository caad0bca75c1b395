//! Lenient parsing of JSON from other programs, which may write numbers as text and names as numbers.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use crate::table::seconds;

/// Returns the number in `value`, which may be text, with a decimal comma or in clock format.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| seconds(value.as_str()?)).filter(|number| number.is_finite())
}

/// Returns the text in `value`, or its number as text; `None` for anything else.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a field with [`number`]; `None` for null.
///
/// # Errors
/// If it is not a number.
pub fn as_number<'de, D: Deserializer<'de>>(field: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(field)? {
        Value::Null => Ok(None),
        value => number(&value).map(Some).ok_or_else(|| D::Error::custom(format!("{value} is not a number"))),
    }
}

/// Reads a field as two numbers.
///
/// # Errors
/// If it is not a pair of numbers.
pub fn as_pair<'de, D: Deserializer<'de>>(field: D) -> Result<[f64; 2], D::Error> {
    let pair = <[Value; 2]>::deserialize(field)?;
    match [number(&pair[0]), number(&pair[1])] {
        [Some(first), Some(second)] => Ok([first, second]),
        _ => Err(D::Error::custom(format!("{} to {} is not a segment", pair[0], pair[1]))),
    }
}

/// Reads a field with [`text`]; empty for null.
///
/// # Errors
/// If it is neither text nor a number.
pub fn as_text<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    match Value::deserialize(field)? {
        Value::Null => Ok(String::new()),
        value => text(&value).ok_or_else(|| D::Error::custom(format!("{value} is not text"))),
    }
}

/// Reads a field as a list of [`text`] or a single one; empty for null.
///
/// # Errors
/// If an element is neither text nor a number.
pub fn as_texts<'de, D: Deserializer<'de>>(field: D) -> Result<Vec<String>, D::Error> {
    let values = match Value::deserialize(field)? {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        value => vec![value],
    };
    let read = |value: &Value| text(value).ok_or_else(|| D::Error::custom(format!("{value} is not text")));
    values.iter().map(read).collect()
}

/// Reads a field as a Boolean; `false` for null.
///
/// # Errors
/// If it is neither true nor false, nor 1 or 0, nor one of these as text.
pub fn as_flag<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(field)?;
    let word = value.as_bool().map(|flag| flag.to_string()).or_else(|| text(&value)).unwrap_or_default();
    match word.trim().to_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        "" if value.is_null() || value.is_string() => Ok(false),
        _ => Err(D::Error::custom(format!("{value} is neither true nor false"))),
    }
}

/// Reads a field as a frame number.
///
/// # Errors
/// If it is not a number.
pub fn as_frame<'de, D: Deserializer<'de>>(field: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(field)?;
    number(&value).ok_or_else(|| D::Error::custom(format!("{value} is not a frame number")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// serde_json guarantees this only with its feature `float_roundtrip`: otherwise one number in six is off by a bit.
    #[test]
    fn a_number_is_read_exactly_as_it_was_written() {
        for number in (1..1000).map(|n| 1e3 / f64::from(n).sqrt()) {
            assert_eq!(serde_json::from_str::<f64>(&json!(number).to_string()).unwrap(), number);
        }
    }

    #[test]
    fn numbers_may_be_text_and_text_may_be_a_number() {
        let numbers = [json!(2), json!("12.5"), json!(" 1,5 "), json!("1:02.5"), json!("x"), json!(null), json!([1])];
        assert_eq!(numbers.each_ref().map(number), [Some(2.0), Some(12.5), Some(1.5), Some(62.5), None, None, None]);
        assert_eq!(
            [json!("a "), json!(7), json!(true)].each_ref().map(text),
            [Some("a ".into()), Some("7".into()), None]
        );
    }

    #[test]
    fn fields_that_are_neither_are_refused_with_what_they_are() {
        let refused = |error: serde_json::Error| error.to_string();
        assert_eq!(as_number(json!("soon")).map_err(refused), Err("\"soon\" is not a number".into()));
        assert_eq!(as_number(json!(null)).map_err(refused), Ok(None));
        assert_eq!(as_pair(json!(["1.5", 2])).map_err(refused), Ok([1.5, 2.0]));
        assert_eq!(as_pair(json!([1, null])).map_err(refused), Err("1 to null is not a segment".into()));
        assert_eq!(as_texts(json!(["a", 7])).map_err(refused), Ok(vec!["a".to_owned(), "7".into()]));
        assert_eq!([json!(null), json!("a")].map(|field| as_texts(field).unwrap().len()), [0, 1]);
        assert!(
            as_texts(json!([{}])).is_err() && as_frame(json!(null)).is_err() && as_frame(json!("3")).unwrap() == 3.0
        );
        assert!(as_pair(json!([1])).is_err() && as_pair(json!(3)).is_err());
        let flags = [json!(null), json!(""), json!(false), json!(0), json!("True"), json!(1), json!(true)];
        assert_eq!(flags.map(|flag| as_flag(flag).unwrap()), [false, false, false, false, true, true, true]);
        assert_eq!(as_flag(json!([])).map_err(refused), Err("[] is neither true nor false".into()));
        assert_eq!(as_text(json!(null)).map_err(refused), Ok(String::new()));
        assert_eq!(as_text(json!({})).map_err(refused), Err("{} is not text".into()));
    }
}

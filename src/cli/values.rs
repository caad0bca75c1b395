//! Parsers of single values on the command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use crate::named::Named;
use crate::video::Geometry;

/// Returns one of the names a type has in configuration files, such as `squeezenet1-0`.
pub(super) fn named<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<Error>::new(text)).map_err(|error| error.to_string())
}

/// Parses one of the choices that `--help` lists with their documentation.
pub(super) fn choice<T: Named>() -> impl TypedValueParser<Value = T> {
    let values = T::CHOICES.iter().map(|(_, name, text)| {
        let summary: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        PossibleValue::new(*name).help(summary.join(" ").trim_end_matches('.').to_owned())
    });
    PossibleValuesParser::new(values).map(|name| {
        let choice = T::CHOICES.iter().find(|(_, known, _)| *known == name);
        choice.expect("the parser lets only these names through").0
    })
}

/// `WIDTHxHEIGHT` in pixels.
pub(super) fn geometry(text: &str) -> Result<Geometry, String> {
    let sides =
        text.split_once(['x', '×']).and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match sides {
        Some((width, height)) if width > 0 && height > 0 => Ok(Geometry { width, height }),
        _ => Err("expected WIDTHxHEIGHT in pixels, such as 160x120".into()),
    }
}

/// Returns a number that is not negative, not infinite and not NaN.
pub(super) fn non_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("expected a number of 0 or more".into()),
    }
}

/// Parses an image scale within a sensible range.
pub(super) fn scale(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(scale) if (0.01..=4.0).contains(&scale) => Ok(scale),
        _ => Err("expected a number from 0.01 to 4".into()),
    }
}

/// `NAME=VALUE`, the value a number.
pub(super) fn setting(text: &str) -> Result<(String, toml::Value), String> {
    let parsed = text.split_once('=').and_then(|(name, value)| {
        let value = value.trim();
        let whole = value.parse().map(toml::Value::Integer);
        Some((name.trim().to_owned(), whole.or_else(|_| value.parse().map(toml::Value::Float)).ok()?))
    });
    parsed.ok_or_else(|| "expected NAME=NUMBER, such as lambda=0.1".into())
}

/// Returns a number above 0, not infinite and not NaN.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::FusionRule;

    #[test]
    fn values_are_checked_while_parsing() {
        assert_eq!(geometry("160x120"), Ok(Geometry { width: 160, height: 120 }));
        assert!(geometry("160").is_err() && geometry("0x120").is_err() && geometry("ax9").is_err());
        assert!(non_negative("-1").is_err() && non_negative("NaN").is_err() && non_negative("1.5") == Ok(1.5));
        assert!(scale("0.5") == Ok(0.5) && scale("0").is_err() && scale("NaN").is_err());
        assert_eq!(setting("tau=0.2"), Ok(("tau".into(), toml::Value::Float(0.2))));
        assert!(
            setting("warps=3") == Ok(("warps".into(), 3.into())) && setting("tau").is_err() && setting("a=b").is_err()
        );
        assert!(positive("0").is_err() && positive("inf").is_err() && positive("0.5") == Ok(0.5));
        assert!(named::<FusionRule>("mean").is_err_and(|message| message.contains("released")));
    }
}

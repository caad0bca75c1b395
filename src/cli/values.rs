//! Parsers of single values on the command line.

use std::ffi::OsStr;
use std::num::NonZeroUsize;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

use crate::named::{Named, file_names};
use crate::names::nearest;
use crate::video::Geometry;

/// Returns the value that `name` stands for in configuration files, such as `squeezenet1-0`.
pub(super) fn by_name<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    let known = file_names::<T>();
    T::deserialize(StrDeserializer::<Error>::new(name)).map_err(|_| match nearest(name, known) {
        Some(meant) => format!("there is no '{name}'; did you mean '{meant}'?"),
        None => format!("there is no '{name}'; use one of {}", known.join(", ")),
    })
}

/// Parses one of the names a type has in configuration files, which the help says in its own words.
pub(super) fn named<T: DeserializeOwned + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    unlisted(file_names::<T>().to_vec(), by_name)
}

/// Parses one of `names` by `parse`. A wrong one is refused with the nearest, as by [`choice`]; the help does not list them.
pub(super) fn unlisted<T: Clone + Send + Sync + 'static>(
    names: Vec<&'static str>,
    parse: fn(&str) -> Result<T, String>,
) -> impl TypedValueParser<Value = T> {
    Unlisted(PossibleValuesParser::new(names).try_map(move |name| parse(&name)))
}

/// A parser whose values are not in the help.
#[derive(Clone)]
struct Unlisted<P>(P);

impl<P: TypedValueParser> TypedValueParser for Unlisted<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, clap::Error> {
        self.0.parse_ref(command, argument, value)
    }
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

/// Longest side of pictures in pixels: longer ones fit in no memory.
const MAX_SIDE: u32 = 16_384;

/// `WIDTHxHEIGHT` in pixels.
pub(super) fn geometry(text: &str) -> Result<Geometry, String> {
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| (1..=MAX_SIDE).contains(side));
    let sides = text.split_once(['x', '×']).and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let refused = || format!("expected WIDTHxHEIGHT in pixels, such as 160x120, of 1 to {MAX_SIDE} a side");
    sides.map(|(width, height)| Geometry { width, height }).ok_or_else(refused)
}

/// Parses the weight of a stream relative to the other. Far beyond its range scores overflow.
pub(super) fn weight(text: &str) -> Result<f64, String> {
    non_negative(text).ok().filter(|weight| *weight <= 1e6).ok_or_else(|| "expected a number from 0 to 1000000".into())
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

/// Parses a number of things, of which there is at least one.
pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number of 1 or more".into())
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

/// Overrides a default with the given value.
pub(super) fn set<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::fusion::FusionRule;

    #[test]
    fn values_are_checked_while_parsing() {
        assert_eq!(geometry("160x120"), Ok(Geometry { width: 160, height: 120 }));
        assert_eq!(geometry("16384×1"), Ok(Geometry { width: 16_384, height: 1 }));
        for text in ["160", "0x480", "640x", "-1x4", "99999x4", "axb", "4294967297x1"] {
            assert!(geometry(text).is_err(), "{text}");
        }
        assert!(weight("1.5") == Ok(1.5) && weight("1e300").is_err() && weight("-1").is_err());
        assert!(non_negative("-1").is_err() && non_negative("NaN").is_err() && non_negative("1.5") == Ok(1.5));
        assert!(scale("0.5") == Ok(0.5) && scale("0").is_err() && scale("NaN").is_err());
        assert_eq!(setting("tau=0.2"), Ok(("tau".into(), toml::Value::Float(0.2))));
        assert!(
            setting("warps=3") == Ok(("warps".into(), 3.into())) && setting("tau").is_err() && setting("a=b").is_err()
        );
        assert!(
            count("0").is_err_and(|cause| cause.contains("1 or more")) && count("-1").is_err() && count("7").is_ok()
        );
        assert!(positive("0").is_err() && positive("inf").is_err() && positive("0.5") == Ok(0.5));
        assert!(
            by_name::<FusionRule>("mean").is_err_and(|message| message.ends_with("released, softmax, logits, sigmoid"))
        );
        assert!(by_name::<FusionRule>("logit").is_err_and(|message| message.ends_with("did you mean 'logits'?")));
    }

    #[test]
    fn a_misspelt_name_is_refused_with_the_nearest() {
        let option = Arg::new("rule").long("rule").value_parser(named::<FusionRule>());
        let program = Command::new("fuse").arg(option);
        assert!(
            !program.clone().render_long_help().to_string().contains("released"),
            "the help says it in its own words"
        );
        let matches = |rule| program.clone().try_get_matches_from(["fuse", "--rule", rule]);
        assert_eq!(matches("logits").unwrap().get_one("rule"), Some(&FusionRule::Logits));
        let error = matches("relased").unwrap_err().to_string();
        assert!(error.contains("a similar value exists: 'released'") && error.contains("softmax, logits"), "{error}");
    }
}

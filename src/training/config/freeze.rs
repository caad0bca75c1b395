//! The frozen parts of the networks in a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A frozen part of the networks, written as `motion`, `backbone`, `norms`, `partial-bn`, `LAYER` or `motion:LAYER`.
///
/// Settings files write the backbone as `body`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Freeze {
    /// All of MotionNet, as in mode (a).
    Motion,
    /// All layers of the stream except the classifier.
    Body,
    /// All batch-norm layers, which then use their running statistics. The statistics of small batches of similar
    /// images are poor, and would soon replace those of the pretrained network.
    Norms,
    /// All batch-norm layers of a network except the first: partial batch normalisation of temporal segment networks
    /// (Wang et al. 2016).
    NormsBehindFirst,
    /// The layers of the trained network (the stream, if there is one) up to and including this one.
    UpTo(String),
    /// The layers of MotionNet below a stream, up to and including this one.
    MotionUpTo(String),
}

impl FromStr for Freeze {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("motion:").map(str::trim) {
            Some("") => {
                Err("expected the name of a layer of MotionNet behind 'motion:', such as motion:conv3_1".into())
            }
            Some(layer) => Ok(Self::MotionUpTo(layer.into())),
            None => match text.trim() {
                "" => Err("expected motion, backbone, norms, partial-bn or the name of a layer".into()),
                "motion" => Ok(Self::Motion),
                "backbone" | "body" => Ok(Self::Body),
                "norms" => Ok(Self::Norms),
                "partial-bn" => Ok(Self::NormsBehindFirst),
                layer => Ok(Self::UpTo(layer.into())),
            },
        }
    }
}

impl TryFrom<String> for Freeze {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Freeze> for String {
    fn from(freeze: Freeze) -> Self {
        freeze.to_string()
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Motion => f.write_str("motion"),
            Self::Body => f.write_str("body"),
            Self::Norms => f.write_str("norms"),
            Self::NormsBehindFirst => f.write_str("partial-bn"),
            Self::UpTo(layer) => f.write_str(layer),
            Self::MotionUpTo(layer) => write!(f, "motion:{layer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        for text in ["motion", "body", "norms", "partial-bn", "fire5.squeeze1x1", "motion:conv3_1"] {
            assert_eq!(text.parse::<Freeze>().unwrap().to_string(), text);
        }
        assert_eq!("backbone".parse(), Ok(Freeze::Body));
        assert_eq!("motion:conv2".parse(), Ok(Freeze::MotionUpTo("conv2".into())));
        assert!("".parse::<Freeze>().is_err() && "motion:".parse::<Freeze>().is_err());
    }
}

//! `--architecture` of a motion network or of a joint one.

use clap::builder::TypedValueParser;

use super::super::values::{by_name, unlisted};
use crate::error::{Error, Result};
use crate::named::file_names;
use crate::nets::{Architecture, JointArchitecture};
use crate::training::{Network, TrainingPlan};

/// An architecture of a network that predicts flow.
#[derive(Debug, Clone, Copy)]
pub(super) enum TrainedArchitecture {
    /// Of a motion network.
    Motion(Architecture),
    /// Of a network for flow and action.
    Joint(JointArchitecture),
}

impl TrainedArchitecture {
    /// Parses the name of one.
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        let names = [file_names::<Architecture>(), file_names::<JointArchitecture>()].concat();
        unlisted(names, |name| by_name(name).map(Self::Joint).or_else(|_| by_name(name).map(Self::Motion)))
    }

    /// Sets it in `plan`.
    pub fn apply(self, plan: &mut TrainingPlan) {
        match self {
            Self::Motion(architecture) => plan.motion.architecture = architecture,
            Self::Joint(architecture) => plan.joint = architecture,
        }
    }

    /// Refuses the architecture of another kind of network than `network`.
    ///
    /// # Errors
    /// If a joint network is to be trained as something else, or the other way round.
    pub fn check(self, network: Network) -> Result<()> {
        let (cause, remedy) = match (self, network) {
            (Self::Motion(_), Network::Joint) => {
                ("it is the architecture of a motion network", "Use branched, actionflownet-2 or actionflownet-16")
            }
            (Self::Joint(_), Network::Flow | Network::Spatial | Network::Temporal) => {
                ("it is the architecture of a joint network", "Train it with `motionscope train joint`")
            }
            _ => return Ok(()),
        };
        Err(Error::usage("--architecture", cause, remedy))
    }
}

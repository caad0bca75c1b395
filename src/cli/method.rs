//! What estimates the flow: `--method`, and the arguments of each method.

use clap::{Args, ValueEnum};

use super::arguments::{DeviceArg, ModelArg};
use super::values::{scale, setting};
use crate::error::{Error, Result};
use crate::evaluation::MotionNetFlow;
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowEstimator, ZeroFlow};

/// A flow method by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FlowMethod {
    /// The motion network of a model
    #[value(name = "motionnet")]
    MotionNet,
    /// TV-L1, without learning
    #[value(name = "tvl1")]
    Tvl1,
    /// No motion, to compare with
    Zero,
}

/// A named set of parameters of TV-L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// OpenCV's DualTVL1
    Opencv,
    /// What the flow of two-stream networks is extracted with
    TwoStream,
    /// For live pictures
    Fast,
}

impl Preset {
    fn parameters(self) -> Tvl1Parameters {
        match self {
            Self::Opencv => Tvl1Parameters::opencv(),
            Self::TwoStream => Tvl1Parameters::two_stream(),
            Self::Fast => Tvl1Parameters::fast(),
        }
    }
}

/// `--method` and what belongs to it.
#[derive(Debug, Clone, Args)]
pub(super) struct MethodArgs {
    /// What estimates the flow
    #[arg(long, value_enum, default_value_t = FlowMethod::MotionNet)]
    method: FlowMethod,
    /// Sizes at which MotionNet sees the pictures, as multiples of their own; every pixel takes the best one
    #[arg(long, value_name = "S,…", value_delimiter = ',', default_value = "1", value_parser = scale)]
    scales: Vec<f32>,
    /// Parameters of TV-L1: OpenCV's defaults, those of two-stream extraction, or fast ones
    #[arg(long, value_enum, default_value_t = Preset::Opencv)]
    preset: Preset,
    /// A parameter of TV-L1 that differs from the preset: tau, lambda, theta, scales, warps, epsilon, inner_iterations,
    /// outer_iterations, scale_step, gamma or median; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    tvl1: Vec<(String, toml::Value)>,
    #[command(flatten)]
    model: ModelArg,
    #[command(flatten)]
    device: DeviceArg,
}

impl MethodArgs {
    /// The method, ready to estimate.
    pub fn estimator(&self) -> Result<Box<dyn FlowEstimator>> {
        Ok(match self.method {
            FlowMethod::MotionNet => {
                let compute = self.device.open()?;
                Box::new(MotionNetFlow::load(&self.model.folder()?, &compute.device)?.with_scales(&self.scales))
            }
            FlowMethod::Tvl1 => Box::new(Tvl1::new(self.tvl1_parameters()?)?),
            FlowMethod::Zero => Box::new(ZeroFlow),
        })
    }

    /// The preset with what was set differently.
    fn tvl1_parameters(&self) -> Result<Tvl1Parameters> {
        let refused = |cause: &dyn std::fmt::Display| {
            let remedy = "Write NAME=VALUE with one of the names that `--help` lists";
            Error::new("--tvl1", cause.to_string().trim_end().replace('\n', " "), remedy)
        };
        let mut table = toml::Table::try_from(self.preset.parameters()).map_err(|error| refused(&error))?;
        table.extend(self.tvl1.iter().cloned());
        table.try_into().map_err(|error: toml::de::Error| refused(&error.message()))
    }
}

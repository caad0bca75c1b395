//! What estimates the flow: `--method`, and the arguments of each method.

use clap::{Args, ValueEnum};

use super::arguments::{DeviceArg, ModelArg};
use super::values::scale;
use crate::error::Result;
use crate::evaluation::MotionNetFlow;
use crate::flow::{FlowEstimator, ZeroFlow};

/// A flow method by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FlowMethod {
    /// The motion network of a model
    #[value(name = "motionnet")]
    MotionNet,
    /// No motion, to compare with
    Zero,
}

/// `--method` and what belongs to it.
#[derive(Debug, Clone, Args)]
pub(super) struct MethodArgs {
    /// What estimates the flow
    #[arg(long, value_enum, default_value_t = FlowMethod::MotionNet)]
    method: FlowMethod,
    /// Sizes at which MotionNet sees the pictures, as multiples of their own, from coarse to fine: 0.125,0.25,0.5,1
    /// finds longer motion
    #[arg(long, value_name = "S,…", value_delimiter = ',', default_value = "1", value_parser = scale)]
    scales: Vec<f32>,
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
            FlowMethod::Zero => Box::new(ZeroFlow),
        })
    }
}

//! The flow method: `--method` and the options of each method.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::model_arguments::DeviceArg;
use super::values::{scale, setting};
use crate::engine::flow_model;
use crate::error::{Error, Result};
use crate::evaluation::MotionNetFlow;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowEstimator, ZeroFlow};

/// A flow method, as named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FlowMethod {
    /// Motion network of a model
    #[value(name = "motionnet")]
    MotionNet,
    /// TV-L1, as OpenCV computes it
    Tvl1,
    /// Dense Inverse Search, as OpenCV computes it; much faster than TV-L1
    Dis,
    /// Motion vectors of the video codec
    Codec,
    /// Zero flow, as a baseline
    Zero,
}

/// What is done with MotionNet's flow after each pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Refinement {
    /// Nothing: the flow is the network's alone
    None,
    /// Variational refinement, as in DIS: smooth except where the images disagree
    Variational,
}

/// `--method` and what belongs to it.
#[derive(Debug, Clone, Args)]
pub(super) struct MethodArgs {
    /// Flow method
    #[arg(long, value_enum, default_value_t = FlowMethod::MotionNet)]
    pub method: FlowMethod,
    /// Scales of MotionNet's coarse-to-fine passes, relative to the image; 1 is a single pass
    #[arg(long, value_name = "S,…", value_delimiter = ',', default_value = "0.125,0.25,0.5,1,1", value_parser = scale)]
    scales: Vec<f32>,
    /// Refinement of MotionNet's flow after each pass [default: variational; none after a single pass]
    #[arg(long, value_enum)]
    refine: Option<Refinement>,
    /// Parameter preset of TV-L1
    #[arg(long, default_value = "opencv", value_parser = preset())]
    preset: Tvl1Parameters,
    /// Override a parameter of the TV-L1 preset; repeatable
    ///
    /// One of tau, lambda, theta, scales, warps, epsilon, inner_iterations, outer_iterations, scale_step, gamma and median.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    tvl1: Vec<(String, toml::Value)>,
    /// Preset of DIS
    #[arg(long, default_value = DisPreset::default().name(), value_parser = dis_preset())]
    dis_preset: DisPreset,
    /// Model folder (with model.toml) of MotionNet [default: the shipped flow model]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
}

impl MethodArgs {
    /// Returns the flow estimator.
    pub fn estimator(&self) -> Result<Box<dyn FlowEstimator>> {
        self.estimator_by(self.method)
    }

    /// Returns the estimator of another method, with the same options.
    pub fn estimator_by(&self, method: FlowMethod) -> Result<Box<dyn FlowEstimator>> {
        Ok(match method {
            FlowMethod::MotionNet => {
                let compute = self.device.open()?;
                let refines = self.refine.map_or(self.scales.len() > 1, |refine| refine == Refinement::Variational);
                Box::new(
                    MotionNetFlow::load(&self.model.clone().map_or_else(flow_model, Ok)?, &compute.device)?
                        .with_scales(&self.scales)
                        .with_refinement(refines),
                )
            }
            FlowMethod::Tvl1 => Box::new(Tvl1::new(self.tvl1_parameters()?)?),
            FlowMethod::Dis => Box::new(Dis::new(self.dis_preset)),
            FlowMethod::Codec => {
                let cause = "images have no motion vectors; only clips have";
                return Err(Error::new("--method codec", cause, "Choose another method"));
            }
            FlowMethod::Zero => Box::new(ZeroFlow),
        })
    }

    /// Returns the preset with the overrides applied.
    fn tvl1_parameters(&self) -> Result<Tvl1Parameters> {
        let refused = |cause: &dyn std::fmt::Display| {
            let remedy = "Write NAME=VALUE with one of the names that `--help` lists";
            Error::new("--tvl1", cause.to_string().trim_end().replace('\n', " "), remedy)
        };
        let mut table = toml::Table::try_from(self.preset).map_err(|error| refused(&error))?;
        table.extend(self.tvl1.iter().cloned());
        table.try_into().map_err(|error: toml::de::Error| refused(&error.message()))
    }
}

/// Returns one of the named sets of TV-L1's parameters.
fn preset() -> impl TypedValueParser<Value = Tvl1Parameters> {
    PossibleValuesParser::new(Tvl1Parameters::PRESETS.map(|(name, _)| name)).map(|given| {
        let named = Tvl1Parameters::PRESETS.iter().find(|(name, _)| *name == given);
        named.map_or_else(Tvl1Parameters::default, |(_, parameters)| *parameters)
    })
}

/// Returns one of the presets of DIS.
fn dis_preset() -> impl TypedValueParser<Value = DisPreset> {
    PossibleValuesParser::new(DisPreset::ALL.map(DisPreset::name)).map(|given| {
        let named = DisPreset::ALL.into_iter().find(|preset| preset.name() == given);
        named.unwrap_or_default()
    })
}

//! The flow method: `--method` and the options of each method.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::model_arguments::DeviceArg;
use super::values::{scale, setting};
use crate::engine::flow_model;
use crate::error::{Error, Result};
use crate::evaluation::MotionNetFlow;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowEstimator, ZeroFlow};
use crate::gpu::DeviceChoice;
use crate::nets::ModelCard;

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

impl FlowMethod {
    /// Returns its name on the command line.
    fn key(self) -> &'static str {
        match self {
            Self::MotionNet => "motionnet",
            Self::Tvl1 => "tvl1",
            Self::Dis => "dis",
            Self::Codec => "codec",
            Self::Zero => "zero",
        }
    }
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
    /// Scales of MotionNet's passes, relative to the image [default: 0.125,0.25,0.5,1,1]
    ///
    /// The passes are from coarse to fine; 1 is a single pass.
    #[arg(long, value_name = "S,…", value_delimiter = ',', value_parser = scale, allow_hyphen_values = true)]
    scales: Option<Vec<f32>>,
    /// Refinement of MotionNet's flow after each pass [default: variational; none after a single pass]
    #[arg(long, value_enum)]
    refine: Option<Refinement>,
    /// Parameter preset of TV-L1 [default: opencv]
    #[arg(long, value_parser = preset())]
    preset: Option<Tvl1Parameters>,
    /// Override a parameter of the TV-L1 preset; repeatable
    ///
    /// One of tau, lambda, theta, scales, warps, epsilon, inner_iterations, outer_iterations, scale_step, gamma and median.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    tvl1: Vec<(String, toml::Value)>,
    /// Preset of DIS [default: medium]
    #[arg(long, value_parser = dis_preset())]
    dis_preset: Option<DisPreset>,
    /// Model folder (with model.toml) of MotionNet [default: the shipped flow model]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
}

/// The method and all that its flow depends on, as shards compare it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct MethodSettings {
    method: String,
    scales: Option<Vec<f32>>,
    refines: Option<bool>,
    model_hash: Option<String>,
    tvl1: Option<Tvl1Parameters>,
    dis_preset: Option<String>,
}

impl MethodArgs {
    /// Returns the settings of the method.
    ///
    /// # Errors
    /// If the model cannot be read, or the parameters are not those of the method.
    pub fn settings(&self) -> Result<MethodSettings> {
        let is = |method| self.method == method;
        let is_network = is(FlowMethod::MotionNet);
        let card = is_network.then(|| ModelCard::read(&self.model_folder()?)).transpose()?;
        Ok(MethodSettings {
            method: self.method.key().into(),
            scales: is_network.then(|| self.scales().to_vec()),
            refines: is_network.then(|| self.refines()),
            model_hash: card.and_then(|card| card.hash),
            tvl1: is(FlowMethod::Tvl1).then(|| self.tvl1_parameters()).transpose()?,
            dis_preset: is(FlowMethod::Dis).then(|| self.dis_preset.unwrap_or_default().name().into()),
        })
    }

    /// Returns the name of the device that the method runs on.
    ///
    /// # Errors
    /// If the device is not there.
    pub fn device_name(&self) -> Result<String> {
        match self.method {
            FlowMethod::MotionNet => self.device.open().map(|compute| compute.name),
            _ => Ok("CPU".into()),
        }
    }

    fn model_folder(&self) -> Result<PathBuf> {
        self.model.clone().map_or_else(flow_model, Ok)
    }

    fn scales(&self) -> &[f32] {
        self.scales.as_deref().unwrap_or(&MotionNetFlow::COARSE_TO_FINE)
    }

    fn refines(&self) -> bool {
        self.refine.map_or(self.scales().len() > 1, |refine| refine == Refinement::Variational)
    }

    /// Returns the flow estimator.
    pub fn estimator(&self) -> Result<Box<dyn FlowEstimator>> {
        self.estimator_by(self.method)
    }

    /// Refuses options of methods that are not among `used`, which would have no effect.
    ///
    /// # Errors
    /// The first such option, with the method it belongs to.
    pub fn check(&self, used: &[FlowMethod]) -> Result<()> {
        let options = [
            ("--scales", FlowMethod::MotionNet, self.scales.is_some()),
            ("--refine", FlowMethod::MotionNet, self.refine.is_some()),
            ("--model", FlowMethod::MotionNet, self.model.is_some()),
            ("--device gpu", FlowMethod::MotionNet, self.device.device == DeviceChoice::Gpu),
            ("--preset", FlowMethod::Tvl1, self.preset.is_some()),
            ("--tvl1", FlowMethod::Tvl1, !self.tvl1.is_empty()),
            ("--dis-preset", FlowMethod::Dis, self.dis_preset.is_some()),
        ];
        let foreign = options.into_iter().find(|(_, method, is_given)| *is_given && !used.contains(method));
        let Some((option, method, _)) = foreign else { return Ok(()) };
        let [method, chosen] = [method, self.method].map(FlowMethod::key);
        let cause = format!("it belongs to --method {method} and has no effect on {chosen}");
        let remedy = match (option, self.method) {
            ("--preset", FlowMethod::Dis) => "Use --dis-preset instead".to_owned(),
            ("--dis-preset", FlowMethod::Tvl1) => "Use --preset instead".to_owned(),
            _ => format!("Leave it out, or add --method {method}"),
        };
        Err(Error::usage(option, cause, remedy))
    }

    /// Returns the estimator of another method, with the same options.
    pub fn estimator_by(&self, method: FlowMethod) -> Result<Box<dyn FlowEstimator>> {
        Ok(match method {
            FlowMethod::MotionNet => {
                let compute = self.device.open()?;
                Box::new(
                    MotionNetFlow::load(&self.model_folder()?, &compute.device)?
                        .with_scales(self.scales())
                        .with_refinement(self.refines()),
                )
            }
            FlowMethod::Tvl1 => Box::new(Tvl1::new(self.tvl1_parameters()?).map_err(Error::as_usage)?),
            FlowMethod::Dis => Box::new(Dis::new(self.dis_preset.unwrap_or_default())),
            FlowMethod::Codec => {
                let cause = "images have no motion vectors; only clips have";
                return Err(Error::usage("--method codec", cause, "Choose another method"));
            }
            FlowMethod::Zero => Box::new(ZeroFlow),
        })
    }

    /// Returns the preset with the overrides applied.
    fn tvl1_parameters(&self) -> Result<Tvl1Parameters> {
        let refused = |cause: &dyn std::fmt::Display| {
            let remedy = "Write NAME=VALUE with one of the names that `--help` lists";
            Error::usage("--tvl1", cause.to_string().trim_end().replace('\n', " "), remedy)
        };
        let mut table = toml::Table::try_from(self.preset.unwrap_or_default()).map_err(|error| refused(&error))?;
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct MethodLine {
        #[command(flatten)]
        method: MethodArgs,
    }

    fn checked(line: &str, used: &[FlowMethod]) -> Result<()> {
        let words = std::iter::once("flow").chain(line.split(' ').filter(|word| !word.is_empty()));
        MethodLine::try_parse_from(words).unwrap().method.check(used)
    }

    #[test]
    fn options_of_another_method_are_refused_by_name() {
        use FlowMethod::{Codec, Dis, MotionNet, Tvl1};
        for (line, method, said) in [
            (
                "--method dis --preset fast",
                Dis,
                "--preset: it belongs to --method tvl1 and has no effect on dis. Use --dis-preset",
            ),
            ("--method tvl1 --dis-preset fast", Tvl1, "--dis-preset: it belongs to --method dis"),
            ("--method dis --tvl1 warps=3", Dis, "--tvl1: it belongs to --method tvl1"),
            ("--preset fast", MotionNet, "has no effect on motionnet. Leave it out, or add --method tvl1"),
            ("--method codec --scales 1", Codec, "--scales: it belongs to --method motionnet"),
            ("--method tvl1 --refine none", Tvl1, "--refine: it belongs to --method motionnet"),
            ("--method tvl1 --model models/flow", Tvl1, "--model: it belongs to --method motionnet"),
            ("--method tvl1 --device gpu", Tvl1, "--device gpu: it belongs to --method motionnet"),
        ] {
            let error = checked(line, &[method]).unwrap_err();
            assert!(error.to_string().contains(said), "{line}: {error}");
        }
        assert_eq!(checked("--method tvl1 --preset fast --tvl1 warps=3 --device cpu", &[Tvl1]), Ok(()));
        assert_eq!(checked("--preset fast --scales 1", &[MotionNet, Tvl1]), Ok(()), "both are used");
        assert_eq!(checked("", &[MotionNet]), Ok(()));
    }
}

//! A method at work: from the pictures, or from what the codec left in the file.

use super::super::method::FlowMethod;
use super::arguments::{FlowInputPath, FlowPlan};
use super::frame_pairs::FramePair;
use crate::error::Result;
use crate::flow::codec::CodecFlow;
use crate::flow::{FlowEstimator, FlowField};

/// Gives the flow of any pair of frames.
pub(super) enum FlowInput {
    Pictures(Box<dyn FlowEstimator>),
    MotionVectors(Box<CodecFlow>),
}

impl FlowInput {
    /// Readies `method` for the input of the plan.
    pub fn open(method: FlowMethod, plan: &FlowPlan) -> Result<Self> {
        match (&plan.input, method) {
            (FlowInputPath::Clip(path), FlowMethod::Codec) => {
                let mut vectors = CodecFlow::open(path)?;
                vectors.check_vectors(&|| Ok(()))?;
                Ok(Self::MotionVectors(Box::new(vectors)))
            }
            _ => Ok(Self::Pictures(plan.method.estimator_by(method)?)),
        }
    }

    /// Returns the method in words.
    pub fn name(&self) -> String {
        match self {
            Self::Pictures(estimator) => estimator.name(),
            Self::MotionVectors(_) => "motion vectors of the codec".into(),
        }
    }

    /// Returns the flow of a pair, in pixels of its pictures; `progress` is called with the share of the work that is done, where the
    /// method knows it.
    pub fn flow(&mut self, pair: &FramePair, progress: &mut dyn FnMut(f64)) -> Result<FlowField> {
        let [first, second] = &pair.pictures;
        match self {
            Self::Pictures(estimator) => estimator.estimate_with(first, second, progress),
            Self::MotionVectors(codec) => {
                let [width, height] = pair.size();
                codec.flow_between(pair.frames[0], pair.frames[1], width, height)
            }
        }
    }
}

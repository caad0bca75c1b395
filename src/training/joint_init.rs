//! The initial joint network of a run: the base's, a new one around the base's MotionNet, or a fresh one.

use burn::tensor::Device;

use super::config::plan::{Network, TrainingPlan};
use crate::error::{Error, Result};
use crate::nets::joint::{ActionFlowNet2, Branched};
use crate::nets::{
    Architecture, FlowNet, FlowNetLayers, HiddenTwoStream, JointArchitecture, JointConfig, JointNetwork, MotionConfig,
    MotionNetwork, WINDOW_FRAMES,
};

/// Returns the joint network of `plan` for `classes` classes, and its configuration.
///
/// The run continues the base's joint network of this architecture, with a new last layer unless it has the
/// `same_classes`. The branched network can also start from the MotionNet of a base with eleven frames.
///
/// # Errors
/// If the base has another network.
pub(super) fn joint_network(
    plan: &TrainingPlan,
    base: Option<&HiddenTwoStream>,
    classes: usize,
    same_classes: bool,
    device: &Device,
) -> Result<(JointNetwork, JointConfig)> {
    let wanted = plan.joint_config();
    let Some(base) = base else {
        wanted.validate()?;
        return Ok((wanted.init(classes, device), wanted));
    };
    let refuse = |cause: String, remedy: &str| Err(Error::new("base", cause, remedy));
    if let (Some(trained), Some(entry)) = (base.motion.joint(), &base.card.joint) {
        if trained.architecture() != plan.joint {
            let cause = format!("its joint network is {}, not {}", trained.architecture().key(), plan.joint.key());
            return refuse(cause, "Name its --architecture, or leave the base out");
        }
        if plan.joint_hidden.is_some_and(|hidden| hidden != entry.config.hidden()) {
            let cause = format!("its hidden layers have {} numbers", entry.config.hidden());
            return refuse(cause, "Leave --hidden or the base out");
        }
        let config = JointConfig { dropout: plan.dropout.or(entry.config.dropout), ..entry.config.clone() };
        if same_classes && plan.dropout.is_none() {
            return Ok((trained.clone(), config));
        }
        let fresh = config.init(classes, device);
        return Ok((fresh.with_layers_of(trained, same_classes), config));
    }
    let motion = base.card.motion.as_ref().map(|entry| &entry.config);
    match (&base.motion, motion) {
        (MotionNetwork::Full(network), Some(motion)) if plan.joint == JointArchitecture::Branched => {
            check_motion(motion)?;
            let config = JointConfig { width: motion.width, ..wanted };
            config.validate()?;
            let network = Branched::around(network.clone(), &config, classes, device);
            Ok((JointNetwork::Branched(network), config))
        }
        (MotionNetwork::FlowNet(network), _) if plan.joint == JointArchitecture::ActionFlowNet2 => {
            around_flownet_s(network, wanted, classes, device)
        }
        _ if plan.joint == JointArchitecture::Branched => {
            refuse("its motion network is not MotionNet".into(), "Choose a model with MotionNet, or leave the base out")
        }
        _ if plan.joint == JointArchitecture::ActionFlowNet2 => {
            refuse("its motion network is not FlowNetS".into(), "Choose a model with FlowNetS, or leave the base out")
        }
        _ => refuse(
            format!("it has no {}, whose encoder is its own", plan.joint.key()),
            "Leave the base out, or choose a model of this architecture",
        ),
    }
}

/// Returns the two-frame ActionFlowNet around the FlowNetS of a base, with the `wanted` settings except for its width
/// and conventions.
fn around_flownet_s(
    base: &FlowNet,
    wanted: JointConfig,
    classes: usize,
    device: &Device,
) -> Result<(JointNetwork, JointConfig)> {
    let FlowNetLayers::S(layers) = &base.layers else {
        let cause = "its motion network is not FlowNetS";
        return Err(Error::new("base", cause, "Choose a model with FlowNetS, or leave the base out"));
    };
    let width = layers.first.conv1.weight.lazy_shape()[0];
    let config = JointConfig { width, conventions: base.conventions(), ..wanted };
    config.validate()?;
    let network = ActionFlowNet2::around(layers.clone(), config.conventions, classes, device);
    Ok((JointNetwork::ActionFlowNet2(network), config))
}

/// Rejects a MotionNet that the branched network cannot contain.
fn check_motion(motion: &MotionConfig) -> Result<()> {
    let whole = MotionConfig { width: motion.width, ..MotionConfig::default() };
    if *motion == whole {
        return Ok(());
    }
    let cause = match motion.architecture {
        Architecture::MotionNet if motion.frames != WINDOW_FRAMES => {
            format!("its MotionNet reads {} frames, the branched network {WINDOW_FRAMES}", motion.frames)
        }
        _ => "its MotionNet lacks layers that the branched network has".into(),
    };
    let remedy = format!("Train flow with --frames {WINDOW_FRAMES} and all layers, or leave the base out");
    Err(Error::new("base", cause, remedy))
}

/// Rejects other kinds of training on a base with a joint network.
///
/// # Errors
/// If the run would stack a stream on the joint network, train its flow alone, or leave it without its classes.
pub(super) fn check_joint_base(plan: &TrainingPlan, base: &HiddenTwoStream, same_classes: bool) -> Result<()> {
    if base.motion.joint().is_none() {
        return Ok(());
    }
    let (cause, remedy) = match plan.network {
        Network::Joint => return Ok(()),
        Network::Spatial if same_classes => return Ok(()),
        Network::Spatial => (
            "its joint network knows other classes",
            "Train the joint network on these clips first, or choose another base",
        ),
        Network::Flow => ("its flow is that of a joint network", "Train the joint network, or choose another base"),
        Network::Temporal => (
            "its joint network is in the place of a temporal stream",
            "Train the joint network, or choose another base",
        ),
    };
    Err(Error::new("base", cause, remedy))
}

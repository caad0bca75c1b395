//! A run that is steered while it trains: held, sent back to what it was, and what it keeps for that.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use motionscope::error::Result;
use motionscope::nets::HiddenTwoStream;
use motionscope::training::{
    self, Network, Snapshot, TemporalMode, TrainingControl, TrainingEvent, TrainingPlan, snapshots,
};

use crate::training::{clips, flow_model, small, train, train_until, without_dropout};

/// Trains and lets `steer` answer every event.
fn train_steered(
    plan: &TrainingPlan,
    mut steer: impl FnMut(&TrainingEvent, &TrainingControl),
) -> (Result<()>, Vec<TrainingEvent>) {
    let control = TrainingControl::default();
    let mut events = Vec::new();
    let result = training::run(plan, &Device::flex(), &control, &mut |event| {
        steer(&event, &control);
        events.push(event);
    });
    (result, events)
}

fn is_step(event: &TrainingEvent, step: usize) -> bool {
    matches!(event, TrainingEvent::Step(metrics) if metrics.step == step)
}

fn steps(snapshots: &[Snapshot]) -> Vec<usize> {
    snapshots.iter().map(|snapshot| snapshot.step).collect()
}

fn metrics(run_dir: &Path) -> String {
    fs::read_to_string(run_dir.join("metrics.csv")).unwrap()
}

#[test]
fn a_run_that_goes_back_makes_the_same_steps_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let at = |name: &str| TrainingPlan {
        base: Some(base.clone()),
        mode: TemporalMode::C,
        steps: 6,
        ..small(Network::Temporal, &data, dir.path().join(name))
    };
    let (straight, back, paused) = (at("straight"), at("back"), at("paused"));
    train(&straight).0.unwrap();
    assert_eq!(steps(&snapshots::list(&straight.run_dir)), [0, 2, 4, 6]);
    for snapshot in snapshots::list(&straight.run_dir) {
        HiddenTwoStream::load(&snapshot.dir, &Device::flex()).unwrap();
    }

    let mut asked = false;
    let (result, events) = train_steered(&back, |event, control| {
        if is_step(event, 5) && !std::mem::replace(&mut asked, true) {
            control.roll_back(3); // there is none, which is told
        }
        if matches!(event, TrainingEvent::Warning(_)) {
            control.roll_back(2);
        }
    });
    result.unwrap();
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::RolledBack { to: 2, diverged: None, .. })));
    let warned =
        |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.cause.contains("step 3"));
    assert!(events.iter().any(warned), "{events:?}");

    // A paused run goes back at once and still waits.
    let mut held = 0;
    let (result, events) = train_steered(&paused, |event, control| match event {
        TrainingEvent::Step(metrics) if metrics.step == 3 && held == 0 => {
            control.pause();
            control.roll_back(0);
            held = 1;
        }
        TrainingEvent::RolledBack { from: 3, to: 0, .. } => held = 2,
        TrainingEvent::Paused if held == 2 => {
            held = 3;
            control.roll_back(2);
        }
        TrainingEvent::RolledBack { from: 0, to: 2, .. } if held == 3 => {
            held = 4;
            control.resume();
        }
        _ => {}
    });
    result.unwrap();
    assert_eq!(held, 4, "{events:?}");

    for run in [&back, &paused] {
        let file = "model/temporal.safetensors";
        assert!(fs::read(straight.run_dir.join(file)).unwrap() == fs::read(run.run_dir.join(file)).unwrap());
    }
    assert_eq!(metrics(&straight.run_dir), metrics(&back.run_dir));
    let rows: Vec<String> = metrics(&paused.run_dir).lines().skip(1).map(str::to_owned).collect();
    assert_eq!(rows, metrics(&straight.run_dir).lines().skip(3).collect::<Vec<_>>(), "the first two were dropped");
}

#[test]
fn a_run_that_ends_early_resumes_with_its_snapshots_and_its_new_last_layer() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let data = clips(dir.path(), 3, 1); // a class more than the base knows
    let plan = TrainingPlan { base: Some(base), ..small(Network::Temporal, &data, dir.path().join("run")) };
    train_until(&plan, 1).0.unwrap();
    assert_eq!(steps(&snapshots::list(&plan.run_dir)), [0]);
    let (result, events) = train(&plan);
    result.unwrap();
    assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 1, .. }));
    assert!(!events.iter().any(|event| matches!(event, TrainingEvent::Preparing { .. })), "it was fitted already");
    assert_eq!(steps(&snapshots::list(&plan.run_dir)), [0, 2, 4]);
    let model = HiddenTwoStream::load(&plan.run_dir.join("model"), &Device::flex()).unwrap();
    assert_eq!(model.card.classes.len(), 3);
}

#[test]
fn fitting_the_last_layer_can_be_held() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = without_dropout(&flow_model(dir.path(), &data), &data);
    let data = clips(dir.path(), 3, 2);
    let plan = TrainingPlan { base: Some(base), steps: 1, ..small(Network::Temporal, &data, dir.path().join("run")) };
    let (result, events) = train_steered(&plan, |event, control| match event {
        TrainingEvent::Preparing { done: 2, .. } => control.pause(),
        TrainingEvent::Paused => control.resume(),
        _ => {}
    });
    result.unwrap();
    let place = |wanted: &dyn Fn(&TrainingEvent) -> bool| events.iter().position(wanted).unwrap();
    let paused = place(&|event| matches!(event, TrainingEvent::Paused));
    assert!(paused > place(&|event| matches!(event, TrainingEvent::Preparing { done: 2, .. })));
    assert!(paused < place(&|event| matches!(event, TrainingEvent::Preparing { done: 3, .. })));
    assert!(paused < place(&|event| is_step(event, 1)));
}

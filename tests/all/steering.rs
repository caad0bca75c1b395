//! A run that is steered while it trains: held, sent back to what it was, and what it keeps for that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use burn::tensor::Device;
use motionscope::error::Result;
use motionscope::nets::HiddenTwoStream;
use motionscope::training::{
    self, CutCount, CutShort, HeldOut, LossSwitches, LossTerm, Network, OptimiserKind, ScheduleKind, Snapshot,
    StepMetrics, TrainingControl, TrainingEvent, TrainingPlan, snapshots,
};

use crate::training::{clips, end_to_end, flow_model, small, train, train_until, without_dropout};

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
    let small = end_to_end(dir.path());
    let at = |name: &str| TrainingPlan { steps: 6, run_dir: dir.path().join(name), ..small.clone() };
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
fn a_roll_back_requested_before_a_stop_or_in_the_last_step_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let small = end_to_end(dir.path());
    let at = |name: &str| TrainingPlan { steps: 6, run_dir: dir.path().join(name), ..small.clone() };
    let weights = |dir: &Path| fs::read(dir.join("temporal.safetensors")).unwrap();
    for paused in [false, true] {
        let plan = at(if paused { "paused" } else { "running" });
        let mut asked = false;
        let (result, events) = train_steered(&plan, |event, control| match event {
            TrainingEvent::Step(metrics) if metrics.step == 5 && paused => control.pause(),
            TrainingEvent::Step(metrics) if metrics.step == 5 => {
                control.roll_back(2);
                control.stop();
            }
            TrainingEvent::Paused if !std::mem::replace(&mut asked, true) => {
                control.roll_back(2);
                control.stop();
            }
            _ => {}
        });
        result.unwrap();
        assert!(events.iter().any(|event| matches!(event, TrainingEvent::RolledBack { from: 5, to: 2, .. })));
        assert!(matches!(events.last(), Some(TrainingEvent::Finished { stopped_early: true, .. })));
        let snapshots = snapshots::list(&plan.run_dir);
        let second = snapshots.iter().find(|snapshot| snapshot.step == 2).unwrap();
        assert!(weights(&second.dir) == weights(&plan.run_dir.join("model")), "the model is that of step 2");
        let (result, events) = train(&plan);
        result.unwrap();
        assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 2, .. }), "{:?}", events[0]);
    }

    let last = at("last");
    let mut asked = false;
    let (result, events) = train_steered(&last, |event, control| {
        if is_step(event, 6) && !std::mem::replace(&mut asked, true) {
            control.roll_back(2);
        }
    });
    result.unwrap();
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::RolledBack { from: 6, to: 2, .. })));
    assert_eq!(events.iter().filter(|event| is_step(event, 6)).count(), 2, "the steps after it are made again");
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

/// The steps that a run told of.
fn told(events: &[TrainingEvent]) -> Vec<&StepMetrics> {
    events
        .iter()
        .filter_map(|event| if let TrainingEvent::Step(metrics) = event { Some(metrics) } else { None })
        .collect()
}

fn weight(metrics: &StepMetrics, term: &str) -> f32 {
    metrics.weights[metrics.terms.iter().position(|(name, _)| name == term).unwrap()]
}

#[test]
fn terms_are_switched_at_the_next_step_and_stay_so_in_a_resumed_run() {
    let dir = tempfile::tempdir().unwrap();
    let plan = TrainingPlan { steps: 7, ..end_to_end(dir.path()) };
    let mut switches = LossSwitches::of(&plan.loss);
    let (result, events) = train_steered(&plan, |event, control| {
        if is_step(event, 3) {
            switches = LossSwitches { action: 0.5, ..switches.with(LossTerm::Ssim, 0, false) };
            control.switch(switches);
        }
        if is_step(event, 4) {
            control.switch(LossSwitches { action: 0.0, ..switches.with(LossTerm::Pixel, 0, false) });
            control.stop();
        }
    });
    result.unwrap();
    let before = weight(told(&events)[2], "ssim 2");
    assert!(before > 0.0 && weight(told(&events)[2], "action") == 1.0);
    assert!(weight(told(&events)[3], "ssim 2") == 0.0 && weight(told(&events)[3], "action") == 0.5);
    let log = fs::read_to_string(plan.run_dir.join("interventions.csv")).unwrap();
    assert_eq!(log, "step,intervention\n3,ssim 2 off\n3,action weight 0.5\n");

    // All steps of the resumed run are as the last one before.
    let mut nothing = false;
    let (result, events) = train_steered(&plan, |event, control| {
        if is_step(event, 5) && !std::mem::replace(&mut nothing, true) {
            let none = [false; LossSwitches::SCALES];
            control.switch(LossSwitches { pixel: none, ssim: none, smooth: none, action: 0.0 });
        }
    });
    result.unwrap();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, TrainingEvent::Switched { step: 4, switches: now } if *now == switches))
    );
    assert!(told(&events).iter().all(|metrics| weight(metrics, "ssim 2") == 0.0 && weight(metrics, "action") == 0.5));
    let refused =
        |event: &TrainingEvent| matches!(event, TrainingEvent::Warning(error) if error.cause.contains("are off"));
    assert!(events.iter().any(refused), "a loss without terms is refused");
}

#[test]
fn scales_that_are_switched_on_later_get_columns_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let mut plan = small(Network::Flow, &data, dir.path().join("run"));
    plan.loss.multi_scale = false;
    let all = LossSwitches::of(&plan.loss).with(LossTerm::Pixel, 2, true);
    let (result, events) = train_steered(&plan, |event, control| {
        if is_step(event, 2) {
            control.switch(all);
        }
    });
    result.unwrap();
    let told = told(&events);
    assert_eq!((told[1].terms.len(), told[2].terms.len()), (3, 9), "the scales up to the one that counts");
    let metrics = metrics(&plan.run_dir);
    let lines: Vec<Vec<&str>> = metrics.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 4 + 9), "{metrics}");
    assert!(lines[1][4 + 8].is_empty() && !lines[4][4 + 8].is_empty());
}

#[test]
fn the_parts_of_the_gradient_are_told_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let small = end_to_end(dir.path());
    let at = |name: &str| TrainingPlan { accumulate: 2, run_dir: dir.path().join(name), ..small.clone() };
    train(&at("plain")).0.unwrap();
    let (result, events) = train_steered(&at("watched"), |_, control| control.share_gradients(2));
    result.unwrap();
    let shares: Vec<_> = events
        .iter()
        .filter_map(|event| if let TrainingEvent::GradientShares(shares) = event { Some(shares) } else { None })
        .collect();
    assert_eq!(shares.iter().map(|shares| shares.step).collect::<Vec<_>>(), [2, 4]);
    assert!(shares.iter().all(|shares| shares.terms.len() == 4 && shares.terms.iter().all(|part| part.share > 0.0)));
    assert_eq!(metrics(&at("plain").run_dir), metrics(&at("watched").run_dir));
    let table = fs::read_to_string(dir.path().join("watched/gradients.csv")).unwrap();
    assert!(table.starts_with("step,total,action,pixel,ssim,smooth\n2,") && table.lines().count() == 3, "{table}");
}

#[test]
fn saves_by_time_and_pauses_leave_snapshots_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    // Fresh weights are drawn from a generator that other tests draw from too.
    let base = flow_model(dir.path(), &data);
    let at =
        |name: &str| TrainingPlan { base: Some(base.clone()), ..small(Network::Flow, &data, dir.path().join(name)) };
    train(&at("plain")).0.unwrap();
    let kept = |name: &str| steps(&snapshots::list(&at(name).run_dir));
    let of_plan = kept("plain");
    assert!(!of_plan.contains(&1) && !of_plan.contains(&3), "{of_plan:?}");
    let (result, _) = train_steered(&at("timed"), |_, control| control.save_every(Duration::ZERO));
    result.unwrap();
    let (result, _) = train_steered(&at("paused"), |event, control| match event {
        TrainingEvent::Step(metrics) if metrics.step == 3 => control.pause(),
        TrainingEvent::Paused => control.resume(),
        _ => {}
    });
    result.unwrap();
    for (name, beside) in [("timed", 1), ("paused", 3)] {
        let steps = kept(name);
        assert!(steps.contains(&beside) && of_plan.iter().all(|step| steps.contains(step)), "{name}: {steps:?}");
        assert_eq!(metrics(&at("plain").run_dir), metrics(&at(name).run_dir), "{name}");
        let file = "model/motion.safetensors";
        assert!(fs::read(at("plain").run_dir.join(file)).unwrap() == fs::read(at(name).run_dir.join(file)).unwrap());
    }
}

/// A rate at which nothing stays finite: the run goes back as often as it may, and says so.
#[test]
fn a_diverging_run_goes_back_at_a_lower_rate_and_gives_up_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let base = Some(flow_model(dir.path(), &data));
    let at = |name: &str| TrainingPlan {
        base: base.clone(),
        optimiser: OptimiserKind::Sgd,
        rate: 1.0,
        clip_norm: 1e30,
        steps: 40,
        max_roll_backs: 2,
        ..small(Network::Flow, &data, dir.path().join(name))
    };
    let (result, events) = train(&at("whole"));
    let returns: Vec<(usize, f64)> = events
        .iter()
        .filter_map(|event| match event {
            TrainingEvent::RolledBack { from, to, rate_factor, diverged: Some(error) } if to < from => {
                assert!(error.cause.contains("not finite"), "{error}");
                Some((*to, *rate_factor))
            }
            _ => None,
        })
        .collect();
    assert!(!returns.is_empty() && returns.len() <= 2, "{result:?} {returns:?}");
    assert!(returns[0].1 <= 0.125, "three steps were skipped, then the run went back: {returns:?}");
    if let Err(error) = &result {
        assert!(error.cause.contains("diverged at step"), "{error}");
    }

    // Interrupted and resumed it does the same.
    train_until(&at("parts"), 3).0.unwrap();
    let (again, _) = train(&at("parts"));
    assert_eq!(again.is_ok(), result.is_ok());
    let log = |name: &str| fs::read_to_string(dir.path().join(name).join("interventions.csv")).unwrap();
    assert_eq!(log("whole"), log("parts"));
    if result.is_ok() {
        assert_eq!(metrics(&at("whole").run_dir), metrics(&at("parts").run_dir));
    }
    let left_alone = TrainingPlan { divergence: 0.0, steps: 6, ..at("left alone") };
    let (_, events) = train(&left_alone);
    assert!(!events.iter().any(|event| matches!(event, TrainingEvent::RolledBack { .. })));
}

/// A rate that rises until the loss does: it stays finite, and the run goes back to before.
#[test]
fn a_loss_that_rises_sends_the_run_back_to_where_it_was_calm() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let plan = TrainingPlan {
        rate: 0.15,
        clip_norm: 1e30,
        warm_up: 120,
        schedule: ScheduleKind::Constant,
        steps: 120,
        checkpoint_every: 10,
        max_roll_backs: 1,
        ..small(Network::Flow, &data, dir.path().join("run"))
    };
    let (_, events) = train(&plan);
    let back = events.iter().find_map(|event| match event {
        TrainingEvent::RolledBack { from, to, rate_factor, diverged: Some(error) }
            if error.cause.contains("3 times its best") =>
        {
            Some((*from, *to, *rate_factor))
        }
        _ => None,
    });
    let (from, to, rate_factor) = back.expect("the loss rose to three times its best");
    assert!(to < from && rate_factor == 0.5, "from {from} to {to} at {rate_factor}");
    let losses: Vec<f32> = told(&events).iter().take(from).map(|metrics| metrics.loss).collect();
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let before = losses[..to.max(1)].iter().rev().take(5).copied().collect::<Vec<_>>();
    assert!(mean(&before) < mean(&losses[from - 5..]), "it was calm at step {to}: {losses:?}");
    let rates: Vec<f64> = told(&events).iter().map(|metrics| metrics.rate).collect();
    assert!((rates[from] / rates[to] - 0.5).abs() < 1e-9, "the step after {to} again, at half the rate");
}

#[test]
fn a_time_budget_ends_the_run_and_lets_the_rate_fall() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let plan = |budget: f64| TrainingPlan {
        steps: 1_000_000,
        budget_secs: Some(budget),
        checkpoint_every: 1000,
        ..small(Network::Flow, &data, dir.path().join(format!("run {budget}")))
    };
    // On a busy machine a short budget may end with its first steps.
    let budgets = (1..6).map(|doublings| f64::from(1 << doublings));
    let attempts = budgets.map(|budget| {
        let plan = plan(budget);
        let (result, events) = train(&plan);
        result.unwrap();
        (plan, events)
    });
    let enough = |(_, events): &(TrainingPlan, Vec<TrainingEvent>)| told(events).len() > 3;
    let (plan, events) = { attempts }.find(enough).expect("32 seconds are enough for four steps");
    let told = told(&events);
    let last = told.last().unwrap();
    assert!(last.step < 1_000_000 && last.rate < 0.5 * plan.rate, "{last:?}");
    let budget = plan.budget_secs.unwrap();
    assert!(told.iter().all(|metrics| metrics.eta_secs <= budget), "no longer than the budget is reported");
    assert!(told[0].memory_bytes.is_some() == cfg!(target_os = "linux"));
    assert!(matches!(events.last(), Some(TrainingEvent::Finished { stopped_early: false, .. })));
    assert_eq!(steps(&snapshots::list(&plan.run_dir)), [0, last.step], "the end is kept");
    let cut = |events: &[TrainingEvent]| {
        events.iter().find_map(|event| if let TrainingEvent::CutShort(cut) = event { Some(*cut) } else { None })
    };
    let (network, done, of) = (Network::Flow, last.step, 1_000_000);
    let expected = Some(CutShort { network, done, of, counted: CutCount::Steps });
    assert_eq!(cut(&events), expected);
    let (_, events) = train(&plan);
    assert!(self::told(&events).is_empty(), "the time is over");
    assert_eq!(cut(&events), expected, "the end is the same");
}

/// A last layer that is fitted before the first step takes time, and none of the rate.
#[test]
fn the_time_before_the_first_step_takes_nothing_of_the_rate() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 2);
    let base = crate::training::without_dropout(&crate::training::flow_model(dir.path(), &data), &data);
    fs::rename(dir.path().join("clips/clap"), dir.path().join("clips/wave")).unwrap(); // a class that the base does not know
    let plan = TrainingPlan {
        base: Some(base),
        steps: 2,
        warm_up: 0,
        budget_secs: Some(3600.0), // every second before the first step would show in its rate
        ..small(Network::Temporal, &data, dir.path().join("run"))
    };
    let (result, events) = train(&plan);
    result.unwrap();
    assert!(events.iter().any(|event| matches!(event, TrainingEvent::Preparing { .. })), "it is prepared");
    assert_eq!(told(&events)[0].rate, plan.rate, "the first step is at the whole rate");
}

#[test]
fn the_answers_about_held_out_clips_are_those_of_the_model_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 3);
    let plan = TrainingPlan { hold_out: 0.3, ..small(Network::Spatial, &data, dir.path().join("run")) };
    train_until(&plan, 3).0.unwrap();
    assert_eq!(HeldOut::read(&plan.run_dir), None, "measured at step 2, and the model is that of step 3");
    train(&plan).0.unwrap();
    assert_eq!(HeldOut::read(&plan.run_dir).unwrap().clips.len(), 2);
}

#[test]
fn validation_tells_class_and_guess_of_every_clip() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 2, 3);
    let plan = TrainingPlan { hold_out: 0.3, ..small(Network::Spatial, &data, dir.path().join("run")) };
    let (result, events) = train(&plan);
    result.unwrap();
    let mut measured = 0;
    for event in &events {
        let TrainingEvent::Validation { name, value, guesses, .. } = event else { continue };
        assert_eq!(name, "top-1");
        let right = guesses.iter().filter(|[label, guess]| label == guess).count();
        assert_eq!(*value, right as f32 / guesses.len() as f32);
        assert_eq!(guesses.iter().map(|[label, _]| *label).collect::<Vec<_>>(), [0, 1], "one clip of each class");
        measured += 1;
    }
    assert_eq!(measured, 2);
    let table = fs::read_to_string(plan.run_dir.join("validation.csv")).unwrap();
    assert!(table.starts_with("step,top-1\n2,") && table.lines().count() == 3, "{table}");
}

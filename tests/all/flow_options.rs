//! What helps flow beyond the paper, as options of a run that trains MotionNet: census, occlusion and a teacher.

use std::fs;

use motionscope::training::losses::UnsupervisedLoss;
use motionscope::training::runs::Run;
use motionscope::training::{FlowTeacher, Network, RunKind, StepMetrics, TemporalMode, TrainingEvent, TrainingPlan};

use crate::training::{clips, flow_model, small, train, train_until};

/// All three options.
fn options() -> UnsupervisedLoss {
    let teacher = Some(FlowTeacher::Dis);
    UnsupervisedLoss { census: true, occlusion: true, teacher, teacher_weight: 2.0, ..UnsupervisedLoss::default() }
}

/// The values of a term by step.
fn term(events: &[TrainingEvent], name: &str) -> Vec<f32> {
    let value = |metrics: &StepMetrics| metrics.terms.iter().find(|(term, _)| term == name).map(|(_, value)| *value);
    events
        .iter()
        .filter_map(|event| if let TrainingEvent::Step(metrics) = event { value(metrics) } else { None })
        .collect()
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

#[test]
fn each_option_trains_and_resumes_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    // Fresh parameters would be drawn from the one random generator that tests beside this one draw from too.
    let base = flow_model(dir.path(), &data);
    let none = UnsupervisedLoss::default();
    for (name, loss) in [
        ("none", none),
        ("census", UnsupervisedLoss { census: true, ..none }),
        ("occlusion", UnsupervisedLoss { occlusion: true, ..none }),
        ("dis", UnsupervisedLoss { teacher: Some(FlowTeacher::Dis), ..none }),
        ("tvl1", UnsupervisedLoss { teacher: Some(FlowTeacher::Tvl1), ..none }),
        ("all", options()),
    ] {
        let at = |part: &str| TrainingPlan {
            base: Some(base.clone()),
            loss,
            ..small(Network::Flow, &data, dir.path().join(name).join(part))
        };
        let (result, events) = train(&at("whole"));
        result.unwrap();
        assert_eq!(term(&events, "teacher 2").len(), if loss.teacher.is_some() { 4 } else { 0 }, "{name}");
        train_until(&at("parts"), 2).0.unwrap();
        let (result, events) = train(&at("parts"));
        result.unwrap();
        assert!(matches!(events[0], TrainingEvent::Started { resumed_at: 2, .. }), "{events:?}");
        for file in ["metrics.csv", "model/motion.safetensors"] {
            let bytes = |part: &str| fs::read(at(part).run_dir.join(file)).unwrap();
            assert!(bytes("whole") == bytes("parts"), "{name}: {file} differs");
        }
        let header = fs::read_to_string(at("whole").run_dir.join("metrics.csv")).unwrap();
        assert_eq!(header.lines().next().unwrap().contains(",teacher 6"), loss.teacher.is_some(), "{header}");
        // What the window resumes a run by.
        assert_eq!(Run::read(&at("whole").run_dir).unwrap().plan, Some(at("whole")));
    }
    let metrics = |name: &str| fs::read(dir.path().join(name).join("whole/metrics.csv")).unwrap();
    for name in ["census", "occlusion", "dis", "tvl1", "all"] {
        assert!(metrics(name) != metrics("none"), "{name} changes nothing");
    }
}

#[test]
fn the_network_comes_closer_to_its_teacher() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let base = flow_model(dir.path(), &data);
    let teacher = UnsupervisedLoss { teacher: Some(FlowTeacher::Dis), teacher_weight: 100.0, ..Default::default() };
    for (name, loss) in [
        ("teacher", teacher),
        ("census", UnsupervisedLoss { census: true, ..teacher }),
        ("occlusion", UnsupervisedLoss { occlusion: true, ..teacher }),
    ] {
        let plan = TrainingPlan {
            base: Some(base.clone()),
            loss,
            rate: 3e-3,
            steps: 60,
            batch: 4,
            checkpoint_every: 1000,
            ..small(Network::Flow, &data, dir.path().join(name))
        };
        let (result, events) = train(&plan);
        result.unwrap();
        let error = term(&events, "teacher 2");
        let [before, after] = [&error[..10], &error[50..]].map(mean);
        assert!(after < before, "{name}: from {before} to {after} px");
    }
}

#[test]
fn a_folder_of_another_loss_is_refused_with_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let data = clips(dir.path(), 1, 2);
    let plan = TrainingPlan { loss: options(), steps: 2, ..small(Network::Flow, &data, dir.path().join("run")) };
    train_until(&plan, 1).0.unwrap();
    let changed = UnsupervisedLoss { teacher: Some(FlowTeacher::Tvl1), census: false, ..plan.loss };
    let error = train(&TrainingPlan { loss: changed, ..plan.clone() }).0.unwrap_err();
    let expected = "loss.census is true there and false here, loss.teacher is dis there and tvl1 here";
    assert!(error.cause.ends_with(expected), "{error}");
    let without = UnsupervisedLoss { teacher: None, ..plan.loss };
    let error = train(&TrainingPlan { loss: without, ..plan }).0.unwrap_err();
    assert!(error.cause.ends_with("loss.teacher is dis there and not set here"), "{error}");
}

#[test]
fn settings_of_before_have_the_paper_s_loss() {
    let plan = TrainingPlan::of(Network::Flow);
    let text = toml::to_string_pretty(&plan).unwrap();
    let is_new = |line: &&str| !["census", "occlusion", "teacher"].iter().any(|option| line.starts_with(option));
    let older: Vec<&str> = text.lines().filter(is_new).collect();
    assert_eq!(older.len() + 3, text.lines().count(), "a teacher that is not there is not written:\n{text}");
    assert_eq!(toml::from_str::<TrainingPlan>(&older.join("\n")).unwrap(), plan);
    let taught = TrainingPlan { loss: options(), ..plan };
    assert_eq!(toml::from_str::<TrainingPlan>(&toml::to_string_pretty(&taught).unwrap()).unwrap(), taught);
}

#[test]
fn the_options_are_for_training_flow() {
    let none = UnsupervisedLoss::default();
    for (option, loss) in [
        ("census", UnsupervisedLoss { census: true, ..none }),
        ("occlusion", UnsupervisedLoss { occlusion: true, ..none }),
        ("teacher", UnsupervisedLoss { teacher: Some(FlowTeacher::Dis), ..none }),
    ] {
        TrainingPlan { loss, ..TrainingPlan::of(Network::Flow) }.check().unwrap();
        for (network, mode) in [(Network::Temporal, TemporalMode::C), (Network::Spatial, TemporalMode::A)] {
            let plan = TrainingPlan { loss, mode, kind: RunKind::Training, ..TrainingPlan::of(network) };
            let error = plan.check().unwrap_err();
            assert!(error.subject == option && error.cause.contains(network.key()), "{error}");
            assert!(error.remedy.contains(&format!("--{option}")), "{error}");
        }
    }
    for weight in [0.0, -1.0, 1e-320, 1001.0, f64::NAN, f64::INFINITY] {
        let loss = UnsupervisedLoss { teacher_weight: weight, ..options() };
        let error = TrainingPlan { loss, ..TrainingPlan::of(Network::Flow) }.check().unwrap_err();
        assert_eq!(error.subject, "teacher weight");
    }
}

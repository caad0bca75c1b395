//! The form of a single network: joint networks, and networks that learn from true flow.

use eframe::egui::Event;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use super::settings::{Aim, TrainingSettings};
use crate::app::command::Command;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;
use crate::data::flow_benchmarks::FlowDataset;
use crate::data::{DataSource, PairAugmentation, PairSource};
use crate::nets::{Architecture, JointArchitecture};
use crate::training::losses::SupervisedLoss;
use crate::training::{FlowTeacher, Network, TrainingPlan};

fn window() -> Window {
    let mut settings = Settings::default();
    settings.training = TrainingSettings { aim: Aim::Train, ..TrainingSettings::default() };
    let mut window = Window::with([1280.0, 1500.0], settings, |app| app.session.loading_model = None);
    window.perform(Command::ShowTraining);
    window
}

fn plan(window: &Window) -> TrainingPlan {
    window.harness.state().panels.training.settings().plan
}

fn click(window: &mut Window, role: Role, name: &str) {
    window.harness.get_by_role_and_label(role, name).click();
    (0..2).for_each(|_| window.settle());
}

fn has_field(window: &Window, name: &str) -> bool {
    window.harness.query_by_role_and_label(Role::TextInput, name).is_some()
}

fn type_into(window: &mut Window, field: &str, text: &str) {
    window.harness.get_by_role_and_label(Role::TextInput, field).focus();
    window.settle();
    window.harness.event(Event::Text(text.into()));
    window.settle();
}

#[test]
fn each_joint_network_can_be_chosen_and_trained_as_it_is_set() {
    let mut window = window();
    click(&mut window, Role::Button, "Joint");
    for (name, architecture, teacher) in [
        ("ActionFlowNet-2", JointArchitecture::ActionFlowNet2, Some(FlowTeacher::Tvl1)),
        ("ActionFlowNet-16", JointArchitecture::ActionFlowNet16, Some(FlowTeacher::Tvl1)),
        ("Branched", JointArchitecture::Branched, None),
    ] {
        click(&mut window, Role::Button, name);
        let plan = plan(&window);
        assert_eq!((plan.network, plan.joint, plan.loss.teacher), (Network::Joint, architecture, teacher));
        plan.check().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(window.sees("Flow from"), teacher.is_some(), "{name}");
    }
}

#[test]
fn true_flow_and_next_frames_are_offered_where_they_apply() {
    let mut window = window();
    assert!(window.sees("Clips from") && !has_field(&window, "Pairs"));
    click(&mut window, Role::Button, "True flow");
    assert!(!window.sees("Clips from"), "pairs take the place of clips");
    let ready = |window: &Window| window.harness.state().panels.training.ready();
    assert_eq!(ready(&window), Err("Enter the folder of pairs first"));
    type_into(&mut window, "Pairs", "/data/chairs");
    assert_eq!(ready(&window), Ok(()));
    assert!(!has_field(&window, "Next frames"), "FlowNetS learns flow alone");
    click(&mut window, Role::ComboBox, "Network");
    click(&mut window, Role::Button, "NextFlow");
    type_into(&mut window, "Next frames", "/data/clips");
    click(&mut window, Role::CheckBox, "Published augmentation");
    click(&mut window, Role::ComboBox, "Loss");
    click(&mut window, Role::Button, "Area EPE");

    let app = window.harness.state();
    let mut plans = app.panels.training.plans(&app.session).unwrap()().unwrap();
    let plan = plans.pop().unwrap();
    let pairs = PairSource { benchmark: FlowDataset::FlyingChairs, root: "/data/chairs".into() };
    assert_eq!((plan.data.clone(), plans.len()), (DataSource::Pairs(pairs), 0));
    assert_eq!(plan.next_frames, Some(DataSource::Folder("/data/clips".into())));
    assert_eq!((plan.motion.architecture, plan.supervised), (Architecture::NextFlow, Some(SupervisedLoss::AreaEpe)));
    assert_eq!((plan.augmentation, plan.run_dir.clone()), (PairAugmentation::Published, "/data/runs/flow-01".into()));
    plan.check().unwrap();

    click(&mut window, Role::ComboBox, "Network");
    click(&mut window, Role::Button, "FlowNetC");
    assert_eq!(self::plan(&window).next_frames, None, "nothing stays behind that only NextFlow has");
    click(&mut window, Role::Button, "Frames");
    let unsupervised = self::plan(&window);
    assert!(unsupervised.supervised.is_none() && !matches!(unsupervised.data, DataSource::Pairs(_)));
    assert!(window.sees("Clips from") && !has_field(&window, "Pairs"));
}

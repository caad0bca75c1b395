//! Tests of the views on hand-made results: their content, their texts and their controls.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::tests::{VIDEO, Window, flow_view, source_flow};
use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::viewer::magnitude_scale::MagnitudeScale;
use crate::app::viewer::views::{ViewKind, ViewSpec, Views};
use crate::engine::{FlowColours, FlowSource, FlowView, Message, SourceFlow};
use crate::error::Error;
use crate::flow::FlowField;
use crate::output::Existing;
use crate::video::Frame;

#[test]
fn views_are_added_swiped_and_removed_with_keys() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    assert_eq!(window.pictures(), ["Frame 3", "Flow 3 → 4 · 12 ms · 80 fps MotionNet of the model"]);
    window.point_at(window.centre(1));
    window.harness.key_press(Key::V);
    window.settle();
    assert_eq!(window.pictures().len(), 3);
    assert!(window.pictures()[2].ends_with("TV-L1"), "{:?}", window.pictures());

    window.harness.key_press(Key::W);
    window.settle();
    let dividers = |window: &Window| -> Vec<f32> {
        window.harness.query_all_by_role(Role::Splitter).map(|node| node.rect().center().x).collect()
    };
    let before = dividers(&window);
    assert_eq!(before.len(), 2);
    window.harness.key_press_modifiers(Modifiers::ALT, Key::ArrowRight);
    window.settle();
    assert!(dividers(&window)[1] > before[1] + 5.0, "{:?} {before:?}", dividers(&window));

    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::V);
    window.settle();
    assert_eq!(window.pictures().len(), 2);
}

#[test]
fn a_view_shows_another_source_or_kind_when_asked_to() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    window.harness.get_by_role_and_label(Role::ComboBox, "Source of view 2").click();
    window.settle();
    window.harness.get_by_role_and_label(Role::Button, "TV-L1").click();
    window.settle();
    assert!(window.pictures()[1].ends_with("TV-L1"), "{:?}", window.pictures());
    window.point_at(window.centre(1));
    for (key, name) in [(Key::A, "Arrows"), (Key::A, "Flow")] {
        window.harness.key_press(key);
        window.settle();
        assert!(window.pictures()[1].starts_with(name), "{:?}", window.pictures());
    }
    window.harness.key_press(Key::N);
    window.settle();
    assert!(window.pictures()[1].ends_with("DIS"));
    window.harness.get_by_role_and_label(Role::Button, "Remove view 2").click();
    window.settle();
    assert_eq!(window.pictures().len(), 1);
    assert!(window.harness.query_by_label("Remove view 1").is_none(), "the last view stays");
}

#[test]
fn the_view_that_was_clicked_last_is_removed_wherever_the_pointer_is() {
    let views =
        [ViewKind::Flow, ViewKind::Arrows, ViewKind::Magnitude].map(|kind| ViewSpec::new(kind, FlowSource::Tvl1));
    let mut window = Window::new([1280.0, 800.0], Views::beside(views));
    window.harness.state_mut().settings.views.chosen = 1;
    window.point_at(window.centre(2));
    assert_eq!(window.harness.state().settings.views.active, 2, "the pointer is elsewhere");
    window.perform(Command::RemoveView);
    window.settle();
    let kinds: Vec<_> = window.harness.state().settings.views.list().iter().map(|view| view.kind).collect();
    assert_eq!(kinds, [ViewKind::Flow, ViewKind::Magnitude]);
}

#[test]
fn a_click_on_a_picture_chooses_it_and_a_cross_removes_its_own_view() {
    let sources = [FlowSource::Tvl1, FlowSource::Dis, FlowSource::Codec];
    let mut window =
        Window::new([1280.0, 800.0], Views::beside(sources.map(|source| ViewSpec::new(ViewKind::Flow, source))));
    let centre = window.centre(1);
    window.harness.hover_at(centre);
    window.harness.drag_at(centre);
    window.harness.drop_at(centre);
    window.settle();
    assert_eq!(window.harness.state().settings.views.flow_source(), FlowSource::Dis, "exports are about it");
    window.harness.get_by_role_and_label(Role::Button, "Remove view 3").click();
    window.settle();
    let left: Vec<_> = window.harness.state().settings.views.list().iter().map(|view| view.source).collect();
    assert_eq!(left, [FlowSource::Tvl1, FlowSource::Dis]);
    assert_eq!(window.harness.state().settings.views.flow_source(), FlowSource::Dis);
}

#[test]
fn the_value_of_every_kind_of_view_is_told_at_the_pointer() {
    for (kind, word) in [
        (ViewKind::Frame, "rgb"),
        (ViewKind::Flow, "|uv|"),
        (ViewKind::Arrows, "|uv|"),
        (ViewKind::Horizontal, "u 0."),
        (ViewKind::Vertical, "v "),
        (ViewKind::Magnitude, "|uv|"),
        (ViewKind::Difference, "distance 0.40 px"),
        (ViewKind::First, "rgb"),
        (ViewKind::Warped, "rgb"),
        (ViewKind::Error, "grey levels"),
        (ViewKind::Ssim, "SSIM 0."),
        (ViewKind::Border, "counts"),
        (ViewKind::Occlusion, "visible in both"),
        (ViewKind::Strip, "|uv|"),
        (ViewKind::Input, "of 255"),
    ] {
        let mut window = Window::new([1280.0, 800.0], Views::beside([ViewSpec::new(kind, FlowSource::Network)]));
        // Off the middle, and elsewhere if the tiles of a view meet there.
        let places = [[7.0, -31.0], [23.0, -57.0], [-41.0, -83.0]];
        let pointed = places.into_iter().find_map(|place| {
            window.point_at(window.centre(0) + eframe::egui::Vec2::from(place));
            window.harness.state().session.pointed.map(|pointed| pointed.to_text())
        });
        assert!(pointed.as_ref().is_some_and(|text| text.contains(word)), "{kind:?}: {pointed:?}");
        assert!(window.sees(&pointed.unwrap()), "the status bar tells the same");
    }
}

#[test]
fn a_source_without_a_flow_says_why_and_what_to_do() {
    let flow = |source| ViewSpec::new(ViewKind::Flow, source);
    let views = Views::beside([flow(FlowSource::SecondNetwork), flow(FlowSource::Codec)]);
    let mut window = Window::new([1280.0, 800.0], views);
    window.harness.state_mut().settings.flow.second_model = None; // the shipped one is there at first
    window.settle();
    assert!(window.sees("No second model") && window.sees("Choose second model…"));
    let error = Error::new("wave.mp4", "the codec MJPEG has no motion vectors", "Use TV-L1 or MotionNet");
    let message = Message::SourceUnavailable(FlowSource::Codec, Some(error));
    window.harness.state_mut().session.receive(&message);
    window.settle();
    assert!(window.sees("The codec MJPEG has no motion vectors"));
    window.harness.get_by_role_and_label(Role::Button, "Use TV-L1").click();
    window.settle();
    assert!(window.pictures()[1].ends_with("TV-L1"));
}

#[test]
fn a_flow_of_another_moment_than_the_frame_is_marked_while_it_plays() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    let session = &mut window.harness.state_mut().session;
    session.player.playing = true;
    let shown = session.frame.clone().unwrap();
    let mut caption_at = |index: usize| {
        window.harness.state_mut().session.frame = Some(Arc::new(Frame { index, ..Frame::clone(&shown) }));
        window.settle();
        window.pictures()[1].clone()
    };
    assert_eq!(caption_at(8), "Flow 3 → 4 · 12 ms · 80 fps · 5 frames behind MotionNet of the model");
    assert_eq!(caption_at(2), "Flow 3 → 4 · 12 ms · 80 fps · 1 frame ahead MotionNet of the model");
    assert_eq!(caption_at(3), "Flow 3 → 4 · 12 ms · 80 fps MotionNet of the model");
    let late = SourceFlow { position: 36, frame: 36, ..source_flow(FlowSource::Network, 0.0) };
    window.harness.state_mut().session.flow.set_flow(FlowSource::Network, Some(Arc::new(late)));
    let session = &mut window.harness.state_mut().session;
    session.frame = Some(Arc::new(Frame { index: 2, ..Frame::clone(&shown) }));
    window.settle();
    assert_eq!(window.pictures()[1], "Flow 36 → 37 · 12 ms · 80 fps · of the previous loop MotionNet of the model");
}

#[test]
fn the_last_two_frames_have_the_same_flow_and_it_is_up_to_date() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    let flow = SourceFlow { position: 38, frame: 38, ..source_flow(FlowSource::Network, 0.0) };
    window.harness.state_mut().session.flow.set_flow(FlowSource::Network, Some(Arc::new(flow)));
    for position in [38, 39] {
        window.harness.state_mut().session.player.position = position;
        window.settle();
        assert_eq!(window.pictures()[1], "Flow 38 → 39 · 12 ms · 80 fps MotionNet of the model", "at {position}");
    }
}

#[test]
fn a_flow_that_is_being_refined_or_computed_says_so_and_moves_nothing() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    window.harness.state_mut().settings.views.get_mut(1).unwrap().source = FlowSource::SecondNetwork;
    let draft = |is_draft| {
        let source = FlowSource::SecondNetwork;
        Some(Arc::new(SourceFlow { is_draft, ..source_flow(source, 0.0) }))
    };
    let mut caption = |is_draft, playing, position| {
        let session = &mut window.harness.state_mut().session;
        session.flow.set_flow(FlowSource::SecondNetwork, draft(is_draft));
        (session.player.playing, session.player.position) = (playing, position);
        window.settle();
        let picture = window.pictures()[1].clone();
        picture.split(" MotionNet").next().unwrap().to_owned() // Behind it is the name of the model.
    };
    let plain = "Flow 3 → 4 · 12 ms · 80 fps";
    assert_eq!(caption(true, true, 3), plain, "a draft is all there is while it plays");
    assert_eq!(caption(true, false, 3), format!("{plain} · refining…"));
    assert_eq!(caption(false, false, 3), plain);
    assert_eq!(caption(false, false, 5), format!("{plain} · computing…"));
}

#[test]
fn a_second_network_that_cannot_be_used_makes_way_for_another() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    let app = window.harness.state_mut();
    app.settings.flow.second_model = Some("/models/gone".into());
    app.settings.views.get_mut(1).unwrap().source = FlowSource::SecondNetwork;
    let gone = Error::new("/models/gone", "the folder is gone", "Choose another one");
    app.session.receive(&Message::SourceUnavailable(FlowSource::SecondNetwork, Some(gone)));
    window.settle();
    assert!(window.harness.query_by_role_and_label(Role::Button, "Choose second model…").is_some());
}

#[test]
fn what_is_saved_of_flow_has_the_colours_that_are_on_the_screen() {
    let mut window = Window::new([1280.0, 800.0], Views::default());
    let ctx = window.harness.ctx.clone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flow.png");
    let app = window.harness.state_mut();
    app.settings.gamma = 2.0;
    let mut field = FlowField::clone(&flow_view(0.0).field);
    field.uv[0] = [80.0, 0.0]; // A single wrong vector pales no other.
    let flow = FlowView::on_cpu(field, VIDEO);
    let source_flow = SourceFlow { flow: flow.clone(), ..source_flow(FlowSource::Network, 0.0) };
    app.session.flow.set_flow(FlowSource::Network, Some(Arc::new(source_flow)));
    let scale = MagnitudeScale::of(&app.settings, &app.session);
    assert!((3.0..6.0).contains(&scale.max_px), "{scale:?}");

    app.open_as(PathPrompt::Of(Command::SavePicture), path.clone(), Existing::Keep, &ctx);
    while !path.is_file() {
        std::thread::sleep(std::time::Duration::from_millis(1));
        app.take_answers(&ctx);
        assert!(app.session.notice.is_none(), "{:?}", app.session.notice);
    }
    let saved = image::open(&path).unwrap().to_rgb8();
    let field = flow.at_size(320, 240);
    for (x, y) in [(160, 20), (300, 200), (20, 120), (170, 125)] {
        assert_eq!(saved.get_pixel(x, y).0, scale.colour(field.at(x as usize, y as usize)), "at ({x}, {y})");
    }

    // An export of the whole clip starts with this scale.
    let expected = FlowColours { locked_px: None, least_px: scale.max_px, gamma: 2.0 };
    assert_eq!(app.colours_on_screen(), expected);
    app.settings.locked_scale_px = Some(7.0);
    assert_eq!(app.colours_on_screen().locked_px, Some(7.0));
}

#[test]
fn arrangements_look_as_they_did() {
    let mut window = Window::new([720.0, 480.0], Views::default());
    window.perform(Command::ArrangeComponents);
    window.compare("views_components");
    window.perform(Command::ArrangeLoss);
    window.compare("views_loss");
    window.perform(Command::ArrangeNetworkOrTvl1);
    window.compare("views_swipe");
    window.perform(Command::ArrangeTemporalInput);
    window.compare("views_input");
    window.perform(Command::ShowStatistics);
    window.perform(Command::ToggleTheme);
    window.compare("statistics_light");
}

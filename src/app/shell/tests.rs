//! The window around the panels: what a person sees of it in the first minutes, and in windows of any size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2, Rect, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use image::{Rgb, RgbImage};

use super::palette::Palette;
use crate::app::App;
use crate::app::command::Command;
use crate::app::command::prompt::PathPrompt;
use crate::app::flow::tests::Window;
use crate::app::settings::Settings;
use crate::app::viewer::views::Views;
use crate::diagnostics::{reports_in, take_new_report};
use crate::engine::{Message, default_model};
use crate::error::Error;
use crate::video::{Geometry, VideoInfo, VideoWriter};

const SIZE: [f32; 2] = [1280.0, 800.0];
/// Screens in pixels, each with pixels a point.
const SCREENS: [([f32; 2], f32); 12] = [
    ([1280.0, 720.0], 1.0),
    ([1280.0, 720.0], 1.25),
    ([1280.0, 720.0], 1.5),
    ([1440.0, 900.0], 1.0),
    ([1440.0, 900.0], 1.5),
    ([1920.0, 1080.0], 1.0),
    ([1920.0, 1080.0], 1.25),
    ([1920.0, 1080.0], 1.5),
    ([1920.0, 1080.0], 2.0),
    ([3840.0, 2160.0], 1.0),
    ([3840.0, 2160.0], 1.5),
    ([3840.0, 2160.0], 2.0),
];

pub(super) fn nothing_open(size: [f32; 2], settings: Settings) -> Window {
    Window::with(size, settings, |app| app.session.loading_model = None)
}

/// A video of twelve frames in `dir`.
pub(super) fn video(dir: &Path) -> PathBuf {
    let (path, geometry) = (dir.join("clip.mp4"), Geometry { width: 64, height: 48 });
    let mut writer = VideoWriter::create(&path, geometry, 25.0).unwrap();
    for turn in 0..12 {
        let picture = RgbImage::from_fn(64, 48, |x, y| Rgb([(4 * x + turn) as u8, (5 * y) as u8, 90]));
        writer.push(&picture).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// Takes answers of threads in until `is_done`.
pub(super) fn wait(window: &mut Window, is_done: impl Fn(&App) -> bool) {
    let ctx = window.harness.ctx.clone();
    while !is_done(window.harness.state()) {
        window.harness.state_mut().take_answers(&ctx);
        std::thread::sleep(Duration::from_millis(1));
    }
    window.settle();
}

fn button(window: &mut Window, at: Pos2, pressed: bool) {
    let modifiers = Modifiers::NONE;
    window.harness.event(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers });
    window.settle();
}

fn rect_of(window: &Window, label: &str) -> Option<Rect> {
    window.harness.query_by_role_and_label(Role::Button, label).map(|node| node.rect())
}

#[test]
fn all_kinds_of_views_can_be_seen_and_clicked_in_their_list() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    window.harness.get_by_role_and_label(Role::ComboBox, "Type of view 1").click();
    window.settle();
    let last = rect_of(&window, "Temporal input").unwrap().center();
    window.point_at(last);
    button(&mut window, last, true);
    button(&mut window, last, false);
    assert!(window.pictures()[0].starts_with("Temporal input"), "{:?}", window.pictures());
}

#[test]
fn about_names_version_device_and_licences() {
    let mut window = Window::new(SIZE, Views::default());
    window.perform(Command::About);
    for text in
        [env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_LICENSE"), "libavcodec", "SIL Open Font", "CPU", "not stated"]
    {
        assert!(window.sees(text), "{text}");
    }
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.sees("SIL Open Font"));
}

/// What is below the title of the welcome page.
const SLOGAN: &str = "See the optical flow and action predictions of a hidden two-stream network.";

/// What the next frames copy to the clipboard.
fn copied(window: &mut Window) -> String {
    let text = |command: &OutputCommand| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    };
    let found = (0..8).find_map(|_| {
        window.harness.step();
        window.harness.output().platform_output.commands.iter().find_map(text)
    });
    found.unwrap_or_default()
}

#[test]
fn the_report_of_the_last_crash_is_offered_once() {
    let state = tempfile::tempdir().unwrap();
    let folder = reports_in(state.path());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("2026-12-02-100000-7.txt"), "What happened: SIGSEGV").unwrap();
    let mut window = Window::new([1280.0, 720.0], Views::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state().crash.look(state.path(), None, &ctx);
    while !window.sees("crashed the last time") {
        window.harness.state_mut().take_crash();
        window.settle();
    }
    assert!(window.sees("2026-12-02-100000-7.seen.txt") && rect_of(&window, "Open folder").is_some());
    let [dismiss, tab] = ["Dismiss", "Scores"].map(|label| rect_of(&window, label).unwrap());
    assert!(dismiss.max.x < tab.min.x, "{dismiss:?} covers {tab:?}");
    window.harness.get_by_role_and_label(Role::Button, "Copy").click();
    assert_eq!(copied(&mut window), "What happened: SIGSEGV");
    window.harness.get_by_role_and_label(Role::Button, "Dismiss").click();
    window.settle();
    assert!(!window.sees("crashed the last time"));
    assert_eq!(take_new_report(&folder, None), Ok(None));
    let offered = window.harness.state().settings.offered_report.as_deref() == Some("2026-12-02-100000-7");
    assert!(offered, "it is kept in the settings, too: the folder may not be writable");
}

#[test]
fn the_welcome_page_leaves_room_for_the_report_of_a_crash() {
    let state = tempfile::tempdir().unwrap();
    let folder = reports_in(state.path());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("2026-12-02-100000-7.txt"), "What happened: SIGSEGV").unwrap();
    let mut window = Window::with([1280.0, 720.0], Settings::default(), |app| app.session.loading_model = None);
    let ctx = window.harness.ctx.clone();
    window.harness.state().crash.look(state.path(), None, &ctx);
    while !window.sees("crashed the last time") {
        window.harness.state_mut().take_crash();
        window.settle();
    }
    (0..3).for_each(|_| window.settle());
    let slogan = window.harness.get_by_label(SLOGAN).rect();
    let dismiss = rect_of(&window, "Dismiss").unwrap();
    assert!(dismiss.max.y < slogan.min.y - 40.0, "the title is below the offer: {dismiss:?}, {slogan:?}");
    window.harness.get_by_role_and_label(Role::Button, "Dismiss").click();
    (0..3).for_each(|_| window.settle());
    assert!(!window.sees("crashed the last time"));
    assert_eq!(window.harness.get_by_label(SLOGAN).rect(), slogan, "nothing moves");
}

#[test]
fn reports_that_cannot_be_read_are_a_problem_and_no_more() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(reports_in(state.path()), "a file in place of the folder").unwrap();
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state().crash.look(state.path(), None, &ctx);
    while window.harness.state().session.notice.is_none() {
        window.harness.state_mut().take_crash();
    }
    window.settle();
    assert!(window.sees("crashes"));
}

#[test]
fn a_report_of_a_problem_is_copied_and_it_is_said() {
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().perform(Command::ReportProblem, &ctx);
    let text = copied(&mut window);
    for part in [
        "Version: Motionscope ",
        env!("CARGO_PKG_VERSION"),
        "Device: ",
        "System: ",
        "Command line: ",
        "Last log lines:",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(window.sees("Copied version, device and log") && window.sees("paste them into your report"));
}

#[test]
fn a_problem_folds_after_a_while_and_unfolds_again() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    window.harness.state_mut().session.notice = Some(Error::new("clip.mp4", "it is torn", "Copy it again"));
    window.settle();
    assert!(window.sees("it is torn") || window.sees("It is torn"));
    window.harness.run_steps(60); // fifteen seconds
    let open = |window: &Window| rect_of(window, "Dismiss");
    let folded = rect_of(&window, "Show the problem").unwrap();
    assert!(open(&window).is_none() && folded.width() < 240.0 && folded.left() < 200.0, "{folded:?}");
    window.harness.get_by_role_and_label(Role::Button, "Show the problem").click();
    window.settle();
    assert!(open(&window).is_some());
}

#[test]
fn the_same_problem_is_shown_again_when_it_comes_again() {
    let mut window = Window::new([1280.0, 720.0], Views::default());
    let fail = |window: &mut Window| {
        let error = Error::new("clip.mp4", "it is torn", "Copy it again");
        window.harness.state_mut().session.problem(&error);
        window.settle();
        rect_of(window, "Dismiss").is_some()
    };
    assert!(fail(&mut window));
    window.harness.run_steps(60); // fifteen seconds
    assert!(rect_of(&window, "Dismiss").is_none(), "it is folded");
    assert!(fail(&mut window), "the second attempt has failed as well");
}

#[test]
fn nothing_in_about_moves_once_it_is_seen() {
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().perform(Command::About, &ctx);
    let mut places = Vec::new();
    for _ in 0..6 {
        window.harness.step();
        let rows = ["Version", "FFmpeg version", "Rust libraries", "Networks", "Folder"];
        let rows = rows.map(|row| window.harness.query_by_label(row).map(|node| node.rect()));
        places.extend(rows.iter().all(Option::is_some).then_some(rows));
    }
    assert!(places.len() > 2 && places.windows(2).all(|pair| pair[0] == pair[1]), "{places:#?}");
}

#[test]
fn the_list_of_keys_stays_in_the_middle_when_it_is_edited() {
    let mut window = Window::new(SIZE, Views::default());
    window.perform(Command::Shortcuts);
    let place = |window: &Window| {
        let heading = window.harness.query_all_by_label("Keyboard shortcuts").next().unwrap().rect();
        heading.union(window.harness.get_by_role_and_label(Role::Button, "Close").rect())
    };
    let before = place(&window);
    window.harness.get_by_role_and_label(Role::Button, "Edit shortcuts").click();
    window.harness.step();
    let now = place(&window);
    assert!(window.sees("press its new shortcut") && now.min.x == before.min.x, "{before:?}, {now:?}");
    assert!((now.center().y - SIZE[1] / 2.0).abs() < 3.0, "{now:?} is not in the middle");
}

#[test]
fn a_change_of_theme_is_drawn_whole() {
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    while ctx.has_requested_repaint() {
        window.harness.step();
    }
    window.harness.state_mut().perform(Command::ToggleTheme, &ctx);
    assert!(ctx.has_requested_repaint());
}

#[test]
fn a_problem_is_shown_over_the_pictures_and_not_over_a_panel() {
    for size in [[1280.0, 720.0], [1440.0, 900.0]] {
        let mut window = Window::new(size, Views::default());
        let text = "it is cut off in the middle, and whatever is beyond that place is lost for good";
        window.harness.state_mut().session.problem(&Error::new("/clips/a.mp4", text, "Copy the file again"));
        window.settle();
        let [dismiss, tab] = ["Dismiss", "Scores"].map(|label| rect_of(&window, label).unwrap());
        assert!(dismiss.max.x < tab.min.x, "{size:?}: {dismiss:?} beside {tab:?}");
        if size[0] < 1300.0 {
            window.compare("problem");
        }
    }
}

#[test]
fn the_colour_wheel_is_dragged_shrunk_and_hidden() {
    let mut window = Window::new(SIZE, Views::default());
    assert!(window.sees("px/frame"), "the scale is in pixels per frame");
    let before = rect_of(&window, "Colour wheel").unwrap();
    let to = before.center() - vec2(150.0, 90.0);
    window.point_at(before.center());
    button(&mut window, before.center(), true);
    window.point_at(to);
    button(&mut window, to, false);
    let moved = rect_of(&window, "Colour wheel").unwrap();
    assert!((moved.center() - to).length() < 2.0, "{before:?} became {moved:?}");
    let far = eframe::egui::pos2(2.0, 2.0);
    button(&mut window, moved.center(), true);
    window.point_at(far);
    button(&mut window, far, false);
    let held = rect_of(&window, "Colour wheel").unwrap();
    let mut views = window.harness.query_all_by_role(Role::Image);
    assert!(held != moved && views.any(|view| view.rect().contains_rect(held)), "it left its view: {held:?}");
    drop(views);
    window.perform(Command::ShrinkWheel);
    assert!(rect_of(&window, "Colour wheel").unwrap().height() < held.height() - 20.0);
    window.perform(Command::ToggleWheel);
    assert_eq!(rect_of(&window, "Colour wheel"), None);
}

#[test]
fn the_magnification_is_shown_while_there_is_one() {
    let mut window = Window::new(SIZE, Views::default());
    assert!(!window.sees("2.0×"));
    let ctx = window.harness.ctx.clone();
    window.point_at(window.centre(0));
    window.harness.event(Event::Zoom(2.0));
    window.settle();
    assert!(window.sees("2.0×"));
    window.harness.state_mut().perform(Command::FitView, &ctx);
    window.settle();
    assert!(!window.sees("2.0×"));
}

#[test]
fn a_typed_path_is_completed_with_tab_and_recent_places_are_offered() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("clips")).unwrap();
    let mut settings = Settings::default();
    settings.remember(&dir.path().join("a.mp4"));
    let mut window = nothing_open(SIZE, settings);
    let question = PathPrompt::Of(Command::OpenFolder);
    window.harness.state_mut().overlay.show_palette(Palette::path(question, None));
    window.settle();
    let place = format!("{}/", dir.path().display());
    window.harness.get_by_role_and_label(Role::Button, &place).click();
    window.settle();
    window.harness.event(Event::Text("cl".into()));
    window.settle();
    let clips = format!("{place}clips/");
    while window.harness.query_by_role_and_label(Role::Button, &clips).is_none() {
        window.settle();
        std::thread::sleep(Duration::from_millis(1));
    }
    window.harness.key_press(Key::Tab);
    window.settle();
    assert!(window.harness.query_all_by_value(&clips).next().is_some());
}

#[test]
fn loading_a_model_offers_the_shipped_ones_and_that_of_the_latest_run() {
    let mut settings = Settings::default();
    settings.remember(std::path::Path::new("/clips/a.mp4"));
    settings.latest_run = Some("/runs/tune-01".into());
    let mut window = nothing_open(SIZE, settings);
    let question = PathPrompt::Of(Command::LoadModel);
    window.harness.state_mut().overlay.show_palette(Palette::path(question, None));
    window.settle();
    let shipped = default_model().unwrap().display().to_string();
    assert!(window.sees("Models") && window.sees(&shipped) && window.sees("/runs/tune-01/model/"));
    assert!(!window.sees("/clips/"), "it is no model");
}

#[test]
fn recent_files_are_those_that_were_opened_and_not_stepped_to() {
    let dir = tempfile::tempdir().unwrap();
    let clip = video(dir.path());
    let folder = dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    for name in ["a.mp4", "b.mp4"] {
        std::fs::copy(&clip, folder.join(name)).unwrap();
    }
    let mut window = Window::new(SIZE, Views::default());
    let ctx = window.harness.ctx.clone();
    let known = window.harness.state().session.clip.clone().unwrap();
    for path in [clip.clone(), folder.clone(), folder.join("b.mp4")] {
        let app = window.harness.state_mut();
        app.session.leave_clip();
        app.open(path, &ctx);
        wait(&mut window, |app| app.session.opening.is_some());
        let app = window.harness.state_mut();
        let path = app.session.opening.clone().unwrap();
        app.receive(&Message::Opened(VideoInfo { path, ..known.clone() }), &ctx);
    }
    assert_eq!(window.harness.state().settings.recent, [folder, clip]);
}

#[test]
fn a_folder_of_class_folders_is_listed_and_clips_that_cannot_be_opened_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["bow/2.mp4", "wave/1.mp4"] {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), "no video").unwrap();
    }
    let mut window = nothing_open(SIZE, Settings::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir.path().into(), &ctx);
    wait(&mut window, |app| app.session.faults.len() == 2);
    assert!(window.sees("clip 1 of 2") && window.sees("1 of 2"));
    let names = ["bow/2.mp4", "wave/1.mp4"].map(|name| Path::new(name).display().to_string());
    for name in names {
        assert!(window.sees(&format!("{name} – cannot be opened")), "{name}");
    }
    window.perform(Command::NextVideo);
    assert_eq!(window.harness.state().session.opening, Some(at("wave/1.mp4")));
}

#[test]
fn clips_of_sub_folders_are_checked_once_they_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("more")).unwrap();
    for name in ["1.mp4", "more/2.mp4"] {
        std::fs::write(dir.path().join(name), "no video").unwrap();
    }
    let mut window = nothing_open(SIZE, Settings::default());
    let ctx = window.harness.ctx.clone();
    window.harness.state_mut().open(dir.path().into(), &ctx);
    wait(&mut window, |app| app.session.faults.len() == 1);
    window.harness.get_by_role_and_label(Role::Button, "List all").click();
    window.settle();
    wait(&mut window, |app| app.session.faults.len() == 2);
}

/// What is cut off by the sides of the window, and which controls outside the panel at the right lie over each other.
fn faults(window: &Window, [width, height]: [f32; 2]) -> Vec<String> {
    let controls = [Role::Button, Role::ComboBox, Role::SpinButton, Role::CheckBox];
    let nodes = window.harness.root().children_recursive();
    let all: Vec<(Role, String, Rect)> = nodes
        .filter(|node| node.accesskit_node().bounding_box().is_some())
        .map(|node| (node.accesskit_node().role(), node.accesskit_node().label().unwrap_or_default(), node.rect()))
        .filter(|(role, _, rect)| rect.is_positive() && (controls.contains(role) || *role == Role::Label))
        .collect();
    let is_outside = |rect: &Rect| rect.min.x < -0.5 || rect.max.x > width + 0.5;
    let outside = all.iter().filter(|(_, _, rect)| is_outside(rect));
    let mut faults: Vec<String> = outside.map(|(_, label, rect)| format!("{label:?} at {rect:?} is cut off")).collect();
    // What scrolls in the panel lies elsewhere than it is seen.
    let side = width * 0.6;
    let is_fixed = |rect: &Rect| rect.max.x < side || rect.max.y < 60.0 || rect.min.y > height - 40.0;
    let fixed: Vec<_> = all.iter().filter(|(role, _, rect)| controls.contains(role) && is_fixed(rect)).collect();
    for (i, (_, label, rect)) in fixed.iter().enumerate() {
        for (_, other, beside) in &fixed[..i] {
            let shared = rect.intersect(*beside);
            let is_within = rect.contains_rect(*beside) || beside.contains_rect(*rect);
            if shared.is_positive() && shared.width().min(shared.height()) > 1.5 && !is_within {
                faults.push(format!("{label:?} at {rect:?} lies over {other:?} at {beside:?}"));
            }
        }
    }
    faults
}

#[test]
fn the_default_layout_fits_every_screen() {
    for (pixels, scale) in SCREENS {
        let size = pixels.map(|side| side / scale);
        let on = |mut window: Window| {
            window.harness.set_pixels_per_point(scale);
            window.settle();
            window
        };
        let window = on(nothing_open(pixels, Settings::default()));
        assert_eq!(faults(&window, size), Vec::<String>::new(), "welcome at {pixels:?}, {scale}");

        let mut window = on(Window::new(pixels, Views::default()));
        for guide in [false, true] {
            window.harness.state_mut().settings.guide.is_open = guide;
            window.settle();
            let found = faults(&window, size);
            assert!(found.is_empty(), "{pixels:?}, {scale}, First steps {guide}: {found:#?}");
            let pictures: Vec<Rect> = window.harness.query_all_by_role(Role::Image).map(|node| node.rect()).collect();
            assert!(pictures[0].max.x <= pictures[1].min.x, "{pixels:?}, {scale}: the frame is beside its flow");
            let tab = rect_of(&window, "Scores").unwrap();
            assert!(tab.max.x <= size[0], "{pixels:?}, {scale}: {tab:?}");
        }
    }
}

#[test]
fn the_button_that_cancels_a_job_stays_where_it_is_while_its_text_changes() {
    let mut window = Window::new(SIZE, Views::default());
    window.harness.state_mut().session.receive(&Message::SampleProgress(0, 40));
    window.settle();
    let place = |window: &Window| rect_of(window, "Cancel").unwrap();
    let before = place(&window);
    assert!(before.right() > SIZE[0] - 30.0, "{before:?}");
    window.harness.state_mut().session.receive(&Message::SampleProgress(12, 40));
    window.settle();
    assert!(window.sees("Generating the sample: 12 of 40 clips"));
    assert_eq!(place(&window), before);
    window.harness.state_mut().session.analysis = None; // Nothing is said of the networks any more.
    window.settle();
    assert_eq!(place(&window), before);
}

#[test]
fn what_is_typed_right_after_a_command_that_asks_for_a_path_stands_in_the_field_once() {
    let mut window = nothing_open(SIZE, Settings::default());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::P);
    window.settle();
    window.harness.event(Event::Text("open path".into()));
    window.settle();
    let (key, modifiers) = (Key::Enter, Modifiers::NONE);
    window.harness.event(Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
    window.harness.event(Event::Text("/clips/wave".into())); // in the very next repaint
    window.settle();
    let field = window.harness.get_by_role(Role::TextInput);
    assert_eq!(field.accesskit_node().value().as_deref(), Some("/clips/wave"));
}

#[test]
fn what_is_typed_before_the_keys_of_a_prompt_in_one_repaint_is_not_for_it() {
    let mut window = nothing_open(SIZE, Settings::default());
    let press = |key, modifiers| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    let [shift, ctrl] = [press(Key::T, Modifiers::SHIFT), press(Key::P, Modifiers::COMMAND)];
    // All at once: an event that is queued with the harness has a repaint of its own.
    window.harness.input_mut().events.extend([shift, Event::Text("T".into()), ctrl, Event::Text("se".into())]);
    window.harness.step();
    window.harness.event(Event::Text("t".into()));
    window.settle();
    let field = window.harness.get_by_role(Role::TextInput);
    assert_eq!(field.accesskit_node().value().as_deref(), Some("set"));
}

#[test]
fn enter_in_the_repaint_in_which_the_list_of_commands_opens_runs_what_was_typed() {
    let mut window = nothing_open(SIZE, Settings::default());
    let press = |key, modifiers| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    let keys = [press(Key::P, Modifiers::COMMAND), Event::Text("about".into()), press(Key::Enter, Modifiers::NONE)];
    window.harness.input_mut().events.extend(keys);
    window.settle();
    assert!(window.sees("FFmpeg version"));
}

#[test]
fn a_press_and_its_release_in_frames_of_a_second_are_a_click() {
    let mut window = nothing_open(SIZE, Settings::default());
    let at = window.harness.get_by_label_contains("Find a command").rect().center();
    window.point_at(at);
    let event = |pressed| {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        Event::PointerButton { pos: at, button, pressed, modifiers }
    };
    window.harness.input_mut().time = Some(10.0);
    window.harness.event(event(true));
    window.harness.step();
    window.harness.input_mut().time = Some(12.5);
    window.harness.event(event(false));
    window.harness.step();
    window.settle();
    assert!(window.harness.query_by_role(Role::TextInput).is_some(), "the palette is open");
}

#[test]
fn without_a_clip_keys_leave_the_views_as_they_are() {
    let mut window = nothing_open(SIZE, Settings::default());
    let of = |window: &Window| {
        let settings = &window.harness.state().settings;
        (settings.views.clone(), settings.flow.stride)
    };
    let before = of(&window);
    for key in [Key::W, Key::T, Key::N, Key::A, Key::V] {
        window.harness.key_press_modifiers(Modifiers::NONE, key);
        window.settle();
    }
    assert!(of(&window) == before && window.sees("Open a clip first"));
}

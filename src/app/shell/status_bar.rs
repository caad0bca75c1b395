//! The bottom line: the flow at the pointer, the clip, the cost of the networks, the device.

use std::path::Path;
use std::time::Duration;

use eframe::egui::{Align, Label, Layout, RichText, Sense, TextStyle, Ui, vec2};

use super::jobs::jobs;
use crate::app::command::Command;
use crate::app::panel::{Action, PanelContext};
use crate::app::scores::state::ClipScoresPhase;
use crate::app::session::Session;
use crate::app::shell::underway::Underway;
use crate::app::training::progress_words::progress_text;
use crate::app::training::state::TrainingPhase;
use crate::app::ui::format::{thousands, time_code};
use crate::app::ui::theme::Tokens;
use crate::app::viewer::flow_age::flow_age;
use crate::app::viewer::views::{ViewKind, ViewSpec};
use crate::engine::FlowSource;
use crate::video::Indexing;

/// How long what was done is told.
const TOLD_FOR: Duration = Duration::from_secs(8);
/// How long at least, though something else is pointed at meanwhile.
const TOLD_AT_LEAST: Duration = Duration::from_secs(3);

/// Width below which words are left out, in points.
const NARROW: f32 = 1000.0;

/// Most of the bar that the message at its left end takes, as a share.
const MESSAGE: f32 = 0.5;

/// The room for the text of a job is a multiple of this, in points.
const STEP: f32 = 48.0;

/// Diameter of the dot of a recording, in points.
const DOT: f32 = 8.0;

/// Repaint interval of seconds that are counted.
const TICK: Duration = Duration::from_secs(1);

/// Draws the status bar.
pub fn status_bar_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    let weak = Tokens::of(ui).weak;
    let small = |text: String| RichText::new(text).text_style(TextStyle::Small).color(weak);
    let (session, views) = (&cx.session, cx.settings.views.list());
    let (mut cancelled, mut is_opening_cancelled) = (None::<Action>, false);
    let is_narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        let told = told(ui, session);
        let most = vec2(MESSAGE * ui.available_width(), ui.available_height());
        match session.pointed.as_ref().filter(|_| told.is_none()) {
            Some(pointed) => {
                let text = RichText::new(pointed.to_text()).text_style(TextStyle::Monospace).color(Tokens::of(ui).text);
                let label = ui.allocate_ui(most, |ui| ui.add(Label::new(text).truncate())).inner;
                label.on_hover_text("Value under the pointer (video pixels; counter-clockwise angles)");
            }
            None => {
                let text = told.map(|text| RichText::new(text).text_style(TextStyle::Small).color(Tokens::of(ui).text));
                let text = text.unwrap_or_else(|| small(hint(session, views)));
                ui.allocate_ui(most, |ui| ui.add(Label::new(text).truncate()));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            let stopped = recording_ui(ui, session);
            cancelled = jobs_ui(ui, session).or(stopped);
            if session.underway().is_some() {
                let cancel = ui.small_button("Cancel").accessible_name("Cancel opening");
                is_opening_cancelled = cancel.on_hover_text(Command::CancelOpening.tooltip()).clicked();
            }
            // What names the model has room before the rest.
            let model = model_text(session);
            let room = |ui: &Ui| ui.available_width() - model.as_ref().map_or(0.0, |text| width(ui, text) + 14.0);
            let device = "Inference device; change it in View › Device";
            match jobs(session).is_empty() {
                true => _ = ui.add(Label::new(small(session.device.clone())).truncate()).on_hover_text(device),
                false => label_ui(ui, small(session.device.clone()), device, room(ui)),
            }
            if let Some(analysis) = &session.analysis {
                let timing = analysis.timing;
                let sum = timing.motion_ms + timing.temporal_ms + timing.spatial_ms;
                let detail = format!(
                    "Latest inference: MotionNet {:.0} ms, temporal stream {:.0} ms, spatial stream {:.0} ms",
                    timing.motion_ms, timing.temporal_ms, timing.spatial_ms
                );
                let text = if is_narrow { format!("{sum:.0} ms") } else { format!("inference {sum:.0} ms") };
                label_ui(ui, small(text), &detail, room(ui));
            }
            let of_project = session.labeling.selected().is_some(); // Its list counts, as beside the timeline.
            if let Some((folder, place)) = session.place_in_folder().filter(|_| !of_project) {
                let text = format!("clip {} of {}", place + 1, folder.clips.len());
                label_ui(ui, small(text), &folder.dir.display().to_string(), room(ui));
            }
            if let Some(clip) = &session.clip {
                let rate = if clip.variable_rate { "variable, " } else { "" };
                let text = format!("{}×{}  {rate}{:.2} fps", clip.width, clip.height, clip.fps);
                label_ui(ui, small(text), &format!("Codec {}", clip.codec), room(ui));
            }
            if let (Some(text), Some(model)) = (model, &session.model) {
                let parameters = thousands(model.parameters);
                let detail = format!("{}\n{parameters} parameters", model.details().join("\n"));
                ui.add(Label::new(small(text)).truncate()).on_hover_text(detail);
            }
        });
    });
    if is_opening_cancelled {
        cx.run(Command::CancelOpening);
    }
    cx.actions.extend(cancelled);
}

/// Returns the model in use and what it knows.
fn model_text(session: &Session) -> Option<String> {
    Some(format!("{}{}", session.model_label()?, session.model.as_ref()?.knows()))
}

/// Draws a text where `room`, in points, is enough for the whole of it: nothing is drawn over another.
fn label_ui(ui: &mut Ui, text: RichText, tooltip: &str, room: f32) {
    if width(ui, text.text()) <= room {
        ui.label(text).on_hover_text(tooltip);
    }
}

/// Returns the width of a small text, in points.
fn width(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().layout_no_wrap(text.to_owned(), font, Tokens::of(ui).weak).size().x
}

/// Draws at the right end that the live source is recorded, whatever panel is in front; returns what was done about it.
fn recording_ui(ui: &mut Ui, session: &Session) -> Option<Action> {
    let text = session.live.recording_text()?;
    let stop = ui.small_button("Stop").accessible_name("Stop recording");
    let is_stopped = stop.on_hover_text("Stop recording and complete the file").clicked();
    let color = Tokens::of(ui).error;
    let room = width(ui, &text) + 2.0 * DOT;
    let size = vec2((room / STEP).ceil() * STEP, ui.available_height());
    ui.allocate_ui_with_layout(size.min(ui.available_size()), Layout::right_to_left(Align::Center), |ui| {
        ui.add(Label::new(RichText::new(text).text_style(TextStyle::Small).color(color)).truncate());
        let (dot, _) = ui.allocate_exact_size(vec2(DOT, DOT), Sense::hover());
        ui.painter().circle_filled(dot.center(), DOT / 2.0, color);
    });
    is_stopped.then_some(Action::Run(Command::RecordLive))
}

/// Draws the work under way from the right end of the bar on: what cancels the newest, where no text moves it, and how far each is.
/// Returns what was cancelled.
fn jobs_ui(ui: &mut Ui, session: &Session) -> Option<Action> {
    let jobs = jobs(session);
    if session.training.waiting().is_some() || !jobs.is_empty() {
        ui.ctx().request_repaint_after(TICK); // Their texts count the seconds.
    }
    let mut cancelled = None;
    if let Some(job) = jobs.first() {
        let (action, tooltip) = &job.cancel;
        cancelled = ui.small_button("Cancel").on_hover_text(*tooltip).clicked().then(|| action.clone());
    }
    for text in jobs.into_iter().map(|job| job.text).chain(training(session)) {
        let accent = Tokens::of(ui).accent;
        let width = width(ui, &text);
        // In steps: the texts beside it do not move with every second that is counted.
        let size = vec2((width / STEP).ceil() * STEP, ui.available_height());
        ui.allocate_ui_with_layout(size.min(ui.available_size()), Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_width(size.x.min(ui.available_width()));
            ui.add(Label::new(RichText::new(text).text_style(TextStyle::Small).color(accent)).truncate());
        });
    }
    cancelled
}

/// What was done last, for a while; it gives way to what is under the pointer once that moves.
fn told(ui: &Ui, session: &Session) -> Option<String> {
    // What was pressed or done last.
    let both = [session.told.as_ref(), session.refused.as_ref()];
    let (text, at) = both.into_iter().flatten().max_by_key(|(_, at)| *at)?;
    let elapsed = at.elapsed();
    ui.ctx().request_repaint_after(TOLD_FOR.checked_sub(elapsed)?);
    let idle_secs = ui.input(|input| input.pointer.time_since_last_movement());
    let has_moved = idle_secs < elapsed.as_secs_f32() && session.pointed.is_some();
    (elapsed < TOLD_AT_LEAST || !has_moved).then(|| text.clone())
}

/// What is under way that a person waits for; the right of the bar says how far the rest is.
fn hint(session: &Session, views: &[ViewSpec]) -> String {
    match session.underway() {
        _ if session.is_asking => "Waiting for the file dialog…".into(),
        Some(Underway::Clip(path)) => opening(&session.clip_title(&path), session.indexing),
        Some(underway) => {
            let (done, name) = underway.in_words(session);
            format!("{done} {name}…")
        }
        None => {
            let trouble = session.live.trouble_text();
            trouble.or_else(|| busy_with(session, views)).unwrap_or_else(|| "Ready".into())
        }
    }
}

/// What the window works on, what is seen first of all.
fn busy_with(session: &Session, views: &[ViewSpec]) -> Option<String> {
    if session.clip_scores.phase == ClipScoresPhase::Running {
        let (done, total) = session.clip_scores.progress();
        return Some(if total > 0 { format!("Scoring clip: {done} of {total}") } else { "Scoring clip…".into() });
    }
    let flow = |view: &ViewSpec| {
        if view.kind == ViewKind::Frame || session.clip.is_none() || session.player.playing {
            return None;
        }
        let age = match &session.flow.source(view.source).flow {
            Some(flow) => flow_age(flow, session)?.in_words(),
            None => is_awaited(view.source, session).then(|| "computing…".to_owned())?,
        };
        Some(format!("{}: {age}", session.flow.name_of(view.source)))
    };
    views.iter().find_map(flow).or_else(|| {
        let run = session.training.run_dir.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
        let training = || run.map_or("Training".into(), |run| format!("Training {run}"));
        session.training.is_active().then(training).or_else(|| jobs(session).first().map(|job| job.title.to_owned()))
    })
}

/// Whether there will be flow of this source, none of which is there yet.
fn is_awaited(source: FlowSource, session: &Session) -> bool {
    let is_known = match source {
        FlowSource::Network => session.model.is_some(),
        FlowSource::SecondNetwork => session.flow.name_of(source) != source.name(), // Without a model it has no other name.
        FlowSource::Tvl1 | FlowSource::Dis => true,
        FlowSource::Codec | FlowSource::Truth => false, // Not every frame has some.
    };
    is_known && session.flow.source(source).unavailable.is_none()
}

/// How far the clip `title` is opened.
fn opening(title: &str, indexing: Option<Indexing>) -> String {
    let Some(Indexing { fraction, claimed_secs }) = indexing else { return format!("Opening {title}…") };
    let length = claimed_secs.map_or_else(String::new, |secs| format!(" of {}", time_code(secs)));
    format!("Indexing {title}: {:.0} %{length}", 100.0 * fraction)
}

fn training(session: &Session) -> Option<String> {
    let text = || progress_text(&session.training).unwrap_or_else(|| "Preparing…".into());
    match session.training.phase {
        TrainingPhase::Preparing | TrainingPhase::Running => Some(text()),
        TrainingPhase::Pausing | TrainingPhase::Paused => Some(format!("{}, paused", text())),
        TrainingPhase::Stopping => Some("Stopping training…".into()),
        TrainingPhase::Idle | TrainingPhase::Finished { .. } | TrainingPhase::Discarded | TrainingPhase::Failed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::model_of;
    use crate::app::training::state::TrainingState;
    use crate::engine::Message;
    use crate::training::{Preparation, TrainingEvent};

    #[test]
    fn what_is_worked_on_is_named() {
        let mut session = Session::new("CPU".into());
        assert_eq!(hint(&session, &[]), "Ready");
        session.receive(&Message::SampleProgress(3, 24));
        assert_eq!(hint(&session, &[]), "Generating the sample");
        session.training = TrainingState::starting();
        assert_eq!(hint(&session, &[]), "Training", "before its folder is known");
        session.training.run_dir = Some("/runs/tune-01".into());
        assert_eq!(hint(&session, &[]), "Training tune-01");
        let what = Preparation::ExtractFeatures;
        session.receive(&Message::Training(TrainingEvent::Preparing { what, done: 3, of: 12 }));
        assert_eq!(training(&session).as_deref(), Some("Extracting features: 3 of 12 clips"));
        session.clip_scores.begin("/a.mp4".into(), &model_of(&["wave", "clap"]));
        assert_eq!(hint(&session, &[]), "Scoring clip…");
        session.opening = Some("/b.mp4".into());
        assert_eq!(hint(&session, &[]), "Opening b.mp4…");
    }

    #[test]
    fn opening_a_long_video_shows_how_far_its_index_is() {
        assert_eq!(opening("a.mp4", None), "Opening a.mp4…");
        let indexing = |claimed_secs| Some(Indexing { fraction: 0.372, claimed_secs });
        assert_eq!(opening("a.mp4", indexing(None)), "Indexing a.mp4: 37 %");
        let text = opening("a.mp4", indexing(Some(3723.0)));
        assert_eq!(text, format!("Indexing a.mp4: 37 % of {}", time_code(3723.0)));
    }
}

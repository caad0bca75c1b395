//! The commands that play the clip and lay out its views.

use eframe::egui::Key;

use super::magnitude_scale::MagnitudeScale;
use super::marks::Marks;
use super::presets::ViewPreset;
use super::views::Views;
use crate::app::App;
use crate::app::command::conditions::{Availability, Conditions, always, clip, ensure};
use crate::app::command::spec::{CommandSpec, alt, command, key, shift};
use crate::app::command::{Command as C, Group as G};
use crate::engine::{FlowSource, Request};
use crate::video::PlayerCommand as P;

/// Fastest speed of the shuttle.
const FASTEST: f64 = 16.0;
/// How far a key moves a divider, as a share of the width.
const DIVIDER_STEP: f32 = 0.02;
/// The menu in the menu.
const PRESETS_MENU: &str = "Presets of views";

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::PlayPause, G::Playback, "Play or pause", "Play or pause the clip", &[key(Key::Space)], playable)
        .runs(|app, _| app.play_or_pause()),
    command(C::PlayBackwards, G::Playback, "Play backwards", "Play backwards (press again to double the speed)", &[key(Key::J)], clip)
        .runs(|app, _| app.shuttle(-1.0)),
    command(C::Pause, G::Playback, "Pause", "Pause at the current frame", &[key(Key::K)], playable)
        .runs(|app, _| app.to_player([P::Pause])),
    command(C::PlayForwards, G::Playback, "Play forwards", "Play forwards (press again to double the speed)", &[key(Key::L)], playable)
        .runs(|app, _| app.shuttle(1.0)),
    command(C::StepBack, G::Playback, "Previous frame", "Go to the previous frame", &[key(Key::ArrowLeft)], clip)
        .runs(|app, _| app.go(app.session.player.position.saturating_sub(1), [P::Pause, P::Step(-1)]))
        .below_line(),
    command(C::StepForward, G::Playback, "Next frame", "Go to the next frame", &[key(Key::ArrowRight)], clip)
        .runs(|app, _| app.go((app.session.player.position + 1).min(app.last_frame()), [P::Pause, P::Step(1)])),
    command(C::SecondBack, G::Playback, "Back one second", "Go one second back", &[shift(Key::ArrowLeft)], clip)
        .runs(|app, _| app.go(app.session.frame_after(-1.0), [P::SkipSecs(-1.0)])),
    command(C::SecondForward, G::Playback, "Forward one second", "Go forward one second", &[shift(Key::ArrowRight)], clip)
        .runs(|app, _| app.go(app.session.frame_after(1.0), [P::SkipSecs(1.0)])),
    command(C::FramesBack, G::Playback, "Back several frames", "Go back by the chosen step of frames", &[shift(Key::PageUp)], clip)
        .runs(|app, _| app.step_frames(-1)),
    command(C::FramesForward, G::Playback, "Forward several frames", "Go forward by the chosen step of frames", &[shift(Key::PageDown)], clip)
        .runs(|app, _| app.step_frames(1)),
    command(C::FirstFrame, G::Playback, "First frame", "Go to the first frame", &[key(Key::Home)], clip)
        .runs(|app, _| app.seek(0)),
    command(C::LastFrame, G::Playback, "Last frame", "Go to the last frame", &[key(Key::End)], clip)
        .runs(|app, _| app.seek(app.last_frame())),
    command(C::MarkIn, G::Playback, "Set in point", "Set the in point at the current frame", &[key(Key::I), key(Key::OpenBracket)], clip)
        .runs(|app, _| app.mark(Marks::mark_in))
        .below_line(),
    command(C::MarkOut, G::Playback, "Set out point", "Set the out point at the current frame", &[key(Key::O), key(Key::CloseBracket)], clip)
        .runs(|app, _| app.mark(Marks::mark_out)),
    command(C::ClearMarks, G::Playback, "Clear in and out points", "Clear the in and out points", &[key(Key::X)],
        |on| ensure(on.session.marks != Marks::default(), "No in or out point is set"))
        .runs(|app, _| {
            app.session.marks = Marks::default();
            app.tell_loop();
        }),
    command(C::LoopSegment, G::Playback, "Loop", "Loop the selected segment, in–out range or clip", &[shift(Key::Space)],
        |on| ensure(on.session.clip_path().is_some(), "No clip is open"))
        .runs(|app, _| {
            app.settings.looping ^= true;
            app.tell_loop();
        }),
    command(C::ToggleSound, G::Playback, "Sound", "Turn the sound on or off", &[],
        |on| match &on.session.clip {
            Some(clip) => ensure(clip.has_sound, "The clip has no sound"),
            None => Err("No clip is open"),
        })
        .runs(|app, _| {
            app.settings.sound ^= true;
            app.tell_sound();
        }),
    command(C::AddView, G::Viewer, "Add view", "Add a view", &[key(Key::V)],
        |on| ensure(!on.settings.views.is_full(), "The maximum number of views is open"))
        .runs(|app, _| {
            let views = &mut app.settings.views;
            views.active = views.add();
            views.chosen = views.active;
        }),
    command(C::RemoveView, G::Viewer, "Remove view", "Remove the view clicked or changed last", &[shift(Key::V)],
        |on| ensure(on.settings.views.list().len() > 1, "This is the only view"))
        .runs(|app, _| {
            let views = &mut app.settings.views;
            let index = views.closing.take().unwrap_or(views.chosen);
            views.remove(index.min(views.list().len() - 1));
        }),
    command(C::ToggleSwipe, G::Viewer, "Swipe or side by side", "Compare views with a divider or side by side", &[key(Key::W)],
        |on| ensure(on.settings.views.list().len() > 1, "There is only one view"))
        .runs(|app, _| app.active_view().0.swipe ^= true),
    command(C::DividerLeft, G::Viewer, "Move divider left", "Move the swipe divider to the left", &[alt(Key::ArrowLeft)], swiped)
        .runs(|app, _| app.move_divider(-DIVIDER_STEP)),
    command(C::DividerRight, G::Viewer, "Move divider right", "Move the swipe divider to the right", &[alt(Key::ArrowRight)], swiped)
        .runs(|app, _| app.move_divider(DIVIDER_STEP)),
    command(C::NextSource, G::Viewer, "Next source", "Show the next flow source in this view", &[key(Key::N)], always)
        .runs(|app, _| app.cycle_source(1))
        .below_line(),
    command(C::PreviousSource, G::Viewer, "Previous source", "Show the previous flow source in this view", &[shift(Key::N)], always)
        .runs(|app, _| app.cycle_source(FlowSource::ALL.len() - 1)),
    command(C::ToggleArrows, G::Viewer, "Arrows or colours", "Show flow as arrows or colours", &[key(Key::A)], always)
        .runs(|app, _| {
            let (views, active) = app.active_view();
            views.toggle_arrows(active);
        }),
    command(C::ArrangeFrameAndFlow, G::Viewer, "Frame and flow", "Show the video beside MotionNet's flow", &[alt(Key::Num1)], always)
        .runs(|app, _| app.arrange(ViewPreset::FrameAndFlow))
        .below_line()
        .within(PRESETS_MENU),
    command(C::ArrangeNetworkOrTvl1, G::Viewer, "MotionNet or TV-L1", "Swipe between MotionNet's and TV-L1's flow", &[alt(Key::Num2)], always)
        .runs(|app, _| app.arrange(ViewPreset::NetworkOrTvl1))
        .within(PRESETS_MENU),
    command(C::ArrangeLoss, G::Viewer, "Loss inputs", "Images, photometric error, SSIM, border mask, occlusion", &[alt(Key::Num3)], always)
        .runs(|app, _| app.arrange(ViewPreset::Loss))
        .within(PRESETS_MENU),
    command(C::ArrangeAllSources, G::Viewer, "All sources", "Show every flow source beside the video", &[alt(Key::Num4)], always)
        .runs(|app, _| app.arrange(ViewPreset::AllSources))
        .within(PRESETS_MENU),
    command(C::ArrangeComponents, G::Viewer, "Flow components", "Show flow as colours, arrows, magnitude, u, v", &[alt(Key::Num5)], always)
        .runs(|app, _| app.arrange(ViewPreset::Components))
        .within(PRESETS_MENU),
    command(C::ArrangeTenFlows, G::Viewer, "Flow stack", "Show all ten flows of the window", &[alt(Key::Num6)], always)
        .runs(|app, _| app.arrange(ViewPreset::TenFlows))
        .within(PRESETS_MENU),
    command(C::ArrangeTemporalInput, G::Viewer, "Temporal input", "Show the temporal stream's input with a histogram", &[alt(Key::Num7)], always)
        .runs(|app, _| app.arrange_temporal_input())
        .within(PRESETS_MENU),
    command(C::ArrangeAllScales, G::Viewer, "All scales", "Show MotionNet's flow at every pyramid level", &[alt(Key::Num8)], always)
        .runs(|app, _| app.arrange(ViewPreset::AllScales))
        .within(PRESETS_MENU),
    command(C::ArrangeRivals, G::Viewer, "Rivals", "Frame, TV-L1, MotionNet and a second network", &[alt(Key::Num9)], always)
        .runs(|app, _| app.arrange(ViewPreset::Rivals))
        .within(PRESETS_MENU),
    command(C::FitView, G::Viewer, "Fit to view", "Fit frames to their views", &[key(Key::F)], clip)
        .runs(|app, _| app.panels.viewer.fit())
        .below_line(),
    command(C::LockScale, G::Viewer, "Lock colour scale", "Lock or unlock the flow colour scale", &[key(Key::S)],
        |on| ensure(on.session.flow.has_flow(), "No flow yet"))
        .runs(|app, _| app.lock_scale())
        .keywords("magnitude range normalise"),
    command(C::ToggleWheel, G::Viewer, "Show or hide colour wheel", "Show or hide the legend of flow colours", &[], always)
        .runs(|app, _| app.settings.wheel.is_hidden ^= true),
    command(C::ShrinkWheel, G::Viewer, "Small or large colour wheel", "Draw the colour wheel small or large", &[], always)
        .runs(|app, _| app.settings.wheel.is_small ^= true),
];

/// What is decoded one frame after the other needs no list of frames.
fn playable(on: Conditions<'_>) -> Availability {
    if on.session.is_previewed() { Ok(()) } else { clip(on) }
}

fn swiped(on: Conditions<'_>) -> Availability {
    let views = &on.settings.views;
    ensure(views.swipe && views.list().len() > 1, "The views are side by side: switch to swipe first")
}

impl App {
    fn last_frame(&self) -> usize {
        self.session.frames().saturating_sub(1)
    }

    fn play_or_pause(&mut self) {
        let player = self.session.player;
        if player.playing {
            return self.to_player([P::Pause]);
        }
        // Its end and its loop are known with the list of its frames.
        let first = match self.session.clip {
            None => None,
            Some(_) if self.settings.looping => self.to_loop(),
            Some(_) => (player.position >= self.last_frame() && player.speed > 0.0).then_some(P::SeekFrame(0)),
        };
        self.to_player(first.into_iter().chain([P::Play]));
    }

    /// Plays in a direction: the shuttle doubles the speed in its own direction and starts over in the other one.
    fn shuttle(&mut self, direction: f64) {
        let player = self.session.player;
        let is_faster = player.playing && player.speed * direction > 0.0;
        let speed = if is_faster { (player.speed.abs() * 2.0).min(FASTEST) } else { 1.0 };
        self.to_player([P::SetSpeed(direction * speed), P::Play]);
    }

    /// Has the player go to `frame` by `commands`. What is marked or labelled by the next key is where these lead, not where the
    /// player was seen last.
    fn go(&mut self, frame: usize, commands: impl IntoIterator<Item = P>) {
        self.session.player.position = frame;
        self.to_player(commands);
    }

    /// Goes to a frame of the clip.
    pub(in crate::app) fn seek(&mut self, frame: usize) {
        self.go(frame, [P::SeekFrame(frame)]);
    }

    /// Goes as many frames as a person chose, backwards or forwards.
    fn step_frames(&mut self, direction: i64) {
        let (position, last) = (self.session.player.position, self.last_frame());
        let frames = self.settings.step_frames;
        let to =
            if direction < 0 { position.saturating_sub(frames) } else { position.saturating_add(frames).min(last) };
        self.go(to, [P::Pause, P::Step(direction * frames as i64)]);
    }

    /// What brings the player into what is looped.
    fn to_loop(&self) -> Option<P> {
        let (first, last) = self.session.loop_range();
        (!(first..=last).contains(&self.session.player.position)).then_some(P::SeekFrame(first))
    }

    fn mark(&mut self, mark: fn(&mut Marks, usize)) {
        let position = self.session.seen_frame();
        self.session.labeling.select_segment(None); // the next label is for what is marked
        mark(&mut self.session.marks, position);
        self.tell_loop();
    }

    /// Tells the player what it is to repeat, if that has changed.
    pub(in crate::app) fn tell_loop(&mut self) {
        // A clip that is being opened knows neither its marks nor its frames yet.
        let is_looping = self.settings.looping && self.session.clip.is_some();
        let wanted = is_looping.then(|| self.session.loop_range());
        if self.looping != wanted {
            self.looping = wanted;
            self.to_player([P::SetLoop(wanted)]);
        }
    }

    /// Tells the player whether sound is wanted.
    pub(in crate::app) fn tell_sound(&self) {
        self.to_player([P::SetSound(self.settings.sound)]);
    }

    fn to_player(&self, commands: impl IntoIterator<Item = P>) {
        for command in commands {
            self.engine.send(Request::Player(command));
        }
    }

    /// The views, and the one that the pointer was over last.
    fn active_view(&mut self) -> (&mut Views, usize) {
        let views = &mut self.settings.views;
        views.active = views.active.min(views.list().len() - 1);
        let active = views.active;
        (views, active)
    }

    fn move_divider(&mut self, by: f32) {
        let (views, active) = self.active_view();
        views.nudge_divider(active, by);
    }

    fn cycle_source(&mut self, steps: usize) {
        let (views, active) = self.active_view();
        views.cycle_source(active, steps);
    }

    fn arrange(&mut self, preset: ViewPreset) {
        self.settings.views = preset.views();
        self.panels.viewer.fit();
    }

    /// Shows the temporal stream's input, of the flow that it reads.
    fn arrange_temporal_input(&mut self) {
        self.arrange(ViewPreset::TemporalInput);
        if let Some(view) = self.settings.views.get_mut(0) {
            view.source = self.session.flow.read_by_stream();
        }
    }

    fn lock_scale(&mut self) {
        let shown = MagnitudeScale::of(&self.settings, &self.session).max_px;
        // Still flow has no scale of its own to hold.
        let px = if shown >= 0.1 { shown } else { 1.0 };
        let locked = &mut self.settings.locked_scale_px;
        *locked = if locked.is_some() { None } else { Some(px) };
    }
}

//! How long a repaint of the window takes, measured without a window: layout, text and tessellation, all that
//! happens on the processor before the graphics driver takes over.

use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Context, Event, RawInput, Rect, pos2, vec2};

use crate::app::App;
use crate::app::environment::Options;
use crate::app::scores::state::ClipScoresPhase;
use crate::app::settings::Settings;
use crate::error::{Error, Result};
use crate::gpu::Compute;

/// Size of the window in points.
const SIZE: [f32; 2] = [1280.0, 800.0];
/// How long a clip may take to open.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the window is watched at rest.
const REST: Duration = Duration::from_millis(500);

/// What was measured.
#[derive(Debug, Clone)]
pub struct Repaints {
    /// Times of the single repaints, shortest first.
    times: Vec<Duration>,
    /// Repaints that the window asked for within half a second of rest; 0 if it rests.
    pub at_rest: usize,
}

impl Repaints {
    /// The time that a share of the repaints, between 0 and 1, stays within: 0.5 is the median.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len() - 1;
        self.times[((share * last as f64).round() as usize).min(last)]
    }
}

/// Repaints the window `count` times (at least once) with `clip` analysed by `model` and the pointer on the move.
///
/// # Errors
/// The clip or the model cannot be opened.
pub fn measure_repaints(compute: Compute, clip: &Path, model: &Path, count: usize) -> Result<Repaints> {
    let ctx = Context::default();
    let options = Options { open: Some(clip.into()), model: Some(model.into()), ..Options::default() };
    let mut app = App::without_window(&ctx, Settings::default(), compute, &options, std::env::temp_dir());
    wait_for_scores(&mut app, &ctx)?;
    let mut times: Vec<_> = (0..count.max(1)).map(|i| repaint(&mut app, &ctx, Some(i))).collect();
    times.sort();

    // Hover effects end once the pointer rests.
    let mut at_rest = 0;
    for _ in 0..8 {
        repaint(&mut app, &ctx, None);
    }
    let rest = Instant::now();
    while rest.elapsed() < REST {
        if ctx.has_requested_repaint() {
            at_rest += 1;
            repaint(&mut app, &ctx, None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(Repaints { times, at_rest })
}

fn wait_for_scores(app: &mut App, ctx: &Context) -> Result<()> {
    let started = Instant::now();
    let has_scores = |app: &App| app.session.analysis.as_ref().is_some_and(|analysis| analysis.scores.is_some());
    // The whole clip is scored after its first window.
    while !(has_scores(app) && app.session.clip_scores.phase == ClipScoresPhase::Ended) {
        if let Some(error) = &app.session.notice {
            return Err(error.clone());
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::new("window", "no scores within two minutes", "Use a faster device or a smaller model"));
        }
        repaint(app, ctx, None);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// One repaint, with the pointer at the `step`-th place of its way across the pictures if it moves.
fn repaint(app: &mut App, ctx: &Context, step: Option<usize>) -> Duration {
    let at = |step: usize| pos2(60.0 + (step * 13 % 700) as f32, 250.0 + (step * 7 % 300) as f32);
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(SIZE[0], SIZE[1]))),
        events: step.map(|step| Event::PointerMoved(at(step))).into_iter().collect(),
        ..RawInput::default()
    };
    let started = Instant::now();
    let mut output = ctx.run_ui(input, |ui| {
        app.take_news(&ui.ctx().clone());
        app.draw(ui);
    });
    let shapes = std::mem::take(&mut output.shapes);
    let primitives = ctx.tessellate(shapes, output.pixels_per_point);
    let elapsed = started.elapsed();
    drop(primitives);
    output.drop_without_applying_deltas();
    elapsed
}

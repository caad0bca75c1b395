//! `motionscope live`: live classification of a camera, a stream or a looped video, one line per second.

mod arguments;
mod report;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::model_arguments::no_stream;
use super::outcome::{Outcome, complain};
use super::output;
use crate::engine::{InferencePipeline, LiveInference, LiveResult, LiveSettings};
use crate::error::{Error, Result};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
use crate::panic_guard::caught;
use crate::video::{Camera, CameraMode, CameraNews, Sizes, camera_devices};
pub(super) use arguments::LiveArgs;
use arguments::LivePlan;
use report::{Moment, Summary};

/// Time between two lines.
const PERIOD: Duration = Duration::from_secs(1);
/// Longest side of the display frames, which are not shown here: small, to save memory.
const DISPLAY_MAX: u32 = 320;

/// Lists the cameras, or classifies one until the time is over or Ctrl-C is pressed.
pub(super) fn run(arguments: &LiveArgs) -> Result<Outcome> {
    match arguments.plan()? {
        Some(plan) => watch(&plan),
        None => list(),
    }
}

fn list() -> Result<Outcome> {
    let devices = camera_devices()?;
    if devices.is_empty() {
        eprintln!("No camera found. Connect one, or pass a stream (rtsp://…, http://…), a video or lavfi:testsrc2.");
    }
    for device in devices {
        println!("{}  {}", device.name, device.title);
        for (size, modes) in device.sizes() {
            let rates: Vec<String> = modes.iter().map(CameraMode::rate).collect();
            println!("    {:>11}  {} fps", format!("{}×{}", size.width, size.height), rates.join(", "));
        }
    }
    Ok(Outcome::Done)
}

/// An event of the camera thread.
enum News {
    Frame,
    Failed(Error),
}

fn watch(plan: &LivePlan) -> Result<Outcome> {
    let compute = plan.device.open()?;
    let model = HiddenTwoStream::load(&plan.model, &compute.device)?;
    let remedy = "Choose a model with a spatial or temporal stream, or write its flow with `motionscope flow`";
    no_stream(&model, &plan.model, remedy).map_or(Ok(()), Err)?;
    model.card.flow_fault(&plan.model).iter().for_each(complain);
    let settings = LiveSettings { fusion: model.card.fusion, smoothing: plan.smoothing };
    let classes = model.card.classes.clone();
    let mut pipeline = InferencePipeline::new(model, &compute);
    let sizes = Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() };
    let stop = stop_on_interrupt()?;
    let (sender, news) = bounded(1);
    let camera = Arc::new(Camera::open(plan.source.clone(), sizes, Arc::new(move |told| tell(told, &sender))));
    let is_over = || stop.load(Ordering::Acquire) || output::is_closed();
    let started = Instant::now();
    let goes_on = || !is_over() && plan.length.is_none_or(|length| started.elapsed() < length);
    let seen = Mutex::new(Seen::default());
    let is_done = AtomicBool::new(false);
    // The networks stay on this thread, where a GPU wants them; lines come every second however long a window takes.
    let outcome = thread::scope(|scope| {
        let printer = Builder::new().name("report".into()).spawn_scoped(scope, || {
            let report = (&*camera, started, (&classes[..], &settings.fusion));
            print_moments(plan, report, &seen, &|| !is_done.load(Ordering::Acquire) && goes_on())
        });
        let printer = printer.map_err(|error| Error::no_thread("live", &error))?;
        let watched = look(&camera, &mut pipeline, settings, &news, &seen, &|| goes_on() && !printer.is_finished());
        is_done.store(true, Ordering::Release);
        printer.thread().unpark();
        let printed = printer.join().unwrap_or_else(|_| Err(Error::new("live", "the report broke off", "Report this")));
        watched.and(printed)
    });
    outcome?;
    let summary = seen.into_inner().unwrap_or_else(PoisonError::into_inner).summary;
    summary.print(plan.json)?;
    Ok(if summary.is_empty() { Outcome::SomeFailed } else { Outcome::Done })
}

/// What was predicted so far.
#[derive(Default)]
struct Seen {
    newest: Option<LiveResult>,
    summary: Summary,
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at window after window for as long as `goes_on` holds.
fn look(
    camera: &Arc<Camera>,
    pipeline: &mut InferencePipeline,
    settings: LiveSettings,
    news: &Receiver<News>,
    seen: &Mutex<Seen>,
    goes_on: &dyn Fn() -> bool,
) -> Result<()> {
    let mut watcher = LiveInference::new(camera.clone());
    while goes_on() {
        wait(news)?;
        if let Some(result) = caught("networks", || watcher.step(pipeline, settings, 2))? {
            let mut seen = locked(seen);
            seen.summary.answer(&result);
            seen.newest = Some(result);
        }
    }
    Ok(())
}

/// Prints a line every second for as long as `goes_on` holds.
fn print_moments(
    plan: &LivePlan,
    (camera, started, names): (&Camera, Instant, (&[String], &Fusion)),
    seen: &Mutex<Seen>,
    goes_on: &dyn Fn() -> bool,
) -> Result<()> {
    for second in 1_u32.. {
        let due = started + PERIOD * second;
        while goes_on() && Instant::now() < due {
            thread::park_timeout(due.saturating_duration_since(Instant::now()).min(PERIOD / 4));
        }
        if Instant::now() < due {
            break;
        }
        let moment = {
            let mut seen = locked(seen);
            let moment = Moment::of(started.elapsed(), &camera.status(), seen.newest.as_ref(), names);
            seen.summary.moment(&moment);
            moment
        };
        moment.print(plan.json)?;
    }
    Ok(())
}

/// Forwards events; temporary problems are printed at once.
fn tell(told: CameraNews, news: &Sender<News>) {
    // A full channel means that a look is already due.
    match told {
        CameraNews::Frame => _ = news.try_send(News::Frame),
        CameraNews::Connected(info) => eprintln!("Connected: {}×{} {}", info.width, info.height, info.codec),
        CameraNews::Interrupted(error) => complain(&error),
        CameraNews::Failed(error) => _ = news.send(News::Failed(error)),
    }
}

/// Waits for a frame, but not for long.
fn wait(news: &Receiver<News>) -> Result<()> {
    match news.recv_timeout(PERIOD / 4) {
        Ok(News::Failed(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Returns a flag that Ctrl-C sets, so that the run ends with its summary.
fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    ctrlc::set_handler(move || asked.store(true, Ordering::Release))
        .map_err(|error| Error::new("Ctrl-C", error.to_string(), "Start it from a shell"))?;
    Ok(stop)
}

//! Opens the window on the device that the networks use, so that flow need not leave it.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use eframe::egui::{IconData, ViewportBuilder};
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use eframe::{NativeOptions, run_native};

use super::App;
use super::environment::{APP_ID, Options, cache_dir, data_dir, remembered_device, state_dir};
use super::shell::quitting::follow_quit;
use crate::error::{Error, Result};
use crate::flow::colour;
use crate::gpu::{self, Compute, DeviceChoice, SharedWgpu};
use crate::thread_priority;

/// Opens the window and returns when it is closed.
///
/// # Errors
/// No display, no usable graphics driver, or a device that was asked for and is not there.
pub fn run(options: Options) -> Result<()> {
    thread_priority::yield_to_the_window();
    let (compute, problem) = choose_device(options.device)?;
    let opened = guarded(|| open_window(&options, &compute, problem.as_ref(), compute.wgpu.as_ref()))?;
    match opened {
        // An adapter that computes but cannot present: the window makes a device of its own.
        Err(eframe::Error::Wgpu(error)) if compute.wgpu.is_some() => {
            tracing::warn!("the inference device cannot draw the window: {error}");
            let compute = Compute { wgpu: None, ..compute };
            guarded(|| open_window(&options, &compute, problem.as_ref(), None))?
        }
        result => result,
    }
    .map_err(|error| no_window(&error))
}

/// Whether the window is being opened: the libraries of window systems panic then where one lacks something, such as XRandR.
static OPENING: AtomicBool = AtomicBool::new(false);

/// Runs `open`, and makes an error of a panic before the window is there. Later ones are the program's own.
fn guarded(open: impl FnOnce() -> eframe::Result) -> Result<eframe::Result> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let is_answered = OPENING.load(Ordering::Acquire) && thread::current().name() == Some("main");
            if !is_answered {
                tell(panic);
            }
        }));
    });
    OPENING.store(true, Ordering::Release);
    let opened = panic::catch_unwind(AssertUnwindSafe(open));
    let was_opening = OPENING.swap(false, Ordering::AcqRel);
    opened.or_else(|payload| match was_opening {
        true => Err(broken_window_system(payload.as_ref())),
        false => panic::resume_unwind(payload),
    })
}

fn broken_window_system(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    let cause = format!("the display lacks a required feature ({})", text.unwrap_or("unknown cause"));
    Error::new("window", cause, format!("Use an X server with XRandR and XInput 2, or Wayland; {WITHOUT_WINDOW}"))
}

/// The device asked for; if only the settings ask for one that is not there, the best there is, and the problem.
fn choose_device(asked: DeviceChoice) -> Result<(Compute, Option<Error>)> {
    if asked != DeviceChoice::Auto {
        return Ok((gpu::choose(asked)?, None));
    }
    match gpu::choose(remembered_device()) {
        Ok(compute) => Ok((compute, None)),
        Err(error) => Ok((gpu::choose(DeviceChoice::Auto)?, Some(error))),
    }
}

fn open_window(
    options: &Options,
    compute: &Compute,
    problem: Option<&Error>,
    shared: Option<&SharedWgpu>,
) -> eframe::Result {
    let native = native_options(shared);
    let create = move |cc: &eframe::CreationContext<'_>| {
        OPENING.store(false, Ordering::Release);
        follow_quit(cc.egui_ctx.clone());
        let (cache, state) = (options.cache.clone().or_else(cache_dir), options.state.clone().or_else(state_dir));
        let options = Options { cache, state, ..options.clone() };
        let mut app = App::new(cc, compute.clone(), &options, data_dir());
        if let Some(error) = problem {
            app.tell(error);
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    run_native(APP_ID, native, Box::new(create))
}

fn native_options(shared: Option<&SharedWgpu>) -> NativeOptions {
    let viewport = ViewportBuilder::default()
        .with_title("Motionscope")
        .with_app_id(APP_ID)
        .with_icon(icon(64))
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([720.0, 480.0]);
    let mut native = NativeOptions { viewport, ..NativeOptions::default() };
    if let Some(SharedWgpu { instance, adapter, device, queue, .. }) = shared.cloned() {
        native.wgpu_options.wgpu_setup = WgpuSetup::Existing(WgpuSetupExisting { instance, adapter, device, queue });
    }
    native
}

/// What always works.
const WITHOUT_WINDOW: &str = "or work without a window: `motionscope analyze --help`";

fn no_window(error: &eframe::Error) -> Error {
    tracing::debug!("no window: {error}");
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let display = set("WAYLAND_DISPLAY").or_else(|| set("DISPLAY")).unwrap_or_default();
    let (cause, remedy) = match error {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => (
            format!("the display '{display}' cannot be used"),
            "Check DISPLAY or WAYLAND_DISPLAY and start in a graphical session",
        ),
        eframe::Error::Wgpu(error) => (
            format!("no graphics driver can draw it ({error})"),
            "Install a driver, such as mesa-vulkan-drivers or libgl1-mesa-dri",
        ),
        _ => (format!("it cannot be opened: {error}"), "Start in a graphical session"),
    };
    Error::new("window", cause, format!("{remedy}, {WITHOUT_WINDOW}"))
}

/// Returns the program's icon, the colour wheel, of a width and height of `side` pixels.
pub(crate) fn icon(side: u32) -> IconData {
    let at = |i: u32| (i as f32 + 0.5) / side as f32 * 2.0 - 1.0;
    let pixel = |i: u32| {
        let (u, v) = (at(i % side), at(i / side));
        let [r, g, b] = colour::colour(u, v, 1.0);
        let inside = ((1.0 - u.hypot(v)) * side as f32 / 2.0).clamp(0.0, 1.0);
        [r, g, b, (255.0 * inside) as u8]
    };
    IconData { rgba: (0..side * side).flat_map(pixel).collect(), width: side, height: side }
}

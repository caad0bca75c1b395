//! Opens the window on the device that the networks use, so that flow need not leave it.

use std::any::Any;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::ValueEnum;
use directories::ProjectDirs;
use eframe::egui::{IconData, ViewportBuilder};
use eframe::egui_wgpu::{WgpuSetup, WgpuSetupExisting};
use eframe::{NativeOptions, run_native};

use super::App;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::flow::colour;
use crate::gpu::{self, Compute, DeviceChoice, SharedWgpu};

/// The program's name to the system: its windows, its storage.
const APP_ID: &str = "motionscope";

/// What the window is to open with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A clip, a folder of clips or a model folder.
    pub open: Option<PathBuf>,
    /// The device; `Auto` leaves the choice to the setting in the window.
    pub device: DeviceChoice,
    /// A model folder in place of the one used last.
    pub model: Option<PathBuf>,
    /// Where what can be made anew is kept.
    pub cache: Option<PathBuf>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// No display, no usable graphics driver, or a device that was asked for and is not there.
pub fn run(options: Options) -> Result<()> {
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
        let options = Options { cache: options.cache.clone().or_else(cache_dir), ..options.clone() };
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
        .with_icon(icon())
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

/// Where generated files are kept.
fn data_dir() -> PathBuf {
    ProjectDirs::from("", "", APP_ID).map_or_else(std::env::temp_dir, |dirs| dirs.data_dir().to_owned())
}

/// Where what can be made again is kept, such as pictures of videos, if there is such a place.
pub fn cache_dir() -> Option<PathBuf> {
    Some(ProjectDirs::from("", "", APP_ID)?.cache_dir().to_owned())
}

/// The device must be known before the window that keeps the other settings, so it has a file of its own.
fn device_file() -> Option<PathBuf> {
    Some(eframe::storage_dir(APP_ID)?.join("device"))
}

fn remembered_device() -> DeviceChoice {
    let text = device_file().and_then(|file| files::read_to_string(file).ok());
    text.and_then(|text| DeviceChoice::from_str(text.trim(), true).ok()).unwrap_or_default()
}

/// Keeps the choice for the next start.
pub(super) fn remember_device(choice: DeviceChoice) {
    let Some(file) = device_file().filter(|_| choice != remembered_device()) else { return };
    let name = choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    if let Err(error) = std::fs::write(&file, name) {
        tracing::warn!("{}", Error::io(&file, &error));
    }
}

/// Keeps settings that could not be read, and returns where.
///
/// # Errors
/// If there is no place for them.
pub(super) fn keep_unread(text: &str) -> Result<PathBuf> {
    let nowhere = || Error::new("settings", "this system has no settings folder", "No action needed");
    let folder = eframe::storage_dir(APP_ID).ok_or_else(nowhere)?;
    let name = |number: u32| folder.join(format!("settings-unread-{number}.ron"));
    let is_kept = |path: &PathBuf| files::read_to_string(path).is_ok_and(|kept| kept == text);
    let path = (1..).map(name).find(|path| is_kept(path) || !path.exists()).ok_or_else(nowhere)?;
    if !is_kept(&path) {
        atomic::replace(&path, |file| file.write_all(text.as_bytes()))?;
    }
    Ok(path)
}

/// The window's icon: the colour wheel.
fn icon() -> IconData {
    const SIDE: u32 = 64;
    let at = |i: u32| (i as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
    let pixel = |i: u32| {
        let (u, v) = (at(i % SIDE), at(i / SIDE));
        let [r, g, b] = colour::colour(u, v, 1.0);
        let inside = ((1.0 - u.hypot(v)) * SIDE as f32 / 2.0).clamp(0.0, 1.0);
        [r, g, b, (255.0 * inside) as u8]
    };
    IconData { rgba: (0..SIDE * SIDE).flat_map(pixel).collect(), width: SIDE, height: SIDE }
}

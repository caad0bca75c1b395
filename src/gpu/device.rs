//! The device the networks run on: a real GPU through Burn's wgpu backend, else the CPU through Flex.
//!
//! First stop of every command: what [`choose`] returns is handed to whatever makes tensors, and its wgpu
//! handles to the window, so that both work on one device.

use std::panic::catch_unwind;
use std::sync::OnceLock;

use burn::backend::{CubeDevice, DispatchDevice, WgpuDevice, WgpuDeviceKind};
use burn::cubecl::config::autotune::AutotuneLevel;
use burn::cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
pub use burn::tensor::wgpu::WgpuSetup as SharedWgpu;
use burn::tensor::{Device, DeviceType, Tensor};

use crate::diagnostics;
use crate::error::{Error, Result};
use crate::named::named;
use crate::panic_guard::panic_text;
use crate::plural::counted;

named! {
    /// The device chosen with `--device`.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum DeviceChoice {
        /// A hardware GPU if available, otherwise the CPU.
        #[default]
        Auto = "auto",
        /// Any graphics adapter, including one emulated on the CPU.
        Gpu = "gpu",
        /// The CPU.
        Cpu = "cpu",
    }
}

/// The Burn backend in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputeKind {
    /// Burn's wgpu backend.
    Gpu,
    /// Burn's Flex backend.
    Cpu,
}

/// The chosen device.
#[derive(Debug, Clone)]
pub struct Compute {
    /// The device of tensors and modules, without automatic differentiation. When it is lost, its driver reset or
    /// its plug pulled, `Device::sync` fails, while reads may still succeed and return anything.
    pub device: Device,
    /// The backend behind `device`.
    pub kind: ComputeKind,
    /// For the status bar: `AMD EPYC, 2 threads (Flex)` or `Radeon RX 7600 (vulkan)`.
    pub name: String,
    /// The handles behind `device`, for the window to draw with; `None` on the CPU, or if the window draws with others.
    pub wgpu: Option<SharedWgpu>,
}

/// Finds the device that `choice` asks for.
///
/// `Auto` passes over software rasterizers, on which Burn's CPU backend is many times faster, and falls back to
/// the CPU, with a warning in the log, when a GPU's driver fails. `Gpu` takes any adapter.
///
/// # Errors
/// With `Gpu`: no graphics adapter answers, or its driver computes nothing usable.
pub fn choose(choice: DeviceChoice) -> Result<Compute> {
    let compute = find(choice)?;
    diagnostics::note_device(&compute.name);
    Ok(compute)
}

fn find(choice: DeviceChoice) -> Result<Compute> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Gpu => gpu(),
        DeviceChoice::Auto if !has_real_gpu() => Ok(cpu()),
        DeviceChoice::Auto => gpu().or_else(|error| {
            tracing::warn!("computing on the CPU instead: {error}");
            Ok(cpu())
        }),
    }
}

/// Has Burn use the CPU wherever it takes a device of its own choice, as it does when it reads an optimiser's state. Without
/// this it would open a graphics adapter even for work on the CPU, and break off where there is none.
///
/// To be called first of all, while the program has one thread. `BURN_DEVICE` in the environment is respected.
#[expect(unsafe_code, reason = "Burn takes this from the environment alone")]
pub fn default_to_cpu() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        // SAFETY: nothing else runs that could read the environment at the same time.
        unsafe { std::env::set_var("BURN_DEVICE", "flex") };
    }
}

/// Keeps Mesa from asking a compositor which adapter is the screen's: its Vulkan layer does so for commands without a window too, and
/// complains on the standard error where no session tells the way (`XDG_RUNTIME_DIR`). An adapter that is chosen by Mesa's own
/// variables stays chosen.
///
/// To be called while the program has one thread.
#[expect(unsafe_code, reason = "Vulkan's loader takes this from the environment alone")]
pub fn ask_no_compositor() {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "DRI_PRIME"].into_iter().any(is_set) {
        // SAFETY: nothing else runs that could read the environment at the same time.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

fn cpu() -> Compute {
    let threads = rayon::current_num_threads();
    let threads = counted(threads, "thread");
    Compute {
        device: Device::flex(),
        kind: ComputeKind::Cpu,
        name: format!("{}, {threads} (Flex)", processor()),
        wgpu: None,
    }
}

/// Returns the name of the processor if the system provides it, otherwise its architecture.
fn processor() -> String {
    let listing = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = listing.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.trim().into())
}

/// Burn keeps one device per adapter for the life of the process and refuses to set it up twice.
fn gpu() -> Result<Compute> {
    static GPU: OnceLock<Result<Compute>> = OnceLock::new();
    GPU.get_or_init(|| start_gpu().map_err(no_gpu)).clone()
}

/// Sets up the best adapter and has it compute something: a driver can accept every call and return zeros.
fn start_gpu() -> std::result::Result<Compute, String> {
    if !has_real_gpu() {
        tune_by_trial();
    }
    let (device, setup) = guarded(|| Device::wgpu_options().init_with_setup())?.map_err(|error| error.to_string())?;
    let info = setup.adapter.get_info();
    let name = format!("{} ({})", info.name, info.backend);
    let doubled = guarded(|| Tensor::<1>::from_floats([1.0, 2.0, 3.0], &device).mul_scalar(2.0).try_into_data())?
        .map_err(|error| format!("{name}: {error}"))?;
    if doubled.as_slice::<f32>().ok() != Some(&[2.0, 4.0, 6.0]) {
        return Err(format!("{name} computes wrong results"));
    }
    Ok(Compute { device, kind: ComputeKind::Gpu, name, wgpu: Some(setup) })
}

/// Has every variant of a kernel timed. By default cubecl first measures the device's peak so that it can stop at
/// a variant near to it, which on a software rasterizer takes eight seconds where trying all takes one.
fn tune_by_trial() {
    let mut config = CubeClRuntimeConfig::default();
    config.autotune.level = AutotuneLevel::Full;
    CubeClRuntimeConfig::try_set(config);
}

/// Returns whether an adapter other than a software rasterizer answers. Opens no device.
fn has_real_gpu() -> bool {
    guarded(|| Device::enumerate(DeviceType::Wgpu))
        .is_ok_and(|devices| devices.iter().any(|device| !is_software(device)))
}

/// Returns whether a graphics adapter is behind `device`.
pub fn is_gpu(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Cube(_))
}

fn is_software(device: &Device) -> bool {
    let software = WgpuDevice::new(WgpuDeviceKind::Cpu);
    matches!(device.as_dispatch(), DispatchDevice::Cube(CubeDevice::Wgpu(device)) if *device == software)
}

/// Runs a call into a graphics driver, turning a panic into its message: parts of Burn have no other way to fail.
fn guarded<T>(call: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(std::panic::AssertUnwindSafe(call)).map_err(|panic| panic_text(&*panic).to_owned())
}

fn no_gpu(cause: String) -> Error {
    Error::new("GPU", cause, "Install or update the graphics driver, or compute on the CPU with `--device cpu`")
}

//! Selection of the compute device: a hardware GPU through Burn's wgpu backend, else the CPU through Flex.
//!
//! Every command first calls [`choose`]. The device is used for all tensors, and its wgpu handles for the window, so
//! that both share one device.

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

/// A Burn backend.
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
    /// The device of tensors and modules, without automatic differentiation. If it is lost (driver reset or unplugged),
    /// `Device::sync` fails, while reads may still succeed with arbitrary values.
    pub device: Device,
    /// The backend behind `device`.
    pub kind: ComputeKind,
    /// Display name: `AMD EPYC, 2 threads (Flex)` or `Radeon RX 7600 (vulkan)`.
    pub name: String,
    /// The wgpu handles of `device`, for the window; `None` on the CPU, or if the window uses others.
    pub wgpu: Option<SharedWgpu>,
}

/// Opens the device for `choice`.
///
/// `Auto` skips software rasterizers, which are many times slower than Burn's CPU backend, and falls back to the CPU,
/// with a warning in the log, if a GPU's driver fails. `Gpu` accepts any adapter.
///
/// # Errors
/// With `Gpu`: if there is no graphics adapter, or its driver gives wrong results.
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

/// Makes the CPU Burn's default device, which it uses to read an optimiser's state, for instance. Otherwise Burn would
/// open a graphics adapter even for work on the CPU, and fail if there is none.
///
/// Call this first, while the program has one thread. An existing `BURN_DEVICE` in the environment is kept.
#[expect(unsafe_code, reason = "Burn takes this from the environment alone")]
pub fn default_to_cpu() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        // SAFETY: no other thread is running that could read the environment.
        unsafe { std::env::set_var("BURN_DEVICE", "flex") };
    }
}

/// Keeps Mesa from asking a compositor which adapter drives the screen: its Vulkan layer does so even for commands
/// without a window, and prints errors if there is no session (`XDG_RUNTIME_DIR`). Mesa's own variables for the choice
/// of an adapter stay in effect.
///
/// Call this while the program has one thread.
#[expect(unsafe_code, reason = "Vulkan's loader takes this from the environment alone")]
pub fn ask_no_compositor() {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "DRI_PRIME"].into_iter().any(is_set) {
        // SAFETY: no other thread is running that could read the environment.
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

/// Returns the GPU, opened once: Burn keeps one device per adapter for the life of the process and rejects a second
/// setup.
fn gpu() -> Result<Compute> {
    static GPU: OnceLock<Result<Compute>> = OnceLock::new();
    GPU.get_or_init(|| start_gpu().map_err(no_gpu)).clone()
}

/// Sets up the best adapter and tests a computation: a faulty driver can accept every call and return zeros.
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

/// Makes cubecl time every variant of a kernel. By default it first measures the device's peak so that it can stop at a
/// variant near it, which takes eight seconds on a software rasterizer instead of one.
fn tune_by_trial() {
    let mut config = CubeClRuntimeConfig::default();
    config.autotune.level = AutotuneLevel::Full;
    CubeClRuntimeConfig::try_set(config);
}

/// Returns whether there is an adapter other than a software rasterizer. Opens no device.
fn has_real_gpu() -> bool {
    guarded(|| Device::enumerate(DeviceType::Wgpu))
        .is_ok_and(|devices| devices.iter().any(|device| !is_software(device)))
}

/// Returns whether `device` is a graphics adapter.
pub fn is_gpu(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Cube(_))
}

fn is_software(device: &Device) -> bool {
    let software = WgpuDevice::new(WgpuDeviceKind::Cpu);
    matches!(device.as_dispatch(), DispatchDevice::Cube(CubeDevice::Wgpu(device)) if *device == software)
}

/// Calls `call` and converts a panic into its message: parts of Burn report failures only by panicking.
fn guarded<T>(call: impl FnOnce() -> T) -> std::result::Result<T, String> {
    catch_unwind(std::panic::AssertUnwindSafe(call)).map_err(|panic| panic_text(&*panic).to_owned())
}

fn no_gpu(cause: String) -> Error {
    Error::new("GPU", cause, "Install or update the graphics driver, or compute on the CPU with `--device cpu`")
}

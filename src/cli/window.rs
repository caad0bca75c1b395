//! `motionscope [FILE]`: opens the window, or reports why it cannot.

use std::env;

use super::arguments::WindowArgs;
use super::interrupt::close_on_interrupt;
use super::outcome::Outcome;
use crate::app;
use crate::error::{Error, Result};

pub(super) fn open(arguments: WindowArgs) -> Result<Outcome> {
    require_display()?;
    close_on_interrupt()?;
    app::run(app::Options {
        open: arguments.file,
        device: arguments.device.device,
        model: arguments.model.model,
        cache: None,
        state: None,
    })?;
    Ok(Outcome::Done)
}

/// Asked before the window system is touched, whose libraries answer a missing display less kindly.
fn require_display() -> Result<()> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let anywhere = cfg!(not(target_os = "linux"));
    if anywhere || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(is_set) {
        return Ok(());
    }
    let remedy = "Start it from a desktop (or with `ssh -X`), or work without a window: \
                  `motionscope analyze CLIP --out DIR`; `motionscope --help` lists all commands";
    Err(Error::new("window", "no display: neither DISPLAY nor WAYLAND_DISPLAY is set", remedy))
}

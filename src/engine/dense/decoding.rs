//! The windows of a video in order, decoded ahead of the networks on the thread "decoding".

use std::sync::Arc;
use std::thread::{self, Builder};

use crossbeam_channel::{Receiver, bounded};

use super::windows::DenseWindows;
use crate::engine::ClipFrames;
use crate::error::{Error, Result};
use crate::panic_guard::caught_at;
use crate::video::Frame;

/// Name of the thread.
const NAME: &str = "decoding";
/// Frames that are decoded ahead: a second or two of work for the networks, and no more than tens of megabytes.
const FRAMES_AHEAD: usize = 64;

/// A window, and what was found damaged while it was read.
pub(super) struct DecodedWindow {
    pub frames: Vec<Arc<Frame>>,
    pub damages: Vec<Error>,
}

/// Returns the result of `work`, which gets the windows from number `first` on in their order. After an error there are no more.
///
/// # Errors
/// Those of `work`, and if the system starts no thread.
pub(super) fn decode_ahead<R>(
    clip: &mut ClipFrames,
    windows: DenseWindows,
    first: usize,
    work: impl FnOnce(&Receiver<Result<DecodedWindow>>) -> Result<R>,
) -> Result<R> {
    let room = (FRAMES_AHEAD / windows.stride.min(windows.length).max(1)).max(1);
    let (sender, decoded) = bounded(room);
    let path = clip.info().path.clone();
    let decode = move || {
        for index in first..windows.count() {
            let window = caught_at(&path, || {
                let frames = clip.window(windows.start(index), windows.length)?;
                Ok(DecodedWindow { frames, damages: clip.take_warnings() })
            });
            let has_failed = window.is_err();
            if sender.send(window).is_err() || has_failed {
                return;
            }
        }
    };
    // The receiver is dropped before the thread is waited for, also where `work` panics: a full queue would hold it for ever.
    thread::scope(move |scope| {
        let started = Builder::new().name(NAME.into()).spawn_scoped(scope, decode);
        started.map_err(|error| Error::no_thread(NAME, &error))?;
        let result = work(&decoded);
        drop(decoded);
        result
    })
}

//! Decoding of a video's windows ahead of the networks, on the thread "decoding".

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
/// Frames decoded ahead: one or two seconds of work for the networks, and at most tens of megabytes.
const FRAMES_AHEAD: usize = 64;

/// A window, and the damage found while reading it.
pub(super) struct DecodedWindow {
    pub frames: Vec<Arc<Frame>>,
    pub damages: Vec<Error>,
}

/// Returns the result of `work`, which receives the windows from number `first` on, in order. An error is the last
/// item.
///
/// # Errors
/// Those of `work`, and if no thread can be started.
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
    // The receiver is dropped before the thread is joined, also if `work` panics: a full queue would block it forever.
    thread::scope(move |scope| {
        let started = Builder::new().name(NAME.into()).spawn_scoped(scope, decode);
        started.map_err(|error| Error::no_thread(NAME, &error))?;
        let result = work(&decoded);
        drop(decoded);
        result
    })
}

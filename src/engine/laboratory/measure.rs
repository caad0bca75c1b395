//! The thread "measure": the figures of all sources over a whole clip, with sources and a decoder of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use super::inspector::statistics;
use super::open::{Opened, SourceKey, open};
use super::wishes::Wishes;
use super::{ClipMeasure, FlowSource};
use crate::engine::Message;
use crate::engine::clip::Clip;
use crate::engine::outbox::Outbox;
use crate::engine::panics::caught;
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::video::{Frame, Sizes, VideoReader};

/// A measurement on its way; dropping it ends it.
pub(super) struct Measure {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Measure {
    /// Begins to measure the clip of `wishes` with every source that is wanted. Frames are decoded in `sizes`.
    pub fn start(wishes: Wishes, sizes: Sizes, compute: Compute, outbox: Outbox) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let work = move || {
            if let Err(error) = caught("measurement", || measure(&wishes, sizes, &compute, &outbox, &stopped)) {
                outbox.problem(error);
            }
            outbox.send(Message::MeasureEnded);
        };
        // Without a thread there is no measurement; the message that it ended then comes from the caller's next wish.
        Self { stop, thread: Builder::new().name("measure".into()).spawn(work).ok() }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panics are caught
        }
    }
}

fn measure(wishes: &Wishes, sizes: Sizes, compute: &Compute, outbox: &Outbox, stop: &AtomicBool) -> Result<()> {
    let Some(clip) = &wishes.clip else {
        return Err(Error::new("measurement", "no clip is open", "Open a clip first"));
    };
    let mut sources = sources(wishes, clip, compute, outbox);
    let stride = wishes.settings.stride();
    let path: PathBuf = clip.path.clone();
    let mut reader = VideoReader::open(&path, sizes)?;
    let mut frames: Vec<Arc<Frame>> = Vec::new();
    for index in 0..reader.info().frames {
        if stop.load(Ordering::Acquire) {
            return Ok(());
        }
        frames.push(Arc::new(reader.frame(index)?));
        if frames.len() <= stride {
            continue;
        }
        let pair = [frames.remove(0), frames[stride - 1].clone()];
        let mut flows = Vec::new();
        for (kind, source) in &mut sources {
            if let Some(estimate) = source.estimate(&pair)? {
                flows.push((*kind, estimate.flow));
            }
        }
        let truth = flows.iter().find(|(kind, _)| *kind == FlowSource::Truth).map(|(_, flow)| flow.clone());
        for (source, flow) in flows.iter().filter(|(kind, _)| *kind != FlowSource::Truth) {
            let statistics = statistics(flow, &pair, clip.size, truth.as_ref())?;
            outbox.send(Message::Measured(ClipMeasure { source: *source, frame: pair[0].index, statistics }));
        }
    }
    Ok(())
}

/// All wanted sources that can be opened; of the others the reason is told.
fn sources(wishes: &Wishes, clip: &Clip, compute: &Compute, outbox: &Outbox) -> Vec<(FlowSource, Opened)> {
    let wanted = FlowSource::ALL.into_iter().filter(|kind| wishes.settings.wants(*kind));
    let mut opened = Vec::new();
    for kind in wanted {
        let Some(key) = SourceKey::of(kind, wishes) else { continue };
        match open(&key, clip, compute) {
            Ok(source) => opened.push((kind, source)),
            Err(error) => outbox.send(Message::SourceUnavailable(kind, Some(error))),
        }
    }
    opened
}

//! Label suggestions for unlabelled videos, window by window, on the thread "suggestions".

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use crossbeam_channel::unbounded;

use crate::engine::inference::whole_clip::window_starts;
use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{
    InferencePipeline, Message, Prediction, SuggestionOrder, SuggestionStart, Topic, WindowPrediction,
};
use crate::error::Result;
use crate::gpu::{Compute, is_gpu};
use crate::nets::HiddenTwoStream;
use crate::nets::fusion::Fusion;
use crate::panic_guard::caught;
use crate::training::batches;
use crate::video::{Frame, Sizes, VideoReader};

/// The frames are not displayed, so this is the smallest useful size.
const DISPLAY_MAX: u32 = 16;

/// Returns an identifier of the weights in a model folder: after another training, the same folder contains others.
pub fn model_stamp(dir: &Path) -> String {
    let files = std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| entry.ok()?.metadata().ok());
    let newest = files.filter_map(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok()).max();
    format!("{} {}", dir.display(), newest.unwrap_or_default().as_nanos())
}

/// Scores all videos, or until `stop` is requested.
pub(in crate::engine) fn run(
    order: &SuggestionOrder,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    let classes = model.card.classes.clone();
    // This pipeline's flow is not drawn.
    let pipeline = InferencePipeline::new(model, &Compute { wgpu: None, ..compute.clone() });
    let (sender, outcomes) = unbounded(); // one outcome per video
    let videos = order.videos.len();
    events.send(Message::SuggestionsStarted(Box::new(SuggestionStart { classes, videos, outcomes })));
    let next = AtomicUsize::new(0);
    let score_videos = |_: &usize| {
        let mut pipeline = pipeline.clone();
        while let Some((id, path)) = order.videos.get(next.fetch_add(1, Ordering::Relaxed)) {
            let scored = caught("suggestions", || score(&mut pipeline, path, &order.fusion, events, stop));
            if stop.is_asked() {
                break;
            }
            // Sending fails after the window is closed.
            let _ = sender.send((*id, scored.map(Arc::new)));
            events.wake();
        }
        Ok(())
    };
    // On a GPU one video at a time; on the CPU one per core.
    batches::in_background(&compute.device, || {
        let workers = if is_gpu(&compute.device) { 1 } else { rayon::current_num_threads() };
        batches::for_each(&compute.device, &(0..workers).collect::<Vec<_>>(), score_videos).map(drop)
    })
}

/// Scores windows that are spread evenly over a video.
fn score(
    pipeline: &mut InferencePipeline,
    path: &Path,
    fusion: &Fusion,
    events: &EventSender,
    stop: &JobStop,
) -> Result<Prediction> {
    pipeline.clear();
    let mut reader = VideoReader::open(path, Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() })?;
    let (frames, secs) = (reader.info().frames, reader.info().duration_secs);
    let length = pipeline.window_frames().min(frames);
    let mut windows = Vec::new();
    for start in window_starts(frames, length, secs) {
        if stop.is_asked() {
            break;
        }
        let read = (start..start + length).map(|index| reader.frame(index).map(Arc::new));
        let read: Vec<Arc<Frame>> = read.collect::<Result<_>>()?;
        let scores = pipeline.analyse(&read)?.scores;
        windows.push(WindowPrediction::of(&scores, start..start + length, fusion));
    }
    reader.take_warnings().into_iter().for_each(|damage| events.problem(Topic::Other, damage));
    let cause = "no frame of it can be scored";
    Prediction::of(windows).ok_or_else(|| crate::error::Error::file(path, cause, "Open the video to see what is wrong"))
}

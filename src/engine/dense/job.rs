//! Prediction of videos for the window on the thread "prediction", with the same files as `motionscope predict`.

use crate::engine::runtime::events::EventSender;
use crate::engine::runtime::job::JobStop;
use crate::engine::{
    InferencePipeline, Message, PredictionFolder, PredictionOrder, PredictionProgress, PredictionReport, Topic,
};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::nets::HiddenTwoStream;
use crate::output::OutputGuard;
use crate::thread_priority::yield_beside_window;
use crate::training::batches;

use super::predictor::{PredictorEvent, VideoEnd, VideoPredictor};
use super::videos::{model_predictions, prediction_targets};

/// Predicts all videos, or until `stop` is requested. A failed video is reported as a problem, and the others continue.
pub(in crate::engine) fn run(
    order: &PredictionOrder,
    compute: &Compute,
    events: &EventSender,
    stop: &JobStop,
) -> Result<()> {
    yield_beside_window();
    let model = HiddenTwoStream::load(&order.model, &compute.device)?;
    if !model.classifies() {
        let cause = "it has no stream: it predicts flow only";
        return Err(Error::file(&order.model, cause, "Load a model with a stream"));
    }
    if let Some(fault) = model.card.flow_fault(&order.model) {
        events.problem(Topic::Predictions, fault);
    }
    // This pipeline's flow is not drawn.
    let pipeline = InferencePipeline::new(model, &Compute { wgpu: None, ..compute.clone() });
    let info = pipeline.info(&order.model);
    let folder = match &order.folder {
        PredictionFolder::Project(dir) => model_predictions(dir, &info.name, info.hash.as_deref().unwrap_or_default()),
        PredictionFolder::Chosen(dir) => dir.clone(),
    };
    let targets = prediction_targets(&order.videos, &folder)?;
    std::fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, &error))?;
    let paths: Vec<_> = order.videos.iter().map(|video| &video.path).collect();
    let guard = OutputGuard::new(order.existing).protecting(&paths).apart_from(&paths);
    let mut predictor = VideoPredictor::new(pipeline, info, order.stride, &compute.name, order.existing, guard);
    let go_on = || !stop.is_asked();
    let mut report = PredictionReport { folder, predicted: 0, complete: 0, failed: 0, is_stopped: false };
    for (place, (video, target)) in order.videos.iter().zip(&targets).enumerate() {
        let mut tell = |event: PredictorEvent<'_>| match event {
            PredictorEvent::Progress { done, of } => {
                let videos = order.videos.len();
                events.send(Message::PredictionProgress(PredictionProgress { video: place + 1, videos, done, of }));
            }
            // The window does not report what an earlier run left.
            PredictorEvent::Discarded(_) | PredictorEvent::OtherDevice(_) => {}
            PredictorEvent::Damage(damage) => events.problem(Topic::Other, damage.clone()),
        };
        // Do not open a video if the run is stopped before its first frame.
        let end = match stop.is_asked() {
            true => Ok(VideoEnd::Stopped),
            false => batches::in_background(&compute.device, || predictor.predict(video, target, &go_on, &mut tell)),
        };
        match end {
            Ok(VideoEnd::Scored { .. }) => report.predicted += 1,
            Ok(VideoEnd::Complete { .. }) => report.complete += 1,
            Ok(VideoEnd::Stopped) => {
                report.is_stopped = true;
                break;
            }
            Err(error) => {
                report.failed += 1;
                events.problem(Topic::Predictions, error);
            }
        }
    }
    events.send(Message::Predicted(report));
    Ok(())
}

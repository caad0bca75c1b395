//! State of the thread "pinned": the last loaded model, the frames of the pins, and the results.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::results::{Pin, PinnedPrediction, PinnedRequest, PinnedResults};
use crate::engine::inference::pipeline::FINEST_LEVEL;
use crate::engine::runtime::events::EventSender;
use crate::engine::{InferencePipeline, Latest};
use crate::error::{Error, Result};
use crate::flow::warp::warp_backward;
use crate::gpu::Compute;
use crate::nets::{HiddenTwoStream, ModelCard};
use crate::panic_guard::caught;
use crate::video::{Frame, Sizes, VideoReader};

/// Longest side of the pictures, in pixels.
const DISPLAY_MAX: u32 = 480;
/// Maximum number of predictions kept: a hundred snapshots with four pins are some hundred megabytes.
const KEPT: usize = 256;
/// Longest pause after a prediction during a training.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// The version of a model when it was loaded: runs overwrite their networks with newer ones.
type Version = (PathBuf, Option<SystemTime>);

/// Modification time and length of a video file.
type FileStamp = (SystemTime, u64);

/// The frames around a pin.
#[derive(Clone)]
struct PinnedWindow {
    /// Requested sizes of the pictures and number of frames.
    wanted: (Sizes, usize),
    frames: Vec<Arc<Frame>>,
    /// Index of the pinned frame among them.
    place: usize,
    /// Width and height of the video.
    video: [u32; 2],
}

/// The thread's state.
pub(super) struct PinnedWorker {
    compute: Compute,
    request: Arc<Mutex<PinnedRequest>>,
    results: Arc<Latest<PinnedResults>>,
    events: EventSender,
    model: Option<(Version, InferencePipeline)>,
    /// The stamp of each pin's file when the pin was first seen, and whether it has changed since.
    files: HashMap<Pin, (FileStamp, bool)>,
    /// The windows of the pins in the sizes of the last model.
    windows: HashMap<Pin, PinnedWindow>,
    /// In order of computation.
    predictions: Vec<(Version, Arc<PinnedPrediction>)>,
    failures: Vec<(Pin, Version, Error)>,
}

impl PinnedWorker {
    pub fn new(
        compute: Compute,
        request: Arc<Mutex<PinnedRequest>>,
        results: Arc<Latest<PinnedResults>>,
        events: EventSender,
    ) -> Self {
        let (files, windows) = (HashMap::new(), HashMap::new());
        let (predictions, failures) = (Vec::new(), Vec::new());
        Self { compute, request, results, events, model: None, files, windows, predictions, failures }
    }

    /// Computes the most urgent missing prediction; returns false if there is none.
    pub fn step(&mut self) -> bool {
        let request = self.request.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.follow_files(&request);
        let wanted = wanted(&request);
        self.forget(&request, &wanted);
        let lacking = wanted.iter().find(|pair| !request.is_stopped && !self.is_known(pair)).cloned();
        let Some((pin, version)) = lacking else {
            self.publish(&request, &wanted);
            return false;
        };
        let began = Instant::now();
        match caught("pinned", || self.prediction(&pin, &version)) {
            Ok(prediction) => self.predictions.push((version, Arc::new(prediction))),
            Err(error) => {
                self.model = None; // the state after a failed computation is unreliable
                self.failures.push((pin, version, error));
            }
        }
        self.publish(&request, &wanted);
        if request.is_busy {
            std::thread::sleep(began.elapsed().min(LONGEST_REST));
        }
        true
    }

    /// Records which videos have changed since they were pinned: predictions of different pictures are not comparable.
    fn follow_files(&mut self, request: &PinnedRequest) {
        self.files.retain(|pin, _| request.pins.contains(pin));
        for pin in &request.pins {
            // An unavailable disk is not a change.
            let Some(now) = stamp(&pin.path) else { continue };
            let (seen, has_changed) = self.files.entry(pin.clone()).or_insert((now, false));
            *has_changed |= *seen != now;
        }
    }

    fn has_changed(&self, pin: &Pin) -> bool {
        self.files.get(pin).is_some_and(|(_, has_changed)| *has_changed)
    }

    /// Removes obsolete results and those beyond the limit, the oldest first.
    fn forget(&mut self, request: &PinnedRequest, wanted: &[(Pin, Version)]) {
        self.windows.retain(|pin, _| request.pins.contains(pin));
        self.predictions.retain(|(_, prediction)| request.pins.contains(&prediction.pin));
        self.failures.retain(|(pin, ..)| request.pins.contains(pin));
        if self.failures.len() > KEPT {
            self.failures.retain(|(pin, version, _)| wanted.iter().any(|(of, by)| of == pin && by == version));
        }
        let mut surplus = self.predictions.len().saturating_sub(KEPT);
        self.predictions.retain(|(version, prediction)| {
            let is_wanted = || wanted.iter().any(|(pin, of)| *pin == prediction.pin && of == version);
            let goes = surplus > 0 && !is_wanted();
            surplus -= usize::from(goes);
            !goes
        });
        if request.pins.is_empty() {
            self.model = None;
        }
    }

    /// Returns whether a prediction of a model for a pin exists or is impossible.
    fn is_known(&self, (pin, version): &(Pin, Version)) -> bool {
        if self.has_changed(pin) {
            return true;
        }
        let is_known = self.predictions.iter().any(|(of, prediction)| of == version && prediction.pin == *pin);
        is_known || self.failures.iter().any(|(failed, by, _)| failed == pin && by == version)
    }

    fn prediction(&mut self, pin: &Pin, version: &Version) -> Result<PinnedPrediction> {
        if self.model.as_ref().is_none_or(|(loaded, _)| loaded != version) {
            self.model = None; // two models at once are not needed
            let model = HiddenTwoStream::load(&version.0, &self.compute.device)?;
            self.model = Some((version.clone(), InferencePipeline::new(model, &self.compute)));
        }
        let (_, pipeline) = self.model.as_mut().expect("it was just loaded");
        pipeline.clear(); // frames of other pins have the same indices
        let wanted = (Sizes { display_max: DISPLAY_MAX, ..pipeline.sizes() }, pipeline.window_frames());
        let known = self.windows.get(pin).filter(|window| window.wanted == wanted).cloned();
        let window = known.map_or_else(|| PinnedWindow::decode(pin, wanted), Ok)?;
        self.windows.insert(pin.clone(), window.clone());
        let PinnedWindow { frames, place, video, .. } = window;
        let pair = [place, (place + 1).min(frames.len() - 1)].map(|index| frames[index].clone());
        let flow = if pipeline.frames_for(0).len() == 2 {
            pipeline.flow(&pair, 0, FINEST_LEVEL)?
        } else {
            let window = window_around(place, frames.len(), pipeline.flow_frames());
            pipeline.flow(&frames[window.clone()], place - window.start, FINEST_LEVEL)?
        };
        let scores = pipeline.analyse(&frames)?.scores;
        let (first, second) = (&pair[0].display, &pair[1].display);
        let flow = flow.shown_between(first, second);
        let at_size = flow.at_size(first.width() as usize, first.height() as usize);
        let ModelCard { classes, fusion, .. } = pipeline.card().clone();
        Ok(PinnedPrediction {
            pin: pin.clone(),
            model: version.0.clone(),
            flow,
            video,
            frame: first.clone(),
            warped: Arc::new(warp_backward(first, second, &at_size)),
            classes,
            scores,
            fusion,
        })
    }

    /// Publishes the results of the models' current versions; of a model being overwritten, the previous ones.
    fn publish(&self, request: &PinnedRequest, wanted: &[(Pin, Version)]) {
        let newest = |pin: &Pin, model: &Path| {
            self.predictions.iter().rev().find(|(_, known)| known.pin == *pin && known.model == model)
        };
        let pairs = || request.pins.iter().flat_map(|pin| request.models.iter().map(move |model| (pin, model)));
        let predictions =
            pairs().filter_map(|(pin, model)| newest(pin, model)).map(|(_, prediction)| prediction.clone());
        let failure = |(pin, model): (&Pin, &PathBuf)| {
            let version = version(model);
            let missing = version
                .1
                .is_none()
                .then(|| Error::file(model, "its weights no longer exist", "Choose another step, or train again"));
            let failed = self.failures.iter().find(|(of, by, _)| of == pin && *by == version);
            let changed = self.has_changed(pin).then(|| {
                let cause = "the video has changed since it was pinned; what is shown is of its old pictures";
                Error::file(&pin.path, cause, "Unpin the frame and pin it again")
            });
            let error = changed.or(missing).or_else(|| failed.map(|(.., error)| error.clone()))?;
            Some((pin.clone(), model.clone(), error))
        };
        let failures = pairs().filter_map(failure).collect();
        let counts = (wanted.iter().filter(|pair| self.is_known(pair)).count(), wanted.len());
        self.results.put(PinnedResults { predictions: predictions.collect(), failures, counts });
        self.events.wake();
    }
}

/// Returns the pairs of pins and model versions to compute, in order of priority, within the limit.
fn wanted(request: &PinnedRequest) -> Vec<(Pin, Version)> {
    let versions = request.models.iter().map(|model| version(model));
    let pairs = versions.flat_map(|version| request.pins.iter().map(move |pin| (pin.clone(), version.clone())));
    pairs.filter(|(_, (_, written))| written.is_some()).take(KEPT).collect()
}

/// Returns the window of `count` of `frames` frames that begins at `place`, or earlier near the end, so that it fits.
fn window_around(place: usize, frames: usize, count: usize) -> Range<usize> {
    let start = place.min(frames.saturating_sub(count));
    start..(start + count).min(frames)
}

/// Returns modification time and length of the file at `path`; `None` if its metadata cannot be read.
fn stamp(path: &Path) -> Option<FileStamp> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Returns the version of the model in the folder `dir`: the modification time of its card, which is written last.
fn version(dir: &Path) -> Version {
    let written = std::fs::metadata(dir.join(ModelCard::FILE_NAME)).and_then(|found| found.modified());
    (dir.to_owned(), written.ok())
}

impl PinnedWindow {
    /// Decodes the window that begins with the pinned frame, or earlier near the end of the clip, so that it fits.
    fn decode(pin: &Pin, wanted: (Sizes, usize)) -> Result<Self> {
        let (sizes, count) = &wanted;
        let mut reader = VideoReader::open(&pin.path, sizes.clone())?;
        let (there, video) = (reader.info().frames, [reader.info().width, reader.info().height]);
        let pinned = pin.frame.min(there.saturating_sub(2)); // the last frame begins no pair
        let start = pinned.min(there.saturating_sub(*count));
        let frames = (start..(start + count).min(there)).map(|index| reader.frame(index).map(Arc::new));
        Ok(Self { frames: frames.collect::<Result<_>>()?, place: pinned - start, video, wanted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{DeviceChoice, choose};

    #[test]
    fn no_more_predictions_are_wanted_than_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let models: Vec<PathBuf> = (0..KEPT).map(|step| dir.path().join(step.to_string())).collect();
        for model in &models[..KEPT - 1] {
            std::fs::create_dir(model).unwrap();
            std::fs::write(model.join(ModelCard::FILE_NAME), "").unwrap();
        }
        let pins = [0, 1].map(|frame| Pin { path: "/a.mp4".into(), frame }).to_vec();
        let request = PinnedRequest { pins: pins.clone(), models: models.clone(), ..PinnedRequest::default() };
        let wanted = wanted(&request);
        assert_eq!(wanted.len(), KEPT, "the oldest would be dropped and computed over and over");
        assert_eq!((&wanted[1].0, &wanted[1].1.0), (&pins[1], &models[0]), "the most urgent model comes first");
        let unwritten = PinnedRequest { models: models[KEPT - 1..].to_vec(), ..request };
        assert!(super::wanted(&unwritten).is_empty());
    }

    #[test]
    fn failures_of_versions_that_nobody_asks_for_are_forgotten() {
        let pin = Pin { path: "/a.mp4".into(), frame: 0 };
        let request = PinnedRequest { pins: vec![pin.clone()], ..PinnedRequest::default() };
        let (compute, shared) = (choose(DeviceChoice::Cpu).unwrap(), Arc::new(Mutex::new(request.clone())));
        let (events, _messages) = EventSender::new(Arc::new(|| ()));
        let mut worker = PinnedWorker::new(compute, shared, Arc::default(), events);
        let version = |step: usize| -> Version { (step.to_string().into(), None) };
        let error = Error::new("pinned", "it is torn", "Copy it again");
        worker.failures = (0..=KEPT).map(|step| (pin.clone(), version(step), error.clone())).collect();
        worker.forget(&request, &[(pin, version(7))]);
        assert!(matches!(&*worker.failures, [(_, known, _)] if *known == version(7)), "{}", worker.failures.len());
    }

    #[test]
    fn of_a_video_that_has_changed_since_it_was_pinned_nothing_new_is_computed() {
        let dir = tempfile::tempdir().unwrap();
        let (clip, model) = (dir.path().join("a.mp4"), dir.path().join("model"));
        std::fs::create_dir(&model).unwrap();
        std::fs::write(model.join(ModelCard::FILE_NAME), "").unwrap();
        std::fs::write(&clip, "first").unwrap();
        let pin = Pin { path: clip.clone(), frame: 0 };
        let request =
            PinnedRequest { pins: vec![pin.clone()], models: vec![model.clone()], ..PinnedRequest::default() };
        let (compute, shared) = (choose(DeviceChoice::Cpu).unwrap(), Arc::new(Mutex::new(request.clone())));
        let (events, _messages) = EventSender::new(Arc::new(|| ()));
        let results = Arc::<Latest<PinnedResults>>::default();
        let mut worker = PinnedWorker::new(compute, shared.clone(), results.clone(), events);
        worker.follow_files(&request);
        let wanted = (pin.clone(), version(&model));
        assert!(!worker.is_known(&wanted));
        std::fs::remove_file(&clip).unwrap();
        worker.follow_files(&request);
        assert!(!worker.is_known(&wanted), "its disk may be away");
        std::fs::write(&clip, "another one").unwrap();
        assert!(!worker.step(), "there is nothing to be computed");
        let failure = results.get().unwrap().failure(&pin, &model).unwrap().to_string();
        assert!(failure.contains("has changed since it was pinned"), "{failure}");
        // If pinned again, the pin refers to the new video.
        worker.follow_files(&PinnedRequest::default());
        worker.follow_files(&request);
        assert!(!worker.has_changed(&pin));
    }

    #[test]
    fn the_pinned_frame_begins_a_pair_of_its_window_of_eleven() {
        assert_eq!(window_around(54, 64, 11), 53..64, "a network that reads 64 frames, near the end of the clip");
        assert_eq!(window_around(0, 64, 11), 0..11);
        assert_eq!(window_around(2, 4, 11), 0..4);
        assert_eq!(window_around(9, 11, 11), 0..11);
    }
}

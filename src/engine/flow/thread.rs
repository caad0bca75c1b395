//! The thread of one source: follows the player and computes the current pair first, then the rest of its window.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::desired::{DesiredFlows, SharedDesiredFlows};
use super::latest_flows::WindowFlows;
use super::open::{OpenedSource, SourceKey, open};
use super::source::Estimate;
use super::{FlowBasis, FlowSource, SourceFlow};
use crate::engine::inference::playback::PlaybackResults;
use crate::engine::inference::repeated_frame::is_repeated;
use crate::engine::inference::target::{InferenceTarget, PlayedClip};
use crate::engine::{Message, WINDOW_PAIRS};
use crate::error::{Error, Result};
use crate::gpu::Compute;
use crate::panic_guard::caught;
use crate::video::{Frame, PlayerState};

/// Cache limits: flows of pairs within this many frames of the window, the nearest ones up to this many bytes.
const REACH: usize = 64;
const MOST_BYTES: usize = 128 << 20;

/// The state of the thread.
pub(super) struct SourceThread {
    kind: FlowSource,
    compute: Compute,
    desired: SharedDesiredFlows,
    results: PlaybackResults,
    /// Wakes the inference thread for a complete window.
    score: Arc<dyn Fn() + Send + Sync>,
    source: Option<ThreadSource>,
    /// The source that failed last, so that it is not retried.
    failed: Option<SourceKey>,
}

/// An open source and its flows.
struct ThreadSource {
    key: SourceKey,
    /// Model and settings of the source.
    basis: FlowBasis,
    clip: PlayedClip,
    source: OpenedSource,
    flows: HashMap<[usize; 2], KnownFlow>,
    /// The displayed pair, whether it has a backward flow, and whether it is a draft.
    shown: Option<([usize; 2], bool, bool)>,
    /// First frame and stride of the window passed to the temporal stream, and the model's generation.
    strip: Option<(usize, usize, u64)>,
}

/// A full, not draft, flow.
#[derive(Clone)]
struct KnownFlow {
    estimate: Estimate,
    /// Run time.
    millis: f32,
}

impl KnownFlow {
    fn bytes(&self) -> usize {
        size_of_val(self.estimate.flow.field.uv.as_slice())
    }
}

impl SourceThread {
    /// Creates the state of the thread for the source `kind`.
    pub fn new(
        kind: FlowSource,
        compute: Compute,
        desired: SharedDesiredFlows,
        results: PlaybackResults,
        score: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self { kind, compute, desired, results, score, source: None, failed: None }
    }

    /// Performs the most urgent step; returns false if there is nothing to do until something changes.
    pub fn step(&mut self) -> bool {
        let desired = self.desired.get();
        caught(self.kind.name(), || self.work(&desired)).unwrap_or_else(|error| {
            self.fail(error);
            false
        })
    }

    fn work(&mut self, desired: &DesiredFlows) -> Result<bool> {
        let key = desired.clip.as_ref().filter(|_| desired.settings.wants(self.kind));
        let Some((clip, key)) = key.and_then(|clip| Some((clip, SourceKey::of(self.kind, desired)?))) else {
            self.close();
            return Ok(false);
        };
        if self.failed.as_ref() == Some(&key) {
            return Ok(false);
        }
        if self.source.as_ref().is_none_or(|source| source.key != key) {
            self.close();
            self.failed = Some(key.clone()); // unless it can be opened
            let source = open(&key, clip, &self.compute)?;
            self.failed = None;
            self.results.events.send(Message::SourceUnavailable(self.kind, None));
            let (basis, flows, clip) = (desired.basis(), HashMap::new(), clip.clone());
            self.source = Some(ThreadSource { key, basis, clip, source, flows, shown: None, strip: None });
        }
        self.follow(desired)
    }

    /// Shows the current pair, else computes one more pair of its window if required.
    fn follow(&mut self, desired: &DesiredFlows) -> Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        let frames = source.clip.frames;
        let PlayerState { position, playing, .. } = source.clip.player.state();
        let target = InferenceTarget::new(position, frames, desired.selection, desired.settings.stride());
        let pair = target.pair_frames(target.pair, frames);
        let backward = desired.settings.wants_backward(self.kind);
        let shown = source.shown.filter(|shown| (shown.0, shown.1) == (pair, backward));
        // A move of the player interrupts a long computation.
        let player = source.clip.player.clone();
        let stop = move || player.is_closed() || player.state().position != position;
        if shown.is_none_or(|(.., is_draft)| is_draft && !playing) {
            let Some(decoded) = source.clip.pair(pair) else { return Ok(false) };
            source.keep_near(target.window_start);
            // A draft comes first; during playback there is no time for more.
            let found = source.show(self.kind, target.frame, &decoded, backward, shown.is_none(), &stop);
            if found.as_ref().is_err_and(Error::is_cancelled) {
                return Ok(true);
            }
            let (flow, is_draft) = found?;
            match flow {
                Some(flow) => self.results.comparison.put_flow(flow, &source.clip),
                None => self.results.comparison.clear(self.kind),
            }
            source.shown = Some((pair, backward, is_draft));
            self.results.events.wake();
            (self.results.diagnose)();
            return Ok(true);
        }
        if !desired.settings.wants_strip(self.kind) {
            return Ok(false);
        }
        let strip = (target.window_start, target.stride, desired.model_generation);
        if source.strip == Some(strip) {
            return Ok(false);
        }
        let pairs: Vec<_> = (0..WINDOW_PAIRS).map(|pair| target.pair_frames(pair, frames)).collect();
        if let Some(missing) = pairs.iter().find(|pair| !source.flows.contains_key(*pair)) {
            let Some(decoded) = source.clip.pair(*missing) else { return Ok(false) };
            match source.known_or_estimated(&decoded, &stop) {
                Ok(None) => source.strip = Some(strip), // A window with a gap has no scores.
                Err(error) if !error.is_cancelled() => return Err(error),
                _ => {}
            }
            return Ok(true);
        }
        let flows = pairs.iter().filter_map(|pair| Some(source.flows.get(pair)?.estimate.flow.clone())).collect();
        let InferenceTarget { window_start, stride, .. } = target;
        self.results.comparison.put_window(WindowFlows { source: self.kind, window_start, stride, flows });
        source.strip = Some(strip);
        (self.score)();
        Ok(true)
    }

    fn close(&mut self) {
        if self.source.take().is_some() {
            self.results.comparison.clear(self.kind);
            self.results.events.wake();
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed = self.source.as_ref().map(|source| source.key.clone()).or(self.failed.take());
        self.close();
        self.results.events.send(Message::SourceUnavailable(self.kind, Some(error)));
    }
}

impl ThreadSource {
    /// Returns the flow of a pair with everything displayed, for the player at `position`, and whether it is a draft,
    /// which only `quick` allows; fails with a cancellation when `stop` returns true.
    fn show(
        &mut self,
        kind: FlowSource,
        position: usize,
        pair: &[Arc<Frame>; 2],
        backward: bool,
        quick: bool,
        stop: &dyn Fn() -> bool,
    ) -> Result<(Option<SourceFlow>, bool)> {
        let [first, second] = pair.each_ref().map(|frame| frame.index);
        let started = Instant::now();
        // Forward and backward flow are compared, so both are computed in full.
        let draft = if quick && !backward && !self.flows.contains_key(&[first, second]) {
            self.source.draft(pair)?
        } else {
            None
        };
        let is_draft = draft.is_some();
        let known = match draft {
            Some(estimate) => Some(KnownFlow { estimate, millis: milliseconds(started) }),
            None => self.known_or_estimated(pair, stop)?,
        };
        let Some(KnownFlow { estimate, millis }) = known else { return Ok((None, false)) };
        let Estimate { flow, note } = estimate.shown(kind, pair);
        let reversed = [pair[1].clone(), pair[0].clone()];
        let backward = if backward && self.source.is_reversible() {
            self.source.forget_previous();
            let backward =
                self.source.estimate_unless(&reversed, stop)?.map(|estimate| estimate.shown(kind, pair).flow);
            self.source.forget_previous();
            backward
        } else {
            None
        };
        let flow = SourceFlow {
            source: kind,
            basis: self.basis.clone(),
            position,
            frame: first,
            stride: second - first,
            flow,
            backward,
            pyramid: Vec::new(),
            millis: if has_cost(kind, pair) { millis } else { 0.0 },
            is_draft,
            note,
        };
        Ok((Some(flow), is_draft))
    }

    /// Returns the full flow of a pair from the cache, or computes it.
    fn known_or_estimated(&mut self, pair: &[Arc<Frame>; 2], stop: &dyn Fn() -> bool) -> Result<Option<KnownFlow>> {
        let frames = pair.each_ref().map(|frame| frame.index);
        if let Some(known) = self.flows.get(&frames) {
            return Ok(Some(known.clone()));
        }
        let started = Instant::now();
        let Some(estimate) = self.source.estimate_unless(pair, stop)? else { return Ok(None) };
        let known = KnownFlow { estimate, millis: milliseconds(started) };
        self.flows.insert(frames, known.clone());
        Ok(Some(known))
    }

    fn keep_near(&mut self, start: usize) {
        self.flows.retain(|[first, _], _| first.abs_diff(start) <= REACH);
        let distance_and_size = |([first, second], known): (&[usize; 2], &KnownFlow)| {
            (first.abs_diff(start), [*first, *second], known.bytes())
        };
        let mut kept: Vec<_> = self.flows.iter().map(distance_and_size).collect();
        kept.sort_unstable();
        let mut bytes = 0;
        for (_, pair, of_pair) in kept {
            bytes += of_pair;
            if bytes > MOST_BYTES {
                self.flows.remove(&pair);
            }
        }
    }
}

/// Returns whether the run time of a flow is meaningful: ground truth is read from a file, and between repeated frames
/// the classical methods end at once.
fn has_cost(kind: FlowSource, [first, second]: &[Arc<Frame>; 2]) -> bool {
    kind != FlowSource::Truth && (kind.is_network() || !is_repeated(&first.display, &second.display))
}

fn milliseconds(since: Instant) -> f32 {
    since.elapsed().as_secs_f32() * 1e3
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use image::{Rgb, RgbImage};

    use super::*;
    use crate::engine::flow::LatestFlows;
    use crate::engine::flow::source::ClipSource;
    use crate::engine::runtime::events::EventSender;
    use crate::engine::{FlowSettings, FlowView};
    use crate::flow::FlowField;
    use crate::gpu::{DeviceChoice, choose};
    use crate::video::{Geometry, Player, PlayerCommand, Sizes, VideoWriter};

    const SIZE: Geometry = Geometry { width: 64, height: 48 };

    fn noted(note: &str) -> Option<Estimate> {
        let flow = FlowView::on_cpu(FlowField::new(2, 2, vec![[1.0, 0.0]; 4]), SIZE);
        Some(Estimate { flow, note: Some(note.to_owned()) })
    }

    /// A source whose first estimate lasts until it is interrupted; the player seeks to frame 5 meanwhile.
    struct Slow {
        player: Arc<Player>,
        estimates: Arc<AtomicUsize>,
    }

    impl ClipSource for Slow {
        fn estimate(&mut self, pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
            self.estimate_unless(pair, &|| false)
        }

        fn estimate_unless(&mut self, _pair: &[Arc<Frame>; 2], stop: &dyn Fn() -> bool) -> Result<Option<Estimate>> {
            if self.estimates.fetch_add(1, Ordering::Relaxed) == 0 {
                self.player.send(PlayerCommand::SeekFrame(5));
                while !stop() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return Err(Error::cancelled("flow", "it was stopped", "Start it again"));
            }
            Ok(noted("in full"))
        }

        fn draft(&mut self, _pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
            Ok(noted("draft"))
        }

        fn is_reversible(&self) -> bool {
            true
        }
    }

    /// A source without flow.
    struct Silent;

    impl ClipSource for Silent {
        fn estimate(&mut self, _pair: &[Arc<Frame>; 2]) -> Result<Option<Estimate>> {
            Ok(None)
        }

        fn is_reversible(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_costs_nothing_has_no_speed() {
        let frame = |index: usize, grey: u8| {
            let display = Arc::new(RgbImage::from_pixel(8, 6, Rgb([grey; 3])));
            Arc::new(Frame { index, pts_secs: 0.0, duration_secs: 0.0, display, scaled: Vec::new() })
        };
        let (moving, repeated) = ([frame(0, 0), frame(1, 200)], [frame(1, 200), frame(2, 200)]);
        assert!(has_cost(FlowSource::Tvl1, &moving) && !has_cost(FlowSource::Tvl1, &repeated));
        assert!(has_cost(FlowSource::SecondNetwork, &repeated), "networks compute the same for any frames");
        assert!(!has_cost(FlowSource::Truth, &moving));
    }

    #[test]
    fn the_nearest_flows_are_kept_as_far_as_they_have_room() {
        let player = Arc::new(Player::open("missing.mp4".as_ref(), Sizes::default(), Arc::new(|| ())));
        let clip = PlayedClip { player, path: "missing.mp4".into(), frames: 200, size: SIZE };
        let desired = DesiredFlows { clip: Some(clip.clone()), ..DesiredFlows::default() };
        let key = SourceKey::of(FlowSource::Dis, &desired).unwrap();
        let source = Box::new(Silent);
        let mut kept = ThreadSource {
            key,
            basis: FlowBasis::default(),
            clip,
            source,
            flows: HashMap::new(),
            shown: None,
            strip: None,
        };
        let side = 2048; // 32 MiB each
        let large = FlowView::on_cpu(FlowField::new(side, side, vec![[0.0; 2]; side * side]), SIZE);
        let known = KnownFlow { estimate: large.into(), millis: 1.0 };
        kept.flows = (0..150).map(|first| ([first, first + 1], known.clone())).collect();
        kept.keep_near(40);
        let mut firsts: Vec<usize> = kept.flows.keys().map(|[first, _]| *first).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, [38, 39, 40, 41]);
        let small = KnownFlow { estimate: noted("").unwrap(), millis: 1.0 };
        kept.flows = (0..150).map(|first| ([first, first + 1], small.clone())).collect();
        kept.keep_near(40);
        assert_eq!(kept.flows.len(), 40 + 1 + REACH);
    }

    #[test]
    fn a_draft_comes_first_and_whoever_goes_on_does_not_wait_for_the_full_flow() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        let mut writer = VideoWriter::create(&path, SIZE, 25.0).unwrap();
        (0..8).for_each(|i| writer.push(&RgbImage::from_pixel(64, 48, Rgb([20 * i, 90, 30]))).unwrap());
        writer.finish().unwrap();
        let player = Arc::new(Player::open(&path, Sizes::default(), Arc::new(|| ())));
        let clip = PlayedClip { player: player.clone(), path, frames: 8, size: SIZE };

        let kind = FlowSource::SecondNetwork;
        let desired = SharedDesiredFlows::default();
        desired.change(|desired| {
            desired.clip = Some(clip.clone());
            desired.settings = Arc::new(FlowSettings {
                sources: vec![kind],
                second_model: Some("model".into()),
                ..FlowSettings::default()
            });
        });
        let comparison = Arc::new(LatestFlows::default());
        let results = PlaybackResults {
            analysis: Arc::default(),
            comparison: comparison.clone(),
            events: EventSender::new(Arc::new(|| ())).0,
            diagnose: Arc::new(|| ()),
        };
        let compute = choose(DeviceChoice::Cpu).unwrap();
        let mut thread = SourceThread::new(kind, compute, desired.clone(), results, Arc::new(|| ()));
        let estimates = Arc::new(AtomicUsize::new(0));
        let source = Box::new(Slow { player: player.clone(), estimates: estimates.clone() });
        let key = SourceKey::of(kind, &desired.get()).unwrap();
        thread.source = Some(ThreadSource {
            key,
            basis: FlowBasis::default(),
            clip,
            source,
            flows: HashMap::new(),
            shown: None,
            strip: None,
        });

        let shown = || comparison.flow(kind).map(|flow| (flow.frame, flow.note.clone().unwrap_or_default()));
        let mut seen = Vec::new();
        let mut step_until = |thread: &mut SourceThread, frame: usize, note: &str| {
            for _ in 0..20_000 {
                thread.step();
                let new = shown().filter(|flow| seen.last() != Some(flow));
                seen.extend(new);
                if shown() == Some((frame, note.to_owned())) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1)); // frames are being decoded
            }
            panic!("frame {frame} has no flow {note}: {:?}", shown());
        };
        step_until(&mut thread, 5, "in full");
        assert_eq!(estimates.load(Ordering::Relaxed), 2, "one was given up");
        assert!(!thread.step(), "there is nothing left to do");

        // A cached full flow needs no draft.
        player.send(PlayerCommand::SeekFrame(2));
        step_until(&mut thread, 2, "in full");
        player.send(PlayerCommand::SeekFrame(5));
        step_until(&mut thread, 5, "in full");
        assert_eq!(estimates.load(Ordering::Relaxed), 3);
        let expected = [(0, "draft"), (5, "draft"), (5, "in full"), (2, "draft"), (2, "in full"), (5, "in full")];
        assert_eq!(seen, expected.map(|(frame, note)| (frame, note.to_owned())));
    }
}

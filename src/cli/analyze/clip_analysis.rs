//! One clip from the first to the last frame: flow of every pair, scores of every window.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;

use super::arguments::AnalyzePlan;
use super::inputs::AnalyzeJob;
use super::report::{AnalyzedClip, AnalyzedFacts, ClipReport, ModelFacts, StreamReports, WindowReport};
use super::result_files::{ANNOTATED, FLOW_FILES, FLOW_VIDEO, SCORES, flow_file};
use crate::calendar::today;
use crate::engine::{ClipFrames, FlowColours, FlowView, InferencePipeline, Scores, WINDOW_PAIRS, annotate};
use crate::error::{Error, Result};
use crate::flow::colour;
use crate::flow::files::write_flo;
use crate::nets::ModelCard;
use crate::nets::fusion::Fusion;
use crate::output::OutputGuard;
use crate::plural::counted;
use crate::video::{Frame, SideBySide, Sizes};

/// Longest side of a half of the side-by-side video, pixels.
const DISPLAY_MAX: u32 = 640;
/// Number of the finest level of the flow pyramid.
const FINEST_LEVEL: usize = 2;

/// The state shared by all clips.
pub(super) struct Setting<'a> {
    plan: &'a AnalyzePlan,
    pipeline: InferencePipeline,
    device: String,
    fusion: Fusion,
    stop: Arc<AtomicBool>,
}

impl<'a> Setting<'a> {
    /// Writes the video of `job`'s clip with everything drawn in; false if it was stopped.
    pub fn annotate(&mut self, job: &AnalyzeJob, progress: &ProgressBar) -> Result<bool> {
        let stop = self.stop.clone();
        let mut go_on = |done: usize, total: usize| {
            progress.set_length(total as u64);
            progress.set_position(done as u64);
            !stop.load(Ordering::Relaxed)
        };
        annotate(
            &job.clip,
            &job.out.join(ANNOTATED),
            &OutputGuard::default(), // It is published with the other results.
            &mut self.pipeline,
            &self.fusion,
            FlowColours::default(),
            &mut go_on,
        )
        .map(|damages| damages.is_some()) // the analysis has noted them
    }

    /// Returns the card of the model.
    pub fn card(&self) -> &ModelCard {
        self.pipeline.card()
    }

    /// Returns how both streams are fused.
    pub fn fusion(&self) -> Fusion {
        self.fusion
    }

    /// Returns whether the user has stopped the command.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Returns the fusion of the plan; what the plan leaves open comes from the model card.
    pub fn new(plan: &'a AnalyzePlan, pipeline: InferencePipeline, device: String, stop: Arc<AtomicBool>) -> Self {
        let card = &pipeline.card().fusion;
        let rule = plan.fusion.unwrap_or(card.rule);
        let fusion = Fusion { rule, temporal_weight: plan.weight.unwrap_or(card.temporal_weight), ..*card };
        Self { plan, pipeline, device, fusion, stop }
    }
}

/// The work on one clip.
pub(super) struct ClipAnalysis<'a, 'b> {
    setting: &'a mut Setting<'b>,
    job: &'a AnalyzeJob,
    frames: ClipFrames,
    video: Option<SideBySide>,
    windows: Vec<WindowReport>,
    scores: Vec<Scores>,
}

impl<'a, 'b> ClipAnalysis<'a, 'b> {
    /// Analyses the clip of `job` and writes its folder, which must exist; `None` if it was stopped.
    pub fn run(
        setting: &'a mut Setting<'b>,
        job: &'a AnalyzeJob,
        progress: &ProgressBar,
    ) -> Result<Option<ClipReport>> {
        let sizes = Sizes { display_max: DISPLAY_MAX, ..setting.pipeline.sizes() };
        let frames = ClipFrames::open(&job.clip, sizes)?;
        setting.pipeline.clear();
        let mut analysis = Self { setting, job, frames, video: None, windows: Vec::new(), scores: Vec::new() };
        if !analysis.work_through(progress)? {
            return Ok(None);
        }
        let report = analysis.finish()?;
        report.write(&job.out.join(SCORES))?;
        Ok(Some(report))
    }

    /// False if it was stopped.
    fn work_through(&mut self, progress: &ProgressBar) -> Result<bool> {
        let total = self.frames.info().frames;
        progress.set_length(total as u64);
        for start in 0..total {
            if self.setting.is_stopped() {
                return Ok(false);
            }
            // The flows of ten pairs come from one window, so that an 11-frame network runs once for them.
            if start % WINDOW_PAIRS == 0 {
                self.flows(start, total)?;
            }
            let is_whole = start + self.setting.pipeline.window_frames() <= total;
            if start % self.setting.plan.stride == 0 && (is_whole || start == 0) {
                self.score(start)?;
            }
            progress.inc(1);
        }
        Ok(true)
    }

    /// Shows and writes the flows of the ten pairs from `first` on, or of as many as there are.
    fn flows(&mut self, first: usize, total: usize) -> Result<()> {
        let reads = self.setting.pipeline.flow_frames();
        let window_start = first.min(total.saturating_sub(reads));
        let window = self.frames.window(window_start, reads)?;
        // A clip of one frame still has the flow of that frame onto itself.
        let end = (first + WINDOW_PAIRS).min(total.max(2) - 1);
        for index in first..end {
            let flow = self.setting.pipeline.flow(&window, index - window_start, FINEST_LEVEL)?;
            self.show(&window[index - window_start], &flow)?;
            if self.setting.plan.flow_files {
                self.write_flow(index, &flow)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, frame: &Frame, flow: &FlowView) -> Result<()> {
        let video = match &mut self.video {
            Some(video) => video,
            none => {
                let path = self.job.out.join(FLOW_VIDEO);
                let pace = self.frames.info().pace();
                none.insert(SideBySide::create(&path, &frame.display, 2, pace)?)
            }
        };
        // Coloured before it is enlarged: the scale is in pixels of the network's frame.
        let flow = colour::picture(&flow.field, self.setting.plan.max_px);
        video.push(&[&frame.display, &flow], frame.shown_secs())
    }

    fn write_flow(&self, index: usize, flow: &FlowView) -> Result<()> {
        let dir = self.job.out.join(FLOW_FILES);
        make_folder(&dir)?;
        let (width, height) = (self.frames.info().width as usize, self.frames.info().height as usize);
        write_flo(&dir.join(flow_file(index)), &flow.at_size(width, height))
    }

    fn score(&mut self, start: usize) -> Result<()> {
        let window = self.frames.window(start, self.setting.pipeline.window_frames())?;
        let result = self.setting.pipeline.analyse(&window)?;
        let [time_secs, end_secs] = self.frames.times().span_secs(&(start..start + window.len()));
        self.windows.push(WindowReport {
            start_frame: start,
            time_secs,
            end_secs,
            padded_frames: result.padded,
            scores: StreamReports::new(&result.scores, &self.setting.fusion),
        });
        self.scores.push(result.scores);
        Ok(())
    }

    fn finish(mut self) -> Result<ClipReport> {
        if let Some(video) = self.video {
            video.finish()?;
        }
        let damages = self.frames.take_warnings();
        let info = self.frames.info();
        let mut notes = info.notes.clone();
        for damage in damages {
            if !notes.contains(&damage.cause) {
                notes.push(damage.cause);
            }
        }
        if let Some(padded) = self.windows.first().map(|window| window.padded_frames).filter(|padded| *padded > 0) {
            let count = self.setting.pipeline.window_frames();
            notes.push(format!(
                "it has fewer than {count} frames; its last frame is repeated {}",
                counted(padded, "time")
            ));
        }
        let model = self.setting.pipeline.info(&self.setting.plan.model);
        let clip = AnalyzedFacts {
            path: info.path.clone(),
            frames: info.frames,
            fps: info.fps,
            duration_secs: info.duration_secs,
            width: info.width,
            height: info.height,
        };
        Ok(ClipReport {
            schema: "motionscope-scores",
            version: 1,
            motionscope: env!("CARGO_PKG_VERSION"),
            clip,
            result: AnalyzedClip::new(&self.scores, &model.classes, &self.setting.fusion),
            model: ModelFacts {
                name: model.name,
                hash: model.hash,
                base: model.base,
                trained_on: model.trained_on,
                date: model.date,
                dir: model.dir,
                motion: model.motion,
                flow_source: model.reads_flow.then_some(model.trained_flow),
            },
            date: today(),
            device: self.setting.device.clone(),
            classes: model.classes,
            fusion: self.setting.fusion,
            window_frames: self.setting.pipeline.window_frames(),
            windows: self.windows,
            notes,
        })
    }
}

fn make_folder(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))
}

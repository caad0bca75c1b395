//! The work on one input: pair after pair to flow, to files and to the video.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::arguments::{FlowInputPath, FlowPlan};
use super::flow_source::FlowInput;
use super::frame_pairs::FramePair;
use super::report::{FlowExportReport, PairReport};
use super::stages::Stages;
use crate::cli::outcome::complain;
use crate::error::Result;
use crate::flow::files::Scales;
use crate::flow::{FlowField, colour};
use crate::output::Staging;
use crate::video::{SideBySide, VideoInfo};

/// A run in progress.
pub(super) struct FlowWork<'a> {
    plan: &'a FlowPlan<'a>,
    input: Vec<PathBuf>,
    source: FlowInput,
    compared: Option<FlowInput>,
    /// Facts about the clip; none for two pictures.
    clip: Option<VideoInfo>,
    /// The files of a clip, until all are there.
    staging: Option<Staging>,
    video: Option<SideBySide>,
    /// The longest vector so far, pixels.
    longest_px: f32,
    size: [usize; 2],
    spent: Duration,
    pairs: Vec<PairReport>,
}

impl<'a> FlowWork<'a> {
    /// Readies the methods and the folder for the files.
    pub fn begin(plan: &'a FlowPlan, input: Vec<PathBuf>, clip: Option<VideoInfo>) -> Result<Self> {
        let source = FlowInput::open(plan.method.method, plan)?;
        let compared = plan.compare.map(|method| FlowInput::open(method, plan)).transpose()?;
        let staging = match (&plan.input, &plan.target) {
            (FlowInputPath::Clip(_), Some(target)) => Some(Staging::begin(&target.path)?),
            _ => None,
        };
        Ok(Self {
            plan,
            input,
            source,
            compared,
            clip,
            staging,
            video: None,
            longest_px: 0.0,
            size: [0; 2],
            spent: Duration::ZERO,
            pairs: Vec::new(),
        })
    }

    /// Works on the next pair, and shows the stages of it where there are `stages` to show.
    pub fn on(&mut self, pair: &FramePair, mut stages: Option<&mut Stages>) -> Result<()> {
        let [width, height] = pair.size();
        if let Some(stages) = &mut stages {
            stages.begin(&format!("Computing the flow of {width}×{height} pixels by {}", self.source.name()));
        }
        let started = Instant::now();
        let field = self.source.flow(pair, &mut |share| stages.iter_mut().for_each(|stages| stages.progress(share)))?;
        self.spent += started.elapsed();
        let compared = self.compared.as_mut().map(|compared| compared.flow(pair, &mut |_| {})).transpose()?;
        for field in std::iter::once(&field).chain(&compared) {
            self.longest_px = self.longest_px.max(field.magnitude_max());
        }
        if let Some(stages) = stages.filter(|_| self.plan.target.is_some()) {
            stages.begin("Writing the flow");
        }
        let files = self.write(pair, &field)?;
        self.show(pair, &field, compared.as_ref())?;
        self.size = pair.size();
        self.pairs.push(PairReport::new(pair.frames, &field, files));
        Ok(())
    }

    /// Gives the files and the video their names, all or none, and sums up.
    pub fn finish(mut self, interrupted: bool) -> Result<FlowExportReport> {
        let guard = &self.plan.guard;
        let complete = self.video.take().map(SideBySide::complete).transpose()?;
        let video = complete.as_ref().and(self.plan.video.clone());
        guard.check(video.as_slice())?;
        if let (Some(staging), Some(target)) = (self.staging, &self.plan.target) {
            let staying = staging.note_staying(guard, &|path| target.format.is_file_of_clip(path));
            staging.publish(guard)?;
            staying.iter().for_each(complain);
        }
        complete.map_or(Ok(()), |video| video.publish(guard))?;
        Ok(FlowExportReport {
            schema: "motionscope-flow",
            version: 1,
            motionscope: env!("CARGO_PKG_VERSION"),
            input: self.input,
            method: self.source.name(),
            compared_with: self.compared.map(|compared| compared.name()),
            width: self.size[0],
            height: self.size[1],
            pairs: self.pairs,
            video,
            flow_secs: self.spent.as_secs_f64(),
            interrupted,
        })
    }

    /// Returns the displacement that is drawn at full saturation.
    fn max_px(&self) -> f32 {
        self.plan.max_px.unwrap_or(self.longest_px)
    }

    fn write(&self, pair: &FramePair, field: &FlowField) -> Result<Vec<PathBuf>> {
        let Some(target) = &self.plan.target else { return Ok(Vec::new()) };
        let scales = Scales { bound_px: self.plan.bound_px, max_px: self.max_px(), gamma: 1.0 };
        let Some(staging) = &self.staging else {
            self.plan.check_files()?; // A flow of two large pictures takes minutes.
            return target.format.write(&target.path, field, scales);
        };
        target.format.write(&target.format.path_in(&staging.root(), pair.frames[0]), field, scales)?;
        Ok(target.format.files(&target.format.path_in(&target.path, pair.frames[0])))
    }

    fn show(&mut self, pair: &FramePair, field: &FlowField, compared: Option<&FlowField>) -> Result<()> {
        let (Some(path), Some(clip)) = (&self.plan.video, &self.clip) else { return Ok(()) };
        let frame = &*pair.pictures[0];
        let max_px = self.max_px();
        let flows: Vec<_> =
            std::iter::once(field).chain(compared).map(|field| colour::picture(field, max_px)).collect();
        let panes: Vec<_> = std::iter::once(frame).chain(&flows).collect();
        let video = match &mut self.video {
            Some(video) => video,
            none => none.insert(SideBySide::create(path, frame, panes.len() as u32, clip.pace())?),
        };
        let [start, end] = clip.times.span_secs(&(pair.frames[0]..pair.frames[0] + 1));
        video.push(&panes, start..end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::cli::bench::fixture;
    use crate::cli::flow::arguments::FlowArgs;
    use crate::cli::flow::frame_pairs::CommandPairs;
    use crate::video::Geometry;

    #[derive(Parser)]
    struct FlowLine {
        #[command(flatten)]
        flow: FlowArgs,
    }

    #[test]
    fn files_and_video_get_their_names_only_if_nobody_else_has_taken_one_meanwhile() {
        for taken in ["flow/000000.flo", "flow.mp4", "elsewhere"] {
            let dir = tempfile::tempdir().unwrap();
            let at = |name: &str| dir.path().join(name).display().to_string();
            fixture::clip(dir.path(), 3, Geometry { width: 64, height: 48 }).unwrap();
            let words = ["flow", &at("clip.mp4"), "--out", &at("flow"), "--video", &at("flow.mp4"), "--method", "zero"];
            let line = FlowLine::try_parse_from(words).unwrap();
            let plan = line.flow.plan().unwrap();
            let mut pairs = CommandPairs::open(&dir.path().join("clip.mp4"), None, 1).unwrap();
            let mut work = FlowWork::begin(&plan, Vec::new(), Some(pairs.info().clone())).unwrap();
            work.on(&pairs.pair(0).unwrap(), None).unwrap();
            fs::create_dir_all(at("flow")).unwrap();
            fs::write(at(taken), "mine").unwrap();
            let is_free = taken == "elsewhere";
            assert_eq!(work.finish(false).is_ok(), is_free, "{taken}");
            for name in ["flow/000000.flo", "flow.mp4"] {
                assert_eq!(fs::exists(at(name)).unwrap(), is_free || name == taken, "{name} with {taken}");
            }
            assert_eq!(fs::read_to_string(at(taken)).unwrap(), "mine");
        }
    }
}

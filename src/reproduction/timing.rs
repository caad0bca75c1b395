//! Speeds of the rows of a reproduction, measured interleaved on each clip.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::Device;

use super::event::ReproductionEvent as Event;
use super::experiment::{ExperimentRow, Training, Work};
use super::row_result::RowResult;
use super::run::{ReproductionRun, no_clips};
use super::speed::{MeasuredStreams, Speeds, chosen, descriptor_frames_per_second, frames_per_second, median};
use crate::data::LabelledClip;
use crate::error::Result;
use crate::nets::HiddenTwoStream;
use crate::panic_guard::caught;
use crate::training::Network;

impl ReproductionRun<'_> {
    /// Returns the frames per second of all rows with figures, measured together unless nothing has changed since the
    /// last measurement. After a stop, returns the previous values.
    pub(super) fn speeds(&mut self, rows: &[ExperimentRow], outcomes: &[Option<Result<RowResult>>]) -> Result<Speeds> {
        if !self.settings.table.has_speeds() {
            return Ok(Speeds::default());
        }
        let before = Speeds::read(self.dir, &self.compute.name);
        if self.control.is_stopped() {
            return Ok(before.unwrap_or_default());
        }
        let timed = timed_rows(rows, outcomes);
        let is_kept = |before: &Speeds| !self.measured_anew && timed.iter().all(|row| before.are_of(&row.id));
        if let Some(kept) = before.clone().filter(is_kept) {
            return Ok(kept);
        }
        let speeds = self.timed(rows, &timed)?;
        if self.control.is_stopped() {
            return Ok(before.unwrap_or_default());
        }
        speeds.write(self.dir)?;
        Ok(speeds)
    }

    /// Returns the frames per second of those of `rows` with figures, measured now; empty for tables without speeds.
    ///
    /// # Errors
    /// If there are no test clips.
    pub(super) fn measured_speeds(
        &mut self,
        rows: &[ExperimentRow],
        outcomes: &[Option<Result<RowResult>>],
    ) -> Result<Speeds> {
        match self.settings.table.has_speeds() {
            true => self.timed(rows, &timed_rows(rows, outcomes)),
            false => Ok(Speeds::default()),
        }
    }

    /// Returns the medians over some clips after a warm-up pass. All rows are timed on every clip in turn, so that
    /// other load on the machine slows all of them down equally.
    fn timed(&mut self, rows: &[ExperimentRow], timed: &[&ExperimentRow]) -> Result<Speeds> {
        let mut devices = BTreeMap::new();
        let clips = chosen(&self.test.as_ref().ok_or_else(no_clips)?.clips);
        let mut rates: HashMap<&str, Vec<f64>> = HashMap::new();
        for (pass, clip) in clips.iter().take(1).chain(&clips).enumerate() {
            (self.on_event)(Event::Timing { done: pass, of: clips.len() + 1 });
            for row in timed.iter().take_while(|_| !self.control.is_stopped()) {
                match caught("speed", || self.rate(rows, row, clip)) {
                    Ok(_) if pass == 0 => {}
                    Ok((rate, device)) => {
                        rates.entry(&row.id).or_default().push(rate);
                        devices.insert(row.id.clone(), device);
                    }
                    Err(error) => (self.on_event)(Event::Warning(error)),
                }
            }
        }
        let fps = rates.into_iter().filter_map(|(row, rates)| Some((row.to_owned(), median(rates)?))).collect();
        Ok(Speeds::new(self.compute.name.clone(), fps, devices))
    }

    /// Returns the frames per second of a row and its device. Its networks are loaded for this measurement only,
    /// because all rows together may not fit in the device's memory.
    fn rate(&self, rows: &[ExperimentRow], row: &ExperimentRow, clip: &LabelledClip) -> Result<(f64, String)> {
        if let Work::Descriptors(trainings) = &row.work {
            let rate = descriptor_frames_per_second(&self.dir.join(&row.id), trainings, clip, &self.compute.device)?;
            return Ok((rate, self.compute.name.clone()));
        }
        let mut streams = streams(rows, row, &self.compute.device)?.on(self.compute);
        let rate = frames_per_second(&mut streams, clip, self.settings.frame)?;
        Ok((rate, streams.device(self.compute)))
    }
}

/// Returns the rows that have figures and a speed.
fn timed_rows<'a>(rows: &'a [ExperimentRow], outcomes: &[Option<Result<RowResult>>]) -> Vec<&'a ExperimentRow> {
    let timed = rows.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Some(Ok(_))));
    timed.map(|(row, _)| row).filter(|row| !matches!(row.work, Work::Fisher(_))).collect()
}

/// Returns the streams that run in `row`, one of `rows`.
fn streams(rows: &[ExperimentRow], row: &ExperimentRow, device: &Device) -> Result<MeasuredStreams> {
    let training = |id: &str| {
        rows.iter().find(|row| row.id == id).and_then(|row| match &row.work {
            Work::Stream(training) | Work::TwoStage { stream: training, .. } => Some(training),
            _ => None,
        })
    };
    let (temporal, spatial) = match &row.work {
        Work::Stream(own) if own.plan.network == Network::Spatial => (None, Some(own)),
        Work::Stream(own) | Work::TwoStage { stream: own, .. } => (Some(own), None),
        Work::Fusion { spatial, temporal, .. } => (training(temporal), training(spatial)),
        Work::Fisher(_) | Work::Descriptors(_) | Work::FlowError { .. } | Work::TaughtFlowError { .. } => (None, None),
    };
    let load = |training: &Training| HiddenTwoStream::load(&training.plan.run_dir.join("model"), device);
    Ok(MeasuredStreams {
        temporal: temporal.map(|training| Ok((load(training)?, training.plan.flow_source()))).transpose()?,
        spatial: spatial.map(|training| load(training)).transpose()?,
        tvl1: None,
    })
}

//! The figures of the flow laboratory as a table in a file, written on a thread of its own.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use super::state::FlowComparison;
use crate::atomic::replace;
use crate::engine::{FlowSource, FlowStatistics};
use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::output::OutputGuard;

/// The first line of the table.
const HEADER: &str = "frame,source,mean_px,median_px,p95_px,max_px,photometric,photometric_ratio,ssim,epe_px,aae_deg,fl_percent,known_percent";

/// The threads that write, and what became of their files.
pub struct Exporter {
    sender: Sender<Result<PathBuf>>,
    receiver: Receiver<Result<PathBuf>>,
}

impl Default for Exporter {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One answer for every file that a person asks for.
        Self { sender, receiver }
    }
}

impl Exporter {
    /// Begins to write `text` to `path`, if `guard` allows it.
    pub fn write(&self, path: PathBuf, text: String, guard: OutputGuard, ctx: &Context) {
        self.run(path, ctx, move |path| {
            guard.check(&[path.to_owned()])?;
            replace(path, |file| file.write_all(text.as_bytes()))
        });
    }

    /// Begins to write `path` in whatever way `write` does it.
    pub fn run(&self, path: PathBuf, ctx: &Context, write: impl FnOnce(&Path) -> Result<()> + Send + 'static) {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let work = move || {
            // The window may be gone.
            let _ = sender.send(caught("export", || write(&path)).map(|()| path));
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("export".into()).spawn(work) {
            let error = Error::no_thread("export", &error);
            // The receiver lives as long as `self`.
            let _ = self.sender.send(Err(error));
        }
    }

    /// What was written, or could not be, since the last call.
    pub fn answers(&self) -> impl Iterator<Item = Result<PathBuf>> + use<> {
        let receiver = self.receiver.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }
}

/// The figures of all sources, a line for each frame, as comma-separated values.
pub fn table(lab: &FlowComparison) -> String {
    let mut text = format!("{HEADER}\n");
    for source in FlowSource::ALL {
        for (frame, statistics) in lab.measures(source) {
            line(&mut text, *frame, source, statistics);
        }
    }
    text
}

fn line(text: &mut String, frame: usize, source: FlowSource, statistics: &FlowStatistics) {
    let FlowStatistics { magnitudes, photometric, photometric_ratio, ssim, errors } = statistics;
    let (mean, median, p95, max) = (magnitudes.mean, magnitudes.median, magnitudes.p95, magnitudes.max);
    let errors =
        errors.map_or(",,,".into(), |e| format!("{},{},{},{}", e.epe, e.aae_deg, 100.0 * e.fl, 100.0 * e.density));
    let name = source.name();
    // Writing to a text cannot fail.
    let _ =
        writeln!(text, "{frame},{name},{mean},{median},{p95},{max},{photometric},{photometric_ratio},{ssim},{errors}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ClipMeasure, Message};
    use crate::flow::metrics::Magnitudes;

    #[test]
    fn every_frame_of_every_source_has_a_line_and_every_line_all_columns() {
        let mut lab = FlowComparison::default();
        for (source, frame) in [(FlowSource::Tvl1, 4), (FlowSource::Network, 5), (FlowSource::Network, 1)] {
            let magnitudes = Magnitudes { mean: 1.5, ..Magnitudes::default() };
            let statistics =
                FlowStatistics { magnitudes, photometric: 2.0, photometric_ratio: 0.5, ssim: 0.9, errors: None };
            lab.receive(&Message::Measured(ClipMeasure { source, frame, statistics }));
        }
        let table = table(&lab);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.split(',').count() == HEADER.split(',').count()), "{table}");
        assert_eq!(lines[1], "1,MotionNet,1.5,0,0,0,2,0.5,0.9,,,,");
    }
}

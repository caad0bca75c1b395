//! The figures of the flow comparison as a table.

use std::fmt::Write as _;

use super::state::FlowComparison;
use crate::engine::{FlowSource, FlowStatistics};
use crate::table::quoted_cell;

/// The first line of the table.
const HEADER: &str = "frame,source,mean_px,median_px,p95_px,max_px,photometric,photometric_ratio,ssim,epe_px,aae_deg,fl_percent,known_percent";

/// Returns the figures of all sources, a line for each frame, as comma-separated values.
pub fn table(comparison: &FlowComparison) -> String {
    let mut text = format!("{HEADER}\n");
    for source in FlowSource::ALL {
        let name = quoted_cell(comparison.name_of(source));
        for (frame, statistics) in comparison.measures(source) {
            line(&mut text, *frame, &name, statistics);
        }
    }
    text
}

fn line(text: &mut String, frame: usize, name: &str, statistics: &FlowStatistics) {
    let FlowStatistics { magnitudes, photometric, photometric_ratio, ssim, errors } = statistics;
    let (mean, median, p95, max) = (magnitudes.mean, magnitudes.median, magnitudes.p95, magnitudes.max);
    let errors =
        errors.map_or(",,,".into(), |e| format!("{},{},{},{}", e.epe, e.aae_deg, 100.0 * e.fl, 100.0 * e.density));
    // Writing to a text cannot fail.
    let _ =
        writeln!(text, "{frame},{name},{mean},{median},{p95},{max},{photometric},{photometric_ratio},{ssim},{errors}");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::{ClipMeasure, FlowBasis, Message};
    use crate::flow::metrics::Magnitudes;

    #[test]
    fn every_frame_of_every_source_has_a_line_and_every_line_all_columns() {
        let mut comparison = FlowComparison::default();
        comparison.name_second(Some(Path::new("/runs/a, \"b\"")), None);
        let frames =
            [(FlowSource::Tvl1, 4), (FlowSource::Network, 5), (FlowSource::Network, 1), (FlowSource::SecondNetwork, 2)];
        for (source, frame) in frames {
            let magnitudes = Magnitudes { mean: 1.5, ..Magnitudes::default() };
            let statistics =
                FlowStatistics { magnitudes, photometric: 2.0, photometric_ratio: 0.5, ssim: 0.9, errors: None };
            comparison.receive(&Message::Measured(ClipMeasure {
                measurement: 0,
                source,
                basis: FlowBasis::default(),
                frame,
                statistics,
            }));
        }
        let table = table(&comparison);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 5);
        let cells = |line: &str| line.replace("a, ", "a ").split(',').count();
        assert!(lines.iter().all(|line| cells(line) == cells(HEADER)), "{table}");
        assert!(table.contains("2,\"MotionNet of a, \"\"b\"\"\",1.5,"), "{table}");
        assert_eq!(lines[1], "1,MotionNet of the model,1.5,0,0,0,2,0.5,0.9,,,,");
    }
}

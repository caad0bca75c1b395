//! `motionscope sample DIR`: writes the generated sample project, pairs of frames with their flow, or long recordings with labels.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::fisher_progress::StageProgress;
use super::interrupt::discard_on_interrupt;
use super::outcome::{Outcome, complain};
use super::output_arguments::ForceArg;
use super::values::geometry;
use crate::error::Result;
use crate::output::Staging;
use crate::sample::{self, Recordings, pair_files, recording_files, write_pairs, write_project, write_recordings};
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope sample sample
  motionscope sample other --seed 7     other figures and motions
  motionscope train flow --folder sample/clips
  motionscope sample scenes --pairs 2000 --size 256x192     pairs with exact flow
  motionscope train flow --supervised --architecture flownet-s --pairs scenes
  motionscope sample long --recordings 2 --minutes 20     long recordings with labels
  motionscope sample both --recordings 4 --simultaneous   actions that happen at once

In recordings one person performs the actions in turn and stands still in between; labels.csv has
the times of each and is imported with `motionscope project import`. With --simultaneous the arms
(clap, punch, wave) and the body (bow, jump, kick, squat, walk) do so independently: rows overlap,
for multi-label projects. Times without an action are labelled `stand`.";

/// `motionscope sample`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("not_clips").args(["pairs", "recordings"]))]
pub(super) struct SampleArgs {
    /// Output folder, created if missing
    dir: PathBuf,
    /// Random seed; the same seed gives the same clips
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write N pairs of frames with their exact flow instead, in the layout of FlyingChairs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99_999))]
    pairs: Option<u32>,
    /// Write N long recordings of actions in turn instead, with their times in labels.csv
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99), conflicts_with = "pairs")]
    recordings: Option<u32>,
    /// Minutes of each recording
    #[arg(long, value_name = "MINUTES", value_parser = minutes, default_value = "10", requires = "recordings")]
    minutes: f64,
    /// Let arms and body act at the same time: overlapping labels, for multi-label models
    #[arg(long, requires = "recordings")]
    simultaneous: bool,
    /// Size of pairs and recordings
    #[arg(long, value_name = "WxH", value_parser = geometry, default_value = "320x240", requires = "not_clips")]
    size: Geometry,
    #[command(flatten)]
    force: ForceArg,
}

pub(super) fn run(arguments: &SampleArgs) -> Result<Outcome> {
    let unit = match (arguments.pairs, arguments.recordings) {
        (Some(_), _) => "pairs",
        (None, Some(_)) => "frames",
        (None, None) => "clips",
    };
    let mut shown = StageProgress::default();
    let mut progress = |done, of| shown.show(unit, done, of);
    let guard = arguments.force.guard([] as [&Path; 0]);
    let dir = &arguments.dir;
    match (arguments.pairs, arguments.recordings) {
        (Some(_), _) => guard.check(&pair_files(dir, 1))?,
        (None, Some(_)) => guard.check(&recording_files(dir))?,
        (None, None) => guard.check(&sample::files(dir))?,
    }
    discard_on_interrupt()?;
    let staging = Staging::begin(dir)?;
    let what = match (arguments.pairs, arguments.recordings) {
        (Some(count), _) => {
            write_pairs(&staging.root(), count as usize, arguments.size, arguments.seed, &mut progress)?;
            "Pairs of frames with exact flow"
        }
        (None, Some(count)) => {
            let recordings = Recordings {
                count: count as usize,
                frames: (arguments.minutes * 60.0 * sample::FPS).round() as usize,
                geometry: arguments.size,
                seed: arguments.seed,
                simultaneous: arguments.simultaneous,
            };
            write_recordings(&staging.root(), &recordings, &mut progress)?;
            "Recordings and their labels"
        }
        (None, None) => {
            write_project(&staging.root(), arguments.seed, &mut progress)?;
            "Sample clips, flow and lists"
        }
    };
    let is_pair = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.split('_').next()?.parse().ok());
        number.is_some_and(|number| pair_files(Path::new(""), number).iter().any(|file| file == path))
    };
    let staying = staging.note_staying(&guard, &is_pair);
    staging.publish(&guard)?;
    shown.finish();
    staying.iter().for_each(complain);
    println!("{what}: {}", dir.display());
    Ok(Outcome::Done)
}

/// Parses a number of minutes, a few seconds to ten hours.
fn minutes(text: &str) -> std::result::Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(minutes) if (0.05..=600.0).contains(&minutes) => Ok(minutes),
        _ => Err("expected a number of minutes from 0.05 to 600".into()),
    }
}

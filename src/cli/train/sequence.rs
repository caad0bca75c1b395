//! `motionscope train sequence`: a sequence model from predictions and labels.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::interrupt::interrupt_flag;
use crate::cli::outcome::{Outcome, complain};
use crate::cli::output_arguments::ForceArg;
use crate::cli::prediction_sources::predictions_at;
use crate::cli::values::{count, non_negative, positive};
use crate::engine::time_videos;
use crate::error::{Error, Result};
use crate::labels::{Opened, Project};
use crate::panic_guard::caught;
use crate::plural::counted;
use crate::predictions::{
    LabelledVideos, SequenceData, SequenceEvent, SequenceFigures, SequencePlan, SequenceRecording, SequenceSettings,
    train_sequence,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope predict golf --features                 the videos of a project
  motionscope train sequence golf/predictions/MODEL --labels golf --out sequence
  motionscope train sequence predictions --labels golf --out sequence --held-out day3.mp4
  motionscope predict golf/predictions/MODEL --sequence sequence

A sequence model corrects the probabilities of every scored frame by those of the seconds around it,
and by the features of both streams where `predict --features` stored them, unless --no-features is
given. It learns from labelled frames only: unlabelled is not background. Labels of background are
learned as no class at all, unless the model has a class for it.

Whole recordings are held out. Their accuracy and F1 are printed for the plain windows and for the
sequence model, which is taken from the epoch with the lowest held-out loss. A training that was
stopped continues when the same command is run again; the same seed gives the same model. Models
of few recordings differ from seed to seed: --seeds 5 averages five of them in one model.

Exit codes: 0 finished, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C, 75 by SIGTERM";

/// `motionscope train sequence`
#[derive(Debug, Args)]
pub(in crate::cli) struct SequenceArgs {
    /// Predictions of one model: a .parquet file or a folder of them
    #[arg(value_name = "PREDICTIONS")]
    predictions: PathBuf,
    /// Project with the labels of the same videos
    #[arg(long, value_name = "PROJECT")]
    labels: PathBuf,
    /// Folder of the sequence model: sequence.toml and sequence.safetensors
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Share of the recordings to hold out; 0 for none
    #[arg(long, value_name = "SHARE", value_parser = non_negative, default_value_t = SequenceSettings::default().hold_out)]
    hold_out: f64,
    /// Videos to hold out instead, by their names in the project, separated by commas
    #[arg(long, value_name = "VIDEO,…", value_delimiter = ',', conflicts_with = "hold_out")]
    held_out: Vec<String>,
    /// Train although some classes of the model have no labels
    #[arg(long)]
    allow_missing_classes: bool,
    /// Number of epochs of 20 updates
    #[arg(long, value_name = "N", value_parser = count, default_value = "30")]
    epochs: NonZeroUsize,
    /// Highest learning rate
    #[arg(long, value_name = "RATE", value_parser = positive, default_value_t = SequenceSettings::default().rate)]
    lr: f64,
    /// Maps of the hidden layers
    #[arg(long, value_name = "N", value_parser = count, default_value = "64")]
    channels: NonZeroUsize,
    /// Residual blocks; each doubles the time that the model sees
    #[arg(long, value_name = "N", value_parser = count, default_value = "5")]
    blocks: NonZeroUsize,
    /// Dropout of whole maps
    #[arg(long, value_name = "SHARE", value_parser = non_negative, default_value_t = SequenceSettings::default().dropout)]
    dropout: f64,
    /// Ignore the features that are stored with the predictions
    #[arg(long)]
    no_features: bool,
    /// Random seed
    #[arg(long, default_value_t = SequenceSettings::default().seed)]
    seed: u64,
    /// Average the probabilities of N networks, each trained from the next seed
    #[arg(long, value_name = "N", value_parser = count, default_value = "1")]
    seeds: NonZeroUsize,
    #[command(flatten)]
    force: ForceArg,
}

impl SequenceArgs {
    fn plan(&self) -> SequencePlan {
        SequencePlan {
            settings: SequenceSettings {
                epochs: self.epochs.get(),
                rate: self.lr,
                channels: self.channels.get(),
                blocks: self.blocks.get(),
                dropout: self.dropout,
                seed: self.seed,
                seeds: self.seeds.get(),
                hold_out: self.hold_out,
            },
            held_out: self.held_out.clone(),
            allows_missing_classes: self.allow_missing_classes,
            labels: self.labels.display().to_string(),
            out: self.out.clone(),
        }
    }
}

pub(super) fn run(arguments: &SequenceArgs) -> Result<Outcome> {
    let plan = arguments.plan();
    plan.settings.check()?;
    let files = predictions_at(&arguments.predictions)?.ok_or_else(|| {
        let remedy = "Name a .parquet file that motionscope predict wrote, or a folder of them";
        Error::file(&arguments.predictions, "there are no predictions", remedy)
    })?;
    let labels = labels(&arguments.labels)?;
    let data = SequenceData::read(&files, labels, &arguments.labels, arguments.no_features)?;
    data.notes.iter().for_each(complain);
    let guard = arguments.force.guard(&files);
    let stop = interrupt_flag("Stopping; finished epochs are kept")?;
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} epochs, {eta} left  {msg}");
    let bar = ProgressBar::new((plan.settings.epochs * plan.settings.seeds) as u64)
        .with_style(style.expect("the template is well-formed"));
    let mut report = |event: SequenceEvent<'_>| show(&bar, event);
    let is_stopped = || stop.load(Ordering::Relaxed);
    let trained = caught("training", || train_sequence(&plan, &data, &guard, &is_stopped, &mut report));
    bar.finish_and_clear();
    if trained.as_ref().is_err_and(Error::is_cancelled) {
        println!("Stopped. The same command resumes it.");
        return Ok(Outcome::Interrupted);
    }
    let card = trained?.card;
    if let (Some(plain), Some(sequence)) = (card.plain, card.sequence) {
        println!("Held-out frames: {}", sequence.frames);
        println!("{:>15} {:>10} {:>10}", "", "accuracy", "macro F1");
        println!("{:>15} {}", "plain windows", cells(&plain));
        println!("{:>15} {}, epoch {} of {}", "sequence model", cells(&sequence), card.epoch, card.settings.epochs);
        if card.epoch == 0 {
            println!("No epoch was better than the plain windows: the sequence model changes nothing");
        }
    }
    println!("{}: sequence model of {}", plan.out.display(), counted(card.trained_on.len(), "recording"));
    Ok(Outcome::Done)
}

/// Returns the labels of the project at `path`.
fn labels(path: &Path) -> Result<LabelledVideos> {
    let Opened { project, notes } = Project::look(path)?;
    notes.iter().for_each(complain);
    let mut document = project.document().clone();
    document.apply(time_videos(&document, project.dir(), false));
    Ok(LabelledVideos::of(&document, project.dir()))
}

fn cells(figures: &SequenceFigures) -> String {
    format!("{:>9.1}% {:>10.3}", 100.0 * figures.accuracy, figures.macro_f1)
}

fn show(bar: &ProgressBar, event: SequenceEvent<'_>) {
    match event {
        SequenceEvent::Begun { training, held_out, reach_secs, resumed, plain } => bar.suspend(|| {
            println!("Training: {}", described(&training));
            if !held_out.is_empty() {
                let names: Vec<&str> = held_out.iter().map(|recording| recording.video.as_str()).collect();
                println!("Held out: {}: {}", described(&held_out), names.join(", "));
            }
            println!("Each frame is scored by {reach_secs:.1} s before and after it");
            if resumed > 0 {
                println!("Resumed after epoch {resumed}");
            }
            if let Some(plain) = plain {
                eprintln!("Plain windows: held-out loss {:.3}", plain.loss);
            }
        }),
        SequenceEvent::Epoch { done, loss, held_out } => {
            bar.set_position(done as u64);
            let held_out = held_out.map_or(String::new(), |held| format!(", held-out loss {:.3}", held.loss));
            bar.set_message(format!("loss {loss:.3}{held_out}"));
        }
    }
}

fn described(recordings: &[&SequenceRecording]) -> String {
    let frames: usize = recordings.iter().map(|recording| recording.labelled()).sum();
    let secs: f64 = recordings.iter().map(|recording| recording.labelled_secs()).sum();
    let (recordings, frames) = (counted(recordings.len(), "recording"), counted(frames, "labelled scored frame"));
    format!("{recordings}, {frames} ({:.1} min)", secs / 60.0)
}

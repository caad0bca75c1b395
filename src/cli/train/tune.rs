//! `motionscope tune`: fine-tuning a model on one's own labelled clips.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::list_arguments::ListArgs;
use super::super::model_arguments::{DeviceArg, ModelArg};
use super::super::outcome::{Outcome, complain};
use super::super::values::{choice, non_negative, positive};
use super::runs::{RunOutput, train_in_turn};
use crate::data::{Chosen, DataSource, FromLabels, Subset};
use crate::error::{Error, Result};
use crate::labels::{Document, Label, Project};
use crate::nets::{FlowSource, ModelCard};
use crate::training::finetune::{Depth, FineTune, Preset, Streams};
use crate::training::{Network, TemporalMode, TrainingPlan};

const EXAMPLES: &str = "\
Examples:
  motionscope tune --project kitchen --run-dir kitchen/runs/first
  motionscope tune --data clips --keep-classes --run-dir runs/mine
  motionscope tune --data clips --run-dir runs/mine --json
  motionscope tune --data clips --depth everything --mode c --hold-out 0.2 --minutes 60 \\
                   --run-dir runs/mine

The preset quick trains linear probes on the features of both streams; a dozen clips are enough.
Without a hold-out set, accuracy comes from leave-one-recording-out cross-validation. Deeper
fine-tuning needs more clips and time.

The result is in model/ of the run folder. If both streams are tuned, the run of the spatial stream
is in a folder beside it. Features are cached in .motionscope-features beside the runs, so that the
next run only processes new clips; the cache can be deleted at any time.

At the end it prints how many held-out clips each stream, and both together, classify correctly, in
all and per class. --json prints the same with the confusion matrices: schema motionscope-tune. A
finished run prints its results again.

Exit codes: 0 finished, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C and 75
by SIGTERM; the same command resumes";

/// `motionscope tune`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("clips").args(["project", "data"]).required(true))]
pub(in crate::cli) struct TuneArgs {
    /// Labelling project to train on
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Class of the project to learn; repeatable [default: all classes with clips]
    #[arg(long = "class", value_name = "NAME", conflicts_with = "data")]
    classes: Vec<String>,
    /// Also learn the background as a class
    #[arg(long, conflicts_with = "data")]
    background: bool,
    /// Folder of clips with one sub-folder per class, or the root folder of the list
    #[arg(long, value_name = "DIR", visible_alias = "folder")]
    data: Option<PathBuf>,
    /// List of clips
    #[arg(long, value_name = "FILE", requires = "data", conflicts_with = "project")]
    list: Option<PathBuf>,
    /// Class index (classInd.txt), if the list has no class names
    #[arg(long = "classes", value_name = "FILE", requires = "list")]
    class_index: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    #[command(flatten)]
    model: ModelArg,
    /// Preset of the training settings
    #[arg(long, value_parser = choice::<Preset>(), default_value = Preset::default().key())]
    preset: Preset,
    /// Fine-tuning depth [default: from the preset]
    #[arg(long, value_parser = choice::<Depth>())]
    depth: Option<Depth>,
    /// Streams to tune
    #[arg(long, value_parser = choice::<Streams>(), default_value = Streams::default().key())]
    streams: Streams,
    /// End-to-end mode of MotionNet, for depth everything [default: c]
    #[arg(long, value_parser = choice::<TemporalMode>())]
    mode: Option<TemporalMode>,
    /// Keep the model's classes and add the new ones
    #[arg(long)]
    keep_classes: bool,
    /// Answer each class by itself, so that segments may overlap [default: as the project is set]
    #[arg(long)]
    multi_label: bool,
    /// Fraction of the recordings of each class held out for validation [default: from the preset]
    #[arg(long, value_name = "SHARE", value_parser = non_negative)]
    hold_out: Option<f64>,
    /// Time limit in minutes
    #[arg(long, value_name = "MINUTES", value_parser = positive)]
    minutes: Option<f64>,
    /// Optimiser steps of each run [default: from the preset]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Run folder; resumes from a checkpoint in it
    #[arg(long = "run-dir", alias = "run", value_name = "DIR")]
    run: PathBuf,
    /// Print the held-out results as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArg,
}

/// Fine-tunes a model.
pub(in crate::cli) fn tune(arguments: &TuneArgs) -> Result<Outcome> {
    let plans = arguments.plans()?;
    let output = if arguments.json { RunOutput::Json } else { RunOutput::Words };
    train_in_turn(&plans, arguments.device, 0, output)
}

impl TuneArgs {
    fn plans(&self) -> Result<Vec<TrainingPlan>> {
        let mut tuning = self.tuning();
        if self.mode.is_some() && tuning.depth != Depth::Everything {
            let cause = "only --depth everything trains MotionNet";
            return Err(Error::usage("--mode", cause, "Add --depth everything, or leave the mode out"));
        }
        if self.multi_label && tuning.depth == Depth::Heads {
            let remedy = "Add --depth last-stages or deeper, or leave it out";
            return Err(Error::usage("--multi-label", "a linear probe has exclusive classes", remedy));
        }
        let base = self.model.folder()?;
        let card = ModelCard::read(&base)?;
        // What the model and the clips are like is known by now.
        let (source, multi_label) = self.source()?;
        tuning.multi_label = multi_label;
        let plans = tuning.plans(&base, &card, &source, &self.run).map_err(Error::as_usage)?;
        let source = card.flow_source();
        if source != FlowSource::MotionNet && plans.iter().any(|plan| plan.network == Network::Temporal) {
            eprintln!(
                "{}: its temporal stream was trained on {} and is tuned on it.",
                base.display(),
                source.in_words()
            );
        }
        Ok(plans)
    }

    fn tuning(&self) -> FineTune {
        let mut tuning = FineTune::of(self.preset);
        tuning.set_depth(self.depth.unwrap_or(tuning.depth));
        tuning.mode = self.mode.unwrap_or(tuning.mode);
        tuning.hold_out = self.hold_out.unwrap_or(tuning.hold_out);
        tuning.budget_secs = self.minutes.map(|minutes| minutes * 60.0).or(tuning.budget_secs);
        for plan in [&mut tuning.spatial, &mut tuning.temporal] {
            plan.steps = self.steps.unwrap_or(plan.steps);
        }
        let multi_label = self.multi_label;
        FineTune { streams: self.streams, keep_classes: self.keep_classes, multi_label, ..tuning }
    }

    /// Returns whether each class of `project` is answered by itself: as it is set, if streams are trained and not only last layers.
    fn answers_several(&self, project: &Document) -> bool {
        let trains_streams = self.tuning().depth != Depth::Heads;
        trains_streams && (self.multi_label || project.settings.multi_label)
    }

    /// Returns the clips to learn, and whether each of their classes is answered by itself.
    fn source(&self) -> Result<(DataSource, bool)> {
        let Some(dir) = &self.project else {
            let data = self.data.clone().unwrap_or_default();
            let source = self.lists.source(&data, self.list.as_deref(), self.class_index.as_deref(), Subset::Train);
            return Ok((source, self.multi_label));
        };
        let opened = Project::look(dir)?;
        opened.notes.iter().for_each(complain);
        let project = opened.project;
        let multi_label = self.answers_several(project.document());
        let labels = self.labels(project.document())?;
        let chosen = Chosen { labels, videos: None, negatives: true, multi_label };
        let locate = |id| project.video_path(id);
        let found = FromLabels::new(project.document(), project.dir(), &chosen, &locate);
        found.left_out.iter().chain(&found.remarks).for_each(complain);
        Ok((DataSource::Pieces(found.pieces), multi_label))
    }

    /// Returns the labels to learn.
    fn labels(&self, document: &Document) -> Result<std::collections::BTreeSet<Label>> {
        let background = self.background.then_some(Label::Background);
        if self.classes.is_empty() {
            return Ok(document.classes.iter().map(|class| Label::Class(class.id)).chain(background).collect());
        }
        let label = |name: &String| {
            let class = document.class_named(name).ok_or_else(|| {
                let known: Vec<_> = document.classes.iter().map(|class| class.name.as_str()).collect();
                Error::usage(name, "the project has no such class", format!("Choose one of {}", known.join(", ")))
            })?;
            Ok(Label::Class(class.id))
        };
        self.classes.iter().map(label).chain(background.map(Ok)).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct TuneLine {
        #[command(flatten)]
        tune: TuneArgs,
    }

    fn parsed(line: &str) -> TuneArgs {
        TuneLine::try_parse_from(std::iter::once("tune").chain(line.split(' '))).unwrap().tune
    }

    #[test]
    fn what_is_given_replaces_the_preset_s_values() {
        let tuning = parsed("--data clips --run r --preset thorough --depth everything --mode b --minutes 5").tuning();
        assert_eq!((tuning.depth, tuning.mode, tuning.budget_secs), (Depth::Everything, TemporalMode::B, Some(300.0)));
        assert_eq!(tuning.hold_out, 0.2, "the preset's");
        assert_eq!(parsed("--data clips --run r").tuning(), FineTune::of(Preset::Quick));
        assert!(TuneLine::try_parse_from(["tune", "--run", "r"]).is_err(), "clips are needed");
        // Options of projects and of folders are not passed over beside the other.
        for line in ["--data clips --class wave", "--data clips --background", "--project p --list a.txt"] {
            let words = std::iter::once("tune").chain(line.split(' ')).chain(["--run", "r"]);
            let error = TuneLine::try_parse_from(words).err().unwrap().to_string();
            assert!(error.contains("cannot be used with"), "{line}: {error}");
        }
    }
}

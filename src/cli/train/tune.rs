//! `motionscope tune`: a recogniser of one's own classes from labelled clips.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::list_arguments::ListArgs;
use super::super::model_arguments::{DeviceArg, ModelArg};
use super::super::outcome::{Outcome, complain};
use super::runs::train_in_turn;
use crate::error::{Error, Result};
use crate::labels::{Document, Label, Project};
use crate::nets::ModelCard;
use crate::training::dataset::{Chosen, FromLabels};
use crate::training::finetune::{Depth, FineTune, Preset, Streams};
use crate::training::{DataSource, Subset, TemporalMode, TrainingPlan};

const EXAMPLES: &str = "\
Examples:
  motionscope tune --project kitchen --run kitchen/runs/first
  motionscope tune --data clips --keep-classes --run runs/mine
  motionscope tune --data clips --depth everything --mode c --hold-out 0.2 --minutes 60 --run runs/mine

quick (the preset) looks at every clip once and fits the last layers of both streams: useful with a dozen clips. With nothing
held out, each recording is left out in turn to tell how well others are recognised. The deeper the tuning, the more clips and
time it wants. The run folder holds the result in model/; where both streams are tuned, the spatial one's run lies beside it.
What the networks made of the clips lies in .motionscope-features beside the runs, so that the next tuning looks at new clips
only; it can be deleted at any time.";

/// `motionscope tune`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("clips").args(["project", "data"]).required(true))]
pub(in crate::cli) struct TuneArgs {
    /// Labelling project to learn from
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Class of the project to learn; repeat it for more [default: all that have clips]
    #[arg(long = "class", value_name = "NAME", requires = "project")]
    classes: Vec<String>,
    /// Learn background as a class too
    #[arg(long, requires = "project")]
    background: bool,
    /// Folder with a sub-folder of clips for each class, or that the paths of a list are relative to
    #[arg(long, value_name = "DIR", visible_alias = "folder")]
    data: Option<PathBuf>,
    /// List of clips
    #[arg(long, value_name = "FILE", requires = "data")]
    list: Option<PathBuf>,
    /// The classes, where the list does not tell them: classInd.txt
    #[arg(long = "classes", value_name = "FILE", requires = "list")]
    class_index: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    #[command(flatten)]
    model: ModelArg,
    /// Choices and numbers to start from
    #[arg(long, value_enum, default_value_t)]
    preset: Preset,
    /// How much of the networks is tuned [default: the preset's]
    #[arg(long, value_enum)]
    depth: Option<Depth>,
    /// Which streams
    #[arg(long, value_enum, default_value_t)]
    streams: Streams,
    /// How MotionNet is tuned, where it is [default: c]
    #[arg(long, value_enum)]
    mode: Option<TemporalMode>,
    /// Tell the model's other classes as well
    #[arg(long)]
    keep_classes: bool,
    /// Share of the recordings of each class that is measured on [default: the preset's]
    #[arg(long, value_name = "SHARE")]
    hold_out: Option<f64>,
    /// End after so many minutes
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,
    /// Steps of each run [default: the preset's]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Where the run is kept
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
}

/// Tunes as the arguments say.
pub(in crate::cli) fn tune(arguments: &TuneArgs) -> Result<Outcome> {
    let plans = arguments.plans()?;
    train_in_turn(&plans, arguments.device, 0)
}

impl TuneArgs {
    fn plans(&self) -> Result<Vec<TrainingPlan>> {
        let base = self.model.folder()?;
        let card = ModelCard::read(&base)?;
        self.tuning().plans(&base, &card, &self.source()?, &self.run)
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
        FineTune { streams: self.streams, keep_classes: self.keep_classes, ..tuning }
    }

    fn source(&self) -> Result<DataSource> {
        let Some(dir) = &self.project else {
            let data = self.data.clone().unwrap_or_default();
            return Ok(self.lists.source(&data, self.list.as_deref(), self.class_index.as_deref(), Subset::Train));
        };
        let opened = Project::look(dir)?;
        opened.notes.iter().for_each(complain);
        let project = opened.project;
        let chosen = Chosen { labels: self.labels(project.document())?, videos: None };
        let locate = |id| project.video_path(id);
        let found = FromLabels::new(project.document(), project.dir(), &chosen, &locate);
        found.left_out.iter().for_each(complain);
        Ok(DataSource::Pieces(found.pieces))
    }

    /// The labels that are learned.
    fn labels(&self, document: &Document) -> Result<std::collections::BTreeSet<Label>> {
        let background = self.background.then_some(Label::Background);
        if self.classes.is_empty() {
            return Ok(document.classes.iter().map(|class| Label::Class(class.id)).chain(background).collect());
        }
        let label = |name: &String| {
            let class = document.class_named(name).ok_or_else(|| {
                let known: Vec<_> = document.classes.iter().map(|class| class.name.as_str()).collect();
                Error::new(name, "the project has no such class", format!("It has {}", known.join(", ")))
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
    struct Cli {
        #[command(flatten)]
        tune: TuneArgs,
    }

    fn parsed(line: &str) -> TuneArgs {
        Cli::try_parse_from(std::iter::once("tune").chain(line.split(' '))).unwrap().tune
    }

    #[test]
    fn what_is_given_replaces_the_preset_s_values() {
        let tuning = parsed("--data clips --run r --preset thorough --depth everything --mode b --minutes 5").tuning();
        assert_eq!((tuning.depth, tuning.mode, tuning.budget_secs), (Depth::Everything, TemporalMode::B, Some(300.0)));
        assert_eq!(tuning.hold_out, 0.2, "the preset's");
        assert_eq!(parsed("--data clips --run r").tuning(), FineTune::of(Preset::Quick));
        assert!(Cli::try_parse_from(["tune", "--run", "r"]).is_err(), "clips are needed");
    }
}

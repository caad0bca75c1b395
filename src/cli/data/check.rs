//! `motionscope data check`: checks of a data set before training.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::list_arguments::ClipsArgs;
use crate::cli::outcome::Outcome;
use crate::cli::output_arguments::ForceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::shard_task::{ShardItems, ShardTask, ShardWork, counting_bar, outcome_of};
use crate::data::{
    CheckPlan, CheckReport, ClipFinding, DataSource, DatasetCheck, Problem, Subset, SubsetReport, check,
};
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::shards::{Job, PartFolder, Shard, assigned};

pub(super) const EXAMPLES: &str = "\
Examples:
  motionscope data check --data sample/clips
  motionscope data check --data UCF-101 --list trainlist01.txt --classes classInd.txt \\
                         --test-list testlist01.txt
  motionscope data check --data hmdb51 --list testTrainMulti_7030_splits --split 2 \\
                         --test-list testTrainMulti_7030_splits
  motionscope data check --data thumos/validation --list annotation_val \\
                         --test-data thumos/test --test-list annotation_test
  motionscope data check --data ActivityNet --list activity_net.v1-2.min.json --json
  motionscope data check --data Kinetics --list train.csv --thorough --parts parts --shard 2/8

With --parts nothing but a part is written; motionscope merge, started in the same folder, reads the
lists again and prints the report on all clips.

Exit codes: 0 no problems found, 1 problems found, 2 wrong usage; a shard: 0 all its clips opened,
130 stopped by Ctrl-C, 75 by SIGTERM (start it again)";

/// `motionscope data check`
#[derive(Debug, Args)]
pub(super) struct DataCheckArgs {
    #[command(flatten)]
    clips: ClipsArgs,
    /// Root folder of the test list [default: the same]
    #[arg(long, value_name = "DIR")]
    test_data: Option<PathBuf>,
    /// Test list, checked for overlap with the training list
    #[arg(long, value_name = "FILE")]
    test_list: Option<PathBuf>,
    /// Allow several rows of a whole clip, each with another class, as `train --multi-label` does
    #[arg(long)]
    multi_label: bool,
    /// Decode every frame, not only the first of each clip
    #[arg(long)]
    thorough: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shards: ShardArgs,
}

/// The name of the command in parts.
pub(in crate::cli) const COMMAND: &str = "data check";

/// What all parts of a check have in common.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    #[serde(flatten)]
    plan: CheckPlan,
    /// Whether the report is printed as JSON.
    json: bool,
}

/// The clips of a shard.
struct CheckShard(DatasetCheck);

impl DataCheckArgs {
    fn plan(&self) -> CheckPlan {
        let has_test = self.test_data.is_some() || self.test_list.is_some();
        let test = || self.clips.other_source(self.test_data.as_deref(), self.test_list.as_deref(), Subset::Test);
        let several = |source: DataSource| source.with_several(self.multi_label);
        let train = several(self.clips.source(Subset::Train));
        CheckPlan { train, test: has_test.then(test).map(several), thorough: self.thorough }
    }
}

pub(super) fn run(arguments: &DataCheckArgs) -> Result<Outcome> {
    match arguments.shards.task()? {
        None => run_whole(arguments),
        Some(task) => run_shard(arguments, &task),
    }
}

fn run_whole(arguments: &DataCheckArgs) -> Result<Outcome> {
    let bar = counting_bar(0, "clip");
    let report = check(&arguments.plan(), &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    Ok(print(&report?, arguments.json))
}

fn run_shard(arguments: &DataCheckArgs, task: &ShardTask) -> Result<Outcome> {
    let settings = Settings { plan: arguments.plan(), json: arguments.json };
    let check = DatasetCheck::open(&settings.plan)?;
    task.run(Job::new(COMMAND, &settings, check.inputs())?, "CPU", &mut CheckShard(check))
}

impl ShardWork for CheckShard {
    type Item = ClipFinding;
    type Source = ();
    const DONE: &'static str = "opened";

    fn positions(&self, shard: Shard) -> Vec<usize> {
        assigned(self.0.clips(), shard)
    }

    fn prepare(&mut self, _task: &ShardTask, _positions: &[usize], _is_begun: bool) -> Result<()> {
        Ok(())
    }

    fn compute(&mut self, items: ShardItems<'_, ClipFinding>) -> Result<()> {
        self.0.find(items.positions, items.stop, &mut |finding| (items.done)(Ok(finding)))
    }

    fn source(&self) {}
}

/// Prints what one machine would have printed of the parts in `folder`, which are of this `job`. The lists are read again.
///
/// # Errors
/// If parts are missing or do not belong together, or the lists and clips are not those of the parts.
pub(in crate::cli) fn merge(folder: &PartFolder, job: &Job, _force: ForceArg) -> Result<Outcome> {
    let outcomes = folder.all_outcomes::<ClipFinding>()?;
    let Settings { plan, json } = job.settings_as(folder.dir())?;
    let check = DatasetCheck::open(&plan)?;
    if let Some(difference) = job.difference(&Job { inputs: check.inputs(), ..job.clone() }) {
        let cause = format!("its parts are of other clips than there are now: {difference}");
        return Err(Error::file(folder.dir(), cause, "Merge in the folder in which the shards ran, or run all again"));
    }
    let findings: std::result::Result<Vec<ClipFinding>, String> = outcomes.into_iter().collect();
    let damaged = |failure| Error::file(folder.dir(), failure, "Delete the parts and run all shards again");
    Ok(print(&check.report(findings.map_err(damaged)?), json))
}

/// Prints the report, in words or as JSON.
fn print(report: &CheckReport, as_json: bool) -> Outcome {
    if as_json {
        println!("{:#}", document(report));
    } else {
        print!("{}", text(report));
    }
    outcome_of(report.is_sound())
}

fn document(report: &CheckReport) -> serde_json::Value {
    json!({
        "schema": "motionscope-data-check",
        "version": 1,
        "sound": report.is_sound(),
        "subsets": report.subsets,
        "problems": report.problems,
        "remarks": report.remarks,
    })
}

fn text(report: &CheckReport) -> String {
    let mut text: String = report.subsets.iter().map(figures).collect();
    text += &class_table(&report.subsets);
    for (title, found) in [("Problems", &report.problems), ("Remarks", &report.remarks)] {
        if !found.is_empty() {
            text += &format!("\n{title} ({})\n", found.len());
            text.extend(found.iter().map(|problem| format!("  {}\n", sentence(problem))));
        }
    }
    if report.is_sound() {
        text += "\nNo problems found.\n";
    }
    text
}

fn figures(subset: &SubsetReport) -> String {
    let SubsetReport { path, clips, files, groups, ambiguous, classes, frames, .. } = subset;
    let (clips_text, classes) = (counted(*clips, "clip"), counted(classes.len(), "class"));
    let mut text = format!("{}: {path}\n  {clips_text} of {classes}", title(subset.subset));
    if files < clips {
        text += &format!(", in {}", counted(*files, "video"));
    }
    if *groups > 0 {
        text += &format!(", of {}", counted(*groups, "recording"));
    }
    if *ambiguous > 0 {
        text += &format!(", and {}", counted(*ambiguous, "ambiguous segment"));
    }
    if let Some(frames) = frames {
        text += &format!("; {} to {} frames, median {}", frames.least, frames.most, frames.median);
    }
    text + "\n"
}

/// Returns the table of clips per class, with a column per subset.
fn class_table(subsets: &[SubsetReport]) -> String {
    let Some(first) = subsets.first() else { return String::new() };
    let width = first.classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0).max("class".len());
    let header: String = subsets.iter().map(|subset| format!(" {:>8}", title(subset.subset))).collect();
    let mut text = format!("\n  {:<width$}{header}\n", "class");
    for (label, class) in first.classes.iter().enumerate() {
        let counts = subsets.iter().map(|subset| subset.classes.get(label).map_or(0, |class| class.clips));
        let counts: String = counts.map(|clips| format!(" {clips:>8}")).collect();
        text += &format!("  {:<width$}{counts}\n", class.name);
    }
    text
}

fn title(subset: Subset) -> &'static str {
    match subset {
        Subset::Train => "Training",
        Subset::Test => "Test",
    }
}

fn sentence(Problem { subject, cause, remedy, .. }: &Problem) -> String {
    format!("{subject}: {cause}. {remedy}.")
}

//! `motionscope data check`: checks of a data set before training.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::list_arguments::ClipsArgs;
use crate::cli::outcome::Outcome;
use crate::data::{CheckPlan, CheckReport, Problem, Subset, SubsetReport, check};
use crate::error::Result;
use crate::plural::counted;

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

Exit codes: 0 no problems found, 1 problems found, 2 wrong usage";

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
    /// Decode every frame, not only the first of each clip
    #[arg(long)]
    thorough: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl DataCheckArgs {
    fn plan(&self) -> CheckPlan {
        let has_test = self.test_data.is_some() || self.test_list.is_some();
        let test = || self.clips.other_source(self.test_data.as_deref(), self.test_list.as_deref(), Subset::Test);
        CheckPlan { train: self.clips.source(Subset::Train), test: has_test.then(test), thorough: self.thorough }
    }
}

pub(super) fn run(arguments: &DataCheckArgs) -> Result<Outcome> {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} clips, {eta} left").expect("the template is well-formed");
    let bar = ProgressBar::no_length().with_style(style);
    let report = check(&arguments.plan(), &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report?;
    if arguments.json {
        println!("{:#}", document(&report));
    } else {
        print!("{}", text(&report));
    }
    Ok(if report.is_sound() { Outcome::Done } else { Outcome::SomeFailed })
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

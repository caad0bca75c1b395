//! `motionscope project labels`

use std::path::PathBuf;

use clap::Args;

use super::opening::open;
use crate::cli::outcome::Outcome;
use crate::error::Result;
use crate::labels::{Document, Label, StoredPath, Video};
use crate::plural::counted;

const EXAMPLES: &str = "\
Examples:
  motionscope project labels golf
  motionscope project labels golf --videos        the labels of each video
  motionscope project labels golf --unlabelled    videos without labels";

/// `motionscope project labels`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LabelsArgs {
    /// Project folder
    project: PathBuf,
    /// List the videos with their labels
    #[arg(long)]
    videos: bool,
    /// List the videos without labels
    #[arg(long, conflicts_with = "videos")]
    unlabelled: bool,
}

pub(super) fn run(arguments: &LabelsArgs) -> Result<Outcome> {
    let project = open(&arguments.project)?;
    let document = project.document();
    if arguments.videos {
        document.videos.values().for_each(|video| print_video(document, video));
    } else if arguments.unlabelled {
        for video in document.videos.values().filter(|video| video.is_unlabelled()) {
            println!("{}", StoredPath::plain(&video.path));
        }
    } else {
        print_counts(document);
    }
    Ok(Outcome::Done)
}

fn print_counts(document: &Document) {
    let classes = document.classes.iter().map(|class| Label::Class(class.id));
    println!("{:>6}  {:>8}  {:>8}  class", "clips", "segments", "frames");
    for label in classes.chain([Label::Background]) {
        let clips = document.videos.values().filter(|video| video.labels.contains(&label)).count();
        let segments = document.videos.values().flat_map(|video| &video.segments);
        let lengths: Vec<_> = segments.filter(|part| part.label == label).map(|part| part.end - part.start).collect();
        let frames: usize = lengths.iter().sum();
        println!("{clips:>6}  {:>8}  {frames:>8}  {}", lengths.len(), document.label_name(label));
    }
    let unlabelled = document.videos.values().filter(|video| video.is_unlabelled()).count();
    let locked = document.videos.values().filter(|video| video.locked.is_some()).count();
    let locked = if locked > 0 { format!(", {locked} with labels that cannot be read") } else { String::new() };
    println!("{}, {unlabelled} of them unlabelled{locked}", counted(document.videos.len(), "video"));
}

fn print_video(document: &Document, video: &Video) {
    let labels: Vec<_> = video.labels.iter().map(|label| document.label_name(*label)).collect();
    let said = match (&video.locked, labels.as_slice()) {
        (Some(_), _) => "(its labels cannot be read)".into(),
        (None, []) => "–".into(),
        (None, labels) => labels.join(", "),
    };
    println!("{}: {said}", StoredPath::plain(&video.path));
    for segment in &video.segments {
        let (name, last) = (document.label_name(segment.label), segment.end - 1);
        println!("  {:>7} – {last:<7} {name}", segment.start);
    }
}

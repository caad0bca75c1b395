//! `motionscope project check`

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;

use super::opening::{open, open_to_change, progress_bar};
use crate::cli::outcome::{Outcome, complain};
use crate::engine::facts_of;
use crate::error::Result;
use crate::labels::media_scan::{Finding, ScanFault, check, find_moved, relink};
use crate::labels::{Project, edits};
use crate::plural::counted;
use crate::video::is_video;

const EXAMPLES: &str = "\
Examples:
  motionscope project check golf
  motionscope project check golf --thorough          also compare the content of every video
  motionscope project check golf --relink /media/disk
  motionscope project check golf --accept            accept changed videos as they are now

Exit codes: 0 all videos unchanged, 1 some missing or changed, 2 wrong usage";

/// `motionscope project check`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ProjectCheckArgs {
    /// Project folder
    project: PathBuf,
    /// Also compare the content of the videos, not only their lengths
    #[arg(long)]
    thorough: bool,
    /// Search this folder for missing videos and relink them
    #[arg(long, value_name = "DIR")]
    relink: Option<PathBuf>,
    /// Accept new or changed videos as they are now
    #[arg(long)]
    accept: bool,
}

pub(super) fn run(arguments: &ProjectCheckArgs) -> Result<Outcome> {
    let changes = arguments.accept || arguments.relink.is_some();
    let mut project = if changes { open_to_change(&arguments.project)? } else { open(&arguments.project)? };
    let mut findings = look(&project, arguments.thorough);
    if let Some(folder) = &arguments.relink {
        let missing = findings.iter().filter(|finding| finding.fault == ScanFault::Missing).map(|finding| finding.id);
        let missing: Vec<_> = missing.collect();
        let found = find_moved(project.document(), project.dir(), &missing, folder, &is_video, &|| true);
        for relink in &found {
            let doubt = if relink.is_certain { "" } else { "  (matched by name only)" };
            println!("relinked  {}{doubt}", relink.to.display());
        }
        let step = relink(project.document(), project.dir(), &found);
        project.perform(step)?;
        findings = look(&project, arguments.thorough);
    }
    if arguments.accept {
        for finding in &findings {
            accept(&mut project, finding)?;
        }
        findings = look(&project, arguments.thorough);
    }
    if changes {
        project.save()?;
    }
    findings.iter().for_each(|finding| complain(&finding.to_error()));
    println!("{}, {} missing or changed", counted(project.document().videos.len(), "video"), findings.len());
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
}

fn look(project: &Project, thorough: bool) -> Vec<Finding> {
    let bar = progress_bar(project.document().videos.len());
    let findings = check(project.document(), project.dir(), thorough, &mut |done, _| {
        bar.set_position(done as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    findings
}

/// Records the current state of a video as the expected one.
fn accept(project: &mut Project, finding: &Finding) -> Result<()> {
    if !matches!(finding.fault, ScanFault::Changed | ScanFault::Unknown) {
        return Ok(());
    }
    match facts_of(&finding.path, project.dir()) {
        Ok(facts) => {
            let title = "Accepted a changed video";
            match edits::change_video(project.document(), finding.id, title, |video| video.facts = Some(facts)) {
                Ok(step) => {
                    project.perform(step)?;
                    let video = project.document().videos.get(&finding.id);
                    video.and_then(|video| video.note_beyond_end(&finding.path)).iter().for_each(complain);
                    return Ok(());
                }
                Err(locked) => complain(&locked),
            }
        }
        Err(error) => complain(&error),
    }
    Ok(())
}

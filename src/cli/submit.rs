//! `motionscope submit`: a command in shards as jobs of a batch system.

use std::env;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf, absolute};

use clap::error::ErrorKind;
use clap::{Args, Subcommand};

use super::outcome::{Outcome, complain};
use super::values::count;
use crate::cluster::{ArrayJob, Resources, Submitted, submit};
use crate::command_line::quoted;
use crate::error::{Error, Result};
use crate::plural::counted;
use crate::shards::{PartFolder, Shard};

const EXAMPLES: &str = "\
Examples:
  motionscope submit slurm --array 8 --parts parts -- \\
      evaluate actions --data clips --views 25x10 --report report
  motionscope submit slurm --array 8 --parts parts --partition gpu --gpus 1 --time 2:00:00 \\
      --sbatch=--account=lab -- evaluate actions --data clips --report report
  motionscope submit slurm --array 8 --parts parts --dry-run -- evaluate actions --data clips
  motionscope jobs parts

COMMAND is a command that takes --parts and --shard, written without these and from the folder in
which it would run on one machine. Each shard is a task of an array; when all have ended, a job runs
motionscope merge. Scripts and logs are in the folder slurm in that of the parts. Parts that are
there are not computed again, so the same command also starts what is missing after a failure.

Two minutes before its time limit, and before another job takes its machine, a task saves its work,
ends with exit code 75 and is queued again. Tasks of a machine that fails are queued again, too.

Exit codes: 0 submitted, 1 refused, 2 wrong usage";

/// `motionscope submit`
#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    #[command(subcommand)]
    system: BatchSystem,
}

#[derive(Debug, Subcommand)]
enum BatchSystem {
    /// Submit a command in shards to Slurm, as an array job and a job that merges
    #[command(after_help = EXAMPLES)]
    Slurm(Box<SlurmArgs>),
}

/// `motionscope submit slurm`
#[derive(Debug, Args)]
struct SlurmArgs {
    /// Shared folder for the parts, scripts and logs
    #[arg(long, value_name = "DIR")]
    parts: PathBuf,
    /// Number of shards, each of which is a task
    #[arg(long, value_name = "N", value_parser = count)]
    array: NonZeroUsize,
    /// Print the scripts and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Partition of the cluster
    #[arg(long, value_name = "NAME", value_parser = Resources::word)]
    partition: Option<String>,
    /// Time limit of a task, such as 90 (minutes), 2:00:00 or 1-12 (days-hours)
    #[arg(long, value_parser = Resources::time)]
    time: Option<String>,
    /// GPUs of a task, such as 1 or a100:1
    #[arg(long, value_name = "N|TYPE:N", value_parser = Resources::word)]
    gpus: Option<String>,
    /// CPU cores of a task
    #[arg(long, value_name = "N", value_parser = count)]
    cpus: Option<NonZeroUsize>,
    /// Memory of a task, such as 16G
    #[arg(long, value_name = "SIZE", value_parser = Resources::word)]
    memory: Option<String>,
    /// Container image to run in, by Apptainer
    #[arg(long, value_name = "IMAGE")]
    container: Option<PathBuf>,
    /// Program on the machines of the cluster [default: this one; in a container: motionscope]
    #[arg(long, value_name = "FILE")]
    program: Option<String>,
    /// Another option of sbatch, such as --account=lab; repeatable
    #[arg(long, value_name = "OPTION", value_parser = Resources::option, allow_hyphen_values = true)]
    sbatch: Vec<String>,
    /// Command to run in shards
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Submits a command of `program`, the grammar of the command line.
pub(super) fn run(arguments: &SubmitArgs, program: &clap::Command) -> Result<Outcome> {
    let BatchSystem::Slurm(arguments) = &arguments.system;
    let job = arguments.job(program)?;
    if arguments.dry_run {
        print!("{}", job.dry_run());
        return Ok(Outcome::Done);
    }
    let Submitted { record, no_merge } = submit(&job)?;
    println!("{} submitted to Slurm as job {}", counted(job.missing.len(), "task"), record.array);
    let parts = quoted([arguments.parts.to_string_lossy().into_owned()]);
    if let Some(error) = no_merge {
        complain(&error);
        println!("Merge the parts when they are there: motionscope merge {parts}");
        return Ok(Outcome::SomeFailed);
    }
    println!("Job {} merges the parts. Progress: motionscope jobs {parts}", record.merge.unwrap_or_default());
    Ok(Outcome::Done)
}

impl SlurmArgs {
    fn job(&self, program: &clap::Command) -> Result<ArrayJob> {
        let command = self.sharded_command(program)?;
        let parts = absolute(&self.parts).map_err(|error| Error::io(&self.parts, &error))?;
        let image = self.container.as_ref().map(|image| absolute(image).map_err(|error| Error::io(image, &error)));
        let container = image.transpose()?;
        [Some(&parts), container.as_ref()].into_iter().flatten().try_for_each(|path| check_path(path))?;
        let folder = PartFolder::new(&parts);
        let shards = self.array.get();
        let other = folder.shards()?.into_iter().find(|shard| shard.count() != shards);
        if let Some(shard) = other {
            let cause = format!("there are parts of {} shards in it, and --array is {shards}", shard.count());
            return Err(Error::file(&self.parts, cause, "Choose another folder, or the number of the parts"));
        }
        let missing = ArrayJob::missing_of(&folder, shards)?;
        if missing.is_empty() {
            let remedy = format!("Merge them: motionscope merge {}", quoted([parts.to_string_lossy().into_owned()]));
            return Err(Error::file(&self.parts, "all parts are there", remedy));
        }
        let force = command.iter().any(|word| word == "--force");
        let resources = Resources {
            partition: self.partition.clone(),
            time: self.time.clone(),
            gpus: self.gpus.clone(),
            cpus: self.cpus.map(NonZeroUsize::get),
            memory: self.memory.clone(),
            container,
            others: self.sbatch.clone(),
        };
        Ok(ArrayJob { parts, program: self.program()?, command, shards, missing, force, resources })
    }

    /// Returns the program on the machines of the cluster.
    fn program(&self) -> Result<String> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        if self.container.is_some() {
            return Ok("motionscope".into());
        }
        let own = env::current_exe().map_err(|error| Error::io(Path::new("motionscope"), &error))?;
        check_path(&own)?;
        Ok(own.to_string_lossy().into_owned())
    }

    /// Returns the words of the command, which is checked as if its first shard were computed here.
    fn sharded_command(&self, program: &clap::Command) -> Result<Vec<String>> {
        let named = self.command.first().is_some_and(|word| word == "motionscope");
        let words = self.command[usize::from(named)..].to_vec();
        let is_own = |word: &&String| matches!(word.split('=').next(), Some("--parts" | "--shard"));
        if let Some(word) = words.iter().find(is_own) {
            let name = word.split('=').next().unwrap_or_default();
            return Err(Error::usage(name, "submit sets this option of the command", "Leave it out after the --"));
        }
        let shard = Shard::new(1, self.array.get()).ok_or_else(|| {
            Error::usage("--array", "there are at most 100000 shards", "Choose fewer, with more work each")
        })?;
        let first = ["--parts", "parts", "--shard"].map(str::to_owned).into_iter().chain([shard.to_string()]);
        let line = ["motionscope".to_owned()].into_iter().chain(words.iter().cloned()).chain(first);
        match program.clone().try_get_matches_from(line) {
            Ok(_) => Ok(words),
            Err(error) => Err(refusal(&error, &words)),
        }
    }
}

/// Returns why `words` are no command in shards.
fn refusal(error: &clap::Error, words: &[String]) -> Error {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches(['.', ':']);
    let name: Vec<&str> = words.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).take(2).collect();
    let knows_no_parts = error.kind() == ErrorKind::UnknownArgument && first.contains("'--parts'");
    let cause = if knows_no_parts { "this command does not work in shards" } else { first };
    let remedy = match knows_no_parts {
        true => "Use one that takes --parts and --shard, such as evaluate actions".to_owned(),
        false => format!("See motionscope {} --help", name.join(" ")),
    };
    Error::usage(if name.is_empty() { "COMMAND".to_owned() } else { name.join(" ") }, cause, remedy)
}

/// Refuses paths that a script of Slurm cannot name.
fn check_path(path: &Path) -> Result<()> {
    let text = path.to_str().filter(|text| !text.chars().any(|c| c.is_control() || c == '\\'));
    let cause = "Slurm takes no path with a backslash, a line break or bytes that are not Unicode";
    text.map(drop).ok_or_else(|| Error::file(path, cause, "Choose another folder"))
}

#[cfg(test)]
mod tests {
    use super::super::arguments::{Cli, Command, parse, program};
    use super::*;

    fn job(line: &str) -> Result<ArrayJob> {
        let words = ["motionscope", "submit", "slurm"].into_iter().chain(line.split(' '));
        let cli: Cli = parse(words.map(Into::into)).unwrap_or_else(|error| panic!("{error}"));
        let Some(Command::Submit(SubmitArgs { system: BatchSystem::Slurm(arguments) })) = cli.command else {
            panic!("another command")
        };
        arguments.job(&program())
    }

    #[test]
    fn only_commands_in_shards_are_submitted() {
        let refused = |line: &str| job(line).unwrap_err().to_string();
        let told = refused("--array 2 --parts p -- info");
        assert_eq!(
            told,
            "info: this command does not work in shards. Use one that takes --parts and --shard, such as evaluate actions."
        );
        let told = refused("--array 2 --parts p -- evaluate actions --data clips --veiws 5x2");
        assert!(told.starts_with("evaluate actions: unexpected argument '--veiws'"), "{told}");
        let told = refused("--array 2 --parts p -- evaluate actions --data clips --shard=1/2");
        assert!(told.starts_with("--shard: submit sets this option"), "{told}");
        assert!(refused("--array 200000 --parts p -- evaluate actions --data c").contains("at most 100000"));
        assert!(refused("--array 2 --parts p\\q -- evaluate actions --data c").contains("backslash"));
        for line in [
            "predict videos --out out",
            "analyze clips --out out",
            "flow clip.mp4 --out flow",
            "evaluate flow --dataset kitti2015 --root KITTI",
            "evaluate groups --data clips --folds 5",
            "reproduce table1 --out out",
            "data check --data clips --json",
        ] {
            assert_eq!(job(&format!("--array 2 --parts p -- {line}")).unwrap().command.join(" "), line);
        }
        let job = job("--array 2 --parts p -- motionscope evaluate actions --data clips --force").unwrap();
        assert_eq!(job.command, ["evaluate", "actions", "--data", "clips", "--force"]);
        assert!(job.force && job.parts.is_absolute() && job.missing.len() == 2);
    }
}

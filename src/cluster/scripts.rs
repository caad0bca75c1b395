//! The scripts of an array job and of its merge job.

use std::path::{Path, PathBuf};

use super::Resources;
use super::resources::SAVING_SECS;
use crate::command_line::quoted;
use crate::shards::{PartFolder, Shard};

/// Maximum number of requeues of a task: one that never saves any progress must not run forever.
const MOST_RESTARTS: usize = 100;

/// A command in shards, each of which is a task of an array job.
#[derive(Debug, Clone)]
pub struct ArrayJob {
    /// The folder of the parts, absolute.
    pub parts: PathBuf,
    /// The program on the machines of the cluster, or in the container.
    pub program: String,
    /// The command's arguments, without `--parts` and `--shard`.
    pub command: Vec<String>,
    /// Number of shards.
    pub shards: usize,
    /// Shards to compute, ascending.
    pub missing: Vec<Shard>,
    /// `true` if the merge overwrites files.
    pub force: bool,
    /// Resources of each task.
    pub resources: Resources,
}

impl ArrayJob {
    /// Returns the folder of its scripts and logs in that of the parts.
    pub(super) fn folder(parts: &Path) -> PathBuf {
        parts.join("slurm")
    }

    /// Returns the log of a task.
    pub(super) fn log(parts: &Path, shard: Shard) -> PathBuf {
        Self::folder(parts).join(format!("task-{}.log", shard.index()))
    }

    /// Returns the log of the merge.
    pub(super) fn merge_log(parts: &Path) -> PathBuf {
        Self::folder(parts).join("merge.log")
    }

    /// Returns the shards without a part.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn missing_of(folder: &PartFolder, shards: usize) -> crate::error::Result<Vec<Shard>> {
        let there = folder.shards()?;
        let all = (1..=shards).filter_map(|index| Shard::new(index, shards));
        Ok(all.filter(|shard| !there.contains(shard)).collect())
    }

    /// Returns the script of a task.
    pub fn task_script(&self) -> String {
        let own = ["--job-name=motionscope".to_owned(), format!("--array={}", self.ranges())];
        let fixed = ["--ntasks=1", "--requeue", "--open-mode=append"].map(str::to_owned);
        let signal = format!("--signal=TERM@{SAVING_SECS}");
        let lines = own.into_iter().chain(fixed).chain([signal]).chain(self.resources.lines());
        let cpus = self.resources.cpus.map(|cpus| format!(" --cpus-per-task={cpus}")).unwrap_or_default();
        let command = self.words(self.command.iter().cloned().chain(["--parts".into(), text(&self.parts)]));
        format!(
            r#"#!/bin/bash
{head}
# SIGTERM is for the program, which saves its work. This script has to outlive it.
trap : TERM
srun --ntasks=1{cpus} {command} --shard "$SLURM_ARRAY_TASK_ID/{shards}"
code=$?
# The last task has the number of the whole array.
task="${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
# Stopped by SIGTERM with its work saved (75) or while it started (143), and neither cancelled nor queued again by Slurm itself.
if {{ [ "$code" = 75 ] || [ "$code" = 143 ]; }} && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {MOST_RESTARTS} ] &&
    [ "$(squeue -h -r -j "$task" -o %T)" = RUNNING ]; then
    echo "Stopped before the end, and queued again"
    scontrol requeue "$task"
fi
exit "$code"
"#,
            head = head(lines),
            shards = self.shards,
        )
    }

    /// Returns the script of the job that merges the parts.
    pub fn merge_script(&self) -> String {
        let own = ["--job-name=motionscope-merge", "--ntasks=1", "--open-mode=append"].map(str::to_owned);
        let force = self.force.then(|| "--force".to_owned());
        let words = ["merge".to_owned(), text(&self.parts)].into_iter().chain(force);
        let head = head(own.into_iter().chain(self.resources.common_lines()));
        format!("#!/bin/bash\n{head}\nexec {}\n", self.words(words))
    }

    /// Returns the command line of the program with `words`, inside the container if there is one.
    fn words(&self, words: impl IntoIterator<Item = String>) -> String {
        let within = self.resources.container.as_ref().map(|image| {
            let gpu = self.resources.gpus.as_ref().map(|_| "--nv".to_owned());
            let parts = ["--bind".to_owned(), text(&self.parts)];
            let run = ["apptainer", "exec"].map(str::to_owned);
            run.into_iter().chain(gpu).chain(parts).chain([text(image)])
        });
        quoted(within.into_iter().flatten().chain([self.program.clone()]).chain(words))
    }

    /// Returns the numbers of the missing shards in Slurm's format: `1-4,7`.
    fn ranges(&self) -> String {
        let mut ranges: Vec<[usize; 2]> = Vec::new();
        for index in self.missing.iter().map(|shard| shard.index()) {
            match ranges.last_mut() {
                Some([_, last]) if *last + 1 == index => *last = index,
                _ => ranges.push([index, index]),
            }
        }
        let range = |[first, last]: [usize; 2]| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        ranges.into_iter().map(range).collect::<Vec<_>>().join(",")
    }
}

/// Returns the `#SBATCH` lines of a script.
fn head(options: impl IntoIterator<Item = String>) -> String {
    options.into_iter().map(|option| format!("#SBATCH {option}")).collect::<Vec<_>>().join("\n")
}

/// Returns a path as text; paths that are not valid text are refused earlier.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(missing: &[usize]) -> ArrayJob {
        ArrayJob {
            parts: "/scratch/my parts".into(),
            program: "/opt/motionscope".into(),
            command: ["evaluate", "actions", "--data", "it's; rm -rf $HOME\n#SBATCH --x"].map(str::to_owned).into(),
            shards: 8,
            missing: missing.iter().filter_map(|&index| Shard::new(index, 8)).collect(),
            force: true,
            resources: Resources::default(),
        }
    }

    #[test]
    fn words_of_the_command_stay_words_of_the_script() {
        let script = job(&[1, 2, 3, 5, 7, 8]).task_script();
        assert!(script.contains("\n#SBATCH --array=1-3,5,7-8\n"), "{script}");
        let command = "srun --ntasks=1 /opt/motionscope evaluate actions --data 'it'\\''s; rm -rf $HOME\n#SBATCH --x' \
                       --parts '/scratch/my parts' --shard \"$SLURM_ARRAY_TASK_ID/8\"\n";
        assert!(script.contains(command), "{script}");
        let head = script.lines().take_while(|line| line.starts_with('#'));
        assert!(head.clone().count() > 5 && !head.into_iter().any(|line| line.contains("--x")), "{script}");
        assert!(job(&[1]).merge_script().ends_with("\nexec /opt/motionscope merge '/scratch/my parts' --force\n"));
    }

    #[test]
    fn resources_are_asked_for_and_a_container_gets_the_folder() {
        let word = |text: &str| Some(text.to_owned());
        let resources = Resources {
            partition: word("gpu"),
            time: word("2:00:00"),
            gpus: word("a100:1"),
            cpus: Some(8),
            memory: word("16G"),
            container: Some("/images/ms.sif".into()),
            others: vec!["--account=lab".into()],
        };
        let job = ArrayJob { resources, program: "motionscope".into(), command: vec!["flow".into()], ..job(&[4]) };
        let script = job.task_script();
        for line in ["gres=gpu:a100:1", "mem=16G", "cpus-per-task=8", "time=2:00:00", "partition=gpu", "account=lab"] {
            assert!(script.contains(&format!("\n#SBATCH --{line}\n")), "{line}: {script}");
        }
        let run = "srun --ntasks=1 --cpus-per-task=8 apptainer exec --nv --bind '/scratch/my parts' /images/ms.sif motionscope flow";
        assert!(script.contains(run), "{script}");
        let merge = job.merge_script();
        assert!(merge.contains("--account=lab") && merge.contains("--partition=gpu") && !merge.contains("gres"));
    }
}

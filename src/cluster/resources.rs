//! Slurm resources of each task of an array.

use std::path::PathBuf;

/// Seconds before the time limit at which Slurm sends a task SIGTERM, to let it save its work.
pub(super) const SAVING_SECS: u64 = 120;
/// Shortest time limit in seconds: Slurm may send SIGTERM up to a minute early, and a shorter task would be requeued
/// forever.
const SHORTEST_SECS: u64 = 300;

/// The resources of a task; the cluster's default applies for `None`. The texts are checked by the functions of this
/// type.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// Slurm's partition.
    pub partition: Option<String>,
    /// Time limit in Slurm's format: `2:00:00`.
    pub time: Option<String>,
    /// Number of GPUs, optionally with their type: `1`, `a100:2`.
    pub gpus: Option<String>,
    /// Number of CPU cores.
    pub cpus: Option<usize>,
    /// Memory: `16G`.
    pub memory: Option<String>,
    /// Apptainer container image in which the tasks run.
    pub container: Option<PathBuf>,
    /// Other options of `sbatch`: `--account=lab`.
    pub others: Vec<String>,
}

impl Resources {
    /// Validates a word of a line that begins with `#SBATCH`.
    ///
    /// # Errors
    /// If Slurm would read it as more than this word or as something else.
    pub fn word(text: &str) -> Result<String, String> {
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"'\\#`$;".contains(c);
        match !text.is_empty() && text.chars().all(is_plain) {
            true => Ok(text.to_owned()),
            false => Err("expected a word without spaces, quotes and special characters".into()),
        }
    }

    /// Validates another option of `sbatch`.
    ///
    /// # Errors
    /// If it is not an option, or one that the script sets.
    pub fn option(text: &str) -> Result<String, String> {
        const OWN: [&str; 7] = ["array", "chdir", "dependency", "output", "open-mode", "requeue", "signal"];
        let name = text.strip_prefix("--").map(|rest| rest.split('=').next().unwrap_or_default());
        match name {
            Some(name) if OWN.contains(&name) => Err("motionscope submit sets this option itself".into()),
            Some(name) if !name.is_empty() => Self::word(text),
            _ => Err("expected --NAME or --NAME=VALUE, such as --account=lab".into()),
        }
    }

    /// Validates a time limit: minutes, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`, `days-hours:minutes`
    /// or `days-hours:minutes:seconds`.
    ///
    /// # Errors
    /// If it is malformed, or too short for a task to save its work.
    pub fn time(text: &str) -> Result<String, String> {
        match seconds(text) {
            None => Err("expected a time such as 90 (minutes), 2:00:00 or 1-12 (days-hours)".into()),
            Some(secs) if secs < SHORTEST_SECS => {
                Err(format!("expected {} minutes or more: a task has to save its work", SHORTEST_SECS / 60))
            }
            Some(_) => Ok(text.to_owned()),
        }
    }

    /// Returns the lines of a script that request these resources.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("--{name}={value}"));
        let own = [line("gres", &self.gpus.as_ref().map(|gpus| format!("gpu:{gpus}"))), line("mem", &self.memory)];
        let cpus = line("cpus-per-task", &self.cpus.map(|cpus| cpus.to_string()));
        let time = line("time", &self.time);
        own.into_iter().chain([cpus, time]).flatten().chain(self.common_lines()).collect()
    }

    /// Returns the lines that the merge task needs as well.
    pub(super) fn common_lines(&self) -> Vec<String> {
        let partition = self.partition.as_ref().map(|partition| format!("--partition={partition}"));
        partition.into_iter().chain(self.others.iter().cloned()).collect()
    }
}

/// Converts a Slurm time limit to seconds.
fn seconds(text: &str) -> Option<u64> {
    let numbers = |text: &str| text.split(':').map(|number| number.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let [days, hours, minutes, seconds] = match text.split_once('-') {
        Some((days, rest)) => match *numbers(rest)?.as_slice() {
            [hours] => [days.parse().ok()?, hours, 0, 0],
            [hours, minutes] => [days.parse().ok()?, hours, minutes, 0],
            [hours, minutes, seconds] => [days.parse().ok()?, hours, minutes, seconds],
            _ => return None,
        },
        None => match *numbers(text)?.as_slice() {
            [minutes] => [0, 0, minutes, 0],
            [minutes, seconds] => [0, 0, minutes, seconds],
            [hours, minutes, seconds] => [0, hours, minutes, seconds],
            _ => return None,
        },
    };
    let sum = |total: u64, (number, unit): (u64, u64)| total.checked_add(number.checked_mul(unit)?);
    [(days, 86_400), (hours, 3600), (minutes, 60), (seconds, 1)].into_iter().try_fold(0, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        for (text, secs) in
            [("90", 5400), ("9:30", 570), ("2:00:00", 7200), ("1-12", 129_600), ("1-0:30", 88_200), ("1-0:0:1", 86_401)]
        {
            assert_eq!(seconds(text), Some(secs), "{text}");
        }
        for text in ["", "-1", "x", "1:2:3:4", "1-", "99999999999999999999", "99999999999999999-0"] {
            assert!(Resources::time(text).is_err_and(|cause| cause.contains("such as 90")), "{text}");
        }
        assert!(Resources::time("4:59").is_err_and(|cause| cause.contains("5 minutes or more")));
    }

    #[test]
    fn what_would_be_more_than_a_word_of_a_script_is_refused() {
        assert!(Resources::word("gpu,long").is_ok() && Resources::option("--account=lab").is_ok());
        for text in ["", "a b", "a\n#SBATCH --x", "$(rm)", "a;b", "\"", "Ü"] {
            assert!(Resources::word(text).is_err(), "{text}");
        }
        for text in ["account=lab", "--", "--a=b c", "-A", "--array=1-9", "--output=x"] {
            assert!(Resources::option(text).is_err(), "{text}");
        }
    }
}

//! One evaluation over several machines, as it is typed: parts, merging, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use motionscope::cli::bench::fixture;
use motionscope::video::Geometry;
use serde_json::Value;

use crate::cli::{code, motionscope, program, text, untrained_model};

const EVALUATE: &str = "evaluate actions --views 2x1 --model model --device cpu --data clips --report out/report \
                        --scores out/scores --json out/result.json";

/// What is printed, what is said besides, and the exit code.
pub fn run(dir: &Path, line: &str) -> (String, String, i32) {
    let output = motionscope(dir, &line.split_whitespace().collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

/// Makes a model and five clips of its two classes in `dir`, one of which cannot be read.
fn prepare(dir: &Path) {
    untrained_model(&dir.join("model"));
    for (number, name) in ["one/a", "one/b", "two/c", "two/d"].iter().enumerate() {
        let clip = dir.join("clips").join(format!("{name}.mp4"));
        fs::create_dir_all(clip.parent().unwrap()).unwrap();
        fixture::clip(dir, 6 + number, Geometry { width: 96, height: 80 }).unwrap();
        fs::rename(dir.join("clip.mp4"), clip).unwrap();
    }
    fs::write(dir.join("clips/one/ab.mp4"), "not a video").unwrap();
}

/// The files in and below `folder` with their content.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => _ = found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()),
            }
        }
    }
    found
}

#[test]
fn merged_parts_are_byte_for_byte_what_one_machine_writes() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let (printed, said, status) = run(dir.path(), EVALUATE);
    assert_eq!(status, 1, "one clip cannot be read: {said}");
    fs::rename(dir.path().join("out"), dir.path().join("alone")).unwrap();

    let shard = |options: &str| run(dir.path(), &format!("{EVALUATE} --parts parts {options}"));
    let mut lines = vec![shard("--shard 3/3").0, shard("--shard=1/3").0];
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("parts: 1 of 3 parts missing: 2/3. Run the command again"), "{said}");
    let line = format!("{EVALUATE} --parts parts");
    let mut task = program(dir.path(), &line.split_whitespace().collect::<Vec<_>>());
    for (name, value) in [("ID", "7"), ("MIN", "6"), ("COUNT", "3")] {
        task.env(format!("SLURM_ARRAY_TASK_{name}"), value);
    }
    lines.push(text(&task.output().unwrap().stdout).to_owned());
    for (line, shard) in lines.iter().zip(["3/3", "1/3", "2/3"]) {
        assert!(line.starts_with(&format!("Shard {shard}: ")), "{line}");
    }
    assert_eq!(lines.iter().filter(|line| line.contains(", 1 failed")).count(), 1, "{lines:?}");
    assert!(shard("--shard 2/3").0.starts_with("Shard 2/3 is complete"));
    assert!(!dir.path().join("out").exists(), "a shard writes nothing but its part");

    let merged = run(dir.path(), "merge parts");
    assert_eq!((merged.0, merged.2), (printed, 1), "{}", merged.1);
    assert!(merged.1.contains("ab.mp4"), "what could not be read is named: {}", merged.1);
    let (alone, together) = (contents(&dir.path().join("alone")), contents(&dir.path().join("out")));
    assert_eq!(alone.keys().collect::<Vec<_>>(), together.keys().collect::<Vec<_>>());
    assert!(alone.len() > 6, "{:?}", alone.keys());
    for (name, content) in &alone {
        assert!(
            *content == together[name],
            "{} differs:\n{}\n{}",
            name.display(),
            text(content),
            text(&together[name])
        );
    }
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("exist, so nothing was written"), "{said}");
    assert_eq!(run(dir.path(), "merge parts --force").2, 1);
    assert_eq!(contents(&dir.path().join("out")), together);
}

#[test]
fn a_shard_of_other_settings_or_clips_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let shard = |options: &str| run(dir.path(), &format!("{EVALUATE} --parts parts {options}"));
    assert_eq!(shard("--shard 1/9").2, 0, "the clip that cannot be read is another shard's");
    let before = contents(&dir.path().join("parts"));
    for (options, refusal) in [
        ("", "--shard: no shard is named"),
        ("--shard 2/8", "this is one of 9 parts, and there are others of 8"),
        ("--shard 2/9 --spread even", "this part is of another job: spread: paper instead of even"),
        ("--shard 2/9 --weight 3", "of another job: fusion: {"),
    ] {
        let (_, said, status) = shard(options);
        assert!(status > 0 && said.contains(refusal), "{options}: {said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("motionscope: ")).count(), 1, "{said}");
    }
    fs::write(dir.path().join("clips/one/ab.mp4"), "longer, and still not a video").unwrap();
    assert!(shard("--shard 1/9").1.contains("the list of clips, or the size of a file, is not the same"));
    assert_eq!(contents(&dir.path().join("parts")), before);
    let (_, said, status) = run(dir.path(), "merge clips");
    assert!(status == 1 && said.contains("clips: there are no parts in it"), "{said}");
    let (_, said, status) = run(dir.path(), &format!("{EVALUATE} --shard 1/2"));
    assert!(status == 2 && said.contains("--parts"), "{said}");
}

#[test]
fn a_data_check_in_shards_prints_what_one_machine_prints() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    fs::copy(dir.path().join("clips/one/a.mp4"), dir.path().join("clips/two/copy.mp4")).unwrap();
    fs::write(dir.path().join("train.csv"), "one/a.mp4,one\none/b.mp4,one,0.0,0.1\none/ab.mp4,one\n").unwrap();
    fs::write(dir.path().join("test.csv"), "two/copy.mp4,one\ntwo/c.mp4,two,0,99\ntwo/d.mp4,two\n").unwrap();
    let line = "data check --data clips --list train.csv --test-list test.csv";
    for options in ["", " --json", " --thorough"] {
        let (printed, said, status) = run(dir.path(), &format!("{line}{options}"));
        assert!(status == 1 && printed.contains("ab.mp4") && printed.contains("copy.mp4"), "{printed}{said}");
        let parts = format!("parts{}", options.trim());
        let shard = |shard: &str| run(dir.path(), &format!("{line}{options} --parts {parts} --shard {shard}"));
        let merge = || run(dir.path(), &format!("merge {parts}"));
        assert_eq!((shard("2/3").2, shard("1/3").2), (0, 0), "what is wrong with a clip is part of the report");
        let (_, said, status) = merge();
        assert!(status == 1 && said.contains("1 of 3 parts missing: 3/3"), "{said}");
        let (_, said, status) = run(dir.path(), &format!("data check --data clips --parts {parts} --shard 3/3"));
        assert!(status == 1 && said.contains("of another job"), "{said}");
        shard("3/3");
        assert!(shard("3/3").0.starts_with("Shard 3/3 is complete"));
        let merged = merge();
        assert_eq!((merged.0, merged.2), (printed, 1), "{}", merged.1);
    }
    fs::write(dir.path().join("clips/one/ab.mp4"), "longer, and still not a video").unwrap();
    let (_, said, status) = run(dir.path(), "merge parts");
    assert!(status == 1 && said.contains("of other clips than there are now"), "{said}");
}

/// As at the time limit of a batch system.
#[test]
#[cfg(target_os = "linux")]
fn a_shard_that_is_stopped_continues_with_the_same_scores() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let line = format!("{EVALUATE} --parts parts --shard 1/1").replace("--views 2x1", "--views 25x10");
    let mut shard = program(dir.path(), &line.split_whitespace().collect::<Vec<_>>());
    let mut running = shard.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lock = dir.path().join("parts/running-1-of-1.lock");
    while !lock.exists() {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it began");
        thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("of 5 clips kept; start it again to continue"), "{}", text(&output.stdout));
    let unfinished = dir.path().join("parts/unfinished-1-of-1.json");
    assert!(unfinished.is_file() && !dir.path().join("parts/part-1-of-1.json").exists());

    // What it would have kept after two clips.
    let whole = dir.path().join("whole/part-1-of-1.json");
    assert_eq!(run(dir.path(), &format!("{EVALUATE} --parts whole --shard 1/1")).2, 1, "one clip cannot be read");
    let mut kept: Value = serde_json::from_slice(&fs::read(&whole).unwrap()).unwrap();
    let clips = kept["results"]["items"].as_array().unwrap()[..2].to_vec();
    kept["results"] = serde_json::json!({ "of": 5, "results": clips });
    fs::create_dir(dir.path().join("torn")).unwrap();
    fs::write(dir.path().join("torn/unfinished-1-of-1.json"), kept.to_string()).unwrap();
    let (_, said, status) = run(dir.path(), &format!("{EVALUATE} --parts torn --shard 1/1"));
    assert!(status == 1 && said.contains("Shard 1/1 continues after 2 of 5 clips"), "{said}");
    assert_eq!(contents(&dir.path().join("torn")), contents(&dir.path().join("whole")));
}

/// Writes a program of Slurm's name that does what `script` says.
#[cfg(unix)]
fn pretend(dir: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("bin").join(name);
    fs::create_dir_all(dir.join("bin")).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The answers of Slurm are made up here; `tests/slurm` asks a real one.
#[test]
#[cfg(unix)]
fn a_submission_is_recorded_refused_a_second_time_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("bin")).unwrap();
    let run = |line: &str| {
        let mut command = program(dir.path(), &line.split_whitespace().collect::<Vec<_>>());
        let path = format!("{}:/usr/bin:/bin", at("bin").display());
        // A Slurm that is installed here stays out of it.
        let path = if at("bin/sbatch").exists() { path } else { at("bin").display().to_string() };
        let output = command.env("PATH", path).output().unwrap();
        (text(&output.stdout), text(&output.stderr), code(&output))
    };
    let submit = "submit slurm --array 3 --parts parts --sbatch=--account=lab -- evaluate actions --data clips";
    let (printed, said, status) = run(&submit.replace("--parts", "--dry-run --parts"));
    assert!(status == 0 && printed.contains("#SBATCH --account=lab") && printed.contains("afterany:ARRAY"), "{said}");
    let (_, said, status) = run(submit);
    assert_eq!((status, said.lines().count()), (1, 1), "{said}");
    assert!(said.contains("sbatch: this command of Slurm is not on this machine"), "{said}");
    assert!(!at("parts").exists(), "nothing was written");

    pretend(
        dir.path(),
        "sbatch",
        "[ \"$1\" = --version ] && exit; echo \"$@\" >> sbatch.log; wc -l < sbatch.log | tr -d ' '",
    );
    pretend(
        dir.path(),
        "squeue",
        "for last; do :; done; cat queue.$last 2>/dev/null || { echo 'Invalid job id specified' >&2; exit 1; }",
    );
    pretend(dir.path(), "sacct", "exit 1");
    let (printed, said, status) = run(submit);
    assert_eq!(status, 0, "{said}");
    assert!(printed.contains("3 tasks submitted to Slurm as job 1\nJob 2 merges the parts."), "{printed}");
    let log = fs::read_to_string(at("sbatch.log")).unwrap();
    let scripts = at("parts/slurm").display().to_string();
    assert!(log.contains(&format!("--output={scripts}/task-%a.log {scripts}/array.sh\n")), "{log}");
    assert!(log.contains("--dependency=afterany:1"), "{log}");

    fs::write(at("queue.1"), "1|RUNNING|node7\n2|NODE_FAIL|\n3|PENDING|\n").unwrap();
    fs::write(at("queue.2"), "N/A|PENDING|\n").unwrap();
    fs::write(at("parts/slurm/task-2.log"), "slurmstepd: error\n").unwrap();
    let (_, said, status) = run(submit);
    assert!(status == 1 && said.contains("its last submission is unfinished, job 1"), "{said}");
    assert!(said.contains("scancel 1 2") && said.lines().count() == 1, "{said}");
    let (printed, said, status) = run("jobs parts");
    assert_eq!(status, 1, "one has failed: {said}");
    let words = |line: usize| printed.lines().nth(line).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!([words(1), words(3)], ["1/3 running node7", "3/3 queued"], "{printed}");
    assert!(words(2).starts_with("2/3 node fail") && words(2).ends_with("s slurmstepd: error"), "{printed}");
    assert!(printed.ends_with("3 parts: 1 running, 1 node fail, 1 queued\nMerge (job 2): queued\n"), "{printed}");

    ["queue.1", "queue.2"].iter().for_each(|name| fs::remove_file(at(name)).unwrap());
    assert_eq!(run(submit).2, 0, "after its end it may be submitted again");
    let (_, said, status) = run("jobs bin");
    assert!(status == 1 && said.contains("there is nothing of a job in it"), "{said}");
}

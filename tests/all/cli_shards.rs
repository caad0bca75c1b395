//! One evaluation over several machines, as it is typed: parts, merging, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use motionscope::cli::bench::fixture;
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, program, text, untrained_model};

const EVALUATE: &str = "evaluate actions --views 2x1 --model model --device cpu --data clips --report out/report \
                        --scores out/scores --json out/result.json";

/// What is printed, what is said besides, and the exit code.
fn run(dir: &Path, line: &str) -> (String, String, i32) {
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
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
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
    assert_eq!(lines.iter().filter(|line| line.contains("1 could not be read")).count(), 1, "{lines:?}");
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
    assert!(shard("--shard 1/9").1.contains("the list of clips, or the size of a clip, is not the same"));
    assert_eq!(contents(&dir.path().join("parts")), before);
    let (_, said, status) = run(dir.path(), "merge clips");
    assert!(status == 1 && said.contains("clips: there are no parts in it"), "{said}");
    let (_, said, status) = run(dir.path(), &format!("{EVALUATE} --shard 1/2"));
    assert!(status == 2 && said.contains("--parts"), "{said}");
}

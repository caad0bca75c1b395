//! The folder of a reproduction: its settings, which must not change between runs, and the generated sample.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::experiment::ExperimentRow;
use super::flow_rivals::FLOWNET2;
use super::settings::ReproductionSettings;
use crate::atomic;
use crate::error::{Error, Result};
use crate::files;
use crate::output::{Hidden, OutputGuard};
use crate::sample::{write_pairs, write_project};
use crate::video::Geometry;

const CONFIG: &str = "config.toml";
/// The result files beside the settings.
const RESULTS: [&str; 4] = ["table.md", "table.csv", "table.json", "speed.json"];
/// Maximum number of differing settings listed in an error.
const NAMED: usize = 4;

/// Prepares `dir` for `settings`; a folder with results of other settings is rejected.
///
/// # Errors
/// If the settings differ from those in the folder, with the differences in the message, or the folder cannot be
/// written.
pub fn prepare(dir: &Path, settings: &ReproductionSettings) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
    let path = dir.join(CONFIG);
    let text = toml::to_string_pretty(settings)
        .map_err(|error| Error::wrap(&path, error, "Report these settings as a defect"))?;
    match files::read_to_string(&path) {
        Ok(before) => {
            let differences = differences(&before, &text);
            if differences.is_empty() {
                return Ok(());
            }
            let more = differences.len().saturating_sub(NAMED);
            let mut cause = format!("it holds an experiment with other settings: {}", differences_named(&differences));
            if more > 0 {
                cause += &format!(", and {more} more");
            }
            Err(Error::file(dir, cause, "Give the same settings, another --out, or --fresh to start over"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let existing = OutputGuard::default().existing(&RESULTS.map(|name| dir.join(name)))?;
            if let Some(file) = existing.first() {
                let cause = "it does not belong to a Motionscope experiment and was not replaced";
                return Err(Error::file(file, cause, "Choose another --out"));
            }
            // Another machine may have created the folder first, with other settings.
            match atomic::create(&path, |writer| writer.write_all(text.as_bytes()))? {
                true => Ok(()),
                false => prepare(dir, settings),
            }
        }
        Err(error) => Err(Error::io(&path, &error)),
    }
}

/// Removes the results of an earlier experiment from `dir`: only known files, and only if settings are beside them. The
/// sample is kept.
///
/// # Errors
/// If something cannot be removed.
pub fn clear(dir: &Path, rows: &[ExperimentRow]) -> Result<()> {
    if !dir.join(CONFIG).is_file() {
        return Ok(());
    }
    let folders = rows.iter().map(|row| row.id.as_str()).chain(["motion", "stacked-a", FLOWNET2]);
    for path in folders.map(|name| dir.join(name)) {
        ignore_missing(&path, fs::remove_dir_all(&path))?;
    }
    // The settings are removed last: without them a second attempt would remove nothing.
    for path in RESULTS.iter().chain([&CONFIG]).map(|name| dir.join(name)) {
        ignore_missing(&path, fs::remove_file(&path))?;
    }
    Ok(())
}

fn ignore_missing(path: &Path, outcome: std::io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, &error)),
        _ => Ok(()),
    }
}

/// Returns the generated sample in `dir`, creating it if needed. It is created atomically.
///
/// # Errors
/// If it cannot be written.
pub fn sample(dir: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<PathBuf> {
    let sample = dir.join("sample");
    whole(&sample, |partial| write_project(partial, SAMPLE_SEED, progress).map(drop))?;
    Ok(sample)
}

/// Generates `count` pairs of `size` with exact flow in folder `dir`, unless they exist. They are created atomically.
///
/// # Errors
/// If they cannot be written.
pub fn pairs(dir: &Path, count: usize, size: Geometry, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
    whole(dir, |partial| write_pairs(partial, count, size, SAMPLE_SEED, progress))
}

/// Creates folder `dir` with `write`, which writes to a hidden folder beside it. If several machines create it at the
/// same time, the first one succeeds.
fn whole(dir: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let hidden = Hidden::beside(dir)?;
    let partial = hidden.path().join("whole");
    write(&partial)?;
    match fs::rename(&partial, dir) {
        Err(error) if !dir.is_dir() => Err(Error::io(dir, &error)),
        _ => Ok(()),
    }
}

/// The sample as `motionscope sample` writes it.
const SAMPLE_SEED: u64 = 1;

/// Returns the differences between two settings files: key, old value, new value.
fn differences(before: &str, now: &str) -> Vec<[String; 3]> {
    let [before, now] = [before, now].map(|text| {
        let mut values = BTreeMap::new();
        flatten("", &toml::Value::Table(text.parse().unwrap_or_default()), &mut values);
        values
    });
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let value =
        |values: &BTreeMap<String, String>, key: &String| values.get(key).map_or("not set", String::as_str).to_owned();
    let all = keys.into_iter().map(|key| [key.clone(), value(&before, key), value(&now, key)]);
    all.filter(|[_, before, now]| before != now).collect()
}

fn differences_named(differences: &[[String; 3]]) -> String {
    let named = differences.iter().take(NAMED).map(|[key, before, now]| format!("{key} is {before} there, {now} now"));
    named.collect::<Vec<_>>().join("; ")
}

/// Returns the values in `value` by their dotted keys.
fn flatten(key: &str, value: &toml::Value, values: &mut BTreeMap<String, String>) {
    let inner = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(part, value)| flatten(&inner(part), value, values)),
        toml::Value::Array(array) => {
            array.iter().enumerate().for_each(|(i, value)| flatten(&inner(&(i + 1).to_string()), value, values));
        }
        plain => _ = values.insert(key.to_owned(), plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{PaperTable, ReproductionScale};
    use super::*;

    #[test]
    fn other_settings_are_refused_by_name_and_the_same_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let settings = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny);
        prepare(dir.path(), &settings).unwrap();
        prepare(dir.path(), &settings).unwrap();
        let error = prepare(dir.path(), &ReproductionSettings { steps: 7, seed: 2, ..settings.clone() }).unwrap_err();
        assert!(error.cause.contains("seed is 1 there, 2 now; steps is 60 there, 7 now"), "{error}");
        let error =
            prepare(dir.path(), &ReproductionSettings { imagenet: Some("a.pth".into()), ..settings }).unwrap_err();
        assert!(error.cause.contains("imagenet is not set there"), "{error}");
        let paper = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Paper);
        assert!(prepare(dir.path(), &paper).unwrap_err().cause.contains("more"));
        fs::write(dir.path().join(CONFIG), "no TOML at all").unwrap();
        assert!(prepare(dir.path(), &paper).is_err());
    }

    #[test]
    fn of_two_machines_the_first_writes_what_both_need() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("pairs");
        let write = |folder: &Path, text: &str| {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("a"), text).unwrap();
            Ok(())
        };
        whole(&target, |folder| {
            whole(&target, |folder| write(folder, "first"))?;
            write(folder, "second")
        })
        .unwrap();
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn clearing_touches_only_what_an_experiment_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let settings = ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Tiny);
        let rows = super::super::row::rows(&settings, dir.path(), &settings.lists(dir.path()).train);
        for name in ["spatial", "motion", "sample", "mine"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        clear(dir.path(), &rows).unwrap();
        assert!(dir.path().join("spatial").is_dir(), "there is no experiment here");
        prepare(dir.path(), &settings).unwrap();
        clear(dir.path(), &rows).unwrap();
        let left: std::collections::BTreeSet<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine", "sample"].map(Into::into).into());
    }
}

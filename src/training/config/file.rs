//! Parses `config.toml` as a plan and rejects unknown entries by name.

use std::path::Path;

use super::plan::TrainingPlan;
use crate::data::ListSource;
use crate::error::{Error, Result};
use crate::named::file_names;
use crate::names::nearest;
use crate::nets::MotionConfig;
use crate::training::objective::losses::UnsupervisedLoss;
use crate::video::Geometry;

/// Returns the plan in `text`, the settings of a run at `path`.
///
/// # Errors
/// If an entry is unknown (the message suggests the closest known one) or has an invalid value.
pub(in crate::training) fn read_plan(text: &str, path: &Path) -> Result<TrainingPlan> {
    let damaged = |error: toml::de::Error| {
        let remedy = "Open it with the version that wrote it; otherwise it is damaged";
        Error::file(path, error.message().trim_end(), remedy)
    };
    let table: toml::Table = toml::from_str(text).map_err(damaged)?;
    match unknown_entry(&table) {
        Some((section, entry, meant)) => {
            let place = if section.is_empty() { String::new() } else { format!(" under [{section}]") };
            let meant =
                meant.map(|meant| format!("Did you mean `{meant}`? Otherwise remove it")).unwrap_or("Remove it".into());
            let remedy = format!("{meant}, or use the version that wrote it");
            Err(Error::file(path, format!("unknown entry `{entry}`{place}"), remedy))
        }
        None => toml::from_str(text).map_err(damaged),
    }
}

/// Returns the section and name of the first unknown entry, and the closest known entry.
fn unknown_entry(plan: &toml::Table) -> Option<(&'static str, String, Option<&'static str>)> {
    let sections = [
        ("", file_names::<TrainingPlan>()),
        ("data.list", file_names::<ListSource>()),
        ("validation.list", file_names::<ListSource>()),
        ("motion", file_names::<MotionConfig>()),
        ("loss", file_names::<UnsupervisedLoss>()),
        ("frame", file_names::<Geometry>()),
        ("crop", file_names::<Geometry>()),
    ];
    sections.into_iter().find_map(|(section, known)| {
        let mut parts = section.split('.').filter(|part| !part.is_empty());
        let table = parts.try_fold(plan, |table, part| table.get(part)?.as_table())?;
        let entry = table.keys().find(|name| !known.contains(&name.as_str()))?;
        Some((section, entry.clone(), nearest(entry, known)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::training::Network;

    #[test]
    fn a_misspelt_entry_is_named_with_the_nearest() {
        let path = Path::new("run/config.toml");
        for (text, said) in [
            ("stepz = 5", "run/config.toml: unknown entry `stepz`. Did you mean `steps`? Otherwise remove it"),
            ("[motion]\nframes = 2\nwidht = 4", "unknown entry `widht` under [motion]. Did you mean `width`?"),
            ("[loss]\nzzzz = 1", "unknown entry `zzzz` under [loss]. Remove it, or use"),
            ("[data.list]\nclips = \"a\"\nlist = \"b\"\nsplti = 2", "under [data.list]. Did you mean `split`?"),
            ("steps = true", "run/config.toml: invalid type"),
        ] {
            let error = read_plan(text, path).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        let list = DataSource::list("a".into(), "b".into(), "c".into());
        let plan = TrainingPlan { data: list.clone(), validation: Some(list), ..TrainingPlan::of(Network::Temporal) };
        assert_eq!(read_plan(&toml::to_string(&plan).unwrap(), path), Ok(plan));
    }
}

//! Groups of rows that share folders because they start from the same training or their scores are fused. One machine
//! computes a whole group, so that no training runs twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::experiment::{ExperimentRow, FlowTraining, Training, Work};

/// Returns the groups among the `selected` of `rows`, which are in folder `dir`: the indices of their rows, ascending,
/// ordered by first row.
pub(super) fn row_groups(rows: &[ExperimentRow], selected: &BTreeSet<&str>, dir: &Path) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<usize>, BTreeSet<PathBuf>)> = Vec::new();
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| selected.contains(row.id.as_str())) {
        let (mut places, mut folders) = (vec![place], folders(row, dir));
        for (others, theirs) in groups.extract_if(.., |(_, theirs)| !theirs.is_disjoint(&folders)).collect::<Vec<_>>() {
            places.extend(others);
            folders.extend(theirs);
        }
        places.sort_unstable();
        groups.push((places, folders));
    }
    groups.sort_unstable();
    groups.into_iter().map(|(places, _)| places).collect()
}

/// Returns the folders that `row` writes to or reads results from.
fn folders(row: &ExperimentRow, dir: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::from([dir.join(&row.id)]);
    match &row.work {
        Work::Stream(training) => add(training, &mut folders),
        Work::Fusion { spatial, temporal, .. } => folders.extend([dir.join(spatial), dir.join(temporal)]),
        Work::TwoStage { flow, stream } => {
            add_flow(flow, &mut folders);
            add(stream, &mut folders);
        }
        Work::Descriptors(trainings) => trainings.iter().for_each(|training| add(training, &mut folders)),
        Work::TaughtFlowError { flow, .. } => add_flow(flow, &mut folders),
        Work::Fisher(_) | Work::FlowError { .. } => {}
    }
    folders
}

/// Adds the folders of a training and of the trainings that it starts from.
fn add(training: &Training, folders: &mut BTreeSet<PathBuf>) {
    folders.insert(training.plan.run_dir.clone());
    training.base.iter().for_each(|base| add(base, folders));
}

fn add_flow(flow: &FlowTraining, folders: &mut BTreeSet<PathBuf>) {
    folders.insert(flow.plan.run_dir.clone());
    flow.before.iter().for_each(|before| add_flow(before, folders));
}

#[cfg(test)]
mod tests {
    use super::super::row::{rows, selected};
    use super::super::settings::{FlowRoot, PaperTable, ReproductionScale, ReproductionSettings};
    use super::*;
    use crate::data::DataSource;
    use crate::evaluation::flow_benchmarks::FlowDataset;

    /// Returns the ids of the rows of each group.
    fn groups(settings: &ReproductionSettings, only: &[&str]) -> Vec<String> {
        let dir = Path::new("dir");
        let rows = rows(settings, dir, &DataSource::Folder("clips".into()));
        let only: Vec<String> = only.iter().map(|&id| id.to_owned()).collect();
        let groups = row_groups(&rows, &selected(&rows, &only).unwrap(), dir);
        let ids = |places: Vec<usize>| places.into_iter().map(|place| rows[place].id.as_str()).collect::<Vec<_>>();
        groups.into_iter().map(|places| ids(places).join(" ")).collect()
    }

    #[test]
    fn rows_that_share_trainings_or_are_fused_are_a_group() {
        let of = |table| ReproductionSettings::of(table, ReproductionScale::Tiny);
        let own = "motionnet-stored spatial stacked-a stacked-b stacked-c hidden-a hidden-b hidden-c";
        assert_eq!(groups(&of(PaperTable::Table1), &[]), ["tvl1", own, "codec"]);
        assert_eq!(
            groups(&of(PaperTable::Table1), &["codec", "stacked-b", "spatial"]),
            ["codec", "spatial", "stacked-b"]
        );
        assert_eq!(groups(&of(PaperTable::Table2), &[]).len(), 7, "each row has a MotionNet of its own");
        let expected = [
            "mv-fv",
            "emv-teacher emv emv-spatial rgb-emv",
            "c3d c3d-svm 3dnet 3dnet-svm",
            "actionflownet",
            "rgb-difference spatial rgb-rgb-difference stacked-c hidden-c",
        ];
        assert_eq!(groups(&of(PaperTable::Table4), &[]), expected);
        let root = FlowRoot { dataset: FlowDataset::Middlebury, root: "middlebury".into() };
        let settings =
            ReproductionSettings { flow_roots: vec![root.clone(), root], rivals: true, ..of(PaperTable::Table3) };
        let groups = groups(&settings, &[]);
        assert!(groups.len() == 11 && groups.contains(&"1-flownet2 2-flownet2".to_owned()), "{groups:?}");
    }
}

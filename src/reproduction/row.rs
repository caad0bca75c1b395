//! The rows of the paper's tables: what is trained and measured for each.

use std::collections::BTreeSet;
use std::path::Path;

use super::experiment::{ExperimentRow, FlowMethod, Training, Work, run_dir};
use super::flow_rivals::FlowRivals;
use super::published;
use super::rivals::Rivals;
use super::settings::{PaperTable, ReproductionSettings};
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::nets::fusion::Fusion;
use crate::training::{FlowSource, TemporalMode, TrainingPlan};

/// Returns the rows of the table, with folders in `dir`, trained on the clips of `train`.
pub fn rows(settings: &ReproductionSettings, dir: &Path, train: &DataSource) -> Vec<ExperimentRow> {
    match settings.table {
        PaperTable::Table1 => table_1(settings, dir, train),
        PaperTable::Table2 => table_2(settings, dir, train),
        PaperTable::Table3 => table_3(settings, dir),
        PaperTable::Table4 => {
            let rivals = Rivals { settings, dir, train };
            rivals.table_4(hidden_rows(settings, dir, train))
        }
    }
}

/// Returns the ids of the `rows` that `chosen` select, including the rows that they fuse; all if `chosen` is empty.
///
/// # Errors
/// If there is no such row; the message lists all rows.
pub fn selected<'a>(rows: &'a [ExperimentRow], chosen: &'a [String]) -> Result<BTreeSet<&'a str>> {
    let find = |id: &str| rows.iter().find(|row| row.id == id);
    if chosen.is_empty() {
        return Ok(rows.iter().map(|row| row.id.as_str()).collect());
    }
    let mut ids = BTreeSet::new();
    for id in chosen {
        let row = find(id).ok_or_else(|| {
            let all: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            Error::new("rows", format!("the table has no row '{id}'"), format!("Choose of {}", all.join(", ")))
                .as_usage()
        })?;
        ids.insert(row.id.as_str());
        if let Work::Fusion { spatial, temporal, .. } = row.work {
            ids.extend([spatial, temporal]);
        }
    }
    Ok(ids)
}

fn table_1(settings: &ReproductionSettings, dir: &Path, train: &DataSource) -> Vec<ExperimentRow> {
    let motion = Training { plan: settings.flow_plan(train, dir.join("motion")), base: None };
    let temporal = |id: &str, mode, flow_source, base: Option<&Training>| {
        let plan = settings.temporal_plan(mode, train, run_dir(dir, id));
        Training { plan: TrainingPlan { flow_source: Some(flow_source), ..plan }, base: base.cloned().map(Box::new) }
    };
    let two_stage = |source: FlowSource, base| temporal(source.key(), TemporalMode::A, source, base);
    let a = temporal("stacked-a", TemporalMode::A, FlowSource::MotionNet, Some(&motion));
    let end_to_end = |id, mode| temporal(id, mode, FlowSource::MotionNet, Some(&a));
    let spatial = Training { plan: settings.spatial_plan(train, run_dir(dir, "spatial")), base: None };
    let stream = |id: &str, name: &str, training| row_1(id, name, Work::Stream(Box::new(training)));
    let hidden = |id, name: &str, temporal| {
        row_1(id, name, Work::Fusion { spatial: "spatial", temporal, fusion: Fusion::default() })
    };
    let mut rows = vec![
        stream("tvl1", "TV-L1, two-stage", two_stage(FlowSource::Tvl1, None)),
        stream("motionnet-stored", "MotionNet, two-stage", two_stage(FlowSource::MotionNetStored, Some(&motion))),
        stream("codec", "Codec vectors, two-stage", two_stage(FlowSource::Codec, None)),
        stream("spatial", "Spatial stream only", spatial),
        stream("stacked-a", "Stacked temporal stream (a)", a.clone()),
        stream("stacked-b", "Stacked temporal stream (b)", end_to_end("stacked-b", TemporalMode::B)),
        stream("stacked-c", "Stacked temporal stream (c)", end_to_end("stacked-c", TemporalMode::C)),
        hidden("hidden-a", "Hidden two-stream (a)", "stacked-a"),
        hidden("hidden-b", "Hidden two-stream (b)", "stacked-b"),
        hidden("hidden-c", "Hidden two-stream (c)", "stacked-c"),
    ];
    if settings.rivals {
        rows.extend(Rivals { settings, dir, train }.table_1());
        rows.extend(FlowRivals { settings, dir }.table_1(train));
    }
    rows
}

/// Returns the paper's own rows of Table 4: the spatial stream, the stacked stream (c) and both, trained as in Table 1.
fn hidden_rows(settings: &ReproductionSettings, dir: &Path, train: &DataSource) -> Vec<ExperimentRow> {
    let own = ReproductionSettings { rivals: false, ..settings.clone() };
    let kept = ["spatial", "stacked-c", "hidden-c"];
    let rows = table_1(&own, dir, train).into_iter().filter(|row| kept.contains(&row.id.as_str()));
    rows.map(|row| ExperimentRow { published: published::table_4(&row.id, settings.backbone), ..row }).collect()
}

fn row_1(id: &str, name: &str, work: Work) -> ExperimentRow {
    ExperimentRow { id: id.into(), name: name.into(), work, published: published::table_1(id).to_vec() }
}

/// Returns the ablations: each part switched off alone, none and all. MotionNet is trained from scratch for each, then
/// the stacked stream (a) on its flow.
fn table_2(settings: &ReproductionSettings, dir: &Path, train: &DataSource) -> Vec<ExperimentRow> {
    let row = |id: &str, name: &str, switch: &dyn Fn(&mut TrainingPlan)| {
        let mut flow = settings.flow_plan(train, dir.join(id).join("motion"));
        switch(&mut flow);
        let plan = settings.temporal_plan(TemporalMode::A, train, run_dir(dir, id));
        let base = Some(Box::new(Training { plan: flow, base: None }));
        let work = Work::Stream(Box::new(Training { plan, base }));
        ExperimentRow { id: id.into(), name: name.into(), work, published: published::table_2(id).to_vec() }
    };
    let small_displacement = |plan: &mut TrainingPlan| plan.motion.small_displacement = false;
    let cdc = |plan: &mut TrainingPlan| plan.motion.cdc = false;
    let smoothness = |plan: &mut TrainingPlan| plan.loss.smoothness = false;
    let ssim = |plan: &mut TrainingPlan| plan.loss.ssim = false;
    let multi_scale = |plan: &mut TrainingPlan| plan.loss.multi_scale = false;
    vec![
        row("complete", "MotionNet, complete", &|_| ()),
        row("no-small-displacement", "without small-displacement layers", &small_displacement),
        row("no-cdc", "without convolutions between deconvolutions", &cdc),
        row("no-smoothness", "without smoothness", &smoothness),
        row("no-ssim", "without SSIM", &ssim),
        row("no-multi-scale", "without multi-scale loss", &multi_scale),
        row("none", "without any of them", &|plan| {
            [&small_displacement as &dyn Fn(&mut TrainingPlan), &cdc, &smoothness, &ssim, &multi_scale]
                .iter()
                .for_each(|switch| switch(plan));
        }),
    ]
}

fn table_3(settings: &ReproductionSettings, dir: &Path) -> Vec<ExperimentRow> {
    let methods = [
        (FlowMethod::Tvl1, "tvl1", "TV-L1"),
        (FlowMethod::Dis, "dis", "DIS medium"),
        (FlowMethod::MotionNet, "motionnet", "MotionNet"),
        (FlowMethod::CoarseToFine, "coarse-to-fine", "MotionNet, coarse to fine"),
        (FlowMethod::Refined, "refined", "MotionNet, coarse to fine, refined variationally"),
    ];
    let mut rows = Vec::new();
    for (number, root) in settings.flow_roots.iter().enumerate() {
        rows.extend(methods.map(|(method, id, name)| ExperimentRow {
            id: format!("{}-{id}", number + 1),
            name: format!("{}, {name}", root.dataset.title()),
            work: Work::FlowError { dataset: root.dataset, root: root.root.clone(), method },
            published: match method {
                FlowMethod::Dis | FlowMethod::CoarseToFine | FlowMethod::Refined => vec![None; 3],
                _ => published::table_3(root.dataset, method == FlowMethod::Tvl1).to_vec(),
            },
        }));
        if settings.rivals {
            rows.push(FlowRivals { settings, dir }.table_3(number, root));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::experiment::FlowTraining;
    use super::super::settings::{FlowRoot, ReproductionScale};
    use super::*;
    use crate::evaluation::flow_benchmarks::FlowDataset;

    #[test]
    fn table_3_measures_every_method_on_every_benchmark() {
        let root = FlowRoot { dataset: FlowDataset::Middlebury, root: "middlebury".into() };
        let settings = ReproductionSettings {
            flow_roots: vec![root],
            ..ReproductionSettings::of(PaperTable::Table3, ReproductionScale::Tiny)
        };
        let rows = rows(&settings, Path::new("dir"), &DataSource::Folder("clips".into()));
        let published: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.published[0])).collect();
        let expected = [
            ("1-tvl1", Some(0.45)),
            ("1-dis", None), // not used in the paper
            ("1-motionnet", Some(0.91)),
            ("1-coarse-to-fine", None),
            ("1-refined", None),
        ];
        assert_eq!(published, expected);
        let settings = ReproductionSettings { rivals: true, ..settings };
        let rows = super::rows(&settings, Path::new("dir"), &DataSource::Folder("clips".into()));
        assert_eq!((rows[5].id.as_str(), rows[5].published[0], rows.len()), ("1-flownet2", Some(0.52), 6));
    }

    #[test]
    fn table_4_and_the_rivals_of_table_1_have_their_published_accuracy() {
        let of = |settings: &ReproductionSettings| -> Vec<(String, Option<f64>)> {
            let rows = rows(settings, Path::new("dir"), &DataSource::Folder("clips".into()));
            let columns = super::super::table::ReproductionTable::columns(settings.table).len();
            assert!(rows.iter().all(|row| row.published.len() == columns), "a published figure for every column");
            for row in &rows {
                let checked = |plan: &TrainingPlan| {
                    plan.check().unwrap_or_else(|error| panic!("{}: {error}", row.id));
                };
                match &row.work {
                    Work::Stream(training) => checked(&training.plan),
                    Work::TwoStage { flow, stream } => {
                        checked(&stream.plan);
                        check_all(flow, &checked);
                    }
                    Work::Descriptors(trainings) => trainings.iter().for_each(|training| checked(&training.plan)),
                    _ => {}
                }
            }
            rows.into_iter().map(|row| (row.id, row.published[0])).collect()
        };
        let settings = ReproductionSettings::of(PaperTable::Table4, ReproductionScale::Tiny);
        let expected = [
            ("mv-fv", Some(78.5)),
            ("emv-teacher", None),
            ("emv", Some(80.2)),
            ("emv-spatial", None),
            ("rgb-emv", Some(86.4)),
            ("c3d", None), // published with the SVM
            ("c3d-svm", Some(82.3)),
            ("actionflownet", Some(83.9)),
            ("3dnet", None),
            ("3dnet-svm", Some(90.2)),
            ("rgb-difference", None),
            ("spatial", None),
            ("rgb-rgb-difference", Some(91.0)),
            ("stacked-c", None),
            ("hidden-c", None), // published with other backbones
        ];
        assert_eq!(of(&settings), expected.map(|(id, accuracy)| (id.to_owned(), accuracy)));
        let settings = ReproductionSettings { backbone: crate::nets::Backbone::I3d, ..settings };
        assert_eq!(of(&settings).last().unwrap().1, Some(97.1));
        let settings = ReproductionSettings {
            rivals: true,
            ..ReproductionSettings::of(PaperTable::Table1, ReproductionScale::Paper)
        };
        let accuracies = of(&settings);
        assert_eq!(accuracies[12..14], [("two-stream".into(), Some(88.0)), ("very-deep".into(), Some(90.9))]);
        assert_eq!(accuracies[15..17], [("emv".into(), Some(79.3)), ("actionflownet-2".into(), Some(70.0))]);
        let flows = [("flownet", 55.27), ("flownet2", 79.64), ("nextflow", 72.2)];
        assert_eq!(accuracies[17..], flows.map(|(id, accuracy)| (id.to_owned(), Some(accuracy))));
    }

    fn check_all(flow: &FlowTraining, check: &impl Fn(&TrainingPlan)) {
        check(&flow.plan);
        flow.before.iter().for_each(|before| check_all(before, check));
    }

    #[test]
    fn a_chosen_row_brings_those_that_it_fuses() {
        let settings = ReproductionSettings::of(PaperTable::Table4, ReproductionScale::Tiny);
        let rows = rows(&settings, Path::new("dir"), &DataSource::Folder("clips".into()));
        let chosen = ["rgb-emv".to_owned()];
        assert_eq!(Vec::from_iter(selected(&rows, &chosen).unwrap()), ["emv", "emv-spatial", "rgb-emv"]);
        assert_eq!(selected(&rows, &[]).unwrap().len(), rows.len());
        let error = selected(&rows, &["emw".into()]).unwrap_err();
        assert!(error.remedy.contains("emv-teacher"), "{error}");
    }

    #[test]
    fn every_row_of_table_2_has_the_published_accuracy() {
        let settings = ReproductionSettings::of(PaperTable::Table2, ReproductionScale::Tiny);
        let rows = rows(&settings, Path::new("dir"), &DataSource::Folder("clips".into()));
        let published: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.published[0].unwrap())).collect();
        let expected = [
            ("complete", 82.71),
            ("no-small-displacement", 82.22),
            ("no-cdc", 81.25),
            ("no-smoothness", 80.14),
            ("no-ssim", 81.58),
            ("no-multi-scale", 80.63),
            ("none", 77.79),
        ];
        assert_eq!(published, expected);
    }
}

//! The rows whose classifier is a linear SVM: MV + FV, and the descriptors of C3D, alone or joined with those of 3DNet.

use std::path::Path;

use super::event::ReproductionEvent as Event;
use super::experiment::{ExperimentRow, Training, classifier_dir, model_dirs};
use super::row_result::RowResult;
use super::run::{ReproductionRun, figures, no_clips, size};
use super::table::ACCURACY;
use crate::data::Dataset;
use crate::descriptors::{FisherEvent, FisherModel, FisherPlan, FisherSettings, SvmModel, SvmSettings, train_fisher};
use crate::error::{Error, Result};
use crate::evaluation::{ActionsOutcome, DescriptorNetworks, SvmPlan, evaluate_fisher, evaluate_svm, train_svm};
use crate::output::{Existing, OutputGuard};

impl ReproductionRun<'_> {
    /// Trains an MV + FV model and measures it on the test clips.
    pub(super) fn fisher(&mut self, row: &ExperimentRow, settings: &FisherSettings) -> Result<RowResult> {
        let lists = self.settings.lists(&self.dir.join("sample"));
        let dir = self.dir.join(&row.id);
        let plan = FisherPlan {
            data: lists.train.path().display().to_string(),
            settings: settings.clone(),
            out: classifier_dir(&dir),
        };
        let stop = || self.control.is_stopped();
        let train = Dataset::open(&lists.train)?;
        let mut warnings = Vec::new();
        let trained = match FisherModel::load(&plan.out) {
            Ok(model) => model,
            Err(_) => {
                let mut report = |event: FisherEvent<'_>| note(&mut warnings, event);
                train_fisher(&plan, &train, &OutputGuard::default(), &stop, &mut report).map_err(resumable(&dir))?.model
            }
        };
        let test = self.test.as_ref().ok_or_else(no_clips)?;
        let data = lists.test.path().display().to_string();
        let outcome = evaluate_fisher(&trained, &row.name, test, data, &stop, &mut |_, _, _| ());
        let outcome = outcome.map_err(resumable(&dir))?;
        self.warn(warnings);
        write(&outcome, &dir)?;
        let accuracy = outcome.report.temporal.as_ref().map(|stream| (ACCURACY, 100.0 * stream.top1));
        Ok(RowResult {
            figures: figures(accuracy),
            measured: outcome.report.clips,
            failures: outcome.report.failures,
            device: Some("CPU".into()),
        })
    }

    /// Trains the networks, then a linear SVM on their joined descriptors, and measures it on the test clips.
    pub(super) fn descriptors(&mut self, row: &ExperimentRow, trainings: &[Training]) -> Result<RowResult> {
        trainings.iter().try_for_each(|training| self.train(training).map(drop))?;
        let lists = self.settings.lists(&self.dir.join("sample"));
        let dir = self.dir.join(&row.id);
        let networks = DescriptorNetworks::load(&model_dirs(trainings), &self.compute.device)?;
        let usual = SvmSettings::default();
        let plan = SvmPlan {
            data: lists.train.path().display().to_string(),
            c: usual.c,
            loss: usual.loss,
            seed: self.settings.seed,
            out: classifier_dir(&dir),
        };
        let stop = || self.control.is_stopped();
        let train = Dataset::open(&lists.train)?;
        let mut warnings = Vec::new();
        // One of other networks, or of other folders, is trained again.
        let trained = match SvmModel::load(&plan.out).ok().filter(|model| networks.are_of(&model.card)) {
            Some(model) => model,
            None => {
                let mut report = |event: FisherEvent<'_>| note(&mut warnings, event);
                let guard = OutputGuard::new(Existing::Replace);
                train_svm(&plan, &networks, &train, &guard, &stop, &mut report).map_err(resumable(&dir))?.model
            }
        };
        let test = self.test.as_ref().ok_or_else(no_clips)?;
        let data = lists.test.path().display().to_string();
        let outcome = evaluate_svm(&trained, &networks, test, data, &stop, &mut |_, _, _| ());
        let outcome = outcome.map_err(resumable(&dir))?;
        self.warn(warnings);
        write(&outcome, &dir)?;
        let accuracy = outcome.report.spatial.as_ref().map(|stream| (ACCURACY, 100.0 * stream.top1));
        let of_classifier = trained.card.classes.len() * (trained.card.length + 1);
        let millions = (networks.parameters() + of_classifier) as f64 / 1e6;
        Ok(RowResult {
            figures: figures(accuracy.into_iter().chain(size(millions))),
            measured: outcome.report.clips,
            failures: outcome.report.failures,
            device: None,
        })
    }

    fn warn(&mut self, warnings: Vec<Error>) {
        warnings.into_iter().for_each(|error| (self.on_event)(Event::Warning(error)));
    }
}

/// Keeps why a clip was left out.
fn note(warnings: &mut Vec<Error>, event: FisherEvent<'_>) {
    if let FisherEvent::LeftOut(error) = event {
        warnings.push(error.clone());
    }
}

/// Returns the message of a stop of the row in folder `dir`: how to resume it.
fn resumable(dir: &Path) -> impl Fn(Error) -> Error {
    let subject = dir.to_string_lossy().into_owned();
    move |error| match error.is_cancelled() {
        true => {
            Error::cancelled(subject.clone(), "stopped, finished clips saved", "Run the same command again to resume")
        }
        false => error,
    }
}

fn write(outcome: &ActionsOutcome, dir: &Path) -> Result<()> {
    outcome.report.write_folder(&dir.join("report"))?;
    outcome.scores.write(&dir.join("scores"))
}

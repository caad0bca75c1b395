//! What the window writes: where exactly, what that would replace, and only then the writing.

use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::output_checks::Looked;
use super::prompt::PathPrompt;
use crate::app::App;
use crate::app::flow::export;
use crate::app::labeling::import_export::ExportOrder;
use crate::app::shell::replacement::Replacement;
use crate::engine::{RecordingOrder, Request};
use crate::error::Result;
use crate::evaluation::ActionsReport;
use crate::flow::files::FlowFormat;
use crate::labels::StoredPath;
use crate::output::{Existing, OutputGuard};
use crate::video::CameraSource;

/// `path` as a file with this ending, which is added to the whole name unless it is there.
fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    if path.extension().is_some_and(|other| other.eq_ignore_ascii_case(ending)) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}

impl PathPrompt {
    /// Where exactly the answer `path` is written to.
    pub fn target(self, path: PathBuf) -> PathBuf {
        match self {
            Self::ExportVideo | Self::ExportAnnotated | Self::RecordLive => with_ending(path, "mp4"),
            _ => path,
        }
    }

    /// Whether the system's dialog for it asks about replacing the file that is chosen.
    fn is_asked_by_dialog(self) -> bool {
        let is_folder = match self {
            Self::ExportLabels(format) => format.is_folder(),
            _ => matches!(self, Self::ExportFlows | Self::SaveEvaluation | Self::ExportModel),
        };
        self.is_writing() && !is_folder
    }
}

impl App {
    /// Whether the person has agreed to replace all that the answer `path` to `question` would, by choosing it in a dialog: that
    /// asks about the file that is chosen, and about no other.
    pub(in crate::app) fn is_agreed_to(&self, question: PathPrompt, path: &Path) -> bool {
        question.is_asked_by_dialog() && self.targets(question, &question.target(path.to_owned())) == [path]
    }

    /// Writes to `path` what `question` asked for. Files that exist are asked about first unless the person agreed already.
    pub(in crate::app) fn write_as(&mut self, question: PathPrompt, path: PathBuf, existing: Existing, ctx: &Context) {
        let path = question.target(path);
        match question {
            // These look for themselves: what is written is known only there.
            PathPrompt::ExportLabels(_) | PathPrompt::ExportModel => self.write(question, path, existing, ctx),
            _ if existing == Existing::Replace => self.write(question, path, existing, ctx),
            _ => {
                let targets = self.targets(question, &path);
                let inputs = self.inputs();
                let guard = move || OutputGuard::default().protecting(&inputs).apart_from(&inputs);
                self.output_checks.look((question, path), targets, guard, ctx);
            }
        }
    }

    /// Takes what was found on the disk: writes, asks, or says why not.
    pub(in crate::app) fn take_output_checks(&mut self, ctx: &Context) {
        while !self.overlay.is_open()
            && let Ok(Looked { question, path, existing }) = self.output_checks.receiver.try_recv()
        {
            match existing {
                Ok(files) if files.is_empty() => self.write(question, path, Existing::Keep, ctx),
                Ok(files) => self.overlay.show_replacement(Replacement::new(question, path, files)),
                Err(error) => self.session.problem(&error),
            }
        }
    }

    fn write(&mut self, question: PathPrompt, path: PathBuf, existing: Existing, ctx: &Context) {
        self.session.notice = None; // It may have been about the last attempt.
        match question {
            PathPrompt::ExportModel => self.panels.runs.export(path, ctx),
            PathPrompt::SaveFlow => self.save_flow(path, false, existing, ctx),
            PathPrompt::SavePicture => self.save_flow(path, true, existing, ctx),
            PathPrompt::ExportFlows => self.export_flows(path, existing),
            PathPrompt::ExportVideo => self.export_video(path, existing),
            PathPrompt::ExportAnnotated => self.export_annotated(path, existing),
            PathPrompt::SaveBenchmark => {
                let report = self.session.benchmark.runs.last().and_then(|run| run.report.clone());
                if let Some(report) = report {
                    self.write_file(path, existing, ctx, move |path| report.write_csv(path));
                }
            }
            PathPrompt::RecordLive => {
                let order = RecordingOrder { path, guard: self.guard(existing) };
                self.engine.send(Request::RecordLive(Some(Box::new(order))));
            }
            PathPrompt::SaveEvaluation => self.save_evaluation(path, existing, ctx),
            PathPrompt::SaveCurves => self.write_text(path, self.session.training.curves_table(), existing, ctx),
            PathPrompt::SaveCurvesPicture => self.save_curves_picture(path, existing, ctx),
            PathPrompt::ExportLabels(format) => self.export_labels(ExportOrder { format, target: path, existing }, ctx),
            PathPrompt::SaveStatistics => self.write_text(path, export::table(&self.session.lab), existing, ctx),
            _ => {} // Nothing that is written.
        }
    }

    fn write_text(&mut self, path: PathBuf, text: String, existing: Existing, ctx: &Context) {
        let guard = self.guard(existing);
        self.exporter.write(path, text, guard, ctx);
    }

    /// Begins to write the file `path` in whatever way `write` does it.
    pub(in crate::app) fn write_file(
        &mut self,
        path: PathBuf,
        existing: Existing,
        ctx: &Context,
        write: impl FnOnce(&Path) -> Result<()> + Send + 'static,
    ) {
        let guard = self.guard(existing);
        self.exporter.run(path, ctx, move |path| {
            guard.check(&[path.to_owned()])?;
            write(path)
        });
    }

    /// What may be written: nothing that is open.
    pub(in crate::app) fn guard(&self, existing: Existing) -> OutputGuard {
        let inputs = self.inputs();
        OutputGuard::new(existing).protecting(&inputs).apart_from(&inputs)
    }

    /// The files that are open: the clip, the live source, the videos of the project.
    fn inputs(&self) -> Vec<PathBuf> {
        let clip = self.session.clip.iter().map(|clip| clip.path.clone());
        let live = self.session.live.view.as_ref().and_then(|view| match &view.source {
            CameraSource::File(path) => Some(path.clone()),
            _ => None,
        });
        let project = self.session.studio.project();
        let videos = project.into_iter().flat_map(|project| {
            let videos = project.document().videos.values();
            videos.map(|video| StoredPath::decode(&video.path, project.dir()))
        });
        clip.chain(live).chain(videos).collect()
    }

    /// The files that the answer `path` to `question` would write.
    fn targets(&self, question: PathPrompt, path: &Path) -> Vec<PathBuf> {
        match question {
            PathPrompt::SaveFlow => {
                FlowFormat::of_name(path).map_or(vec![path.to_owned()], |format| format.files(path))
            }
            PathPrompt::ExportFlows => {
                let format = self.settings.export_format;
                (0..self.session.frames()).flat_map(|frame| format.files(&format.path_in(path, frame))).collect()
            }
            PathPrompt::SaveEvaluation => ActionsReport::FILES.map(|name| path.join(name)).to_vec(),
            _ => vec![path.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_added_and_never_takes_the_place_of_a_part_of_the_name() {
        for (named, written) in [
            ("clip.mp4", "clip.mp4"),
            ("clip.MP4", "clip.MP4"),
            ("clip", "clip.mp4"),
            ("2024.05.01", "2024.05.01.mp4"),
            ("clip.avi", "clip.avi.mp4"),
        ] {
            for question in [PathPrompt::ExportVideo, PathPrompt::ExportAnnotated, PathPrompt::RecordLive] {
                assert_eq!(question.target(named.into()), Path::new(written));
            }
        }
        assert_eq!(PathPrompt::SaveStatistics.target("figures".into()), Path::new("figures"));
    }
}

//! The system's file dialogs, each on a thread of its own: a dialog may stay open for minutes, or hang.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::Context;

use crate::labels::VideoId;
use crate::labels::formats::Format;

/// A dialog that ends without an answer sooner than this may never have been on the screen.
const QUICK: Duration = Duration::from_millis(500);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPrompt {
    /// A video file.
    Clip,
    /// A folder of clips, a training set or a model.
    Folder,
    /// A model folder.
    Model,
    /// The folder of clips to train on.
    TrainingFolder,
    /// The folder of runs.
    RunsFolder,
    /// The folder for the model of a run.
    ExportModel,
    /// The folder of the model to compare with.
    SecondModel,
    /// A folder of flow files.
    Truth,
    /// A flow file.
    TruthFile,
    /// Where the figures are to be written.
    SaveStatistics,
    /// Where the flow of a pair is to be written.
    SaveFlow,
    /// Where a picture of the flow is to be written.
    SavePicture,
    /// The folder for the flow of a clip.
    ExportFlows,
    /// Where a video is to be written.
    ExportVideo,
    /// Where a video with everything drawn in is to be written.
    ExportAnnotated,
    /// The folder of a benchmark.
    Benchmark,
    /// Where the results of a benchmark are to be written.
    SaveBenchmark,
    /// The folder of clips to evaluate on.
    EvaluationClips,
    /// The list of clips to evaluate on.
    EvaluationList,
    /// The folder of lists to evaluate on.
    EvaluationLists,
    /// The names of the classes.
    EvaluationClasses,
    /// The folder for the report of an evaluation.
    SaveEvaluation,
    /// The report of an evaluation.
    OpenEvaluation,
    /// Another report, to compare with.
    CompareEvaluation,
    /// Where the points of the training's curves are to be written.
    SaveCurves,
    /// Where a picture of them is to be written.
    SaveCurvesPicture,
    /// Where the live source is to be recorded.
    RecordLive,
    /// The folder for corrections.
    Corrections,
    /// The folder of a new labelling project.
    NewProject,
    /// The folder of a labelling project.
    OpenProject,
    /// A video to add to the project.
    AddVideos,
    /// A folder of videos to add to the project.
    AddFolder,
    /// Where the file of a video lies now.
    Relink(VideoId),
    /// Labels of another program.
    ImportLabels(Format),
    /// Where labels are to be written for another program.
    ExportLabels(Format),
}

impl PathPrompt {
    /// Whether the answer is a file to be written.
    pub fn is_writing(self) -> bool {
        matches!(
            self,
            Self::SaveStatistics
                | Self::SaveFlow
                | Self::SavePicture
                | Self::ExportFlows
                | Self::ExportVideo
                | Self::ExportAnnotated
                | Self::SaveBenchmark
                | Self::SaveEvaluation
                | Self::SaveCurves
                | Self::SaveCurvesPicture
                | Self::RecordLive
                | Self::ExportModel
                | Self::ExportLabels(_)
        )
    }
}

/// How a dialog ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With a path.
    Path(PathBuf),
    /// Without one.
    Cancelled,
    /// It could not be shown: no portal and no zenity on this system.
    Unavailable,
}

/// How a dialog ended without a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A person had the time to cancel it.
    Slow,
    /// It ended at once: a person was quick, or it was never on the screen.
    Quick,
}

/// The dialog that is open, if any.
#[derive(Default)]
pub struct Dialogs {
    open: Option<(PathPrompt, Receiver<Result<PathBuf, Without>>)>,
    /// The question whose dialog ended at once the last time.
    quick: Option<PathPrompt>,
}

impl Dialogs {
    /// Opens a dialog, unless one is open already.
    pub fn ask(&mut self, question: PathPrompt, start_in: Option<&Path>, ctx: &Context) {
        if self.open.is_some() {
            return;
        }
        let (sender, receiver) = bounded(1);
        let (start_in, ctx) = (start_in.map(Path::to_owned), ctx.clone());
        let thread = std::thread::Builder::new().name("dialog".into()).spawn(move || {
            // The window may be gone by the time the person answers.
            let _ = sender.send(ask(question, start_in));
            ctx.request_repaint();
        });
        // Without a thread nothing is ever sent, which is the answer.
        drop(thread);
        self.open = Some((question, receiver));
    }

    /// Whether a question is open.
    pub fn is_asking(&self) -> bool {
        self.open.is_some()
    }

    /// The answer, once there is one.
    pub fn answer(&mut self) -> Option<(PathPrompt, Answer)> {
        let (question, receiver) = self.open.as_ref()?;
        let (question, ended) = (*question, receiver.try_recv());
        if ended == Err(TryRecvError::Empty) {
            return None;
        }
        self.open = None;
        let was_quick = self.quick.take() == Some(question);
        Some((
            question,
            match ended {
                Ok(Ok(path)) => Answer::Path(path),
                Ok(Err(Without::Slow)) => Answer::Cancelled,
                // Whoever asks again at once has seen none.
                Ok(Err(Without::Quick)) if is_there() && !was_quick => {
                    self.quick = Some(question);
                    Answer::Cancelled
                }
                // The thread broke off, or could not be started.
                Ok(Err(Without::Quick)) | Err(_) => Answer::Unavailable,
            },
        ))
    }
}

/// Whether this system seems to have file dialogs.
fn is_there() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let has_file =
        |folders: &std::ffi::OsStr, name: &str| std::env::split_paths(folders).any(|at| at.join(name).is_file());
    let has_zenity = std::env::var_os("PATH").is_some_and(|folders| has_file(&folders, "zenity"));
    let data = std::env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    has_zenity || has_file(&data, "dbus-1/services/org.freedesktop.portal.Desktop.service")
}

fn ask(question: PathPrompt, start_in: Option<PathBuf>) -> Result<PathBuf, Without> {
    let started = Instant::now();
    let mut dialog = rfd::FileDialog::new().set_title(match question {
        PathPrompt::Clip => "Open a clip",
        PathPrompt::Folder => "Open a folder",
        PathPrompt::Model => "Choose a model folder",
        PathPrompt::TrainingFolder => "Choose a folder with one sub-folder of clips per class",
        PathPrompt::RunsFolder => "Choose a runs folder",
        PathPrompt::ExportModel => "Choose a folder for the model",
        PathPrompt::SecondModel => "Choose a model folder to compare with",
        PathPrompt::Truth => "Choose a folder with one flow file per frame",
        PathPrompt::TruthFile => "Choose a flow file",
        PathPrompt::SaveStatistics => "Save statistics",
        PathPrompt::SaveFlow => "Save the flow of this pair",
        PathPrompt::SavePicture => "Save a flow image",
        PathPrompt::ExportFlows => "Choose a folder for the clip's flow",
        PathPrompt::ExportVideo => "Save a comparison video",
        PathPrompt::ExportAnnotated => "Save an annotated video",
        PathPrompt::Benchmark => "Choose a benchmark folder",
        PathPrompt::SaveBenchmark => "Save benchmark results",
        PathPrompt::EvaluationClips => "Choose the folder of evaluation clips",
        PathPrompt::EvaluationList => "Choose a clip list",
        PathPrompt::EvaluationLists => "Choose a folder of clip lists",
        PathPrompt::EvaluationClasses => "Choose a class index",
        PathPrompt::SaveEvaluation => "Choose a folder for the report",
        PathPrompt::OpenEvaluation => "Open a report",
        PathPrompt::CompareEvaluation => "Choose a report to compare with",
        PathPrompt::SaveCurves => "Save training curves",
        PathPrompt::SaveCurvesPicture => "Save a plot of the training curves",
        PathPrompt::RecordLive => "Record the live source",
        PathPrompt::Corrections => "Choose a folder for corrected clips",
        PathPrompt::NewProject => "Choose a folder for the new project",
        PathPrompt::OpenProject => "Choose a project folder",
        PathPrompt::AddVideos => "Choose a video to add to the project",
        PathPrompt::AddFolder => "Choose a folder of videos to add to the project",
        PathPrompt::Relink(_) => "Locate the moved video",
        PathPrompt::ImportLabels(_) => "Choose labels to import",
        PathPrompt::ExportLabels(_) => "Export labels",
    });
    if let Some(folder) = start_in {
        dialog = dialog.set_directory(folder);
    }
    let path = match question {
        PathPrompt::Clip | PathPrompt::AddVideos | PathPrompt::Relink(_) => dialog
            .add_filter(
                "Video",
                &["mp4", "avi", "mov", "mkv", "webm", "mpg", "mpeg", "m4v", "wmv", "flv", "ogv", "gif"],
            )
            .add_filter("All files", &["*"])
            .pick_file(),
        PathPrompt::TruthFile => {
            dialog.add_filter("Flow", &["flo", "png", "pfm"]).add_filter("All files", &["*"]).pick_file()
        }
        PathPrompt::EvaluationList => {
            dialog.add_filter("List", &["txt", "csv", "tsv", "json", "lst"]).add_filter("All files", &["*"]).pick_file()
        }
        PathPrompt::EvaluationClasses => {
            dialog.add_filter("Class index", &["txt"]).add_filter("All files", &["*"]).pick_file()
        }
        PathPrompt::OpenEvaluation | PathPrompt::CompareEvaluation => {
            dialog.add_filter("Report", &["json"]).pick_file()
        }
        PathPrompt::ImportLabels(format) if format.is_folder() => dialog.pick_folder(),
        PathPrompt::ExportLabels(format) if format.is_folder() => dialog.pick_folder(),
        PathPrompt::ImportLabels(format) => {
            dialog.add_filter(format.name(), &[format.ending()]).add_filter("All files", &["*"]).pick_file()
        }
        PathPrompt::ExportLabels(format) => dialog
            .set_file_name(format!("labels.{}", format.ending()))
            .add_filter(format.name(), &[format.ending()])
            .save_file(),
        PathPrompt::SaveStatistics => dialog.set_file_name("figures.csv").add_filter("Table", &["csv"]).save_file(),
        PathPrompt::SaveBenchmark => dialog.set_file_name("benchmark.csv").add_filter("Table", &["csv"]).save_file(),
        PathPrompt::SaveCurves => dialog.set_file_name("curves.csv").add_filter("Table", &["csv"]).save_file(),
        PathPrompt::SaveCurvesPicture => {
            dialog.set_file_name("curves.png").add_filter("Image", &["png", "jpg"]).save_file()
        }
        PathPrompt::SaveFlow => {
            dialog.set_file_name("flow.flo").add_filter("Flow", &["flo", "npy", "png", "jpg"]).save_file()
        }
        PathPrompt::SavePicture => {
            dialog.set_file_name("flow.png").add_filter("Image", &["png", "jpg", "ppm"]).save_file()
        }
        PathPrompt::ExportVideo => dialog.set_file_name("flow.mp4").add_filter("Video", &["mp4"]).save_file(),
        PathPrompt::ExportAnnotated => dialog.set_file_name("annotated.mp4").add_filter("Video", &["mp4"]).save_file(),
        PathPrompt::RecordLive => dialog.set_file_name("live.mp4").add_filter("Video", &["mp4"]).save_file(),
        PathPrompt::Folder
        | PathPrompt::Corrections
        | PathPrompt::Model
        | PathPrompt::TrainingFolder
        | PathPrompt::RunsFolder
        | PathPrompt::ExportModel
        | PathPrompt::SecondModel
        | PathPrompt::Truth
        | PathPrompt::ExportFlows
        | PathPrompt::Benchmark
        | PathPrompt::EvaluationClips
        | PathPrompt::EvaluationLists
        | PathPrompt::SaveEvaluation
        | PathPrompt::NewProject
        | PathPrompt::OpenProject
        | PathPrompt::AddFolder => dialog.pick_folder(),
    };
    path.ok_or(if started.elapsed() < QUICK { Without::Quick } else { Without::Slow })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dialogs whose open one has ended like this.
    fn ended(dialogs: &mut Dialogs, question: PathPrompt, end: Option<Result<PathBuf, Without>>) -> Answer {
        let (sender, receiver) = bounded(1);
        dialogs.open = Some((question, receiver));
        assert_eq!(dialogs.answer(), None, "it is still open");
        end.into_iter().for_each(|end| sender.send(end).unwrap());
        drop(sender);
        let (answered, answer) = dialogs.answer().unwrap();
        assert_eq!((answered, dialogs.is_asking()), (question, false));
        answer
    }

    #[test]
    fn a_quick_escape_cancels_and_only_a_second_one_in_a_row_asks_for_the_path_here() {
        let mut dialogs = Dialogs::default();
        let quick = if is_there() { Answer::Cancelled } else { Answer::Unavailable };
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Err(Without::Quick))), Answer::Unavailable);
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Ok("/a.mp4".into()))), Answer::Path("/a.mp4".into()));
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, PathPrompt::Clip, Some(Err(Without::Slow))), Answer::Cancelled);
    }

    #[test]
    fn a_dialog_whose_thread_breaks_off_does_not_stay_open() {
        assert_eq!(ended(&mut Dialogs::default(), PathPrompt::Folder, None), Answer::Unavailable);
    }
}

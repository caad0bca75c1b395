//! The system's file dialogs, each on its own thread: a dialog may stay open for minutes, or hang.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::Command;
use crate::app::tasks::Tasks;
use crate::labels::VideoId;
use crate::labels::formats::Format;

/// A dialog that ends without an answer before this time may never have been on screen.
const QUICK: Duration = Duration::from_millis(500);

/// The origin of a request for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPrompt {
    /// A command.
    Of(Command),
    /// A video whose file was moved.
    Relink(VideoId),
    /// The import of labels of another program.
    ImportLabels(Format),
    /// The export of labels for another program.
    ExportLabels(Format),
}

/// Specification of the prompt for a path.
#[derive(Clone, Copy)]
pub struct PromptSpec {
    /// The title of the dialog.
    pub title: &'static str,
    /// The hint in the field of the window's own prompt.
    pub hint: &'static str,
    /// The kind of path.
    pub kind: PathKind,
}

/// The kind of path that a prompt accepts.
#[derive(Clone, Copy)]
pub enum PathKind {
    /// A folder.
    Folder,
    /// A file, preferably of these kinds.
    File(Filter),
    /// A file of these kinds only.
    FileOf(Filter),
    /// A folder that is written into.
    SaveFolder,
    /// A file to be written: the proposed name, and the kinds, whose first ending it gets.
    Save(&'static str, Filter),
}

/// Kinds of files: their name and their endings, separated by spaces.
pub type Filter = (&'static str, &'static str);

/// Videos.
pub const VIDEO: Filter = ("Video", "mp4 avi mov mkv webm mpg mpeg m4v wmv flv ogv gif");
/// Tables.
pub const TABLE: Filter = ("Table", "csv");
/// The format of exported videos.
pub const MP4: Filter = ("Video", "mp4");

/// Name of the filter of pictures.
pub const IMAGE: &str = "Image";

impl PromptSpec {
    /// Creates a specification from these texts.
    pub const fn new(title: &'static str, hint: &'static str, kind: PathKind) -> Self {
        Self { title, hint, kind }
    }

    /// Returns `true` if the answer is a file or folder to be written.
    pub fn is_writing(&self) -> bool {
        matches!(self.kind, PathKind::SaveFolder | PathKind::Save(..))
    }

    /// Returns the path that the answer `path` is written to: videos always get their extension, pictures that of the
    /// first filter if they have none.
    pub fn target(&self, path: PathBuf) -> PathBuf {
        match self.kind {
            PathKind::Save(_, MP4) => with_ending(path, MP4.1),
            PathKind::Save(_, (kinds, endings)) if kinds == IMAGE && path.extension().is_none() => {
                with_ending(path, endings.split(' ').next().unwrap_or_default())
            }
            _ => path,
        }
    }
}

/// Returns `path` with this ending, which is appended to the whole name unless present.
fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    if path.extension().is_some_and(|other| other.eq_ignore_ascii_case(ending)) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The result of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A path was chosen.
    Path(PathBuf),
    /// No path was chosen.
    Cancelled,
    /// It could not be shown: no portal and no zenity on this system.
    Unavailable,
}

/// The way a dialog ended without a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// It was open long enough for a person to cancel it.
    Slow,
    /// It ended at once: a person was quick, or it was never on screen.
    Quick,
}

/// The dialog that is open, if any.
#[derive(Default)]
pub struct Dialogs {
    open: Option<PathPrompt>,
    /// The project or run that the answer is for.
    subject: Option<PathBuf>,
    tasks: Tasks<PathPrompt, Result<PathBuf, Without>>,
    /// The prompt whose dialog ended at once the last time.
    quick: Option<PathPrompt>,
}

impl Dialogs {
    /// Opens a dialog with these `details` in its title, unless one is open already.
    pub fn ask(
        &mut self,
        question: PathPrompt,
        details: Option<String>,
        subject: Option<PathBuf>,
        start_in: Option<&Path>,
        ctx: &Context,
    ) {
        if self.open.is_some() {
            return;
        }
        let (spec, start_in) = (question.spec(), start_in.map(Path::to_owned));
        let title = details.map_or(spec.title.to_owned(), |details| format!("{}: {details}", spec.title));
        self.tasks.start("dialog", ctx, question, move || Ok(ask(&title, spec.kind, start_in)));
        (self.open, self.subject) = (Some(question), subject);
    }

    /// Returns the project or run that the last question was about.
    pub fn subject(&self) -> Option<&Path> {
        self.subject.as_deref()
    }

    /// Behaves as if a dialog were open that never ends.
    #[cfg(test)]
    pub fn pretend(&mut self, question: PathPrompt) {
        self.open = Some(question);
    }

    /// Returns `true` if a prompt is open.
    pub fn is_asking(&self) -> bool {
        self.open.is_some()
    }

    /// Returns the answer, once there is one.
    pub fn answer(&mut self) -> Option<(PathPrompt, Answer)> {
        let (question, ended) = self.tasks.take()?;
        self.open = None;
        let was_quick = self.quick.take() == Some(question);
        Some((
            question,
            match ended {
                Ok(Ok(path)) => Answer::Path(path),
                Ok(Err(Without::Slow)) => Answer::Cancelled,
                // A person who asks again at once has seen no dialog.
                Ok(Err(Without::Quick)) if is_there() && !was_quick => {
                    self.quick = Some(question);
                    Answer::Cancelled
                }
                // The thread panicked, or could not be started.
                Ok(Err(Without::Quick)) | Err(_) => Answer::Unavailable,
            },
        ))
    }
}

/// Returns `true` if this system seems to have file dialogs.
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

fn ask(title: &str, kind: PathKind, start_in: Option<PathBuf>) -> Result<PathBuf, Without> {
    let started = Instant::now();
    let mut dialog = rfd::FileDialog::new().set_title(title);
    if let Some(folder) = start_in {
        dialog = dialog.set_directory(folder);
    }
    if let PathKind::File((kinds, endings)) | PathKind::FileOf((kinds, endings)) | PathKind::Save(_, (kinds, endings)) =
        kind
    {
        dialog = dialog.add_filter(kinds, &endings.split(' ').collect::<Vec<_>>());
    }
    let path = match kind {
        PathKind::Folder | PathKind::SaveFolder => dialog.pick_folder(),
        PathKind::File(_) => dialog.add_filter("All files", &["*"]).pick_file(),
        PathKind::FileOf(_) => dialog.pick_file(),
        PathKind::Save(name, (_, endings)) => {
            let ending = endings.split(' ').next().unwrap_or_default();
            dialog.set_file_name(format!("{name}.{ending}")).save_file()
        }
    };
    path.ok_or(if started.elapsed() < QUICK { Without::Quick } else { Without::Slow })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const CLIP: PathPrompt = PathPrompt::Of(Command::Open);

    /// Ends the open dialog with `end`; returns the answer.
    fn ended(dialogs: &mut Dialogs, question: PathPrompt, end: Option<Result<PathBuf, Without>>) -> Answer {
        dialogs.open = Some(question);
        assert_eq!(dialogs.answer(), None, "it is still open");
        dialogs.tasks.finish(question, end.ok_or_else(|| Error::new("dialog", "it closed unexpectedly", "Try again")));
        let (answered, answer) = dialogs.answer().unwrap();
        assert_eq!((answered, dialogs.is_asking()), (question, false));
        answer
    }

    #[test]
    fn a_quick_escape_cancels_and_only_a_second_one_in_a_row_asks_for_the_path_here() {
        let mut dialogs = Dialogs::default();
        let quick = if is_there() { Answer::Cancelled } else { Answer::Unavailable };
        assert_eq!(ended(&mut dialogs, CLIP, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, CLIP, Some(Err(Without::Quick))), Answer::Unavailable);
        assert_eq!(ended(&mut dialogs, CLIP, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, CLIP, Some(Ok("/a.mp4".into()))), Answer::Path("/a.mp4".into()));
        assert_eq!(ended(&mut dialogs, CLIP, Some(Err(Without::Quick))), quick);
        assert_eq!(ended(&mut dialogs, CLIP, Some(Err(Without::Slow))), Answer::Cancelled);
    }

    #[test]
    fn a_dialog_whose_thread_breaks_off_does_not_stay_open() {
        assert_eq!(ended(&mut Dialogs::default(), CLIP, None), Answer::Unavailable);
    }

    #[test]
    fn an_ending_is_added_and_never_takes_the_place_of_a_part_of_the_name() {
        for (named, written) in [
            ("clip.mp4", "clip.mp4"),
            ("clip.MP4", "clip.MP4"),
            ("clip", "clip.mp4"),
            ("2024.05.01", "2024.05.01.mp4"),
            ("clip.avi", "clip.avi.mp4"),
        ] {
            for command in [Command::ExportVideo, Command::ExportAnnotated, Command::RecordLive] {
                assert_eq!(PathPrompt::Of(command).spec().target(named.into()), Path::new(written));
            }
        }
        for command in [Command::SavePicture, Command::SaveComparison, Command::SaveCurvesPicture] {
            let target = |name: &str| PathPrompt::Of(command).spec().target(name.into());
            assert_eq!([target("flow"), target("flow.jpg")], [Path::new("flow.png"), Path::new("flow.jpg")]);
        }
        let statistics = PathPrompt::Of(Command::SaveStatistics).spec();
        assert_eq!(statistics.target("figures".into()), Path::new("figures"));
    }
}

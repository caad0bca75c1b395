//! Opens, makes and closes labelling projects on threads of their own: thousands of files may have to be read, and a disk may not
//! answer.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use eframe::egui::Context;

use crate::error::{Error, Result};
use crate::gpu::panics::caught;
use crate::labels::{Opened, Project, Settings};

/// How long the end of the program waits for projects to be saved.
const AT_THE_END: Duration = Duration::from_secs(4);

/// What is to become of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is a project and is opened.
    Open,
    /// It becomes a project.
    New,
    /// It is opened if it is a project, and becomes one if not.
    Either,
}

/// A project, or why there is none, and what was asked for.
pub struct Answer {
    /// Whether it was made.
    pub start: Start,
    /// The folder.
    pub dir: PathBuf,
    /// The project.
    pub opened: Result<Outcome>,
}

/// What came of opening a project.
pub enum Outcome {
    /// It is there.
    Opened(Box<Opened>),
    /// It is the one that is open already.
    IsOpen,
}

/// The threads that open and close, and what came of it.
pub struct ProjectOpener {
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
    failed: Sender<Error>,
    failures: Receiver<Error>,
    /// Projects that are being closed; each ends when nothing holds the project any more.
    closing: Vec<(PathBuf, Receiver<()>)>,
}

impl Default for ProjectOpener {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One answer for every project that a person opens.
        let (failed, failures) = unbounded(); // At most one for every project that a person closes.
        Self { sender, receiver, failed, failures, closing: Vec::new() }
    }
}

impl ProjectOpener {
    /// Begins to open the project in `dir`, or to make one there. The one in `open` is open already, and stays.
    pub fn begin(&mut self, start: Start, dir: PathBuf, open: Option<PathBuf>, ctx: &Context) {
        let (sender, ctx, folder) = (self.sender.clone(), ctx.clone(), dir.clone());
        let closing = self.closing_in(&dir);
        let work = move || {
            // Until then it would be locked.
            let _ = closing.recv();
            let is_open = || open.as_ref().is_some_and(|open| is_same(open, &folder));
            let opened = caught("project", || match start {
                Start::Open | Start::Either if is_open() => Ok(Outcome::IsOpen),
                Start::Either if !folder.join(Project::FILE).exists() => make(&folder),
                Start::Open | Start::Either => Project::open(&folder).map(Outcome::of),
                Start::New => make(&folder),
            });
            // The window may be gone.
            let _ = sender.send(Answer { start, dir: folder, opened });
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("project".into()).spawn(work) {
            let error = Error::no_thread("project", &error);
            // The receiver lives as long as `self`.
            let _ = self.sender.send(Answer { start, dir, opened: Err(error) });
        }
    }

    /// Saves `project` and lets go of it. Its journal holds what its files lack, should the disk not answer.
    pub fn close(&mut self, mut project: Project, ctx: &Context) {
        let (held, released) = bounded::<()>(0);
        self.closing.push((project.dir().to_owned(), released));
        let (failed, ctx) = (self.failed.clone(), ctx.clone());
        let work = move || {
            if let Err(error) = caught("project", || project.save()) {
                let _ = failed.send(error); // The window may be gone.
                ctx.request_repaint();
            }
            drop(project);
            drop(held);
        };
        // Without a thread the project is let go of at once: its journal holds everything.
        if let Err(error) = std::thread::Builder::new().name("close".into()).spawn(work) {
            tracing::warn!("a project was closed without saving: {error}");
        }
    }

    /// Saves `project` at the end of the program, and waits a little for all that are being saved: a disk that does not answer
    /// does not keep the window open.
    pub fn close_at_the_end(&mut self, project: Option<Project>) {
        if let Some(project) = project {
            self.close(project, &Context::default()); // There is no window any more to be repainted.
        }
        let patience = Instant::now() + AT_THE_END;
        for (dir, released) in self.closing.drain(..) {
            if released.recv_deadline(patience) == Err(RecvTimeoutError::Timeout) {
                tracing::warn!("{}: the disk does not respond; unsaved changes are in the journal", dir.display());
            }
        }
    }

    /// What was opened since the last call.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + use<> {
        let receiver = self.receiver.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }

    /// Why projects could not be saved that were closed since the last call.
    pub fn failures(&self) -> impl Iterator<Item = Error> + use<> {
        let receiver = self.failures.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }

    /// Ends when the project in `dir` is closed; at once if it is not being closed.
    fn closing_in(&mut self, dir: &Path) -> Receiver<()> {
        let is_under_way = |released: &Receiver<()>| released.try_recv() == Err(TryRecvError::Empty);
        self.closing.retain(|(_, released)| is_under_way(released));
        let known = self.closing.iter().rev().find(|(closing, _)| closing == dir);
        known.map_or_else(|| bounded(0).1, |(_, released)| released.clone())
    }
}

/// Whether both are one folder, whatever it is called.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

impl Outcome {
    fn of(opened: Opened) -> Self {
        Self::Opened(Box::new(opened))
    }
}

fn make(dir: &Path) -> Result<Outcome> {
    let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    let settings = Settings { name, ..Settings::default() };
    Project::create(dir, settings).map(|project| Outcome::of(Opened { project, notes: Vec::new() }))
}

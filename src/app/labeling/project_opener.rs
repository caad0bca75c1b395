//! Opens, makes and closes labelling projects on threads of their own: thousands of files may have to be read, and a disk may not
//! answer.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError, bounded};
use eframe::egui::Context;

use crate::app::tasks::Tasks;
use crate::error::Result;
use crate::labels::{Opened, Project, ReadLabels, Settings};

/// How long the end of the program waits for projects to be saved.
const AT_THE_END: Duration = Duration::from_secs(4);
/// How often a lock that another process has is looked at again.
const LOCK_AGAIN: Duration = Duration::from_secs(1);

/// What is to become of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is a project and is opened.
    Open,
    /// It becomes a project; if it is not there, a person is asked first.
    New,
    /// It becomes a project, and is created if it is not there.
    Create,
    /// It is opened if it is a project, and becomes one if not.
    Either,
}

/// What came of opening a project.
pub enum Outcome {
    /// It is there.
    Opened(Box<Opened>),
    /// It is the one that is open already.
    IsOpen,
    /// Its folder is not there.
    NoFolder,
}

/// The projects that are being opened and closed, and what came of it.
#[derive(Default)]
pub struct ProjectOpener {
    /// Those that are opened, or made, in their folders.
    pub openings: Tasks<(Start, PathBuf), Outcome>,
    /// Those that are saved and let go of.
    pub closings: Tasks<(), ()>,
    /// Locked labels of the project in a folder that are read again.
    pub rereads: Tasks<PathBuf, ReadLabels>,
    /// The folder of the project whose videos are to be labelled by their folders once they are found.
    pub labelled_by_folders: Option<PathBuf>,
    /// The folder of a new project that is not there: a person is to be asked whether to create it.
    pub missing: Option<PathBuf>,
    /// Projects that are being closed; each ends when nothing holds the project any more.
    closing: Vec<(PathBuf, Receiver<()>)>,
    /// Whether projects that others have open are free by now.
    locks: Tasks<PathBuf, bool>,
    /// When that was asked last, and whether the answer is on its way.
    lock_asked: Option<Instant>,
    is_asking_lock: bool,
    /// The folder of the project that is opened again because no other process has it any more.
    pub was_freed: Option<PathBuf>,
}

impl ProjectOpener {
    /// Begins to open the project in `dir`, or to make one there. The one in `open` is open already, and stays.
    pub fn begin(&mut self, start: Start, dir: PathBuf, open: Option<PathBuf>, ctx: &Context) {
        let closing = self.closing_in(&dir);
        self.openings.start("project", ctx, (start, dir.clone()), move || {
            // Until then it would be locked.
            let _ = closing.recv();
            let is_open = || open.as_ref().is_some_and(|open| is_same(open, &dir));
            match start {
                Start::Open | Start::Either if is_open() => Ok(Outcome::IsOpen),
                Start::Either if !dir.join(Project::FILE).exists() => make(&dir),
                Start::Open | Start::Either => Project::open(&dir).map(Outcome::of),
                Start::New if !dir.exists() => Ok(Outcome::NoFolder),
                Start::New | Start::Create => make(&dir),
            }
        });
    }

    /// Looks every second, on a thread, whether the open project is free by now where another process had it; returns its folder once
    /// it is.
    pub fn freed(&mut self, open: Option<&Project>, ctx: &Context) -> Option<PathBuf> {
        let mut freed = None;
        for (dir, is_free) in self.locks.poll() {
            self.is_asking_lock = false;
            freed = is_free.unwrap_or(false).then_some(dir).or(freed);
        }
        let dir = open.filter(|project| project.is_in_use_elsewhere())?.dir().to_owned();
        if freed.as_ref() == Some(&dir) {
            return freed;
        }
        let rest = self.lock_asked.map_or(Duration::ZERO, |asked| LOCK_AGAIN.saturating_sub(asked.elapsed()));
        if !self.is_asking_lock && rest.is_zero() {
            (self.is_asking_lock, self.lock_asked) = (true, Some(Instant::now()));
            self.locks.start("lock", ctx, dir.clone(), move || Ok(Project::is_free(&dir)));
        }
        ctx.request_repaint_after(rest.max(Duration::from_millis(100)));
        None
    }

    /// Saves `project` and lets go of it. Its journal holds what its files lack, should the disk not answer.
    pub fn close(&mut self, mut project: Project, ctx: &Context) {
        let (held, released) = bounded::<()>(0);
        self.closing.push((project.dir().to_owned(), released));
        // Without a thread the project is let go of at once: its journal holds everything.
        self.closings.start("project", ctx, (), move || {
            let saved = project.save();
            drop(project);
            drop(held);
            saved
        });
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

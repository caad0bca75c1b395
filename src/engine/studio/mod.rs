//! What a labelling project needs to know of files: which videos lie in a folder, what is in them, whether they are still
//! what was labelled, and how they look. The threads "studio" and "thumbnails" find out, so that no window waits for a disk.

mod looker;
mod thumbnails;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use image::RgbImage;

use self::looker::{Looker, Search};
use self::thumbnails::Painter;
use super::outbox::Wake;
use super::worker::Worker;
use crate::error::Error;
use crate::labels::survey::Relink;
use crate::labels::{Document, Facts, VideoId};

/// Answers that may wait to be read; the threads wait when the reader does not keep up.
const CAPACITY: usize = 256;

/// A video of the project to be looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct FileWish {
    /// Which video.
    pub id: VideoId,
    /// Its file.
    pub path: PathBuf,
    /// The folder of the project.
    pub dir: PathBuf,
    /// What is known of it; nothing before the first look.
    pub known: Option<Facts>,
    /// Whether the content is compared with what is known, not only the length of the file.
    pub thorough: bool,
}

/// What became of a video's file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileState {
    /// It was looked into for the first time.
    Facts(Facts),
    /// It is what it was.
    Same,
    /// There is no such file.
    Missing,
    /// It holds something else than when it was labelled; what is in it now.
    Changed(Facts),
    /// It cannot be read.
    Unreadable(Error),
}

/// An answer of the thread "studio".
#[derive(Debug, Clone)]
pub enum StudioNews {
    /// The videos among and below the paths that were asked about, in the order in which people count.
    Found {
        /// The videos.
        videos: Vec<PathBuf>,
        /// Folders that cannot be read.
        notes: Vec<Error>,
    },
    /// Where the files of missing videos seem to be now.
    Moved(Vec<Relink>),
    /// The answer to a [`FileWish`].
    File {
        /// Which video.
        id: VideoId,
        /// Its file at the time of asking.
        path: PathBuf,
        /// What became of it.
        state: FileState,
    },
}

/// A picture of a video.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThumbnailKey {
    /// Hash of the video's content.
    pub hash: String,
    /// Which frame.
    pub frame: usize,
}

/// A picture that is wanted, and the file it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThumbnailWish {
    /// Which picture.
    pub key: ThumbnailKey,
    /// The video.
    pub path: PathBuf,
    /// Whether the picture is kept on disk.
    pub keep: bool,
}

/// A picture, or nothing where none can be made.
pub type Thumbnail = (ThumbnailKey, Option<Arc<RgbImage>>);

/// Both threads; dropping it ends them after what they do at the moment.
pub struct Studio {
    // Dropped before the threads are waited for: one that waits to be read must see that nobody will.
    news: Receiver<StudioNews>,
    thumbnails: Receiver<Thumbnail>,
    looker: Arc<Looker>,
    painter: Arc<Painter>,
    /// "studio" and "thumbnails".
    workers: [Worker; 2],
}

impl Studio {
    /// Starts the threads. `wake` is called whenever there is an answer; pictures are kept in `cache` if there is such a
    /// folder.
    pub fn new(wake: Wake, cache: Option<PathBuf>) -> Self {
        let (sender, news) = bounded(CAPACITY);
        let looker = Arc::new(Looker::new(sender, wake.clone()));
        let (sender, thumbnails) = bounded(CAPACITY);
        let painter = Arc::new(Painter::new(sender, wake, cache));
        let (look, paint) = (looker.clone(), painter.clone());
        let mut brush = thumbnails::Brush::default();
        let workers =
            [Worker::start("studio", move || look.step()), Worker::start("thumbnails", move || paint.step(&mut brush))];
        Self { news, thumbnails, looker, painter, workers }
    }

    /// Looks for videos: those of `paths` that are files, and all below those that are folders.
    pub fn find(&self, paths: Vec<PathBuf>) {
        self.looker.find(Search::Videos(paths));
        self.workers[0].waker()();
    }

    /// Looks for the files of `missing` videos of a project in `dir`, in `folder` and below it.
    pub fn find_moved(&self, document: Document, dir: PathBuf, missing: Vec<VideoId>, folder: PathBuf) {
        self.looker.find(Search::Moved { document: Box::new(document), dir, missing, folder });
        self.workers[0].waker()();
    }

    /// Looks into these videos, the first ones first, in place of those wished for before.
    pub fn look(&self, wishes: Vec<FileWish>) {
        self.looker.look(wishes);
        self.workers[0].waker()();
    }

    /// Makes these pictures, the first ones first, in place of those wished for before.
    pub fn want(&self, wishes: Vec<ThumbnailWish>) {
        self.painter.want(wishes);
        self.workers[1].waker()();
    }

    /// Answers that were not read yet.
    pub fn news(&self) -> impl Iterator<Item = StudioNews> {
        self.news.try_iter()
    }

    /// Pictures that were not read yet.
    pub fn thumbnails(&self) -> impl Iterator<Item = Thumbnail> {
        self.thumbnails.try_iter()
    }
}

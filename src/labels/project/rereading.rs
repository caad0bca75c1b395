//! Rereading of locked labels, on a separate thread where the window must not wait for the disk.

use std::path::PathBuf;

use super::{Project, locked_by, read_sidecar, undo};
use crate::error::Error;
use crate::labels::{Class, StoredPath, Video, VideoId};

/// The videos with locked labels, and the data needed to read their files.
pub struct LockedLabels {
    dir: PathBuf,
    classes: Vec<Class>,
    /// The videos, each with the name of its label file.
    videos: Vec<(VideoId, Video, String)>,
    revision: u64,
}

/// The labels that were read, for one revision of the project.
pub struct ReadLabels {
    /// The videos as they are now, possibly still locked, each with its earlier error.
    videos: Vec<(VideoId, Video, Option<Error>)>,
    revision: u64,
}

/// The outcome of rereading locked labels.
#[derive(Debug, Default, PartialEq)]
pub struct Reread {
    /// Videos that were unlocked.
    pub unlocked: Vec<VideoId>,
    /// The errors of those that are still locked.
    pub still: Vec<Error>,
    /// The earlier errors of all of them.
    pub outdated: Vec<Error>,
    /// Notes on the labels that were read.
    pub notes: Vec<Error>,
}

impl LockedLabels {
    /// Reads the files.
    pub fn read(self) -> ReadLabels {
        let Self { dir, classes, videos, revision } = self;
        let read = |(id, mut video, name): (VideoId, Video, String)| {
            let before = video.locked.take().map(|why| *why);
            if let Err(why) = read_sidecar(&dir, &name, &classes, &mut video) {
                video.locked = Some(Box::new(locked_by(&why)));
            }
            (id, video, before)
        };
        ReadLabels { videos: videos.into_iter().map(read).collect(), revision }
    }
}

impl Project {
    /// Returns the videos with locked labels, to be read on any thread.
    pub fn locked_labels(&self) -> LockedLabels {
        let locked = self.document.videos.iter().filter(|(_, video)| video.locked.is_some());
        let videos = locked.filter_map(|(id, video)| Some((*id, video.clone(), self.sidecars.get(id)?.clone())));
        let (dir, classes) = (self.dir.clone(), self.document.classes.clone());
        LockedLabels { dir, classes, videos: videos.collect(), revision: self.revision }
    }

    /// Applies labels that were read: readable ones are unlocked. `None` if the project has changed since, in which
    /// case they must be read again.
    pub fn take_read(&mut self, read: ReadLabels) -> Option<Reread> {
        if read.revision != self.revision {
            return None;
        }
        let mut reread = Reread::default();
        for (id, video, before) in read.videos {
            let Some(old) = self.document.videos.get(&id) else { continue };
            self.fingerprint = self.fingerprint.wrapping_sub(undo::print_of_video(id, old));
            reread.outdated.extend(before);
            match &video.locked {
                None => {
                    reread.notes.extend(video.note_beyond_end(&StoredPath::decode(&video.path, &self.dir)));
                    reread.unlocked.push(id);
                }
                Some(why) => reread.still.push((**why).clone()),
            }
            self.fingerprint = self.fingerprint.wrapping_add(undo::print_of_video(id, &video));
            self.document.videos.insert(id, video);
            self.revision += 1;
        }
        Some(reread)
    }

    /// Rereads the files of locked labels synchronously; readable ones are unlocked.
    pub fn read_again(&mut self) -> Reread {
        let read = self.locked_labels().read();
        self.take_read(read).unwrap_or_default() // Nothing has changed meanwhile.
    }
}

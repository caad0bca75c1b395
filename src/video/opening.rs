//! How a player opens a video: its first picture at once, and behind it the list of its frames.
//!
//! Listing the frames takes one pass over the file, which may be long or lie on a slow disk. It runs on a thread of its own,
//! `index`, that nobody waits for: it ends by itself at the next packet once the player is gone.

use std::path::Path;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select};

use super::converter::Converter;
use super::file_reader::{FileReader, upright};
use super::frame_decoder::Purpose;
use super::index_progress::IndexProgress;
use super::index_store::{index_of, known_index};
use super::player::{PlayerCommand, Shared, Wake};
use super::raw_frames::UnlistedFrames;
use super::reader::VideoReader;
use super::video_index::VideoIndex;
use super::{Frame, Sizes, StopFlag};
use crate::error::{Result, caught_at};

/// How often the window is told of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Opens the video at `path`, shows its first picture, and waits until its frames are listed. Returns a reader and the
/// commands that came meanwhile; `None` if the handle is gone.
///
/// # Errors
/// If it cannot be opened.
pub(super) fn open_video(
    path: &Path,
    sizes: &Sizes,
    shared: &Shared,
    commands: &Receiver<PlayerCommand>,
    wake: &Wake,
) -> Result<Option<(VideoReader, Vec<PlayerCommand>)>> {
    if path.is_dir() {
        return Ok(Some((VideoReader::open(path, sizes.clone())?, Vec::new())));
    }
    let mut video = UnlistedFrames::open(path, Purpose::Pictures, &shared.stop)?;
    let (index, waiting) = match known_index(path) {
        Some(index) => (index, Vec::new()),
        None => {
            let progress = Arc::<IndexProgress>::default();
            *shared.indexing() = Some((progress.clone(), video.source().claimed_secs()));
            let listed = list(path, &shared.stop, progress);
            if let Some(frame) = first_frame(&mut video, sizes) {
                *shared.current() = Some(Arc::new(frame));
            }
            wake();
            let (index, waiting) = wait(&listed, commands, wake);
            *shared.indexing() = None;
            let Some(index) = index else { return Ok(None) };
            (index?, waiting)
        }
    };
    let mut reader = VideoReader::of_file(FileReader::read(video.list(index)?)?);
    reader.set_sizes(sizes.clone());
    Ok(Some((reader, waiting)))
}

/// Lists the frames on a thread of its own; the list arrives at the receiver.
fn list(path: &Path, stop: &StopFlag, progress: Arc<IndexProgress>) -> Receiver<Result<VideoIndex>> {
    let (done, listed) = bounded(1);
    let (path, stop, sender) = (path.to_owned(), stop.clone(), done.clone());
    let work = {
        let (path, stop, progress) = (path.clone(), stop.clone(), progress.clone());
        // Nobody listens if the player is gone.
        move || _ = sender.send(caught_at(&path, || index_of(&path, &stop, &progress)))
    };
    if Builder::new().name("index".into()).spawn(work).is_err() {
        // Without another thread, this one does it.
        let _ = done.send(index_of(&path, &stop, &progress));
    }
    listed
}

/// The list of frames, and the commands that came before it; no list if the handle is gone.
fn wait(
    listed: &Receiver<Result<VideoIndex>>,
    commands: &Receiver<PlayerCommand>,
    wake: &Wake,
) -> (Option<Result<VideoIndex>>, Vec<PlayerCommand>) {
    let mut waiting = Vec::new();
    loop {
        select! {
            recv(listed) -> index => return (index.ok(), waiting),
            recv(commands) -> command => match command {
                Ok(command) => waiting.push(command),
                Err(_) => return (None, waiting),
            },
            default(PROGRESS_INTERVAL) => wake(),
        }
    }
}

/// The first picture as a frame, if it can be decoded; the list of frames may know an earlier one.
pub(super) fn first_frame(video: &mut UnlistedFrames, sizes: &Sizes) -> Option<Frame> {
    let picture = video.first_picture()?;
    let (shown, orientation) = upright(video.source(), &picture);
    let mut converter = Converter::new(sizes.of(shown), orientation, false);
    let converted = converter.push(0, picture).ok()??;
    let mut pictures = converted.pictures.into_iter();
    let display = pictures.next()?;
    Some(Frame { index: 0, pts_secs: 0.0, duration_secs: 0.0, display, scaled: pictures.collect() })
}

#[cfg(test)]
mod tests {
    use super::super::index_store::hold;
    use super::super::{Geometry, Player, PlayerEvent, VideoWriter};
    use super::*;
    use image::{Rgb, RgbImage};

    const SIZE: Geometry = Geometry { width: 32, height: 32 };

    fn write_clip(path: &Path) {
        let mut writer = VideoWriter::create(path, SIZE, 25.0).expect("writable");
        for number in 0..5 {
            let picture = RgbImage::from_pixel(SIZE.width, SIZE.height, Rgb([200 - 20 * number; 3]));
            writer.push(&picture).expect("a picture of the size of the clip");
        }
        writer.finish().expect("it has pictures");
    }

    fn wait_for(what: &str, condition: impl Fn() -> bool) {
        for _ in 0..20_000 {
            if condition() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("waited in vain: {what}");
    }

    #[test]
    fn the_first_picture_is_there_before_the_frames_are_listed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip);
        let listing_goes_on = hold(&clip);
        let player = Player::open(&clip, Sizes::default(), Arc::new(|| {}));
        wait_for("the first picture", || player.current().is_some());
        let first = player.current().expect("just seen");
        assert!(first.index == 0 && first.display.get_pixel(16, 16)[0].abs_diff(200) < 8, "{:?}", first.display);
        let indexing = player.indexing().expect("the frames are not listed yet");
        assert!(indexing.claimed_secs.is_some_and(|secs| (secs - 0.2).abs() < 0.05), "{indexing:?}");
        // What is sent meanwhile waits, however much it is.
        (0..2000).for_each(|_| player.send(PlayerCommand::Step(1)));
        player.send(PlayerCommand::SeekFrame(3));
        assert!(player.events().is_empty());
        listing_goes_on();
        wait_for("the frame that was sought", || player.current().is_some_and(|frame| frame.index == 3));
        assert!(matches!(player.events().try_recv(), Ok(PlayerEvent::Opened(info)) if info.frames == 5));
        assert_eq!(player.indexing(), None);
    }

    #[test]
    fn nobody_waits_for_the_threads_of_a_player_that_is_dropped_while_it_opens() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_clip(&clip);
        let listing_goes_on = hold(&clip);
        let player = Player::open(&clip, Sizes::default(), Arc::new(|| {}));
        wait_for("the first picture", || player.current().is_some());
        let events = player.events().clone();
        drop(player); // The list of frames never comes, so this could not end if it waited for it.
        let ended = || matches!(events.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected));
        wait_for("the end of the decoder", ended);
        listing_goes_on();
    }
}

//! Opening of a video in a player: shows and plays the first frames at once and builds the frame index in the
//! background.
//!
//! Listing the frames takes one pass over the file, which may be long or on a slow disk. It runs on its own thread,
//! `index`, which is never joined: it ends by itself at the next packet once the player is dropped.

use std::path::Path;
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::{Receiver, bounded, select};

use super::file_reader::FileReader;
use super::frame_decoder::Purpose;
use super::index_progress::IndexProgress;
use super::index_store::{index_of, known_index};
use super::player_state::{PlayerCommand, SharedState, Wake};
use super::preview::Preview;
use super::raw_frames::UnlistedFrames;
use super::reader::VideoReader;
use super::video_index::VideoIndex;
use super::{Sizes, StopFlag};
use crate::error::Result;
use crate::panic_guard::caught_at;

/// Opens the video at `path`, plays its beginning, and waits for the list of its frames. Returns a reader and the
/// commands to execute; `None` if the handle is dropped.
///
/// # Errors
/// If it cannot be opened.
pub(super) fn open_video(
    path: &Path,
    sizes: &Sizes,
    shared: &SharedState,
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
            let mut preview = Preview::begin(video, sizes, shared, wake);
            let (index, waiting) = wait(&listed, commands, &mut preview);
            *shared.indexing() = None;
            let Some(index) = index else { return Ok(None) };
            let (index, (played, commands)) = (index?, preview.end());
            video = played;
            let commands = commands(&index.frames).into_iter().chain(waiting).collect();
            (index, commands)
        }
    };
    let mut reader = VideoReader::of_file(FileReader::read(video.list(index)?)?);
    reader.set_sizes(sizes.clone());
    Ok(Some((reader, waiting)))
}

/// Checks that the video at `path` can be opened; reads only its beginning.
///
/// # Errors
/// If it is not a video or cannot be opened.
pub fn check_opening(path: &Path) -> Result<()> {
    UnlistedFrames::open(path, Purpose::Pictures, &StopFlag::default()).map(drop)
}

/// Lists the frames on a separate thread and returns the receiver of the list.
fn list(path: &Path, stop: &StopFlag, progress: Arc<IndexProgress>) -> Receiver<Result<VideoIndex>> {
    let (done, listed) = bounded(1);
    let (path, stop, sender) = (path.to_owned(), stop.clone(), done.clone());
    let work = {
        let (path, stop, progress) = (path.clone(), stop.clone(), progress.clone());
        // Sending fails if the player is dropped.
        move || _ = sender.send(caught_at(&path, || index_of(&path, &stop, &progress)))
    };
    if Builder::new().name("index".into()).spawn(work).is_err() {
        // If no thread can be started, this one does the work.
        let _ = done.send(index_of(&path, &stop, &progress));
    }
    listed
}

/// Returns the list of frames, and the commands that came before it and need it; no list if the handle is dropped.
fn wait(
    listed: &Receiver<Result<VideoIndex>>,
    commands: &Receiver<PlayerCommand>,
    preview: &mut Preview<'_>,
) -> (Option<Result<VideoIndex>>, Vec<PlayerCommand>) {
    let mut waiting = Vec::new();
    loop {
        select! {
            recv(listed) -> index => return (index.ok(), waiting),
            recv(commands) -> command => match command {
                Ok(command) => {
                    // Commands after a waiting seek must be executed after it.
                    if !preview.obey(&command) || !waiting.is_empty() {
                        waiting.push(command);
                    }
                }
                Err(_) => return (None, waiting),
            },
            default(preview.patience()) => preview.go_on(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index_store::hold;
    use std::time::Duration;

    use image::{Rgb, RgbImage};

    use super::super::{Geometry, Player, PlayerEvent, VideoWriter};
    use super::*;

    const SIZE: Geometry = Geometry { width: 32, height: 32 };

    fn write_clip(path: &Path) {
        write_frames(path, 5, 25.0);
    }

    fn write_frames(path: &Path, count: u8, fps: f64) {
        let mut writer = VideoWriter::create(path, SIZE, fps).expect("writable");
        for number in 0..count {
            let level = 200 - 20 * (number % 10);
            let picture = RgbImage::from_pixel(SIZE.width, SIZE.height, Rgb([level; 3]));
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
        // Commands sent meanwhile are queued, however many.
        (0..2000).for_each(|_| player.send(PlayerCommand::Step(1)));
        player.send(PlayerCommand::SeekFrame(3));
        assert!(player.events().is_empty());
        listing_goes_on();
        wait_for("the frame that was sought", || player.current().is_some_and(|frame| frame.index == 3));
        assert!(matches!(player.events().try_recv(), Ok(PlayerEvent::Opened(info)) if info.frames == 5));
        assert_eq!(player.indexing(), None);
    }

    #[test]
    fn a_video_plays_from_its_beginning_while_its_frames_are_listed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_frames(&clip, 60, 100.0);
        let listing_goes_on = hold(&clip);
        let player = Player::open(&clip, Sizes::default(), Arc::new(|| {}));
        let shown = || {
            let frame = player.current()?;
            let level = 200 - 20 * (frame.index % 10) as u8;
            assert!(frame.display.get_pixel(16, 16)[0].abs_diff(level) < 8, "not frame {}", frame.index);
            assert!((frame.pts_secs - frame.index as f64 / 100.0).abs() < 1e-3, "{} s", frame.pts_secs);
            Some(frame.index)
        };
        wait_for("the first picture", || shown() == Some(0));
        player.send(PlayerCommand::Play);
        wait_for("frame 10", || shown() >= Some(10));
        assert!(player.state().playing && player.events().is_empty() && player.indexing().is_some());
        player.send(PlayerCommand::Pause);
        wait_for("the pause", || !player.state().playing);
        let position = player.state().position;
        assert!(position >= 10 && shown() == Some(position));
        listing_goes_on();
        wait_for("the list", || !player.events().is_empty());
        assert!(matches!(player.events().try_recv(), Ok(PlayerEvent::Opened(info)) if info.frames == 60));
        wait_for("the same frame", || player.window(position, 1, 1).is_some());
        assert_eq!((player.state().position, player.state().playing, shown()), (position, false, Some(position)));
    }

    #[test]
    fn playing_goes_on_when_the_list_comes_and_what_needed_it_is_done() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clip = folder.path().join("clip.mp4");
        write_frames(&clip, 60, 100.0);
        let open = || Player::open(&clip, Sizes::default(), Arc::new(|| {}));
        let listing_goes_on = hold(&clip);
        let (playing, ending, leaping) = (open(), open(), open());
        for player in [&playing, &ending, &leaping] {
            player.send(PlayerCommand::SetSpeed(0.5));
            player.send(PlayerCommand::Play);
        }
        ending.send(PlayerCommand::SetSpeed(32.0));
        leaping.send(PlayerCommand::SeekFrame(50));
        leaping.send(PlayerCommand::Pause);
        let index = |player: &Player| player.current().map_or(0, |frame| frame.index);
        wait_for("frame 3", || index(&playing) >= 3);
        wait_for("the end", || index(&ending) == 59 && !ending.state().playing);
        listing_goes_on();
        wait_for("the list", || [&playing, &ending, &leaping].iter().all(|player| player.indexing().is_none()));
        wait_for("the frame that was sought", || index(&leaping) == 50);
        assert!(!leaping.state().playing);
        assert_eq!(playing.state().speed, 0.5);
        assert_eq!((ending.state().position, ending.state().playing), (59, false));
        wait_for("the end", || playing.events().try_iter().any(|event| event == PlayerEvent::Ended));
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

//! Recordings of minutes in which one person performs the actions in turn, or two at the same time, with the exact times of each as
//! labels.

use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::clip::{FPS, GeneratedClip};
use super::motion::{Act, Cycle, Motion};
use super::project::{make_folder, write_text};
use super::{ACTIONS, Action, STYLES};
use crate::error::Result;
use crate::video::{Geometry, VideoWriter};

/// The class of the times in which the person stands still.
const STANDING: &str = "stand";

/// Frames of an action and of standing, shortest and longest.
const ACTION_FRAMES: [usize; 2] = [75, 200];
const STANDING_FRAMES: [usize; 2] = [50, 125];

/// The share of the actions that follow another without standing in between.
const AT_ONCE: f64 = 0.3;

/// Actions of the whole body, and those of the arms that can be performed meanwhile.
const BODY_ACTIONS: [Action; 5] = [Action::Bow, Action::Jump, Action::Kick, Action::Squat, Action::Walk];
const ARM_ACTIONS: [Action; 3] = [Action::Clap, Action::Punch, Action::Wave];

/// Recordings to write.
#[derive(Debug, Clone, Copy)]
pub struct Recordings {
    /// How many; each shows another person and place than the one before.
    pub count: usize,
    /// Frames of each.
    pub frames: usize,
    /// Size of the pictures.
    pub geometry: Geometry,
    /// The same seed writes the same recordings.
    pub seed: u64,
    /// Whether arms and body perform actions of their own, often at the same time.
    pub simultaneous: bool,
}

/// What is shown in a recording from one frame up to the next part.
struct RecordingPart {
    start: usize,
    action: Option<Action>,
}

/// Writes `recordings` and the table of their labels below `dir`. `progress` is called with the number of frames written and of all.
///
/// # Errors
/// If the folder cannot be written to or a recording cannot be encoded.
pub fn write_recordings(dir: &Path, recordings: &Recordings, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
    let Recordings { count, frames, geometry, seed, simultaneous } = *recordings;
    let [labels, first] = recording_files(dir);
    make_folder(&first)?;
    let mut styles: Vec<usize> = (0..STYLES.len()).collect();
    styles.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut table = "path,label,start,end\n".to_owned();
    for index in 0..count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // A stream of its own for each recording: what one draws changes no other.
        rng.set_stream(index as u64 + 1);
        let tracks = tracks(frames, simultaneous, &mut rng);
        let mut acts = tracks.iter().map(|parts| parts.iter().map(|part| act(part, &mut rng)).collect::<Vec<_>>());
        let (body, arms) = (acts.next().unwrap_or_default(), acts.next());
        let motion = match arms {
            Some(arms) => Motion::Both { body, arms },
            None => Motion::Acts(body),
        };
        let style = &STYLES[styles[index % styles.len()]];
        let clip = GeneratedClip::in_place(motion, style, rng.random(), frames, geometry);
        let path = recording(index);
        let mut writer = VideoWriter::create(&dir.join(&path), geometry, FPS)?;
        for frame in 0..frames {
            progress(index * frames + frame, count * frames);
            writer.push(&clip.frame(frame).0)?;
        }
        writer.finish()?;
        table += &rows(&path, &tracks, frames);
    }
    progress(count * frames, count * frames);
    write_text(&labels, &table)
}

/// Returns the table of the labels and the first recording below `dir`.
pub fn recording_files(dir: &Path) -> [PathBuf; 2] {
    [dir.join("labels.csv"), dir.join(recording(0))]
}

/// Returns the path of recording `index`, as the table of labels names it.
fn recording(index: usize) -> String {
    format!("recordings/recording_{:02}.mp4", index + 1)
}

/// Returns what is done in a recording, or what the body does and what the arms do.
fn tracks(frames: usize, simultaneous: bool, rng: &mut ChaCha8Rng) -> Vec<Vec<RecordingPart>> {
    match simultaneous {
        true => [&BODY_ACTIONS[..], &ARM_ACTIONS].map(|actions| parts(frames, actions, rng)).into(),
        false => vec![parts(frames, &ACTIONS, rng)],
    }
}

/// Returns the parts of a recording of so many frames: every one of `actions` once in random order, then all of them again.
fn parts(frames: usize, actions: &[Action], rng: &mut ChaCha8Rng) -> Vec<RecordingPart> {
    let mut parts = Vec::new();
    let mut deck: Vec<Action> = Vec::new();
    let mut start = 0;
    while start < frames {
        let follows_action = parts.last().is_some_and(|part: &RecordingPart| part.action.is_some());
        let stands = parts.is_empty() || (follows_action && !rng.random_bool(AT_ONCE));
        let action = if stands { None } else { Some(next_action(&mut deck, actions, parts.last(), rng)) };
        let [shortest, longest] = if stands { STANDING_FRAMES } else { ACTION_FRAMES };
        parts.push(RecordingPart { start, action });
        start += rng.random_range(shortest..=longest);
    }
    parts
}

/// Takes the next action of `deck`, which is filled again with `actions` when it is empty, and never the one that is just being
/// performed.
fn next_action(
    deck: &mut Vec<Action>,
    actions: &[Action],
    last: Option<&RecordingPart>,
    rng: &mut ChaCha8Rng,
) -> Action {
    if deck.is_empty() {
        deck.extend(actions);
        deck.shuffle(rng);
        if last.and_then(|part| part.action) == deck.last().copied() {
            deck.reverse();
        }
    }
    deck.pop().expect("it has just been filled")
}

fn act(part: &RecordingPart, rng: &mut ChaCha8Rng) -> Act {
    let mut around = |middle: f32, spread: f32| middle + spread * rng.random_range(-1.0..1.0f32);
    let cycle = part.action.map(|action| Cycle {
        action,
        start: 0.0,
        cycles_per_sec: around(1.0, 0.08) / action.period_secs(),
        vigour: around(0.97, 0.06),
    });
    Act { start_secs: part.start as f32 / FPS as f32, cycle }
}

/// Returns the rows of the table of labels for one recording, by start: those of all actions of its `tracks`, and of the times without
/// any.
fn rows(path: &str, tracks: &[Vec<RecordingPart>], frames: usize) -> String {
    let spans: Vec<Vec<(usize, usize, Option<Action>)>> = tracks.iter().map(|parts| spans(parts, frames)).collect();
    let named = spans.iter().flatten().filter_map(|&(start, end, action)| Some((start, end, action?.name())));
    let mut rows: Vec<(usize, usize, &str)> = named.collect();
    let idle = |spans: &[(usize, usize, Option<Action>)]| -> Vec<[usize; 2]> {
        spans.iter().filter(|(.., action)| action.is_none()).map(|&(start, end, _)| [start, end]).collect()
    };
    let standing = spans.iter().map(|spans| idle(spans)).reduce(|one, other| common(&one, &other));
    rows.extend(standing.into_iter().flatten().map(|[start, end]| (start, end, STANDING)));
    rows.sort_unstable();
    let secs = |frame: usize| frame as f64 / FPS;
    rows.iter().map(|&(start, end, class)| format!("{path},{class},{:.2},{:.2}\n", secs(start), secs(end))).collect()
}

/// Returns the parts with the frame at which each ends.
fn spans(parts: &[RecordingPart], frames: usize) -> Vec<(usize, usize, Option<Action>)> {
    let ends = parts.iter().skip(1).map(|part| part.start).chain([frames]);
    parts.iter().zip(ends).map(|(part, end)| (part.start, end, part.action)).collect()
}

/// Returns the stretches that are in one of each.
fn common(one: &[[usize; 2]], other: &[[usize; 2]]) -> Vec<[usize; 2]> {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| [a[0].max(b[0]), a[1].min(b[1])]));
    pairs.filter(|[start, end]| start < end).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SMALL: Recordings = Recordings {
        count: 1,
        frames: 250,
        geometry: Geometry { width: 64, height: 48 },
        seed: 3,
        simultaneous: false,
    };

    #[test]
    fn parts_fill_a_recording_and_every_action_occurs() {
        let parts = parts(30 * 60 * 25, &ACTIONS, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((parts[0].start, parts[0].action), (0, None));
        assert!(parts.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].action != pair[1].action));
        for action in ACTIONS {
            let often = parts.iter().filter(|part| part.action == Some(action)).count();
            assert!((15..60).contains(&often), "{action}: {often}");
        }
    }

    #[test]
    fn a_seed_writes_the_same_recordings_and_labels_without_gaps() {
        let dir = tempfile::tempdir().unwrap();
        let written = |name: &str, seed: u64| {
            let root = dir.path().join(name);
            write_recordings(&root, &Recordings { seed, ..SMALL }, &mut |_, _| {}).unwrap();
            recording_files(&root).map(|path| fs::read(path).unwrap())
        };
        let [labels, video] = written("a", 3);
        assert_eq!([labels.clone(), video], written("b", 3));
        assert_ne!(labels, written("c", 4)[0]);
        let labels = String::from_utf8(labels).unwrap();
        let rows: Vec<Vec<&str>> = labels.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert_eq!((rows[0][1], rows[0][2], rows[rows.len() - 1][3]), (STANDING, "0.00", "10.00"));
        assert!(rows.windows(2).all(|pair| pair[0][3] == pair[1][2]), "{labels}");
    }

    #[test]
    fn actions_at_the_same_time_overlap_in_the_labels_and_no_time_is_unlabelled() {
        let labels = super::rows("a.mp4", &tracks(1500, true, &mut ChaCha8Rng::seed_from_u64(3)), 1500);
        let hundredths = |cell: &str| (100.0 * cell.parse::<f64>().unwrap()).round() as usize;
        let rows: Vec<(&str, usize, usize)> = labels
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>())
            .map(|cells| (cells[1], hundredths(cells[2]), hundredths(cells[3])))
            .collect();
        let shown_at = |time: usize| -> Vec<&str> {
            rows.iter().filter(|(_, start, end)| (*start..*end).contains(&time)).map(|(class, ..)| *class).collect()
        };
        let of = |actions: &[Action], class: &str| actions.iter().any(|action| action.name() == class);
        let mut together = 0;
        for time in (2..6000).step_by(4) {
            match shown_at(time)[..] {
                [STANDING] => {}
                [one] => assert!(of(&ACTIONS, one)),
                [one, other] => {
                    together += 1;
                    assert!(of(&BODY_ACTIONS, one) != of(&BODY_ACTIONS, other), "{one} and {other}");
                }
                ref shown => panic!("{shown:?} at {time}"),
            }
        }
        assert!(together > 150, "{together} of 1500 frames: {labels}");
        assert!(rows.windows(2).all(|pair| pair[0].1 <= pair[1].1), "by start: {labels}");
        let dir = tempfile::tempdir().unwrap();
        let pictures = |simultaneous: bool| {
            let root = dir.path().join(simultaneous.to_string());
            write_recordings(&root, &Recordings { simultaneous, ..SMALL }, &mut |_, _| {}).unwrap();
            fs::read(&recording_files(&root)[1]).unwrap()
        };
        assert_ne!(pictures(true), pictures(false));
    }
}

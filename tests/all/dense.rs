//! Scores of every Nth frame of a video, as `motionscope predict` computes them.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use motionscope::cli::bench::fixture;
use motionscope::engine::{ClipFrames, DenseEnd, DensePrediction, InferencePipeline, ScoredFrame};
use motionscope::error::{ErrorKind, Result};
use motionscope::gpu::{DeviceChoice, choose};
use motionscope::nets::fusion::Fusion;
use motionscope::nets::{HiddenTwoStream, MotionConfig, MotionCrop};
use motionscope::video::{Frame, Geometry};

const SIZE: Geometry = Geometry { width: 64, height: 64 };

fn pipeline(change: impl FnOnce(&mut HiddenTwoStream)) -> InferencePipeline {
    let compute = choose(DeviceChoice::Cpu).unwrap();
    let motion = MotionConfig { frames: 2, width: 2, ..MotionConfig::default() };
    let mut model = fixture::model(&motion, SIZE, &compute.device);
    change(&mut model);
    InferencePipeline::new(model, &compute)
}

fn opened(path: &Path, pipeline: &InferencePipeline, stride: usize) -> DensePrediction {
    DensePrediction::open(path, pipeline, NonZeroUsize::new(stride).unwrap()).unwrap()
}

/// The number and the probabilities of the frames that a run from number `first` on scores.
fn scored(path: &Path, pipeline: &mut InferencePipeline, stride: usize, first: usize) -> Vec<(usize, Vec<f32>)> {
    let (mut prediction, mut frames) = (opened(path, pipeline, stride), Vec::new());
    let mut push = |frame: ScoredFrame| {
        frames.push((frame.index, frame.probabilities));
        Ok(())
    };
    let end = prediction.run(pipeline, &Fusion::default(), first, &|| true, &mut push).unwrap();
    assert_eq!(end, DenseEnd::Finished);
    frames
}

fn windows(path: &Path, pipeline: &InferencePipeline, starts: &[usize]) -> Vec<Vec<Arc<Frame>>> {
    let mut clip = ClipFrames::open(path, pipeline.sizes()).unwrap();
    starts.iter().map(|&start| clip.window(start, pipeline.window_frames()).unwrap()).collect()
}

#[test]
fn a_frame_has_the_same_scores_wherever_the_run_began_and_those_of_its_window_alone() {
    let dir = tempfile::tempdir().unwrap();
    let clip = fixture::clip(dir.path(), 75, SIZE).unwrap();
    let mut pipeline = pipeline(|_| ());
    for (stride, begins) in [(1, vec![1, 7, 8, 31, 32, 35, 74, 75]), (4, vec![3, 9, 18]), (30, vec![1, 2])] {
        let whole = scored(&clip, &mut pipeline, stride, 0);
        assert_eq!(whole.len(), 75usize.div_ceil(stride));
        for first in begins {
            assert_eq!(scored(&clip, &mut pipeline, stride, first), whole[first..], "{stride} {first}");
        }
        for (index, probabilities) in whole {
            let start = (index * stride).saturating_sub(5).min(75 - 11);
            pipeline.clear();
            let window = &windows(&clip, &pipeline, &[start])[0];
            let alone = pipeline.analyse(window).unwrap().scores.fused_probabilities(&Fusion::default());
            let difference = probabilities.iter().zip(&alone).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(difference < 1e-5, "frame {} by {difference}", index * stride);
        }
    }
}

#[test]
fn a_run_ends_where_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let clip = fixture::clip(dir.path(), 40, SIZE).unwrap();
    let mut pipeline = pipeline(|_| ());
    let (asked, mut count) = (AtomicUsize::new(0), 0);
    let mut push = |_: ScoredFrame| {
        count += 1;
        Ok(())
    };
    let go_on = || asked.fetch_add(1, Ordering::Relaxed) < 30;
    let end = opened(&clip, &pipeline, 1).run(&mut pipeline, &Fusion::default(), 0, &go_on, &mut push).unwrap();
    assert!(end == DenseEnd::Stopped && (1..40).contains(&count), "{end:?} after {count}");
}

#[test]
fn a_video_that_vanishes_or_changes_ends_the_run_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let clip = fixture::clip(dir.path(), 40, SIZE).unwrap();
    let mut pipeline = pipeline(|_| ());
    let path = dir.path().join("video.mp4");
    let mut ended = |change: &dyn Fn(&PathBuf)| {
        fs::copy(&clip, &path).unwrap();
        let mut count = 0;
        let mut push = |_: ScoredFrame| -> Result<()> {
            count += 1;
            if count == 8 {
                change(&path);
            }
            Ok(())
        };
        let mut prediction = opened(&path, &pipeline, 1);
        let error = prediction.run(&mut pipeline, &Fusion::default(), 0, &|| true, &mut push).unwrap_err();
        (error, prediction.source().has_changed(), count)
    };
    let (error, has_changed, count) = ended(&|path| fs::remove_file(path).unwrap());
    assert_eq!((error.kind, has_changed, count), (ErrorKind::NotFound, false, 8), "{error}");
    assert!(error.subject.ends_with("video.mp4") && error.cause.contains("vanished"), "{error}");
    assert!(error.remedy.contains("Put it back"), "{error}");
    let (error, has_changed, count) = ended(&|path| {
        let mut bytes = fs::read(path).unwrap();
        bytes.extend([0; 100]);
        fs::write(path, bytes).unwrap();
    });
    assert_eq!((has_changed, count), (true, 8), "{error}");
    assert!(error.cause.contains("has changed since its prediction began"), "{error}");
}

#[test]
fn motion_net_is_run_for_what_sees_motion_only() {
    let dir = tempfile::tempdir().unwrap();
    let clip = fixture::clip(dir.path(), 24, SIZE).unwrap();
    for (crop, is_run) in [(MotionCrop::Whole, false), (MotionCrop::Motion, true)] {
        let mut pipeline = pipeline(|model| {
            model.temporal = None;
            model.card.temporal = None;
            model.card.preprocessing.spatial.crop = crop;
        });
        let window = windows(&clip, &pipeline, &[0]).swap_remove(0);
        assert_eq!(pipeline.advance(&window, 0).unwrap(), !is_run);
        let result = pipeline.analyse(&window).unwrap();
        assert_eq!((result.flows.is_some(), result.scores.square.is_some()), (is_run, is_run));
        assert_eq!((result.scores.spatial.len(), result.scores.temporal.len()), (2, 0));
        assert!(pipeline.flow(&window, 9, 2).is_ok(), "its flow can be shown all the same");
        assert_eq!(scored(&clip, &mut pipeline, 4, 0).len(), 6);
    }
    let mut pipeline = pipeline(|model| {
        model.spatial = None;
        model.card.spatial = None;
    });
    let window = windows(&clip, &pipeline, &[0]).swap_remove(0);
    let result = pipeline.analyse(&window).unwrap();
    assert!(result.flows.is_some() && result.scores.spatial.is_empty(), "a temporal stream alone");
    assert_eq!(scored(&clip, &mut pipeline, 4, 0).len(), 6);
}

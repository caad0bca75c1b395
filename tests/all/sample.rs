//! The generated sample: reproducible, moving as its flow says, complete on disk.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use image::RgbImage;
use motionscope::data::{DataSource, Dataset};
use motionscope::flow::{FlowField, files::read_flo};
use motionscope::nets::HiddenTwoStream;
use motionscope::sample::{ACTIONS, Action, STYLES, SampleSize, first_clip, render_clip, write_part, write_project};
use motionscope::video::{Geometry, VideoWriter, decode_clip};

use crate::fine_tuning::recognised;

const GEOMETRY: Geometry = Geometry { width: 320, height: 240 };

#[test]
fn the_seed_decides_everything() {
    let clip = |seed| render_clip(Action::Punch, &STYLES[2], seed, 3, Geometry { width: 97, height: 64 });
    let (first, again, other) = (clip(5), clip(5), clip(6));
    assert_eq!((first.frames.len(), first.flow.len(), first.action), (3, 2, Action::Punch));
    assert!(first.frames == again.frames && first.flow == again.flow);
    assert!(first.frames != other.frames);
}

#[test]
fn flow_leads_from_every_frame_to_the_next() {
    for (i, action) in ACTIONS.into_iter().enumerate() {
        let clip = render_clip(action, &STYLES[i], 40 + i as u64, 12, GEOMETRY);
        let error = |flow: &FlowField| photometric_error(&clip.frames[10], &clip.frames[11], flow);
        let exact = &clip.flow[10];
        let (moved, unmoved) = (error(exact), error(&FlowField::new(320, 240, vec![[0.0; 2]; 320 * 240])));
        // What is uncovered between the frames cannot be predicted, hence the half.
        assert!(moved < 0.5 * unmoved, "{action}: {moved:.2} grey levels along the flow, {unmoved:.2} without");
        for [du, dv] in [[0.3, 0.0], [-0.3, 0.0], [0.0, 0.3], [0.0, -0.3]] {
            let shifted = exact.uv.iter().map(|[u, v]| [u + du, v + dv]).collect();
            let shifted = error(&FlowField::new(320, 240, shifted));
            assert!(moved < shifted, "{action}: {moved:.2} grey levels, but {shifted:.2} shifted by ({du}, {dv})");
        }
    }
}

/// Mean grey difference between `from` and `to` sampled along `flow`, green channel, inside the picture.
fn photometric_error(from: &RgbImage, to: &RgbImage, flow: &FlowField) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (x, y, pixel) in from.enumerate_pixels() {
        let [u, v] = flow.at(x as usize, y as usize);
        let (px, py) = (x as f32 + u, y as f32 + v);
        if px < 0.0 || py < 0.0 || px >= (to.width() - 1) as f32 || py >= (to.height() - 1) as f32 {
            continue;
        }
        let sampled = image::imageops::interpolate_bilinear(to, px, py).unwrap();
        sum += f64::from((f32::from(sampled[1]) - f32::from(pixel[1])).abs());
        count += 1.0;
    }
    sum / count
}

#[test]
fn motion_stays_within_what_the_networks_are_meant_for() {
    for (i, action) in ACTIONS.into_iter().enumerate() {
        let clip = render_clip(action, &STYLES[(i + 3) % 8], 7, 40, GEOMETRY);
        let longest = clip.flow.iter().map(FlowField::magnitude_max).fold(0.0, f32::max);
        assert!((3.0..12.0).contains(&longest), "{action} moves by up to {longest} px between frames");
    }
}

#[test]
fn the_project_is_complete_and_its_lists_agree_with_its_clips() {
    let folder = tempfile::tempdir().unwrap();
    let mut steps = Vec::new();
    let project = write_project(folder.path(), 1, &mut |done, all| steps.push((done, all))).unwrap();
    let clips = ACTIONS.len() * STYLES.len();
    assert_eq!(steps, (0..=clips).map(|done| (done, clips)).collect::<Vec<_>>());

    let classes = fs::read_to_string(&project.classes).unwrap();
    let class = |name: &str| classes.lines().find_map(|line| line.strip_suffix(&format!(" {name}"))).unwrap();
    let (train, test) =
        (fs::read_to_string(&project.train_list).unwrap(), fs::read_to_string(&project.test_list).unwrap());
    assert_eq!((train.lines().count(), test.lines().count()), (ACTIONS.len() * 6, ACTIONS.len() * 2));
    for line in train.lines() {
        let (file, number) = line.split_once(' ').unwrap();
        assert!(project.clips.join(file).is_file() && !test.contains(file), "{file}");
        assert_eq!(number, class(file.split('/').next().unwrap()), "{file}");
    }
    for file in test.lines() {
        assert!(project.clips.join(file).is_file(), "{file}");
    }
    assert_eq!(decode_clip(&project.first, GEOMETRY, None).unwrap().len(), 40);
    assert_eq!(read_flo(&folder.path().join("flow/walk/walk_08/0009.flo")).unwrap().width, 320);
}

#[test]
fn a_few_clips_of_every_action_are_written_first_and_the_rest_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let done = std::cell::Cell::new(0);
    let mut written = Vec::new();
    let mut progress = |clips: usize, all: usize, clip: Option<&Path>| {
        assert_eq!(all, 3 * ACTIONS.len());
        done.set(clips);
        written.extend(clip.map(Path::to_owned));
    };
    let is_stopped = || done.get() == 2;
    assert!(!write_part(folder.path(), 1, SampleSize::Few, &mut progress, &is_stopped).unwrap());
    let clips: usize = fs::read_dir(folder.path().join("clips"))
        .unwrap()
        .map(|class| fs::read_dir(class.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(clips, 2, "what was written stays, and nothing is half written");
    assert_eq!((written.len(), &written[0]), (2, &first_clip(folder.path())));
    assert!(written.iter().all(|clip| clip.is_file()));
    let test = fs::read_to_string(folder.path().join("testlist01.txt")).unwrap();
    assert_eq!(test.lines().count(), ACTIONS.len());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "in the way").unwrap();
    let error = write_project(&blocked.join("sample"), 1, &mut |_, _| ()).unwrap_err();
    assert!(error.subject.contains("file"), "{error}");
}

#[test]
fn the_model_of_the_sample_recognises_clips_of_other_seeds() {
    let dir = tempfile::tempdir().unwrap();
    for (i, action) in ACTIONS.into_iter().enumerate() {
        fs::create_dir(dir.path().join(action.name())).unwrap();
        let mut writer = VideoWriter::create(&dir.path().join(action.name()).join("1.mp4"), GEOMETRY, 25.0).unwrap();
        for picture in render_clip(action, &STYLES[i], 900 + i as u64, 30, GEOMETRY).frames {
            writer.push(&picture).unwrap();
        }
        writer.finish().unwrap();
    }
    let clips = Dataset::open(&DataSource::Folder(dir.path().into())).unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sample");
    let model = HiddenTwoStream::load(&model, &Device::flex()).unwrap();
    assert_eq!(model.card.classes, clips.classes);
    // By its middle window alone; all windows of a clip do better.
    let right = recognised(&model, &clips);
    assert!(right[2] >= 6, "{right:?} of {} (spatial, temporal, fused)", ACTIONS.len());
}

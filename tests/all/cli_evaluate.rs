//! `motionscope evaluate actions` as it is typed: what it leaves out, and what it says of the clips.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use motionscope::cli::bench::fixture;
use motionscope::video::Geometry;

use crate::cli::{code, motionscope, text, untrained_model};

/// What is printed, what is said besides, and the exit code.
fn evaluate(dir: &Path, rest: &str) -> (String, String, i32) {
    let line = format!("evaluate actions --views 1x1 --model model --device cpu --data clips {rest}");
    let output = motionscope(dir, &line.split(' ').collect::<Vec<_>>());
    (text(&output.stdout), text(&output.stderr), code(&output))
}

#[test]
fn clips_that_are_left_out_are_named_and_no_success() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let at = |name: &str| dir.path().join("clips").join(name);
    fs::create_dir_all(at("frames")).unwrap();
    fixture::clip(&at(""), 12, Geometry { width: 96, height: 80 }).unwrap();
    for number in (1..=13).filter(|number| *number != 5) {
        let frame = RgbImage::from_pixel(64, 48, Rgb([10 * number; 3]));
        frame.save(at(&format!("frames/frame_{number:04}.png"))).unwrap();
    }
    let list = |name: &str, rows: &str| fs::write(dir.path().join(name), format!("path,label\n{rows}")).unwrap();
    list("whole.csv", "clip.mp4,one\nframes,Two\n");
    let (printed, said, status) = evaluate(dir.path(), "--list whole.csv");
    assert!(status == 0 && !printed.contains("without clips"), "{printed}");
    assert_eq!(said.matches("clips/frames: 1 of the frames 1 to 13 is missing").count(), 1, "{said}");
    list("other.csv", "clip.mp4,one\nframes,three\n");
    let (printed, _, status) = evaluate(dir.path(), "--list other.csv");
    assert!(status == 1 && printed.contains("1 clip not evaluated: 1 class not matched"), "{printed}");
    fs::write(dir.path().join("list.txt"), "clip.mp4 1\n").unwrap();
    fs::write(dir.path().join("classes.txt"), "1 one\n2 two\n").unwrap();
    let (printed, _, status) = evaluate(dir.path(), "--list list.txt --classes classes.txt");
    assert!(status == 0 && printed.contains("1 of the model's 2 classes without clips: 'two'."), "{printed}");
    fs::write(at("broken.mp4"), "not a video").unwrap();
    list("broken.csv", "clip.mp4,one\nbroken.mp4,two\n");
    assert_eq!(evaluate(dir.path(), "--list broken.csv").2, 1);
}

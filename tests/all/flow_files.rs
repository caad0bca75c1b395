//! Flow in every format: there and back, other people's files, broken files.

use std::fs;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage};
use motionscope::flow::files::{self, StreamPair, read, read_picture, read_two_stream, write, write_two_stream};
use motionscope::flow::{FlowField, metrics};
use tempfile::TempDir;

use crate::shared;

/// Names that stand for every format.
const NAMES: [&str; 7] = ["a.flo", "b.npy", "c.png", "flow_x_1.png", "flow_y_2.jpg", "x_00001.jpeg", "D.FLO"];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A smooth field with multiples of 1/64 px and vectors that are unknown for all reasons.
fn field() -> FlowField {
    let mut uv: Vec<[f32; 2]> = (0..12).map(|i| [i as f32 / 4.0 - 1.0, 0.5 - i as f32 / 64.0]).collect();
    uv[3] = [f32::NAN, 0.0];
    uv[7] = [0.0, f32::INFINITY];
    uv[11] = [2e9, -2e9];
    FlowField::new(4, 3, uv)
}

/// Writes `bytes` to a new file.
fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// What a reader must say about a broken file.
fn assert_refused(path: &Path, cause: &str) {
    let error = read(path).unwrap_err();
    let named = error.subject == path.display().to_string();
    assert!(named && error.cause.contains(cause) && !error.remedy.is_empty(), "expected '{cause}', got {error}");
}

#[test]
fn every_format_gives_back_what_was_written() {
    let folder = folder();
    let original = field();
    for name in NAMES {
        let path = folder.path().join(name);
        write(&path, &original).unwrap();
        let copy = read(&path).unwrap();
        assert_eq!((copy.width, copy.height), (4, 3), "{name}");
        let lossy = StreamPair::named(&path).is_some();
        for (i, (copy, original)) in copy.uv.iter().zip(&original.uv).enumerate() {
            let known = FlowField::is_known(*original);
            let expected = if known { *original } else { [0.0; 2] };
            match name.rsplit_once('.').unwrap().1.to_lowercase().as_str() {
                "flo" | "npy" => assert_eq!(copy.map(f32::to_bits), original.map(f32::to_bits), "{name} at {i}"),
                _ if !lossy => {
                    assert!(if known { copy == original } else { !FlowField::is_known(*copy) }, "{name} at {i}")
                }
                // Half a level of 40 / 255 px, and what JPEG adds to it.
                "png" => assert!((0..2).all(|c| (copy[c] - expected[c]).abs() <= 0.0785), "{name} at {i}: {copy:?}"),
                _ => assert!((0..2).all(|c| (copy[c] - expected[c]).abs() <= 0.8), "{name} at {i}: {copy:?}"),
            }
        }
    }
    let left: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.contains("partial")), "{left:?}");
    assert_eq!(left.len(), NAMES.len() + 3, "both halves of three pairs");
}

#[test]
fn kitti_levels_mean_what_the_benchmark_says() {
    let folder = folder();
    let path = folder.path().join("000000_10.png");
    let levels = [[32768 + 64, 32768 - 32, 1], [0, 65535, 1], [40000, 40000, 0], [32768, 32768, 7]];
    let picture = ImageBuffer::<Rgb<u16>, _>::from_raw(4, 1, levels.concat()).unwrap();
    picture.save(&path).unwrap();
    let field = read(&path).unwrap();
    assert_eq!(field.uv, [[1.0, -0.5], [-512.0, 512.0 - 1.0 / 64.0], FlowField::UNKNOWN, [0.0, 0.0]]);

    write(&path, &FlowField::new(2, 1, vec![[600.0, -600.0], [0.01, -0.01]])).unwrap();
    assert_eq!(
        read(&path).unwrap().uv,
        [[512.0 - 1.0 / 64.0, -512.0], [1.0 / 64.0, -1.0 / 64.0]],
        "saturated and rounded"
    );

    RgbImage::new(2, 2).save(&path).unwrap();
    assert_refused(&path, "8 bits");
    GrayImage::new(2, 2).save(&path).unwrap();
    assert_refused(&path, "its 1 channels have 8 bits");
}

#[test]
fn two_stream_levels_mean_what_the_field_agreed_on() {
    let folder = folder();
    let pair = StreamPair { x: folder.path().join("x.png"), y: folder.path().join("y.png") };
    let field = FlowField::new(5, 1, [-25.0, -20.0, 0.0, 10.0, 25.0].map(|u| [u, 0.0]).to_vec());
    write_two_stream(&pair, &field, 20.0).unwrap();
    assert_eq!(read_picture(&pair.x).unwrap().pixels().map(|p| p[0]).collect::<Vec<_>>(), [0, 0, 128, 191, 255]);
    assert!(read_picture(&pair.y).unwrap().pixels().all(|p| p[0] == 128));
    let read = read_two_stream(&pair, 20.0).unwrap();
    let expected = [-20.0, -20.0, 128.0 * 40.0 / 255.0 - 20.0, 191.0 * 40.0 / 255.0 - 20.0, 20.0];
    assert!(read.uv.iter().zip(expected).all(|(uv, u)| (uv[0] - u).abs() < 1e-5), "{read:?}");
    assert!((read_two_stream(&pair, 5.0).unwrap().uv[4][0] - 5.0).abs() < 1e-5, "another bound");

    // Some tools store grey as colours.
    RgbImage::from_pixel(5, 1, Rgb([255; 3])).save(&pair.y).unwrap();
    assert!((read_two_stream(&pair, 20.0).unwrap().uv[0][1] - 20.0).abs() < 1e-5);
    GrayImage::new(4, 1).save(&pair.y).unwrap();
    let error = read_two_stream(&pair, 20.0).unwrap_err();
    assert!(error.subject.ends_with("y.png") && error.cause.contains("4×1") && error.cause.contains("5×1"), "{error}");
    ImageBuffer::<Luma<u16>, _>::from_pixel(5, 1, Luma([0u16])).save(&pair.y).unwrap();
    assert!(read_two_stream(&pair, 20.0).unwrap_err().cause.contains("8 bits"));
}

#[test]
fn pairs_are_found_in_the_common_layouts() {
    let folder = folder();
    for (given, x, y) in [
        ("a/flow_y_00001.jpg", "a/flow_x_00001.jpg", "a/flow_y_00001.jpg"),
        ("b/x_00001.jpg", "b/x_00001.jpg", "b/y_00001.jpg"),
        ("c/v/clip/frame000001.jpg", "c/u/clip/frame000001.jpg", "c/v/clip/frame000001.jpg"),
        ("d/u/x_00001.png", "d/u/x_00001.png", "d/v/y_00001.png"),
    ] {
        let at = |rel: &str| folder.path().join(rel);
        for (rel, level) in [(x, 255), (y, 0)] {
            fs::create_dir_all(at(rel).parent().unwrap()).unwrap();
            GrayImage::from_pixel(8, 8, Luma([level])).save(at(rel)).unwrap();
        }
        let field = read(&at(given)).unwrap();
        assert!(field.uv.iter().all(|[u, v]| (u - 20.0).abs() < 0.01 && (v + 20.0).abs() < 0.01), "{given}");
    }
    let alone = folder.path().join("flow_x_2.jpg");
    GrayImage::new(8, 8).save(&alone).unwrap();
    let error = read(&alone).unwrap_err();
    assert!(error.subject.ends_with("flow_y_2.jpg") && error.cause.contains("no such file"), "{error}");
}

/// A `.npy` file of version 1 or 2.
fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = header.len() as u32;
    let field = if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
    [b"\x93NUMPY", &[version, 0][..], &field, header.as_bytes(), data].concat()
}

#[test]
fn arrays_are_read_in_every_order() {
    let folder = folder();
    let (height, width) = (3, 4);
    let value = |c: usize, y: usize, x: usize| (100 * c + 10 * y + x) as f64;
    let bytes = |descr: &str, value: f64| match descr {
        "<f4" => (value as f32).to_le_bytes().to_vec(),
        ">f4" => (value as f32).to_be_bytes().to_vec(),
        "<f8" => value.to_le_bytes().to_vec(),
        _ => value.to_be_bytes().to_vec(),
    };
    for descr in ["<f4", ">f4", "<f8", ">f8"] {
        for (shape, planar) in [([2, height, width], true), ([height, width, 2], false)] {
            for fortran in [false, true] {
                let mut data = Vec::new();
                for n in 0..24 {
                    let [a, b, c] = shape;
                    let [i, j, k] = if fortran { [n % a, n / a % b, n / a / b] } else { [n / b / c, n / c % b, n % c] };
                    data.extend(bytes(descr, if planar { value(i, j, k) } else { value(k, i, j) }));
                }
                let order = if fortran { "True" } else { "False" };
                let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape:?}}}\n")
                    .replace('[', "(")
                    .replace(']', ")");
                for version in [1, 2] {
                    let path = file(&folder, "flow.npy", &npy(version, &header, &data));
                    let field = read(&path).unwrap();
                    assert_eq!((field.width, field.height), (width, height), "{header}");
                    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                        assert_eq!(field.at(x, y), [value(0, y, x) as f32, value(1, y, x) as f32], "{header}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let folder = folder();
    for name in NAMES {
        let path = folder.path().join(name);
        write(&path, &field()).unwrap();
        let whole = read(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            match read(&path) {
                Err(error) => {
                    let named = error.subject == path.display().to_string();
                    assert!(named && !error.remedy.is_empty(), "{name} at {length}: {error}");
                }
                // All pixels of a PNG picture are there and checked before its last chunk.
                Ok(field) => {
                    let same = field.uv.iter().flatten().zip(whole.uv.iter().flatten()).all(|(a, b)| a == b);
                    assert!(name.ends_with("png") && length + 12 >= bytes.len() && same, "{name} at {length}");
                }
            }
        }
    }
}

/// The smallest beginning of a PNG file, whole up to its header's check sum.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let header = [b"IHDR", &width.to_be_bytes()[..], &height.to_be_bytes(), &[16, 2, 0, 0, 0]].concat();
    let crc = !header.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    });
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0d", &header[..], &crc.to_be_bytes(), b"\0\0\x10\0IDAT\x78\x9c"].concat()
}

#[test]
fn headers_are_not_believed() {
    let folder = folder();
    let array = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n");
    for (shape, cause) in [
        ("(2, 18446744073709551615, 18446744073709551615)", "truncated"),
        ("(2, 4294967296, 4294967296)", "truncated"),
        ("(2, 1, 1)", "longer"),
        ("(2, 0, 5)", "(2, 0, 5)"),
        ("(3, 4, 5)", "(3, 4, 5)"),
        ("()", "()"),
    ] {
        assert_refused(&file(&folder, "a.npy", &npy(1, &array(shape), &[0; 12])), cause);
    }
    assert_refused(&file(&folder, "b.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), "header of 4294967295 bytes");
    assert_refused(&file(&folder, "b.npy", b"\x93NUMPY\x09\x00\x02\x00{}"), "version 9");
    assert_refused(&file(&folder, "b.npy", &npy(1, "\u{fffd}{}", &[])), "descr");
    assert_refused(&file(&folder, "b.npy", b"not numpy at all"), "tag");
    for (width, height) in [(20_000, 20_000), (i32::MAX as u32, i32::MAX as u32), (0, 5)] {
        assert_refused(&file(&folder, "c.png", &png_header(width, height)), "not a readable image");
    }
    assert_refused(&file(&folder, "c.png", b"P6 60000 60000 65535\n"), "not a readable image");
    assert_refused(&file(&folder, "c.png", b""), "not a readable image");

    let jpeg = folder.path().join("flow_x.jpg");
    write(&jpeg, &field()).unwrap();
    let mut bytes = fs::read(&jpeg).unwrap();
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]); // 16000×16000
    fs::write(&jpeg, &bytes).unwrap();
    assert_refused(&jpeg, "not a readable image");
}

#[test]
fn names_that_stand_for_nothing_are_told() {
    let folder = folder();
    let one = FlowField::new(1, 1, vec![[0.0; 2]]);
    for name in ["flow.txt", "flow", "flow.jpg", ""] {
        let path = folder.path().join(name);
        for error in [read(&path).unwrap_err(), write(&path, &one).unwrap_err()] {
            assert!(error.subject == path.display().to_string() && error.remedy.contains(".npy"), "{error}");
        }
    }
    for name in NAMES {
        assert!(write(&folder.path().join(name), &FlowField::new(0, 0, vec![])).is_err(), "{name}");
        assert!(write(&folder.path().join("missing").join(name), &one).is_err(), "{name}");
        let path = folder.path().join(name);
        assert!(read(&path).unwrap_err().cause.contains("no such file"), "{name}");
    }
    let directory = folder.path().join("folder.npy");
    fs::create_dir(&directory).unwrap();
    assert_eq!(read(&directory).unwrap_err().subject, directory.display().to_string());
}

#[test]
fn ground_truth_of_kitti_and_sintel_is_read() {
    let Some(kitti) = shared::data("data/flow/kitti2015/training") else { return };
    let truth = read(&kitti.join("flow_occ/000000_10.png")).unwrap();
    let known = truth.uv.iter().filter(|uv| FlowField::is_known(**uv)).count();
    assert_eq!((truth.width, truth.height), (1242, 375));
    assert!((50_000..150_000).contains(&known), "{known} pixels of a lidar");
    let folder = folder();
    let copy = folder.path().join("copy.png");
    write(&copy, &truth).unwrap();
    assert_eq!(read(&copy).unwrap(), truth);
    assert_refused(&kitti.join("image_2/000000_10.png"), "8 bits");

    let Some(sintel) = shared::data("data/flow/sintel/training/flow/sequence_easy/frame_0002.flo") else { return };
    let field = files::read(&sintel).unwrap();
    let magnitudes = metrics::Magnitudes::of(&field);
    assert_eq!((field.width, field.height), (1024, 436));
    assert!(magnitudes.max == field.magnitude_max() && magnitudes.median <= magnitudes.p95, "{magnitudes:?}");
}

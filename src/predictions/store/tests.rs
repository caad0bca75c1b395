use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::format::{GROUP_ROWS, KEY, Rows, TableWriter};
use super::*;
use crate::error::ErrorKind;
use crate::nets::fusion::Fusion;
use crate::output::{Existing, Hidden, OutputGuard};

fn facts(scored: usize, stride: usize, classes: &[&str]) -> PredictionFacts {
    PredictionFacts {
        video: "a.mp4".into(),
        content: "00ff".into(),
        frames: scored * stride,
        fps: 10.0,
        end_secs: 0.5 + (scored * stride) as f64 / 10.0,
        stride,
        classes: classes.iter().map(|&name| name.into()).collect(),
        model: "models/golf".into(),
        model_hash: "0123".into(),
        fusion: Fusion::default(),
        thresholds: Vec::new(),
        version: "0.1.0".into(),
        devices: vec!["AMD EPYC, 2 threads (Flex)".into()],
        features: None,
        sequence: None,
    }
}

/// Returns the time and the probabilities of a scored frame: arbitrary numbers that differ from frame to frame.
fn row(facts: &PredictionFacts, index: usize) -> (f64, Vec<f32>) {
    let value = |class: usize| ((index * 7 + class * 3) % 101) as f32 / 100.0;
    (0.5 + (index * facts.stride) as f64 / facts.fps, (0..facts.classes.len()).map(value).collect())
}

/// Adds scored frames up to `until`, from the writer's position.
fn push(writer: &mut PredictionWriter, facts: &PredictionFacts, until: usize) {
    for index in writer.done()..until {
        let (secs, probabilities) = row(facts, index);
        writer.push(secs, &probabilities).unwrap();
    }
}

fn write(path: &Path, facts: &PredictionFacts) {
    let mut writer = PredictionWriter::begin(path, facts.clone()).unwrap();
    push(&mut writer, facts, facts.scored());
    writer.finish(&OutputGuard::new(Existing::Replace)).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_written_is_read_again_whatever_the_classes_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(1100, 3, &["walk", "Walk", "frame", "walk", "a,b.c \"ü\"", ""]);
    write(&path, &facts);
    assert_eq!(names(dir.path()), ["a.parquet"], "the parts are gone");
    let (read, scores) = read_predictions(&path).unwrap();
    assert_eq!(read, facts);
    assert_eq!((scores.scored(), scores.stride, scores.frames, scores.end_secs), (1100, 3, 3300, 330.5));
    for index in 0..1100 {
        let (secs, probabilities) = row(&facts, index);
        assert_eq!((scores.secs[index], scores.row(index)), (secs, &probabilities[..]));
    }
    let file = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let columns = file.metadata().file_metadata().schema_descr().columns().iter();
    let columns: Vec<_> = columns.map(|column| column.name().to_owned()).collect();
    assert_eq!(columns, ["frame", "time_s", "walk", "Walk", "frame (2)", "walk (2)", "a,b.c \"ü\"", ""]);
    let none = self::facts(0, 1, &["walk"]);
    write(&path, &none);
    assert_eq!(read_predictions(&path).unwrap().1.scored(), 0, "a video without frames");
    write(&path, &self::facts(2, 1, &[]));
    assert_eq!(read_predictions(&path).unwrap().1.scored(), 2, "a model without classes");
}

#[test]
fn a_run_that_was_stopped_anywhere_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let facts = facts(1100, 2, &["walk", "rear"]);
    write(&at("whole.parquet"), &facts);
    let whole = fs::read(at("whole.parquet")).unwrap();
    for stopped in [0, 1, 511, 512, 513, 1024, 1099, 1100] {
        for is_paused in [true, false] {
            let path = at(&format!("{stopped}-{is_paused}.parquet"));
            let mut writer = PredictionWriter::begin(&path, facts.clone()).unwrap();
            push(&mut writer, &facts, stopped);
            if is_paused {
                writer.pause().unwrap()
            } else {
                drop(writer)
            }
            drop(Hidden::new(dir.path()).unwrap()); // other stale files are removed
            let mut writer = PredictionWriter::begin(&path, facts.clone()).unwrap();
            assert_eq!(writer.done(), if is_paused { stopped } else { stopped / 512 * 512 }, "{stopped} {is_paused}");
            push(&mut writer, &facts, 1100);
            writer.finish(&OutputGuard::default()).unwrap();
            assert!(fs::read(&path).unwrap() == whole, "stopped after {stopped}, paused: {is_paused}");
        }
    }
}

#[test]
fn parts_of_other_facts_and_damaged_ones_are_not_continued() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(1500, 1, &["walk", "rear"]);
    let begun = |facts: &PredictionFacts| PredictionWriter::begin(&path, facts.clone()).unwrap();
    let mut writer = begun(&facts);
    push(&mut writer, &facts, 1400);
    writer.pause().unwrap();
    // Returns the number of rows that a run would reuse, and why not more.
    let found = |facts: &PredictionFacts| {
        let writer = begun(facts);
        (writer.done(), writer.discarded().map(str::to_owned))
    };
    assert_eq!(found(&facts), (1400, None));
    let second = dir.path().join(".motionscope-a.parquet.parts/part-000001");
    let mut bytes = fs::read(&second).unwrap();
    bytes[100] ^= 1;
    fs::write(&second, bytes).unwrap();
    assert_eq!(found(&facts), (512, Some("part 2 is damaged".into())));
    let other = PredictionFacts { content: "11ee".into(), ..facts.clone() };
    assert_eq!(found(&other), (0, Some("the content of the video differs".into())));
    assert_eq!(found(&facts), (0, None), "nothing of the first is left");
    let mut writer = begun(&facts);
    push(&mut writer, &facts, 600);
    writer.pause().unwrap();
    fs::write(dir.path().join(".motionscope-a.parquet.parts/facts.json"), "{").unwrap();
    assert_eq!(found(&facts), (0, Some("its description is damaged".into())));
}

#[test]
fn a_run_that_continues_on_another_device_names_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let on = |device: &str| PredictionFacts { devices: vec![device.into()], ..facts(1200, 1, &["walk"]) };
    drop(PredictionWriter::begin(&path, on("never used")).unwrap());
    for (device, before, until) in [("CPU", 0, 600), ("GPU", 600, 900), ("CPU", 900, 1200)] {
        let facts = on(device);
        let mut writer = PredictionWriter::begin(&path, facts.clone()).unwrap();
        assert_eq!((writer.done(), writer.discarded()), (before, None));
        push(&mut writer, &facts, until);
        if until < 1200 {
            writer.pause().unwrap();
        } else {
            writer.finish(&OutputGuard::default()).unwrap();
        }
    }
    let facts = read_predictions(&path).unwrap().0;
    assert_eq!(facts.devices, ["CPU", "GPU"]);
    assert_eq!(read_prediction_facts(&path).unwrap(), facts);
}

#[test]
fn a_file_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(2, 1, &["walk"]);
    let first = PredictionWriter::begin(&path, facts.clone()).unwrap();
    let error = PredictionWriter::begin(&path, facts.clone()).err().unwrap();
    assert!(error.kind == ErrorKind::InUse && error.cause.contains("another run"), "{error}");
    PredictionWriter::begin(&dir.path().join(format!("{}.parquet", "a".repeat(240))), facts.clone()).unwrap();
    drop(first);
    write(&path, &facts);
    assert!(PredictionWriter::begin(&path, facts).is_ok());
}

#[test]
fn a_file_of_the_user_is_kept_and_the_parts_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(3, 1, &["walk"]);
    let mut writer = PredictionWriter::begin(&path, facts.clone()).unwrap();
    push(&mut writer, &facts, 2);
    let error = writer.finish(&OutputGuard::default()).unwrap_err();
    assert!(error.cause.contains("only 2 of 3 frames"), "{error}");
    let mut writer = PredictionWriter::begin(&path, facts.clone()).unwrap();
    push(&mut writer, &facts, 3);
    fs::write(&path, "something else").unwrap();
    assert!(writer.finish(&OutputGuard::default()).unwrap_err().cause.contains("it exists"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
    assert_eq!(PredictionWriter::begin(&path, facts).unwrap().done(), 3);
}

#[test]
fn numbers_that_are_no_probabilities_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = PredictionWriter::begin(&dir.path().join("a.parquet"), facts(2, 2, &["walk", "rear"])).unwrap();
    let mut cause = |secs: f64, probabilities: &[f32]| writer.push(secs, probabilities).unwrap_err().cause;
    assert!(cause(0.5, &[1.0]).contains("1 probability, not 2"));
    assert!(cause(0.5, &[0.5, f32::NAN]).contains("NaN at frame 0"));
    assert!(cause(0.5, &[-0.1, 0.5]).contains("-0.1"));
    assert!(cause(0.9, &[0.5, 0.5]).contains("the end"));
    writer.push(0.5, &[0.5, 0.5]).unwrap();
    assert!(writer.push(0.5, &[0.5, 0.5]).unwrap_err().cause.contains("frame 2"), "the same time again");
    writer.push(0.7, &[0.5, 0.5]).unwrap();
    assert!(writer.push(0.8, &[0.5, 0.5]).unwrap_err().cause.contains("more frames than the stated 4"));
}

#[test]
fn row_groups_have_a_size_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(GROUP_ROWS + 700, 1, &["walk"]);
    write(&path, &facts);
    let file = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let rows: Vec<_> = file.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(rows, [GROUP_ROWS as i64, 700]);
    let (_, scores) = read_predictions(&path).unwrap();
    assert_eq!(scores.row(GROUP_ROWS + 1), row(&facts, GROUP_ROWS + 1).1);
}

#[test]
fn features_are_read_again_and_survive_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let counts = FeatureCounts { spatial: 2, temporal: 1 };
    let facts = PredictionFacts { features: Some(counts), ..facts(1300, 2, &["walk", "features"]) };
    let features = |index: usize| [index as f32, -0.5, 1e9];
    let push = |writer: &mut PredictionWriter, until: usize| {
        for index in writer.done()..until {
            let (secs, probabilities) = row(&facts, index);
            writer.push_with_features(secs, &probabilities, &features(index)).unwrap();
        }
    };
    let mut writer = PredictionWriter::begin(&at("a.parquet"), facts.clone()).unwrap();
    push(&mut writer, 600);
    writer.pause().unwrap();
    for name in ["a.parquet", "whole.parquet"] {
        let mut writer = PredictionWriter::begin(&at(name), facts.clone()).unwrap();
        push(&mut writer, 1300);
        writer.finish(&OutputGuard::default()).unwrap();
    }
    assert!(fs::read(at("a.parquet")).unwrap() == fs::read(at("whole.parquet")).unwrap());
    let (read, scores, found) = read_features(&at("a.parquet")).unwrap();
    assert_eq!((read, scores.scored(), found.len()), (facts.clone(), 1300, 3900));
    // Large values are clamped to the largest of 16 bits, and values with more digits are rounded.
    for (index, found) in found.chunks(3).enumerate() {
        assert!((found[0] - index as f32).abs() <= 0.5 && found[1..] == [-0.5, 65504.0], "{index}: {found:?}");
    }
    assert_eq!(read_predictions(&at("a.parquet")).unwrap().1, scores, "readers of probabilities pass over them");
    let mut writer = PredictionWriter::begin(&at("b.parquet"), facts.clone()).unwrap();
    for wrong in [&[0.0; 2][..], &[0.0, f32::NAN, 0.0]] {
        let error = writer.push_with_features(0.5, &[0.5, 0.5], wrong).unwrap_err();
        assert!(error.cause.contains("3 features"), "{error}");
    }
    // Missing features.
    write(&at("c.parquet"), &PredictionFacts { features: None, ..facts.clone() });
    assert!(read_features(&at("c.parquet")).unwrap().2.is_empty());
    let rows = |features: usize| {
        let (secs, probabilities) = row(&facts, 0);
        Rows { secs: vec![secs], probabilities, features: vec![0.5; features] }
    };
    let one = PredictionFacts { frames: 2, ..facts.clone() };
    let claimed = PredictionFacts { features: Some(FeatureCounts { spatial: 9, temporal: 0 }), ..one.clone() };
    write_unchecked(&at("d.parquet"), &one, rows(3));
    assert_eq!(read_features(&at("d.parquet")).unwrap().2, [0.5; 3]);
    write_unchecked(&at("d.parquet"), &claimed, rows(9));
    assert_eq!(read_features(&at("d.parquet")).unwrap().2, [0.5; 9]);
}

#[test]
fn facts_that_differ_are_named() {
    let one = facts(4, 2, &["walk"]);
    assert_eq!(one.difference(&one.clone()), None);
    let difference = |change: fn(&mut PredictionFacts)| {
        let mut other = one.clone();
        change(&mut other);
        one.difference(&other).unwrap()
    };
    assert_eq!(difference(|facts| facts.stride = 4), "the stride is 4, not 2");
    assert_eq!(difference(|facts| facts.video = "b.mp4".into()), "the video is \"b.mp4\", not \"a.mp4\"");
    assert_eq!(difference(|facts| facts.content = "0".into()), "the content of the video differs");
    assert_eq!(PredictionFacts { devices: Vec::new(), ..one.clone() }.difference(&one), None);
    assert_eq!(difference(|facts| facts.classes.clear()), "the list of classes differs");
    assert_eq!(difference(|facts| facts.fusion.temporal_weight = 1.0), "the fusion of the streams differs");
    assert_eq!(
        difference(|facts| facts.version = "0.2.0".into()),
        "the version of Motionscope is \"0.2.0\", not \"0.1.0\""
    );
}

/// Writes `rows` with `facts`, without checks.
fn write_unchecked(path: &Path, facts: &PredictionFacts, rows: Rows) {
    let mut table = TableWriter::begin(File::create(path).unwrap(), facts).unwrap();
    table.add(rows).unwrap();
    table.finish().unwrap();
}

/// Writes a file without rows.
fn write_columns(path: &Path, columns: &str, entry: Option<KeyValue>) {
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {columns} }}")).unwrap());
    let properties = WriterProperties::builder().set_key_value_metadata(Some(entry.into_iter().collect()));
    SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties.build()))
        .unwrap()
        .close()
        .unwrap();
}

#[test]
fn files_of_others_and_damaged_ones_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("a.parquet");
    let refused = |cause: &str| {
        let error = read_predictions(&path).unwrap_err();
        assert!(error.subject.ends_with("a.parquet") && error.cause.contains(cause), "{error}");
        assert!(error.remedy.contains("motionscope predict"), "{error}");
    };
    assert_eq!(read_predictions(&path).unwrap_err().kind, ErrorKind::NotFound);
    for text in ["", "frame,time_s\n", "PAR1 and nothing else PAR1"] {
        fs::write(&path, text).unwrap();
        refused("not a Parquet file");
    }
    let facts = facts(600, 2, &["walk", "rear"]);
    write(&path, &facts);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused("incomplete");
    // An unreadable page in the middle.
    let mut bytes = whole.clone();
    bytes[200..260].fill(0xff);
    fs::write(&path, bytes).unwrap();
    assert!(read_predictions(&path).is_err());

    let empty = self::facts(0, 1, &["walk"]);
    let entry = |json: String| Some(KeyValue::new(KEY.to_owned(), json));
    let json = empty.to_json().unwrap();
    let columns = "REQUIRED INT64 frame; REQUIRED DOUBLE time_s; REQUIRED FLOAT walk;";
    write_columns(&path, columns, entry(json.clone()));
    assert_eq!(read_predictions(&path).unwrap().0, empty);
    write_columns(&path, columns, None);
    refused("without predictions of Motionscope");
    write_columns(&path, columns, entry("{".into()));
    refused("description is damaged");
    write_columns(&path, columns, entry(json.replace("predictions 1", "predictions 9")));
    refused("'motionscope-predictions 9'");
    write_columns(&path, columns, entry(json.replace("\"stride\":1", "\"stride\":0")));
    refused("its stride");
    write_columns(&path, "REQUIRED INT64 frame; REQUIRED DOUBLE time_s;", entry(json.clone()));
    refused("column 'walk' is missing");
    write_columns(&path, &columns.replace("FLOAT walk", "INT32 walk"), entry(json.clone()));
    refused("column 'walk' does not hold numbers of the type FLOAT");
    write_columns(&path, &format!("{columns} REQUIRED FLOAT rear;"), entry(json));
    refused("column 'rear'");

    let rows = |count: usize| {
        let rows: Vec<_> = (0..count).map(|index| row(&facts, index)).collect();
        Rows {
            secs: rows.iter().map(|row| row.0).collect(),
            probabilities: rows.into_iter().flat_map(|row| row.1).collect(),
            features: Vec::new(),
        }
    };
    write_unchecked(&path, &facts, rows(600));
    assert_eq!(read_predictions(&path).unwrap().1.scored(), 600);
    write_unchecked(&path, &facts, rows(599));
    refused("599 of 600 scored frames");
    for wrong in [f32::NAN, 1.5] {
        let mut wrong_rows = rows(600);
        wrong_rows.probabilities[21] = wrong;
        write_unchecked(&path, &facts, wrong_rows);
        refused("class 'rear'");
        refused("at frame 20, which is no probability");
    }
    for wrong in [f64::NAN, 0.0, f64::INFINITY] {
        let mut wrong_rows = rows(600);
        wrong_rows.secs[7] = wrong;
        write_unchecked(&path, &facts, wrong_rows);
        refused("the times of its frames");
    }
}

/// Truncated anywhere, or with random bytes in its pages and its footer, the file is either read with valid numbers or
/// rejected with a short message.
#[test]
fn whatever_bytes_are_damaged_the_file_is_read_or_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let facts = facts(40, 2, &["walk", "rear"]);
    write(&path, &facts);
    let whole = fs::read(&path).unwrap();
    let check = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        match read_predictions(&path) {
            Ok((facts, scores)) => {
                assert_eq!((scores.scored(), scores.probabilities.len()), (facts.scored(), facts.scored() * 2));
                assert!(
                    scores.secs.is_sorted() && scores.probabilities.iter().all(|value| (0.0..=1.0).contains(value))
                );
            }
            Err(error) => {
                let said = error.to_string().replace(&path.display().to_string(), "");
                assert!(error.subject.ends_with("a.parquet") && said.len() < 300, "{error}");
            }
        }
    };
    (0..whole.len()).for_each(|length| check(&whole[..length]));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..4000 {
        let mut bytes = whole.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, random.random()][random.random_range(0..6)];
        }
        check(&bytes);
    }
}

#[test]
fn numbers_of_rows_and_frames_that_no_file_holds_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let columns = "REQUIRED INT64 frame; REQUIRED DOUBLE time_s; REQUIRED FLOAT walk;";
    for frames in [1, 1_000_000_000_000_000, u64::MAX] {
        let json = facts(0, 1, &["walk"]).to_json().unwrap().replace("\"frames\":0", &format!("\"frames\":{frames}"));
        write_columns(&path, columns, Some(KeyValue::new(KEY.to_owned(), json)));
        let error = read_predictions(&path).unwrap_err();
        assert!(error.cause.contains(&format!("0 of {frames} scored frame")), "{error}");
    }
    // Empty cells that are not allowed, and lists of numbers.
    for column in ["OPTIONAL FLOAT walk;", "REPEATED FLOAT walk;", "REQUIRED group walk { REQUIRED FLOAT x; }"] {
        let json = facts(0, 1, &["walk"]).to_json().unwrap();
        let columns = format!("REQUIRED INT64 frame; REQUIRED DOUBLE time_s; {column}");
        write_columns(&path, &columns, Some(KeyValue::new(KEY.to_owned(), json)));
        match column.starts_with("OPTIONAL") {
            true => assert_eq!(read_predictions(&path).unwrap().1.scored(), 0, "as other programs write columns"),
            false => assert!(read_predictions(&path).unwrap_err().cause.contains("column 'walk'")),
        }
    }
}

#[test]
fn a_table_in_text_has_a_row_for_each_scored_frame() {
    let scores = facts(2, 5, &["a,b", "=x"]).with_scores(vec![0.0, 0.5], vec![0.25, 0.75, 1.0, 0.0]);
    let mut text = Vec::new();
    write_frame_csv(&scores, &mut text).unwrap();
    let expected = "frame,time_s,\"a,b\",'=x\n0,0,0.25,0.75\n5,0.5,1,0\n";
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

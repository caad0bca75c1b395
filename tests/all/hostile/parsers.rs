//! Every parser of files that other people and programs write, as a function of the bytes of one file.
//!
//! The fuzzer (`just fuzz`) and the seeded mutations of `mutations.rs` share it. A parser reads the bytes or refuses them in a
//! sentence; what it accepts obeys the rules of what it builds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use motionscope::data::{DataSource, Dataset, Layout, ListSource};
use motionscope::error::Error;
use motionscope::evaluation::{LabelList, ScoreTable, SegmentTruth, read_detections};
use motionscope::flow::files;
use motionscope::labels::formats::{self, Choices, Format};
use motionscope::labels::{
    Change, ClassId, Document, Facts, Label, Project, Segment, SegmentId, Settings, Video, edits,
};
use motionscope::nets::import::import_motion;
use motionscope::nets::{Architecture, ModelCard, MotionConfig, weights};
use motionscope::output::{Existing, OutputGuard};
use motionscope::predictions::{PredictionFacts, PredictionWriter, read_predictions};

/// A parser and the file that it reads.
pub struct Parser {
    /// What it is called on the command line of the fuzzer.
    pub name: &'static str,
    /// The file with the bytes, in the folder of [`Scratch`].
    file: &'static str,
    parse: fn(&Scratch, &Path) -> Result<(), Error>,
}

/// All parsers.
pub const PARSERS: [Parser; 32] = [
    parser("labels-json", "labels.json", |scratch, path| import(Format::Json, scratch, path)),
    parser("labels-csv", "labels.csv", |scratch, path| import(Format::Csv, scratch, path)),
    parser("labels-ucf", "ucf/trainlist01.txt", |scratch, _| import(Format::UcfLists, scratch, &scratch.at("ucf"))),
    parser("labels-activitynet", "activitynet.json", |scratch, path| import(Format::ActivityNet, scratch, path)),
    parser("labels-elan", "a.eaf", |scratch, path| import(Format::Elan, scratch, path)),
    parser("labels-boris", "project.boris", |scratch, path| import(Format::Boris, scratch, path)),
    parser("labels-boris-table", "events.tsv", |scratch, path| import(Format::Boris, scratch, path)),
    parser("labels-cvat", "a.xml", |scratch, path| import(Format::Cvat, scratch, path)),
    parser("labels-label-studio", "tasks.json", |scratch, path| import(Format::LabelStudio, scratch, path)),
    parser("labels-x-anylabeling", "x/a.json", |scratch, _| import(Format::XAnyLabeling, scratch, &scratch.at("x"))),
    parser("list-ucf101", "list.txt", |_, path| list(Layout::Ucf101, path)),
    parser("list-tsn", "tsn.txt", |_, path| list(Layout::Tsn, path)),
    parser("list-csv", "list.csv", |_, path| list(Layout::Csv, path)),
    parser("list-activitynet", "list.json", |_, path| list(Layout::ActivityNet, path)),
    parser("list-hmdb51", "hmdb/a_test_split1.txt", |scratch, _| list(Layout::Hmdb51, &scratch.at("hmdb"))),
    parser("list-thumos14", "thumos/a_val.txt", |scratch, _| list(Layout::Thumos14, &scratch.at("thumos"))),
    parser("label-list", "labels.txt", |_, path| LabelList::read(path, None, 3).map(|_| ())),
    parser("segment-truth", "truth.json", |_, path| SegmentTruth::read(path, None).map(|_| ())),
    parser("detections", "detections.json", |_, path| read_detections(path).map(|_| ())),
    parser("journal", "project/journal.jsonl", |scratch, _| project(scratch)),
    parser("sidecar", "project/labels/00000-a.toml", |scratch, _| project(scratch)),
    parser("project-toml", "project/project.toml", |scratch, _| project(scratch)),
    parser("model-toml", "model.toml", |scratch, _| ModelCard::read(&scratch.dir).map(|_| ())),
    parser("flo", "flow.flo", |_, path| flow(path)),
    parser("kitti-png", "flow.png", |_, path| flow(path)),
    parser("npy", "flow.npy", |_, path| flow(path)),
    parser("scores-npy", "scores.npy", |_, path| ScoreTable::read(path).map(|_| ())),
    parser("predictions", "a.parquet", |_, path| predictions(path)),
    parser("caffemodel", "net.caffemodel", |_, path| network(path)),
    parser("onnx", "net.onnx", |_, path| network(path)),
    parser("pth", "net.pth", |_, path| network(path)),
    parser("safetensors", "net.safetensors", |_, path| network(path)),
];

const fn parser(name: &'static str, file: &'static str, parse: fn(&Scratch, &Path) -> Result<(), Error>) -> Parser {
    Parser { name, file, parse }
}

/// A folder that parsers read in, with what their files refer to.
pub struct Scratch {
    dir: PathBuf,
    document: Document,
}

impl Scratch {
    /// Fills `dir`, which exists, with a project and folders for files of every kind.
    pub fn new(dir: &Path) -> Self {
        for folder in ["ucf", "x", "hmdb", "thumos", "clips/walk", "clips/run"] {
            fs::create_dir_all(dir.join(folder)).unwrap();
        }
        for clip in ["clips/walk/a.mp4", "clips/run/b.mp4", "clips/a.mp4", "a.mp4", "b.mp4"] {
            fs::write(dir.join(clip), "a video that nothing decodes").unwrap();
        }
        for folder in ["ucf", "."] {
            fs::write(dir.join(folder).join("classInd.txt"), "1 walk\n2 run\n").unwrap();
        }
        let document = labelled(&dir.join("project"));
        Self { dir: dir.to_owned(), document }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Parser {
    /// Reads `bytes` in `scratch`; what they are refused for, if they are.
    ///
    /// # Panics
    /// If the parser panics, or accepts what breaks its rules: that is what the callers look for.
    pub fn read(&self, scratch: &Scratch, bytes: &[u8]) -> Result<(), Error> {
        if self.file.starts_with("project/") {
            let _ = fs::remove_dir_all(scratch.at("project")); // Opening a project may have changed it.
            labelled(&scratch.at("project"));
        }
        let path = scratch.at(self.file);
        fs::write(&path, bytes).unwrap();
        (self.parse)(scratch, &path)
    }

    /// Files that the parser accepts, as this program or the authors of the format write them.
    pub fn seeds(&self, scratch: &Scratch) -> Vec<Vec<u8>> {
        let export = |format: Format, file: &str| {
            let target = scratch.at("export");
            let target = if format.is_folder() { target } else { target.join(file) };
            fs::create_dir_all(scratch.at("export")).unwrap();
            formats::export(format, &scratch.document, &scratch.at("project"), &target).unwrap();
            let written = fs::read(scratch.at("export").join(file)).unwrap();
            fs::remove_dir_all(scratch.at("export")).unwrap();
            written
        };
        let written = |write: &dyn Fn(&Path)| {
            let path = scratch.at("seed").join(Path::new(self.file).file_name().unwrap());
            fs::create_dir_all(scratch.at("seed")).unwrap();
            write(&path);
            fs::read(path).unwrap()
        };
        let field = || motionscope::flow::FlowField::new(3, 2, (0..6).map(|i| [i as f32, -1.5]).collect());
        let text = |text: &str| vec![text.as_bytes().to_vec()];
        match self.name {
            "labels-json" => vec![export(Format::Json, "labels.json")],
            "labels-csv" => vec![export(Format::Csv, "labels.csv"), TABLE.into(), SEMICOLONS.into()],
            "labels-ucf" => text("walk/v_walk_g01_c01.mp4 1\nrun/b.mp4 2\na.mp4\n"),
            "labels-activitynet" | "list-activitynet" | "segment-truth" => {
                vec![export(Format::ActivityNet, "activitynet.json"), ACTIVITY_NET.into()]
            }
            "labels-elan" => vec![export(Format::Elan, "a.eaf")],
            "labels-boris" => vec![export(Format::Boris, "project.boris")],
            "labels-boris-table" => text(BORIS_TABLE),
            "labels-cvat" => vec![export(Format::Cvat, "a.xml")],
            "labels-label-studio" => vec![export(Format::LabelStudio, "tasks.json")],
            "labels-x-anylabeling" => vec![export(Format::XAnyLabeling, "a.json")],
            "list-ucf101" => text("walk/a.mp4 1\nrun/b.mp4 2\n"),
            "list-tsn" => text("clips/walk/a.mp4 30 0\nclips/run/b.mp4 20 1\n"),
            "list-csv" => vec![TABLE.into(), SEMICOLONS.into()],
            "list-hmdb51" => text("a.mp4 1 \nb.mp4 2 \n"),
            "list-thumos14" => text("a 1.5 3.0\na 4.25 5\n"),
            "label-list" => text("walk/a.mp4 1\nrun/b.mp4 2\r\njump/c.mp4 3\n"),
            "detections" => text(DETECTIONS),
            "journal" => vec![journal(&scratch.at("seed-project"))],
            "sidecar" => vec![fs::read(scratch.at("project/labels/00000-a.toml")).unwrap()],
            "project-toml" => vec![fs::read(scratch.at("project/project.toml")).unwrap()],
            "model-toml" => text(include_str!("../../../models/default/model.toml")),
            "flo" | "kitti-png" | "npy" => vec![written(&|path| files::write(path, &field()).unwrap())],
            "scores-npy" => vec![written(&|path| {
                let mut table = ScoreTable::new(3);
                table.push(&[0.1, 0.7, 0.2]);
                table.write(path).unwrap();
            })],
            "predictions" => vec![written(&|path| write_predictions(path))],
            "pth" => vec![include_bytes!("../../data/tiny_motionnet_width_1.pt").to_vec()],
            "safetensors" => vec![written(&|path| {
                weights::save_module(&tiny(), path, motionscope::nets::Precision::F32).unwrap();
            })],
            // A layer `conv1` with a blob of two numbers; a graph with an initialiser of two numbers.
            "caffemodel" => vec![
                b"\x0a\x03net\xa2\x06\x19\x0a\x05conv1\x3a\x10\x2a\x08\0\0\x80\x3f\0\0\0\x40\x3a\x04\x0a\x02\x01\x02"
                    .to_vec(),
            ],
            "onnx" => vec![b"\x3a\x15\x2a\x13\x08\x02\x10\x01\x42\x03abc\x4a\x08\0\0\x80\x3f\0\0\0\x40".to_vec()],
            other => unreachable!("no seed for {other}"),
        }
    }
}

const TABLE: &str = "path,label,start,end,group,note\na.mp4,walk,0.5,2.0,g1,\"a \"\"note\"\"\"\nb.mp4,run,,,,\n";
const SEMICOLONS: &str = "sep=;\npath;label;start;end\na.mp4;walk;1,5;2,75\nb.mp4;run;0:01.5;0:02\n";
const ACTIVITY_NET: &str = r#"{"version":"1","database":{"a":{"subset":"training","duration":10.0,"url":"","annotations":
[{"segment":[0.5,2.0],"label":"walk"},{"segment":[8,12.3],"label":"run"}]},"b":{"subset":"validation","annotations":null}}}"#;
const DETECTIONS: &str =
    r#"{"version":"1","results":{"a":[{"label":"walk","score":0.5,"segment":[0.5,2.0]}]},"external_data":{}}"#;
const BORIS_TABLE: &str = "Observation id\tTime\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tStatus\n\
o\t1.0\ta.mp4\t10\t30\tNo focal subject\twalk\tSTART\no\t2.5\ta.mp4\t10\t30\tNo focal subject\twalk\tSTOP\n";

/// A project of two videos with labels and segments; saved.
fn labelled(dir: &Path) -> Document {
    let mut project = open_labelled(dir);
    project.save().unwrap();
    project.document().clone()
}

/// The journal of the same project while nothing is saved.
fn journal(dir: &Path) -> Vec<u8> {
    let _ = fs::remove_dir_all(dir); // It may be there from before.
    let project = open_labelled(dir);
    let journal = fs::read(dir.join("journal.jsonl")).unwrap();
    drop(project);
    journal
}

fn open_labelled(dir: &Path) -> Project {
    fs::create_dir_all(dir).unwrap();
    let mut project = Project::create(dir, Settings { multi_label: true, ..Settings::default() }).unwrap();
    for class in ["walk", "run"] {
        let (_, step) = edits::add_class(project.document(), class).unwrap();
        project.perform(step).unwrap();
    }
    let segment = |id, start, end, class| Segment {
        id: SegmentId(id),
        label: Label::Class(ClassId(class)),
        start,
        end,
        note: "a “note”".into(),
    };
    let facts = |hash: &str| {
        let (start_secs, size) = (Some(0.0), [64, 48]);
        Some(Facts { frames: 300, fps: 30.0, start_secs, variable_rate: false, size, bytes: 28, hash: hash.into() })
    };
    let a = Video {
        facts: facts("0123456789abcdef"),
        segments: vec![segment(0, 15, 60, 0), segment(1, 60, 61, 1)],
        ..Video::new("../a.mp4")
    };
    let b =
        Video { facts: facts("fedcba9876543210"), labels: vec![Label::Class(ClassId(1))], ..Video::new("../b.mp4") };
    project.perform(edits::add_videos(project.document(), vec![a, b])).unwrap();
    project
}

/// Imports and holds what comes of it against the rules of labels.
fn import(format: Format, scratch: &Scratch, path: &Path) -> Result<(), Error> {
    let choices = Choices { add_classes: true, replace: true, allow_several: true };
    let import = formats::import(format, path, &scratch.document, &scratch.at("project"), choices)?;
    let mut after = scratch.document.clone();
    for change in &import.step.changes {
        if let Change::Video(id, changed) = change {
            let video = changed.as_ref().expect("an import removes no video");
            let frames = video.facts.as_ref().map_or(usize::MAX, |facts| facts.frames);
            for segment in &video.segments {
                assert!(segment.start < segment.end && segment.end <= frames, "{id:?}: {segment:?} of {frames}");
            }
        }
    }
    after.apply(import.step);
    let names: Vec<&str> = after.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "classes of one name: {names:?}");
    Ok(())
}

fn list(layout: Layout, list: &Path) -> Result<(), Error> {
    let clips = list.parent().unwrap().join("clips");
    let clips = if clips.is_dir() { clips } else { list.parent().unwrap().join("../clips") };
    let source = ListSource { layout: Some(layout), skip_bad: true, ..ListSource::new(clips, list.to_owned()) };
    let (dataset, _) = Dataset::with_problems(&DataSource::List(source))?;
    for clip in &dataset.clips {
        assert!(clip.label < dataset.classes.len(), "{clip:?} of {:?}", dataset.classes);
    }
    Ok(())
}

fn project(scratch: &Scratch) -> Result<(), Error> {
    let opened = Project::open(&scratch.at("project"))?;
    for video in opened.project.document().videos.values() {
        for segment in &video.segments {
            assert!(segment.start < segment.end, "{segment:?}");
        }
    }
    Ok(())
}

fn flow(path: &Path) -> Result<(), Error> {
    let field = files::read(path)?;
    assert_eq!(field.uv.len(), field.width as usize * field.height as usize);
    Ok(())
}

/// Three scored frames of two classes.
fn write_predictions(path: &Path) {
    let facts = PredictionFacts {
        video: "a.mp4".into(),
        content: "0123456789abcdef".into(),
        frames: 11,
        fps: 10.0,
        end_secs: 1.1,
        stride: 4,
        classes: vec!["walk".into(), "run".into()],
        ..PredictionFacts::default()
    };
    let mut writer = PredictionWriter::begin(path, facts).unwrap();
    for (secs, walk) in [(0.0, 0.25), (0.4, 1.0), (0.8, 0.5)] {
        writer.push(secs, &[walk, 1.0 - walk]).unwrap();
    }
    writer.finish(&OutputGuard::new(Existing::Replace)).unwrap();
}

fn predictions(path: &Path) -> Result<(), Error> {
    let (facts, scores) = read_predictions(path)?;
    assert_eq!(scores.probabilities.len(), facts.scored() * facts.classes.len());
    assert!(scores.probabilities.iter().all(|value| (0.0..=1.0).contains(value)) && scores.secs.is_sorted());
    Ok(())
}

fn tiny() -> motionscope::nets::MotionNetwork {
    let architecture = Architecture::TinyMotionNet;
    MotionConfig { architecture, frames: 2, width: 1, ..MotionConfig::default() }.init(&Device::flex())
}

fn network(path: &Path) -> Result<(), Error> {
    import_motion(path, tiny()).map(|_| ())
}

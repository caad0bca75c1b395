//! Live sources: generated pictures, files in a loop, streams over HTTP and UDP, what becomes of them when they end, and what the
//! engine makes of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use ffmpeg_next as ffmpeg;
use image::{Rgb, RgbImage};
use motionscope::cli::bench::fixture;
use motionscope::engine::{
    InferencePipeline, LiveEvent, LiveInference, LiveOrder, LiveSettings, LiveView, Message, Request, Smoothing,
};
use motionscope::gpu::{Compute, DeviceChoice, choose};
use motionscope::nets::fusion::Fusion;
use motionscope::nets::{Architecture, FlowNetConventions, MotionConfig};
use motionscope::video::{Camera, CameraNews, CameraPhase, CameraSource, Geometry, Sizes, VideoWriter, camera_devices};
use tempfile::TempDir;

use crate::cli::{code, motionscope, text, untrained_model};
use crate::watched::Watched;

const PATIENCE: Duration = Duration::from_secs(60);
const MOTION: MotionConfig = MotionConfig {
    architecture: Architecture::MotionNet,
    frames: 2,
    width: 2,
    small_displacement: true,
    cdc: true,
    conventions: FlowNetConventions::DEFAULT,
};
/// Size of the clips that are played.
pub const CLIP: Geometry = Geometry { width: 96, height: 80 };
const NETWORK: Geometry = Geometry { width: 64, height: 64 };

fn cpu() -> Compute {
    choose(DeviceChoice::Cpu).unwrap()
}

fn sizes() -> Sizes {
    Sizes { display_max: 640, scaled: vec![NETWORK, NETWORK] }
}

/// A camera and what it told.
pub struct Stand {
    pub camera: Camera,
    news: Arc<Mutex<Vec<CameraNews>>>,
}

impl Stand {
    pub fn open(source: &str) -> Self {
        Self::of(source.parse().unwrap())
    }

    fn of(source: CameraSource) -> Self {
        let news = Arc::<Mutex<Vec<CameraNews>>>::default();
        let told = news.clone();
        let tell = move |news| {
            if news != CameraNews::Frame {
                told.lock().unwrap().push(news)
            }
        };
        Self { camera: Camera::open(source, sizes(), Arc::new(tell)), news }
    }

    pub fn until(&self, what: &str, mut seen: impl FnMut(&Self) -> bool) {
        let started = Instant::now();
        while !seen(self) {
            assert!(started.elapsed() < PATIENCE, "never seen: {what}; {:?}, {:?}", self.camera.status(), self.news());
            sleep(Duration::from_millis(10));
        }
    }

    pub fn until_captured(&self, frames: u64) {
        self.until("frames", |stand| stand.camera.status().captured >= frames);
    }

    pub fn news(&self) -> Vec<CameraNews> {
        self.news.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.news().iter().filter(|news| matches!(news, CameraNews::Connected(_))).count()
    }

    pub fn trouble(&self) -> String {
        match self.camera.status().phase {
            CameraPhase::Waiting { error, .. } | CameraPhase::Failed(error) => error.to_string(),
            _ => String::new(),
        }
    }
}

/// A server of one file, for as long as this lives; it counts requests and refuses the first `refused` of them.
struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(body: Vec<u8>, refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (requests.clone(), stop.clone());
        let thread = spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                let number = counted.fetch_add(1, Ordering::AcqRel);
                // A reader that hangs up in the middle is none of the server's business.
                let _ = stream.and_then(|stream| answer(stream, &body, number < refused));
            }
        });
        Self { port, requests, stop, thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/clip.mp4", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers one request, from where it asks to begin.
fn answer(mut stream: TcpStream, body: &[u8], refuse: bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    if refuse {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let from: usize =
        head.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok()).unwrap_or(0);
    let (from, last) = (from.min(body.len()), body.len().saturating_sub(1));
    let range = format!("Content-Range: bytes {from}-{last}/{}", body.len());
    let length = body.len() - from;
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nAccept-Ranges: bytes\r\n{range}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body[from..])
}

/// A clip whose n-th frame is as grey as n steps.
fn steps(path: &Path, frames: u8, fps: f64) {
    let mut writer = VideoWriter::create_exact(path, CLIP, fps).unwrap();
    (0..frames).for_each(|n| writer.push(&RgbImage::from_pixel(CLIP.width, CLIP.height, Rgb([8 * n; 3]))).unwrap());
    writer.finish().unwrap();
}

/// Which step a picture of such a clip shows.
pub fn step_of(picture: &RgbImage) -> usize {
    (f64::from(picture.get_pixel(40, 40)[0]) / 8.0).round() as usize
}

#[test]
fn generated_pictures_come_at_their_own_pace_in_the_sizes_asked_for() {
    let stand = Stand::open("lavfi:testsrc2=size=320x240:rate=30");
    stand.until_captured(70);
    let status = stand.camera.status();
    assert_eq!(status.phase, CameraPhase::Live);
    let info = status.info.unwrap();
    assert_eq!((info.width, info.height, info.fps), (320, 240, Some(30.0)));
    // A busy machine may be slower, and half a second may be caught up with; without a pace there are hundreds a second.
    assert!(status.fps > 3.0 && status.fps < 45.0, "{} fps", status.fps);
    let window = stand.camera.window(11, 11, 1).unwrap();
    assert!(window.windows(2).all(|pair| pair[0].frame.index + 1 == pair[1].frame.index));
    let frame = &window[10].frame;
    assert_eq!(frame.display.dimensions(), (320, 240));
    assert!(frame.scaled.len() == 2 && frame.scaled.iter().all(|picture| picture.dimensions() == (64, 64)));
    assert!(stand.camera.last(4.0).len() >= 11);
    stand.camera.set_sizes(Sizes { display_max: 160, scaled: Vec::new() });
    stand.until("smaller pictures", |stand| {
        let newest = stand.camera.newest().unwrap();
        newest.frame.display.dimensions() == (160, 120) && newest.frame.scaled.is_empty()
    });
    assert_eq!(stand.connections(), 1, "another size of the pictures is no other connection");
}

#[test]
fn a_closed_camera_captures_nothing_more_while_somebody_holds_on_to_it() {
    let stand = Stand::open("lavfi:testsrc2=size=320x240:rate=60");
    stand.until_captured(3);
    stand.camera.close();
    let mut captured = 0;
    stand.until("an end", |stand| {
        sleep(Duration::from_millis(200)); // twelve frames
        std::mem::replace(&mut captured, stand.camera.status().captured) == captured
    });
}

#[test]
fn a_file_plays_round_and_round_without_a_break() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steps.mp4");
    steps(&path, 10, 50.0);
    let (opened, stand) = (Instant::now(), Stand::open(&format!("file:{}", path.display())));
    stand.until_captured(45);
    let frames = stand.camera.after(None);
    assert!(frames.iter().all(|live| step_of(&live.frame.display) == live.frame.index % 10));
    assert!(frames.windows(2).all(|pair| pair[0].frame.index + 1 == pair[1].frame.index));
    let last = &frames[frames.len() - 1];
    let (secs, steps) = ((last.captured - opened).as_secs_f64(), last.frame.index as f64);
    assert!(secs > 0.9 * steps / 50.0, "{steps} frames at 50 fps took {secs} s");
    assert_eq!(stand.connections(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_whose_name_is_no_text_plays_and_a_pipe_is_given_up() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steps.mp4");
    steps(&path, 10, 50.0);
    let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"steps \xff.mp4"));
    std::fs::rename(&path, &odd).unwrap();
    let mut named = std::ffi::OsString::from("file:");
    named.push(&odd);
    for name in [named, odd.into_os_string()] {
        Stand::of(CameraSource::named(&name).unwrap()).until_captured(3);
    }
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let stand = Stand::open(&format!("file:{}", path.display()));
    stand.until("the end", |stand| matches!(stand.camera.status().phase, CameraPhase::Failed(_)));
    assert!(stand.trouble().contains("pipe"), "{}", stand.trouble());
}

#[test]
fn a_stream_that_ends_and_one_that_is_not_there_yet_are_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steps.mp4");
    steps(&path, 20, 50.0);
    let server = Server::start(std::fs::read(&path).unwrap(), 2);
    let stand = Stand::open(&server.url());
    stand.until("a refusal", |stand| stand.trouble().contains("no such stream"));
    stand.until("three connections", |stand| stand.connections() >= 3);
    assert!(server.requests.load(Ordering::Acquire) >= 5);
    let news = stand.news();
    let interrupted = |news: &CameraNews| match news {
        CameraNews::Interrupted(error) => Some(error.cause.clone()),
        _ => None,
    };
    let causes: Vec<String> = news.iter().filter_map(interrupted).collect();
    assert!(causes[0].contains("no such stream") && causes[1].contains("ended"), "{causes:?}");
    // A break is a break: no window reaches over it.
    stand.until_captured(41);
    let indices: Vec<usize> = stand.camera.after(None).iter().map(|live| live.frame.index).collect();
    assert!(indices.windows(2).any(|pair| pair[0] + 1 < pair[1]), "{indices:?}");
}

#[test]
fn a_transport_stream_over_udp_is_received() {
    ffmpeg::init().unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let sender = spawn(move || broadcast(port, &stopped));
    let stand = Stand::open(&format!("udp://127.0.0.1:{port}"));
    stand.until_captured(40);
    assert_eq!(stand.camera.newest().unwrap().frame.display.dimensions(), (96, 80));
    assert!(stand.camera.window(11, 11, 1).is_some());
    // The sender goes away, and comes back.
    let closing = Instant::now();
    drop(stand);
    assert!(closing.elapsed() < Duration::from_secs(6), "closing took {:?}", closing.elapsed());
    stop.store(true, Ordering::Release);
    sender.join().unwrap();
}

/// Sends MPEG-2 in a transport stream until it is stopped.
fn broadcast(port: u16, stop: &AtomicBool) {
    let mut output = ffmpeg::format::output_as(&format!("udp://127.0.0.1:{port}?pkt_size=1316"), "mpegts").unwrap();
    let codec = ffmpeg::encoder::find_by_name("mpeg2video").unwrap();
    let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
    let time_base = ffmpeg::Rational(1, 25);
    encoder.set_width(CLIP.width);
    encoder.set_height(CLIP.height);
    encoder.set_format(ffmpeg::format::Pixel::YUV420P);
    encoder.set_time_base(time_base);
    encoder.set_frame_rate(Some(ffmpeg::Rational(25, 1)));
    encoder.set_gop(10);
    let mut encoder = encoder.open().unwrap();
    output.add_stream_with(&encoder).unwrap().set_time_base(time_base);
    output.write_header().unwrap();
    let stream_time_base = output.stream(0).unwrap().time_base();
    let mut number = 0;
    while !stop.load(Ordering::Acquire) {
        let mut frame = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, CLIP.width, CLIP.height);
        (0..3).for_each(|plane| frame.data_mut(plane).fill((number % 200) as u8 + 20));
        frame.set_pts(Some(number));
        encoder.send_frame(&frame).unwrap();
        let mut packet = ffmpeg::Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            packet.rescale_ts(time_base, stream_time_base);
            // Nobody may be listening.
            let _ = packet.write_interleaved(&mut output);
        }
        number += 1;
        sleep(Duration::from_millis(40));
    }
}

#[test]
fn what_cannot_work_says_why_and_what_to_do() {
    for (source, cause) in [
        ("lavfi:nosuchfilter=1", "does not understand this graph"),
        ("lavfi:anullsrc", "no video in it"),
        ("nosuch://a/b", "does not support this protocol"),
        ("http://127.0.0.1:9/a", "cannot be reached"),
        ("v4l2:/dev/video250", "not there"),
        ("file:/no/such/clip.mp4", "no such file"),
    ] {
        let stand = Stand::open(source);
        stand.until(cause, |stand| stand.trouble().contains(cause));
        assert!(stand.trouble().starts_with(source) && stand.camera.newest().is_none());
        let is_final = matches!(stand.camera.status().phase, CameraPhase::Failed(_));
        assert_eq!(is_final, source.starts_with("lavfi") || source.starts_with("nosuch"), "{source}");
    }
    if cfg!(target_os = "linux") {
        assert!(camera_devices().is_ok(), "also where there is none");
    }
}

#[test]
fn closing_a_server_that_never_answers_does_not_hang() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let stand = Stand::open(&format!("http://{}/", silent.local_addr().unwrap()));
    let (_connection, _) = silent.accept().unwrap();
    let closing = Instant::now();
    drop(stand);
    assert!(closing.elapsed() < Duration::from_secs(6), "closing took {:?}", closing.elapsed());
}

/// An engine with a model that has learned nothing.
pub struct Stage {
    pub watched: Watched,
    pub dir: TempDir,
}

impl Stage {
    pub fn new() -> Self {
        let stage = Self { watched: Watched::new(cpu()), dir: tempfile::tempdir().unwrap() };
        let model = stage.model();
        fixture::model(&MOTION, NETWORK, &cpu().device).save(&model).unwrap();
        stage.watched.engine.send(Request::LoadModel(model));
        stage.watched.message(|message| matches!(message, Message::ModelLoaded(_)).then_some(()));
        stage
    }

    pub fn model(&self) -> PathBuf {
        self.dir.path().join("model")
    }

    pub fn send(&self, request: Request) {
        self.watched.engine.send(request);
    }

    pub fn watch(&self, source: &str) {
        let settings = LiveSettings { fusion: Fusion::default(), smoothing: Smoothing::Mean { secs: 0.5 } };
        self.send(Request::Live(Some(LiveOrder { source: source.parse().unwrap(), settings })));
    }

    pub fn view(&self, what: &str, wanted: impl Fn(&LiveView) -> bool) -> LiveView {
        self.watched.until(what, || self.watched.engine.live().filter(|view| wanted(view)))
    }

    pub fn event<T>(&self, wanted: impl Fn(&LiveEvent) -> Option<T>) -> T {
        self.watched.message(|message| if let Message::Live(event) = message { wanted(event) } else { None })
    }

    /// The file `steps.mp4` in a loop.
    pub fn watch_steps(&self) {
        let path = self.dir.path().join("steps.mp4");
        steps(&path, 30, 25.0);
        self.watch(&format!("file:{}", path.display()));
    }
}

#[test]
fn the_newest_window_is_recognised_with_flow_and_latency() {
    let stage = Stage::new();
    stage.watch("lavfi:testsrc2=size=320x240:rate=30");
    let view = stage.view("three answers", |view| view.result.as_ref().is_some_and(|result| result.answered >= 3));
    let result = view.result.unwrap();
    assert_eq!((result.flow.field.width, result.flow.field.height), (32, 32));
    assert_eq!(result.scores.temporal.len(), 2);
    assert!((result.answer.shares.iter().sum::<f32>() - 1.0).abs() < 1e-4 && result.answer.top.is_some());
    assert!(result.latency_ms > 0.0 && result.latency_ms < 60_000.0 && result.fps > 0.0);
    assert!(result.skipped + result.answered <= view.camera.captured);
    // Another level, another way to make answers, another source, nothing.
    stage.send(Request::SetLive(LiveSettings { smoothing: Smoothing::None, ..LiveSettings::default() }));
    stage.watch_steps();
    let view =
        stage.view("the other source", |view| matches!(view.source, CameraSource::File(_)) && view.result.is_some());
    assert_eq!(view.result.unwrap().frame.display.dimensions(), (96, 80));
    stage.send(Request::Live(None));
    stage.watched.until("an end", || stage.watched.engine.live().is_none().then_some(()));
}

#[test]
fn a_clip_and_a_live_source_make_way_for_each_other() {
    let stage = Stage::new();
    let clip = fixture::clip(stage.dir.path(), 15, CLIP).unwrap();
    stage.send(Request::Open(clip.clone()));
    let engine = &stage.watched.engine;
    stage.watched.until("an analysis", || engine.analysis());
    stage.watch_steps();
    stage.view("an answer", |view| view.result.is_some());
    assert!(engine.frame().is_none() && engine.analysis().is_none());
    stage.send(Request::Open(clip));
    stage.watched.until("an analysis", || engine.analysis().filter(|analysis| analysis.scores.is_some()));
    assert!(engine.live().is_none());
}

#[test]
fn the_command_line_tells_every_second_what_it_sees() {
    let dir = tempfile::tempdir().unwrap();
    untrained_model(&dir.path().join("model"));
    let live = |source: &str, arguments: &[&str]| {
        let common = ["live", source, "--model", "model", "--device", "cpu"];
        motionscope(dir.path(), &[&common, arguments].concat())
    };
    let output =
        live("lavfi:testsrc2=size=160x120:rate=30", &["--seconds", "6", "--json", "--smoothing", "hysteresis"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, seconds) = lines.split_last().unwrap();
    assert!(seconds.len() >= 2 && summary["answers"].as_u64().unwrap() > 0, "{summary}");
    let last = seconds.last().unwrap();
    assert!(last["latency_ms"].as_f64().unwrap() > 0.0 && ["one", "two"].contains(&last["class"].as_str().unwrap()));
    assert_eq!(last["state"], "live");
    let output = live("lavfi:nosuchfilter", &["--seconds", "60"]);
    assert!(code(&output) == 1 && text(&output.stderr).contains("does not understand this graph"));
    let output = live("webcam", &[]);
    assert!(code(&output) == 1 && text(&output.stderr).contains("not a camera"), "{}", text(&output.stderr));
    assert_eq!(code(&motionscope(dir.path(), &["live"])), 2);
    assert_eq!(code(&motionscope(dir.path(), &["live", "/dev/video0", "--size", "640x480"])), 2, "a size needs a rate");
}

/// `MOTIONSCOPE_SOAK=1800 cargo test --release -- --ignored soak`: half an hour without growth.
#[test]
#[ignore = "takes minutes"]
fn soak_memory_and_latency_do_not_grow() {
    let secs = std::env::var("MOTIONSCOPE_SOAK").ok().and_then(|secs| secs.parse().ok()).unwrap_or(300);
    let mut pipeline = InferencePipeline::new(fixture::model(&MOTION, NETWORK, &cpu().device), &cpu());
    let source = "lavfi:testsrc2=size=640x480:rate=30".parse().unwrap();
    let camera = Arc::new(Camera::open(source, pipeline.sizes(), Arc::new(|_| ())));
    let mut watcher = LiveInference::new(camera);
    let (started, mut latencies, mut memory) = (Instant::now(), Vec::new(), Vec::new());
    while started.elapsed() < Duration::from_secs(secs) {
        match watcher.step(&mut pipeline, LiveSettings::default(), 2).unwrap() {
            Some(result) => latencies.push(result.latency_ms),
            None => sleep(Duration::from_millis(2)),
        }
        if started.elapsed().as_secs() as usize > memory.len() {
            memory.push(resident_mb());
        }
    }
    let median = |values: &[f32]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f32::total_cmp);
        sorted[sorted.len() / 2]
    };
    let ends = |values: &[f32]| {
        let tenth = values.len() / 10;
        [median(&values[tenth..2 * tenth]), median(&values[values.len() - tenth..])]
    };
    let ([latency, latency_end], [rss, rss_end]) = (ends(&latencies), ends(&memory));
    eprintln!("{secs} s: latency {latency:.1} → {latency_end:.1} ms, memory {rss:.1} → {rss_end:.1} MB");
    assert!(latency_end < 1.5 * latency + 5.0 && rss_end < rss + 16.0);
}

fn resident_mb() -> f32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches("kB").trim().parse::<f32>().unwrap() / 1024.0
}

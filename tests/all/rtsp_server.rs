//! A small RTSP server (RFC 2326) for the tests of live sources: one clip round and round at its own pace, as H.264 in RTP
//! packets (RFC 6184) inside the connection or beside it over UDP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use ffmpeg_next as ffmpeg;
use motionscope::video::Geometry;

/// How often everybody looks whether something came or is due.
const TICK: Duration = Duration::from_millis(4);
/// The clock of video in RTP, ticks a second.
const CLOCK: u32 = 90_000;
/// Larger units of H.264 are sent in fragments; small enough for that to happen.
const MAX_PAYLOAD: usize = 400;
/// A type of payload that the description gives a meaning.
const PAYLOAD_TYPE: u8 = 96;
/// What is served.
const PATH: &str = "/steps";

/// A clip in H.264 whose n-th picture is as grey as n steps of 8 but for a pattern at its lower edge.
pub struct Clip {
    fps: u32,
    /// The units of each picture, without start codes.
    pictures: Vec<Vec<Vec<u8>>>,
}

impl Clip {
    /// At most 30 pictures; every `key_every`-th can be decoded without the others.
    pub fn of_steps(size: Geometry, pictures: u8, fps: u32, key_every: u32) -> Self {
        ffmpeg::init().unwrap();
        let codec = ffmpeg::encoder::find_by_name("libx264").expect("these tests need an FFmpeg with libx264");
        let mut encoder = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
        encoder.set_width(size.width);
        encoder.set_height(size.height);
        encoder.set_format(ffmpeg::format::Pixel::YUV420P);
        encoder.set_time_base(ffmpeg::Rational(1, fps as i32));
        encoder.set_frame_rate(Some(ffmpeg::Rational(fps as i32, 1)));
        encoder.set_gop(key_every);
        // Without a global header the parameter sets come before each key frame, as cameras send them.
        let options = [("preset", "veryfast"), ("tune", "zerolatency"), ("crf", "12"), ("x264-params", "scenecut=0")];
        let mut encoder = encoder.open_with(options.into_iter().collect()).unwrap();
        let mut clip = Self { fps, pictures: Vec::new() };
        for n in 0..pictures {
            encoder.send_frame(&step(size, n)).unwrap();
            clip.take_packets(&mut encoder);
        }
        encoder.send_eof().unwrap();
        clip.take_packets(&mut encoder);
        assert_eq!(clip.pictures.len(), pictures as usize);
        clip
    }

    fn take_packets(&mut self, encoder: &mut ffmpeg::encoder::Video) {
        let mut packet = ffmpeg::Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            self.pictures.push(units(packet.data().unwrap()));
        }
    }
}

fn step(size: Geometry, n: u8) -> ffmpeg::frame::Video {
    let mut frame = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, size.width, size.height);
    let stride = frame.stride(0);
    let grey = (16.0 + 219.0 / 255.0 * 8.0 * f64::from(n)).round() as u8;
    for (y, line) in frame.data_mut(0).chunks_mut(stride).enumerate() {
        let has_pattern = y + 16 >= size.height as usize;
        let value =
            |x: usize| if has_pattern { ((x * 37 + y * 101 + usize::from(n) * 53) % 200 + 20) as u8 } else { grey };
        line.iter_mut().enumerate().for_each(|(x, pixel)| *pixel = value(x));
    }
    (1..3).for_each(|plane| frame.data_mut(plane).fill(128));
    frame.set_pts(Some(n.into()));
    frame
}

/// The units of a stream with start codes of three or four bytes.
fn units(stream: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = (3..stream.len()).filter(|&i| stream[i - 3..i] == [0, 0, 1]).collect();
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([stream.len()]);
    let unit = |(start, end): (&usize, usize)| {
        let zeros = stream[*start..end].iter().rev().take_while(|byte| **byte == 0).count();
        stream[*start..end - zeros].to_vec()
    };
    starts.iter().zip(ends).map(unit).collect()
}

/// What the server insists on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Packets come over UDP only.
    pub udp_only: bool,
    /// What must stand in the field `Authorization`.
    pub authorization: Option<&'static str>,
    /// The picture of the clip that a client gets first.
    pub first: u32,
}

/// A server for as long as this lives.
pub struct RtspServer {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RtspServer {
    /// Serves `clip` at `port`; 0 stands for any free one.
    pub fn start(clip: &Arc<Clip>, port: u16, rules: Rules) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, stop) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let (clip, told, stopped) = (clip.clone(), asked.clone(), stop.clone());
        let thread = spawn(move || {
            let mut connections = Vec::new();
            while !stopped.load(Ordering::Acquire) {
                if let Ok((stream, _)) = listener.accept() {
                    let connection = Connection::new(stream, clip.clone(), rules, told.clone());
                    let stopped = stopped.clone();
                    // A reader that hangs up in the middle is none of the server's business.
                    connections.push(spawn(move || _ = connection.serve(&stopped)));
                }
                sleep(TICK);
            }
            drop(listener);
            connections.into_iter().for_each(|connection| connection.join().unwrap());
        });
        Self { port, asked, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the clip is.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}{PATH}", self.port)
    }

    /// The methods of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Where packets go.
enum Target {
    /// Into the connection, on this channel.
    Inside(u8),
    /// To this port, from a socket of their own.
    Udp(UdpSocket, SocketAddr),
}

/// One client.
struct Connection {
    stream: TcpStream,
    clip: Arc<Clip>,
    rules: Rules,
    asked: Arc<Mutex<Vec<String>>>,
    received: Vec<u8>,
    target: Option<Target>,
    began: Option<Instant>,
    pictures: u32,
    packets: u16,
}

impl Connection {
    fn new(stream: TcpStream, clip: Arc<Clip>, rules: Rules, asked: Arc<Mutex<Vec<String>>>) -> Self {
        let (received, target, began) = (Vec::new(), None, None);
        Self { stream, clip, rules, asked, received, target, began, pictures: 0, packets: 0 }
    }

    /// Answers and sends until one of both has enough.
    fn serve(mut self, stop: &AtomicBool) -> std::io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(TICK))?;
        while !stop.load(Ordering::Acquire) {
            let mut bytes = [0; 2048];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(length) => self.received.extend_from_slice(&bytes[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            while let Some(head) = self.take_request() {
                self.answer(&head)?;
            }
            self.send_what_is_due()?;
        }
        Ok(())
    }

    /// The next request; reports on how packets arrived, which come in between, are passed over.
    fn take_request(&mut self) -> Option<String> {
        while let [b'$', _, high, low, ..] = self.received[..] {
            let length = 4 + usize::from(u16::from_be_bytes([high, low]));
            if self.received.len() < length {
                return None;
            }
            self.received.drain(..length);
        }
        let end = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        Some(String::from_utf8(self.received.drain(..end).collect()).unwrap())
    }

    fn answer(&mut self, head: &str) -> std::io::Result<()> {
        let mut words = head.split_whitespace();
        let (method, url) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        self.asked.lock().unwrap().push(method.to_owned());
        let path = url.splitn(4, '/').nth(3).map_or(String::new(), |path| format!("/{path}"));
        let is_allowed = self.rules.authorization.is_none_or(|wanted| field(head, "Authorization") == Some(wanted));
        let (status, fields, body) = match method {
            "OPTIONS" => ("200 OK", "Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n".into(), String::new()),
            _ if !is_allowed => {
                ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"steps\"\r\n".into(), String::new())
            }
            _ if !path.starts_with(PATH) => ("404 Not Found", String::new(), String::new()),
            "DESCRIBE" => {
                ("200 OK", format!("Content-Base: {url}/\r\nContent-Type: application/sdp\r\n"), description())
            }
            "SETUP" => match self.set_up(field(head, "Transport").unwrap_or(""))? {
                Some(transport) => ("200 OK", format!("Transport: {transport}\r\n"), String::new()),
                None => ("461 Unsupported Transport", String::new(), String::new()),
            },
            "PLAY" => {
                self.began = Some(Instant::now());
                (
                    "200 OK",
                    format!(
                        "Range: npt=0.000-\r\nRTP-Info: url={}/video;seq=0;rtptime=0\r\n",
                        url.trim_end_matches('/')
                    ),
                    String::new(),
                )
            }
            "GET_PARAMETER" | "TEARDOWN" => ("200 OK", String::new(), String::new()),
            _ => ("501 Not Implemented", String::new(), String::new()),
        };
        let number = field(head, "CSeq").unwrap_or("0");
        write!(
            self.stream,
            "RTSP/1.0 {status}\r\nCSeq: {number}\r\nSession: 12345678;timeout=60\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Takes the way that the client proposes, if the rules allow it.
    fn set_up(&mut self, proposed: &str) -> std::io::Result<Option<String>> {
        let value = |name: &str| proposed.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let first = |name: &str| value(name).and_then(|values| values.split('-').next()?.parse::<u16>().ok());
        let is_inside = proposed.starts_with("RTP/AVP/TCP");
        if is_inside == self.rules.udp_only {
            return Ok(None);
        }
        if is_inside {
            let channel = first("interleaved").unwrap_or(0);
            self.target = Some(Target::Inside(channel as u8));
            return Ok(Some(format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1)));
        }
        let Some(port) = first("client_port") else { return Ok(None) };
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let own = socket.local_addr()?.port();
        self.target = Some(Target::Udp(socket, SocketAddr::new(self.stream.peer_addr()?.ip(), port)));
        Ok(Some(format!("RTP/AVP;unicast;client_port={port}-{};server_port={own}-{}", port + 1, own.wrapping_add(1))))
    }

    /// Sends the pictures whose time has come.
    fn send_what_is_due(&mut self) -> std::io::Result<()> {
        let Some(began) = self.began else { return Ok(()) };
        let clip = self.clip.clone();
        while began.elapsed() >= Duration::from_secs(1) * self.pictures / clip.fps {
            let units = &clip.pictures[(self.rules.first + self.pictures) as usize % clip.pictures.len()];
            let ticks = self.pictures.wrapping_mul(CLOCK / clip.fps);
            let payloads: Vec<Vec<u8>> = units.iter().flat_map(|unit| payloads(unit)).collect();
            for (i, payload) in payloads.iter().enumerate() {
                self.send_packet(payload, ticks, i + 1 == payloads.len())?;
            }
            self.pictures += 1;
        }
        Ok(())
    }

    /// Sends one packet (RFC 3550, section 5.1).
    fn send_packet(&mut self, payload: &[u8], ticks: u32, is_last: bool) -> std::io::Result<()> {
        const VERSION_2: u8 = 0x80;
        const SOURCE: u32 = 0x0ddb_a115;
        let mut packet = vec![VERSION_2, PAYLOAD_TYPE | u8::from(is_last) << 7];
        packet.extend(self.packets.to_be_bytes());
        packet.extend(ticks.to_be_bytes());
        packet.extend(SOURCE.to_be_bytes());
        packet.extend(payload);
        self.packets = self.packets.wrapping_add(1);
        match &self.target {
            None => Ok(()),
            Some(Target::Inside(channel)) => {
                let length = (packet.len() as u16).to_be_bytes();
                self.stream.write_all(&[&[b'$', *channel, length[0], length[1]], &packet[..]].concat())
            }
            Some(Target::Udp(socket, to)) => socket.send_to(&packet, to).map(|_| ()),
        }
    }
}

/// A unit as one payload, or in fragments of type FU-A (RFC 6184, section 5.8).
fn payloads(unit: &[u8]) -> Vec<Vec<u8>> {
    const FU_A: u8 = 28;
    if unit.len() <= MAX_PAYLOAD {
        return vec![unit.to_vec()];
    }
    let (importance, kind) = (unit[0] & 0xe0, unit[0] & 0x1f);
    let parts: Vec<&[u8]> = unit[1..].chunks(MAX_PAYLOAD - 2).collect();
    let fragment = |(i, part): (usize, &&[u8])| {
        let (start, end) = (u8::from(i == 0) << 7, u8::from(i + 1 == parts.len()) << 6);
        [&[importance | FU_A, start | end | kind], *part].concat()
    };
    parts.iter().enumerate().map(fragment).collect()
}

/// The clip in the words of SDP (RFC 4566); its parameter sets are in the stream.
fn description() -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=steps\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=0-\r\n\
         m=video 0 RTP/AVP {PAYLOAD_TYPE}\r\na=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK}\r\n\
         a=fmtp:{PAYLOAD_TYPE} packetization-mode=1\r\na=control:video\r\n"
    )
}

/// A field of a request's head.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

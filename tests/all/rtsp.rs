//! Cameras over RTSP: pictures inside the connection and over UDP, a server that goes away, and one that refuses.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use motionscope::video::{CameraNews, CameraPhase, LiveFrame};

use crate::live::{CLIP, Stand, step_of};
use crate::rtsp_server::{Clip, RtspServer, Rules};

/// Pictures of the clip.
const STEPS: u8 = 30;
/// What name and password `name:secret` look like in a request.
const SECRET: &str = "Basic bmFtZTpzZWNyZXQ=";

fn clip() -> Arc<Clip> {
    Arc::new(Clip::of_steps(CLIP, STEPS, 25, 10))
}

/// Whether each frame shows the step after that of the frame before, wherever no frame is left out.
fn is_in_order(frames: &[LiveFrame]) -> bool {
    let follows = |pair: &[LiveFrame]| pair[0].frame.index + 1 == pair[1].frame.index;
    let steps = |pair: &[LiveFrame]| [0, 1].map(|i| step_of(&pair[i].frame.display));
    frames.windows(2).filter(|pair| follows(pair)).map(steps).all(|[a, b]| b == (a + 1) % usize::from(STEPS))
}

#[test]
fn pictures_come_in_order_inside_the_connection_and_over_udp() {
    let clip = clip();
    for udp_only in [false, true] {
        let server = RtspServer::start(&clip, 0, Rules { udp_only, ..Rules::default() });
        let stand = Stand::open(&server.url());
        stand.until_captured(80);
        let status = stand.camera.status();
        let info = status.info.unwrap();
        assert_eq!((status.phase, info.width, info.height, &*info.codec), (CameraPhase::Live, 96, 80, "h264"));
        let frames = stand.camera.after(None);
        assert!(frames.len() > 40 && is_in_order(&frames), "over UDP: {udp_only}");
        assert!(stand.camera.window(11, 11, 1).is_some());
        assert_eq!(stand.connections(), 1);
        // A camera has few places for clients: whoever goes says so.
        drop(stand);
        let closed = Instant::now();
        while server.asked().last().is_none_or(|method| method != "TEARDOWN") {
            assert!(closed.elapsed() < Duration::from_secs(60), "{:?}", server.asked());
            sleep(Duration::from_millis(10));
        }
        let setups = if udp_only { 2 } else { 1 };
        let asked = ["OPTIONS", "DESCRIBE"].into_iter().chain(std::iter::repeat_n("SETUP", setups)).chain(["PLAY"]);
        assert!(server.asked().iter().map(String::as_str).take(3 + setups).eq(asked), "{:?}", server.asked());
    }
}

#[test]
fn a_server_that_goes_away_is_waited_for_and_taken_up_again() {
    let clip = clip();
    for udp_only in [false, true] {
        let rules = Rules { udp_only, ..Rules::default() };
        let server = RtspServer::start(&clip, 0, rules);
        let (stand, port) = (Stand::open(&server.url()), server.port());
        stand.until_captured(20);
        drop(server);
        stand
            .until("the end of the stream", |stand| matches!(stand.camera.status().phase, CameraPhase::Waiting { .. }));
        stand.until("a refused connection", |stand| stand.trouble().contains("cannot be reached"));
        let before = stand.camera.newest().unwrap().frame.index;
        let _again = RtspServer::start(&clip, port, rules);
        stand.until("another connection", |stand| stand.connections() == 2);
        let captured = stand.camera.status().captured;
        stand.until_captured(captured + 30);
        assert!(is_in_order(&stand.camera.after(Some(before))) && stand.trouble().is_empty());
        let indices: Vec<usize> = stand.camera.after(None).iter().map(|live| live.frame.index).collect();
        assert!(!indices.windows(2).any(|pair| pair[0] == before && pair[1] == before + 1), "a break is a break");
        let causes: Vec<String> = stand.news().iter().filter_map(cause).collect();
        assert!(causes[0].contains("has ended") && causes[1].contains("cannot be reached"), "{causes:?}");
    }
}

fn cause(news: &CameraNews) -> Option<String> {
    if let CameraNews::Interrupted(error) = news { Some(error.cause.clone()) } else { None }
}

#[test]
fn what_is_refused_says_why_and_a_password_is_never_shown() {
    let clip = clip();
    let server = RtspServer::start(&clip, 0, Rules { authorization: Some(SECRET), ..Rules::default() });
    let address = |login: &str, path: &str| format!("rtsp://{login}127.0.0.1:{}{path}", server.port());
    for (login, path, cause, remedy) in [
        ("", "/steps", "refuses access", "Put name and password into the address"),
        ("name:wrong@", "/steps", "refuses access", "Check name and password"),
        ("name:secret@", "/nothing", "no such stream", "Check the address"),
    ] {
        let stand = Stand::open(&address(login, path));
        stand.until(cause, |stand| stand.trouble().contains(cause));
        let trouble = stand.trouble();
        assert!(trouble.contains(remedy) && !trouble.contains("wrong") && !trouble.contains("secret"), "{trouble}");
        assert!(matches!(stand.camera.status().phase, CameraPhase::Waiting { .. }), "the camera may be set up later");
    }
    let stand = Stand::open(&address("name:secret@", "/steps"));
    stand.until_captured(20);
}

#[test]
fn a_key_frame_that_comes_seldom_is_neither_missed_nor_given_up() {
    // One in 15 seconds: with the first picture, or after 12 seconds.
    let clip = Arc::new(Clip::of_steps(CLIP, STEPS, 2, 30));
    for (first, patience_secs) in [(0, 13), (6, 60)] {
        let server = RtspServer::start(&clip, 0, Rules { first, ..Rules::default() });
        let (stand, opened) = (Stand::open(&server.url()), Instant::now());
        stand.until_captured(2);
        assert!(opened.elapsed() < Duration::from_secs(patience_secs), "it took {:?}", opened.elapsed());
        assert!(is_in_order(&stand.camera.after(None)));
        assert_eq!(stand.news().len(), 1, "{:?}", stand.news());
    }
}

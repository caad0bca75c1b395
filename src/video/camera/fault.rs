//! Error messages for sources without pictures, and whether a retry can help.

use ffmpeg::Error as Fault;
use ffmpeg_next as ffmpeg;

use super::CameraSource;
use super::address::raw_character;
use super::source::WRITE_ENCODED;
use crate::error::Error;
use crate::files::is_endless;

/// `EACCES`, `EPERM`, `EBUSY` … have the same numbers on Linux and macOS; Windows' C library agrees on these.
const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EIO: i32 = 5;
const ENXIO: i32 = 6;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENOSPC: i32 = 28;

/// Returns the error for `fault` of `source`, with cause and remedy.
pub(super) fn in_words(source: &CameraSource, fault: Fault) -> Error {
    let (cause, remedy) = match source {
        CameraSource::Device { .. } => of_device(fault),
        CameraSource::Lavfi(_) => of_graph(fault),
        CameraSource::Url(url) => {
            let (cause, remedy) = of_stream(fault, source.has_password());
            // The address was parsed as host, port and path; it may be a name and a password instead.
            let remedy = if raw_character(url).is_some() { WRITE_ENCODED } else { remedy };
            (cause, remedy)
        }
        CameraSource::File(path) if is_endless(path) => {
            ("this is a pipe or a device, not a file".into(), "Name a video")
        }
        CameraSource::File(_) => of_file(fault),
    };
    Error::new(source.to_string(), cause, remedy)
}

/// Returns whether a retry cannot help, because the input is wrong.
pub(super) fn is_hopeless(source: &CameraSource, fault: Fault) -> bool {
    match source {
        CameraSource::Lavfi(_) => fault != Fault::Eof && fault != Fault::Exit,
        CameraSource::File(path) if is_endless(path) => true,
        _ => matches!(fault, Fault::ProtocolNotFound | Fault::DemuxerNotFound | Fault::DecoderNotFound),
    }
}

/// Returns the error for a stream that ended, as opposed to one that broke off.
pub(super) fn ended(source: &CameraSource) -> Error {
    Error::new(source.to_string(), "the stream has ended", "No action needed: it reconnects automatically")
}

/// Returns the error for a source without video.
pub(super) fn no_video(source: &CameraSource) -> Error {
    Error::new(source.to_string(), "there is no video in it", "Choose a source with video")
}

/// Returns the error for a source that sent nothing for `secs` seconds.
pub(super) fn silent(source: &CameraSource, secs: u64) -> Error {
    let remedy = match source {
        CameraSource::Device { .. } => "Unplug the camera and plug it in again",
        _ => "Check that the sender runs and that the network lets it through",
    };
    Error::new(source.to_string(), format!("no frame arrived for {secs} seconds"), remedy)
}

fn errno(fault: Fault) -> i32 {
    if let Fault::Other { errno } = fault { errno } else { 0 }
}

fn of_device(fault: Fault) -> (String, &'static str) {
    match errno(fault) {
        EACCES | EPERM => (
            "permission denied".into(),
            "Allow camera access: on Linux `sudo usermod -aG video $USER` and log in again, elsewhere in the system's privacy settings",
        ),
        EBUSY => ("another program is using it".into(), "Close the other program; it reconnects automatically"),
        ENOENT | ENODEV | ENXIO | EIO => {
            ("it is not there, or was unplugged".into(), "Plug it in; it reconnects automatically")
        }
        ENOSPC => (
            "the USB bus has no bandwidth left for it".into(),
            "Choose MJPEG, a smaller size or a lower rate, or plug one of the cameras into another USB controller",
        ),
        EINVAL => ("it does not support this size and frame rate".into(), "Choose another size or rate"),
        _ => match fault {
            Fault::DemuxerNotFound => {
                ("this FFmpeg has no such driver".into(), "Install an FFmpeg with libavdevice, or use a URL")
            }
            _ => (format!("it cannot be read ({fault})"), "Plug it in again, or choose another size or rate"),
        },
    }
}

fn of_graph(fault: Fault) -> (String, &'static str) {
    match fault {
        Fault::Eof => ("the generated video has ended".into(), "No action needed: it restarts automatically"),
        _ => (
            format!("FFmpeg does not understand this graph ({fault})"),
            "Write a graph of FFmpeg's filters with one video output, such as testsrc2=size=320x240:rate=30",
        ),
    }
}

fn of_stream(fault: Fault, has_password: bool) -> (String, &'static str) {
    let (cause, remedy) = match fault {
        Fault::HttpNotFound => ("the server has no such stream", "Check the address"),
        Fault::HttpUnauthorized | Fault::HttpForbidden if has_password => {
            ("the server refuses access", "Check name and password in the address")
        }
        Fault::HttpUnauthorized | Fault::HttpForbidden => {
            ("the server refuses access", "Put name and password into the address: rtsp://name:password@host/…")
        }
        Fault::HttpBadRequest | Fault::HttpOther4xx => {
            ("the server does not understand the request", "Check the address")
        }
        Fault::HttpServerError => {
            ("the server reports an internal error", "Look at its log, or start it again; it reconnects automatically")
        }
        Fault::InvalidData => ("what is sent is not a video", "Check the address"),
        Fault::Exit => ("it does not answer", "Check the address, and that the sender runs"),
        Fault::ProtocolNotFound => ("FFmpeg does not support this protocol", "Use rtsp, http, https, udp, rtmp or srt"),
        Fault::Eof => ("the stream has ended", "No action needed: it reconnects automatically"),
        _ => {
            return (
                format!("it cannot be reached ({fault})"),
                "Check the address, the network, and that the sender runs; it reconnects automatically",
            );
        }
    };
    (cause.into(), remedy)
}

fn of_file(fault: Fault) -> (String, &'static str) {
    match (fault, errno(fault)) {
        (_, ENOENT) => ("no such file".into(), "Check the spelling of the path"),
        (_, EACCES | EPERM) => ("permission denied".into(), "Check the access rights"),
        (Fault::InvalidData, _) => ("this is not a video".into(), "Choose a video such as mp4, avi, mov, mkv or webm"),
        _ => (format!("it cannot be read ({fault})"), "Check the file and the disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_befalls_a_camera_is_told_with_what_to_do() {
        let source = CameraSource::device("/dev/video0", None);
        for (errno, cause, remedy) in [
            (EACCES, "permission denied", "usermod"),
            (EBUSY, "another program", "Close"),
            (ENODEV, "unplugged", "Plug it in"),
            (EINVAL, "size and frame rate", "another size"),
            (ENOSPC, "USB bus has no bandwidth", "MJPEG"),
        ] {
            let error = in_words(&source, Fault::Other { errno });
            assert!(error.cause.contains(cause) && error.remedy.contains(remedy), "{error}");
            assert!(!is_hopeless(&source, Fault::Other { errno }));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_given_up_with_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("a.mp4");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let source = CameraSource::File(pipe);
        assert!(
            in_words(&source, Fault::InvalidData).cause.contains("a pipe") && is_hopeless(&source, Fault::InvalidData)
        );
    }

    #[test]
    fn only_what_is_typed_wrongly_is_given_up() {
        let graph = CameraSource::Lavfi("nosuchfilter".into());
        assert!(is_hopeless(&graph, Fault::FilterNotFound) && !is_hopeless(&graph, Fault::Eof));
        let stream = CameraSource::Url("rtsp://a/b".into());
        assert!(!is_hopeless(&stream, Fault::HttpNotFound) && is_hopeless(&stream, Fault::ProtocolNotFound));
        assert!(in_words(&stream, Fault::HttpUnauthorized).remedy.contains("Put name and password"));
        let stream = CameraSource::Url("rtsp://name:secret@a/b".into());
        let refused = in_words(&stream, Fault::HttpUnauthorized);
        assert!(refused.remedy.contains("Check name and password") && !refused.to_string().contains("secret"));
        let doubtful = in_words(&CameraSource::Url("rtsp://name:12/34@a".into()), Fault::Eof);
        assert!(doubtful.remedy.contains("%2F") && !doubtful.to_string().contains("34"), "{doubtful}");
    }
}

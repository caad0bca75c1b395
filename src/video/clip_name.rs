//! Recognition of clips by file name.

use std::path::Path;

use crate::names::is_hidden;

/// Extensions of common video files that FFmpeg opens: web and desktop, cameras and camcorders, discs and broadcast,
/// and elementary streams.
const ENDINGS: [&str; 52] = [
    "mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "divx", "wmv", "asf", "flv", "f4v", "ogv", "ogm",
    "gif", // web, desktop
    "3gp", "3g2", "mts", "m2ts", "m2t", "ts", "tod", "mod", "dv", "dif", "insv", "lrv", "amv", "mjpg",
    "mjpeg", // cameras
    "vob", "mpg", "mpeg", "mpe", "m1v", "m2v", "mpv", "mxf", "gxf", "wtv", "trp", "nut", "rm",
    "rmvb", // discs, broadcast
    "h264", "264", "h265", "265", "hevc", "ivf", "obu", "y4m", // bare streams
];

/// Returns whether the name of `path` is that of a clip: it has a video's extension and is not hidden. Opens nothing.
pub fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))) && !is_hidden(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_known_by_their_ending_and_hidden_files_are_none() {
        for name in ["a/b.MP4", "x.gif", "00001.MTS", "a.m2ts", "b.3gp", "VTS_01_1.VOB", "a.dv", "é #%20.mxf"] {
            assert!(is_video(Path::new(name)) && !is_hidden(Path::new(name)), "{name}");
        }
        for name in ["mp4", "a.mp4.txt", "._a.mp4", "b/.hidden.avi", ".mp4", "a.srt"] {
            assert!(!is_video(Path::new(name)), "{name}");
        }
        for name in [".DS_Store", "c/Thumbs.db", "__MACOSX", ".git"] {
            assert!(is_hidden(Path::new(name)), "{name}");
        }
        assert!(!is_hidden(Path::new(".hidden/a.mp4")), "by the last name only");
    }
}

//! Queries a Linux camera's driver for its sizes and rates.
//!
//! FFmpeg only prints them. The structures are those of `linux/videodev2.h`, a stable kernel interface; all of them are
//! arrays of 32-bit words.
#![allow(unsafe_code)] // One system call on an array of the length that it takes.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use super::CameraMode;
use crate::video::Geometry;

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`.
const CAPTURE: u32 = 1;
/// `V4L2_FRMSIZE_TYPE_DISCRETE` and `V4L2_FRMIVAL_TYPE_DISCRETE`; else a range is given.
const DISCRETE: u32 = 1;
/// Limit of a list, in case a driver never ends it.
const MOST: u32 = 256;
/// Offered for a camera that supports any size or rate in a range.
const USUAL_SIZES: [[u32; 2]; 5] = [[1920, 1080], [1280, 720], [640, 480], [640, 360], [320, 240]];
const USUAL_RATES: [f64; 3] = [60.0, 30.0, 15.0];

/// Formats that FFmpeg reads, uncompressed ones first: the kernel's code and FFmpeg's name.
const FORMATS: [(&[u8; 4], &str); 10] = [
    (b"YUYV", "yuyv422"),
    (b"UYVY", "uyvy422"),
    (b"NV12", "nv12"),
    (b"YU12", "yuv420p"),
    (b"RGB3", "rgb24"),
    (b"BGR3", "bgr24"),
    (b"GREY", "gray"),
    (b"MJPG", "mjpeg"),
    (b"JPEG", "mjpeg"),
    (b"H264", "h264"),
];

/// A request to a driver: the number of the ioctl, and the length of its structure in words.
struct Question<const WORDS: usize>(u8);

/// `VIDIOC_ENUM_FMT`: index, type, flags, 8 words of description, pixel format, …
const FORMAT: Question<16> = Question(2);
/// `VIDIOC_ENUM_FRAMESIZES`: index, pixel format, type, width, height or a range, …
const SIZE: Question<11> = Question(74);
/// `VIDIOC_ENUM_FRAMEINTERVALS`: index, pixel format, width, height, type, numerator, denominator or a range, …
const INTERVAL: Question<13> = Question(75);

impl<const WORDS: usize> Question<WORDS> {
    /// Returns the request code `_IOWR('V', number, structure)`.
    fn request(&self) -> u64 {
        const READ_AND_WRITE: u64 = 3;
        READ_AND_WRITE << 30 | (4 * WORDS as u64) << 16 | u64::from(b'V') << 8 | u64::from(self.0)
    }

    /// Sends the request with `words` filled in and returns the answer; `None` at the end of a list.
    fn ask(&self, device: &File, mut words: [u32; WORDS]) -> Option<[u32; WORDS]> {
        // SAFETY: the request carries the length of `words`, and the driver reads and writes no more than that.
        let answer = unsafe { libc::ioctl(device.as_raw_fd(), self.request() as _, words.as_mut_ptr()) };
        (answer == 0).then_some(words)
    }

    /// Returns all entries of a list whose first word is the index.
    fn all<'a>(&'a self, device: &'a File, words: [u32; WORDS]) -> impl Iterator<Item = [u32; WORDS]> + 'a {
        let numbered = move |number| {
            let mut words = words;
            words[0] = number;
            words
        };
        (0..MOST).map_while(move |number| self.ask(device, numbered(number)))
    }
}

/// Returns the modes of the camera at `path`, the largest and fastest first.
///
/// # Errors
/// If it cannot be opened.
pub(super) fn modes(path: &Path) -> io::Result<Vec<CameraMode>> {
    let device = File::options().read(true).write(true).open(path)?;
    let mut question = [0; 16];
    question[1] = CAPTURE;
    let offered: Vec<u32> = FORMAT.all(&device, question).map(|answer| answer[11]).collect();
    let mut modes = Vec::new();
    for (code, format) in FORMATS {
        let code = u32::from_le_bytes(*code);
        if offered.contains(&code) {
            for size in sizes(&device, code) {
                modes.extend(rates(&device, code, size).into_iter().map(|fps| mode(size, fps, format)));
            }
        }
    }
    Ok(sorted(modes))
}

fn mode([width, height]: [u32; 2], fps: f64, format: &str) -> CameraMode {
    CameraMode { size: Geometry { width, height }, fps, format: Some(format.into()) }
}

fn sizes(device: &File, format: u32) -> Vec<[u32; 2]> {
    let mut question = [0; 11];
    question[1] = format;
    SIZE.all(device, question).flat_map(|answer| sizes_of(&answer)).collect()
}

/// Returns the size of an answer, or the common sizes within its range.
fn sizes_of(answer: &[u32; 11]) -> Vec<[u32; 2]> {
    let [.., min_width, max_width, _, min_height, max_height, _, _, _] = *answer;
    if answer[2] == DISCRETE {
        return vec![[answer[3], answer[4]]];
    }
    let fits =
        |size: &[u32; 2]| (min_width..=max_width).contains(&size[0]) && (min_height..=max_height).contains(&size[1]);
    USUAL_SIZES.into_iter().filter(fits).collect()
}

fn rates(device: &File, format: u32, [width, height]: [u32; 2]) -> Vec<f64> {
    let mut question = [0; 13];
    (question[1], question[2], question[3]) = (format, width, height);
    INTERVAL.all(device, question).flat_map(|answer| rates_of(&answer)).collect()
}

/// Returns the rate of an answer, or the common rates within its range.
fn rates_of(answer: &[u32; 13]) -> Vec<f64> {
    let rate = |at: usize| f64::from(answer[at + 1]) / f64::from(answer[at].max(1));
    if answer[4] == DISCRETE {
        return vec![rate(5)];
    }
    let (fastest, slowest) = (rate(5), rate(7));
    USUAL_RATES.into_iter().filter(|fps| (slowest..=fastest).contains(fps)).collect()
}

/// Sorts the modes, largest and fastest first, grouped by size; of several formats with the same size and rate, keeps
/// the first.
fn sorted(mut modes: Vec<CameraMode>) -> Vec<CameraMode> {
    let area = |mode: &CameraMode| u64::from(mode.size.width) * u64::from(mode.size.height);
    modes.retain(|mode| area(mode) > 0 && mode.fps.is_finite() && mode.fps > 0.0);
    let place = |mode: &CameraMode| (area(mode), mode.size.width);
    modes.sort_by(|a, b| place(b).cmp(&place(a)).then(b.fps.total_cmp(&a.fps)));
    modes.dedup_by(|later, first| later.size == first.size && later.fps == first.fps);
    modes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_those_of_the_kernels_header() {
        assert_eq!(FORMAT.request(), 0xc040_5602);
        assert_eq!(SIZE.request(), 0xc02c_564a);
        assert_eq!(INTERVAL.request(), 0xc034_564b);
    }

    #[test]
    fn single_values_and_ranges_become_modes() {
        assert_eq!(sizes_of(&[0, 0, DISCRETE, 640, 480, 0, 0, 0, 0, 0, 0]), [[640, 480]]);
        assert_eq!(sizes_of(&[0, 0, 3, 16, 1280, 2, 16, 720, 2, 0, 0]), USUAL_SIZES[1..].to_vec());
        assert_eq!(rates_of(&[0, 0, 0, 0, DISCRETE, 1001, 30_000, 0, 0, 0, 0, 0, 0]), [30_000.0 / 1001.0]);
        assert_eq!(rates_of(&[0, 0, 0, 0, 3, 1, 30, 1, 5, 0, 1, 0, 0]), [30.0, 15.0]);
        assert_eq!(rates_of(&[0, 0, 0, 0, DISCRETE, 0, 0, 0, 0, 0, 0, 0, 0]), [0.0]);
    }

    #[test]
    fn modes_are_listed_once_and_uncompressed_where_there_is_a_choice() {
        let listed = sorted(vec![
            mode([640, 480], 30.0, "yuyv422"),
            mode([1280, 720], 10.0, "yuyv422"),
            mode([640, 480], 30.0, "mjpeg"),
            mode([1280, 720], 30.0, "mjpeg"),
            mode([0, 0], 30.0, "mjpeg"),
            mode([640, 480], f64::NAN, "mjpeg"),
        ]);
        let expected =
            [mode([1280, 720], 30.0, "mjpeg"), mode([1280, 720], 10.0, "yuyv422"), mode([640, 480], 30.0, "yuyv422")];
        assert_eq!(listed, expected);
        // Sizes of equal area are kept apart.
        let listed = sorted(vec![
            mode([320, 180], 30.0, "nv12"),
            mode([240, 240], 25.0, "nv12"),
            mode([320, 180], 15.0, "nv12"),
            mode([240, 240], 10.0, "nv12"),
        ]);
        let widths: Vec<u32> = listed.iter().map(|mode| mode.size.width).collect();
        assert_eq!(widths, [320, 320, 240, 240]);
    }

    #[test]
    fn what_is_no_camera_has_no_modes() {
        assert_eq!(modes(Path::new("/dev/null")).unwrap(), []);
        assert!(modes(Path::new("/no/such/camera")).is_err());
    }
}

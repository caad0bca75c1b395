//! The rotation of stored frames to upright orientation.
//!
//! Containers store it as a display matrix, as phones do; FFmpeg's documentation of `AV_PKT_DATA_DISPLAYMATRIX` defines
//! the numbers.

use ffmpeg::codec::packet::side_data::Type;
use ffmpeg_next as ffmpeg;

/// A rotation by quarter turns, possibly mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Orientation {
    /// Chain of FFmpeg filters that rotates the picture; empty if it is upright.
    pub filters: &'static str,
    /// Clockwise rotation, degrees.
    pub degrees: i32,
    /// True if width and height are exchanged.
    pub transposed: bool,
    /// Mirroring along x and along y, after the axes are exchanged.
    pub mirrored: [bool; 2],
}

impl Orientation {
    /// Returns the orientation stored in the stream; upright if there is none.
    pub fn of(stream: &ffmpeg::Stream) -> Self {
        let matrix = stream.side_data().find(|side_data| side_data.kind() == Type::DisplayMatrix);
        matrix.map(|matrix| Self::from_display_matrix(matrix.data())).unwrap_or_default()
    }

    /// Parses the nine 32-bit numbers of a display matrix; other angles are rounded to the nearest quarter turn.
    pub fn from_display_matrix(bytes: &[u8]) -> Self {
        let entry = |place: usize| -> i64 {
            let word = bytes.get(4 * place..4 * place + 4).and_then(|word| word.try_into().ok());
            word.map_or(0, |word| i64::from(i32::from_ne_bytes(word)))
        };
        let (a, b, c, d) = (entry(0), entry(1), entry(3), entry(4));
        let transposed = b.abs() + c.abs() > a.abs() + d.abs();
        // Stored (x, y) is shown at (a·x + c·y, b·x + d·y); missing entries are those of an upright picture.
        let mirrored = if transposed { [c <= 0, b <= 0] } else { [a < 0, d < 0] };
        let (filters, degrees) = match (transposed, mirrored) {
            (false, [false, false]) => ("", 0),
            (false, [true, false]) => ("hflip", 0),
            (false, [false, true]) => ("vflip", 0),
            (false, [true, true]) => ("hflip,vflip", 180),
            (true, [true, false]) => ("transpose=clock", 90),
            (true, [false, false]) => ("transpose=cclock_flip", 90),
            (true, [false, true]) => ("transpose=cclock", 270),
            (true, [true, true]) => ("transpose=clock_flip", 270),
        };
        Self { filters, degrees, transposed, mirrored }
    }

    /// Converts a displacement in the stored picture to the upright one.
    pub fn turned(self, [dx, dy]: [f32; 2]) -> [f32; 2] {
        let [x, y] = if self.transposed { [dy, dx] } else { [dx, dy] };
        [if self.mirrored[0] { -x } else { x }, if self.mirrored[1] { -y } else { y }]
    }
}

#[cfg(test)]
mod tests {
    use super::Orientation;

    fn turned(a: i32, b: i32, c: i32, d: i32) -> Orientation {
        let matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 14];
        let bytes: Vec<u8> = matrix.iter().flat_map(|number| (number * (1 << 16)).to_ne_bytes()).collect();
        Orientation::from_display_matrix(&bytes)
    }

    #[test]
    fn quarter_turns_are_recognised() {
        assert_eq!(turned(1, 0, 0, 1), Orientation::default());
        assert_eq!((turned(0, 1, -1, 0).filters, turned(0, 1, -1, 0).degrees), ("transpose=clock", 90));
        assert_eq!(turned(-1, 0, 0, -1).degrees, 180);
        assert_eq!(turned(0, -1, 1, 0).filters, "transpose=cclock");
        assert_eq!(Orientation::from_display_matrix(&[]), Orientation::default());
    }
}

//! The size of a picture in pixels.

use serde::{Deserialize, Serialize};

/// Width and height of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Geometry {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Geometry {
    /// Returns the largest size with the same aspect ratio whose longer side is at most `longest`; never larger than
    /// this one.
    pub fn fitted(self, longest: u32) -> Self {
        let side = self.width.max(self.height);
        if side <= longest {
            return self;
        }
        let scaled = |length: u32| {
            let exact = f64::from(length) * f64::from(longest) / f64::from(side);
            (exact.round() as u32).max(1)
        };
        Self { width: scaled(self.width), height: scaled(self.height) }
    }

    /// Returns the size with width and height exchanged.
    pub fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

#[cfg(test)]
mod tests {
    use super::Geometry;

    #[test]
    fn fitting_keeps_the_shape_and_never_enlarges() {
        let film = Geometry { width: 1920, height: 1080 };
        assert_eq!(film.fitted(1280), Geometry { width: 1280, height: 720 });
        assert_eq!(film.fitted(4000), film);
        assert_eq!(Geometry { width: 8000, height: 2 }.fitted(1000), Geometry { width: 1000, height: 1 });
    }
}

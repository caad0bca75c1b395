//! The crops of a frame that networks read during evaluation (spec, section 5).

use image::RgbImage;
use image::imageops::{crop_imm, flip_horizontal};
use serde::{Deserialize, Serialize};

use crate::video::Geometry;

/// Frame size in the paper, to which its crops refer; other frames are cropped in proportion.
const FRAME: Geometry = Geometry { width: 340, height: 256 };
/// Side of the paper's crops.
const SIDE: u32 = 224;
/// Left edge of the centre crop in the authors' code (58 would be the middle).
const CENTRE_X: u32 = 60;

/// The set of crops of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crops {
    /// The whole frame.
    Whole,
    /// The whole frame, and it mirrored.
    WholeMirrored,
    /// Four corners and the centre.
    Five,
    /// The same five, and all of them mirrored: the paper's.
    Ten,
}

/// A crop of a frame, in pixels, optionally mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width and height.
    pub size: Geometry,
    /// Whether the crop is flipped horizontally.
    pub mirrored: bool,
}

impl Crops {
    const ALL: [Self; 4] = [Self::Whole, Self::WholeMirrored, Self::Five, Self::Ten];

    /// Returns the set of `count` crops.
    pub fn of_count(count: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|crops| crops.count() == count)
    }

    /// Returns the number of crops.
    pub fn count(self) -> usize {
        match self {
            Self::Whole => 1,
            Self::WholeMirrored => 2,
            Self::Five => 5,
            Self::Ten => 10,
        }
    }

    /// Returns all crops of frames of size `frame`: 224×224 of 340×256, and the same proportion of other sizes.
    pub fn views(self, frame: Geometry) -> Vec<View> {
        let upright = match self {
            Self::Whole | Self::WholeMirrored => vec![View { x: 0, y: 0, size: frame, mirrored: false }],
            Self::Five | Self::Ten => corners_and_centre(frame),
        };
        let mirrored = upright.iter().map(|view| View { mirrored: true, ..*view });
        match self {
            Self::Whole | Self::Five => upright,
            Self::WholeMirrored | Self::Ten => upright.iter().copied().chain(mirrored).collect(),
        }
    }
}

fn corners_and_centre(frame: Geometry) -> Vec<View> {
    let scaled = |length: u32, by: u32, of: u32| (f64::from(length) * f64::from(by) / f64::from(of)).round() as u32;
    let size = Geometry {
        width: scaled(frame.width, SIDE, FRAME.width).max(1),
        height: scaled(frame.height, SIDE, FRAME.height).max(1),
    };
    let (right, bottom) = (frame.width - size.width, frame.height - size.height);
    let centre = (scaled(right, CENTRE_X, FRAME.width - SIDE), bottom / 2);
    let places = [(0, 0), (right, 0), (0, bottom), (right, bottom), centre];
    places.into_iter().map(|(x, y)| View { x, y, size, mirrored: false }).collect()
}

impl View {
    /// Returns the crops of `frame`.
    pub fn of(&self, frame: &RgbImage) -> RgbImage {
        let part = crop_imm(frame, self.x, self.y, self.size.width, self.size.height);
        if self.mirrored { flip_horizontal(&*part) } else { part.to_image() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(crops: Crops, width: u32, height: u32) -> Vec<(u32, u32, bool)> {
        crops.views(Geometry { width, height }).iter().map(|view| (view.x, view.y, view.mirrored)).collect()
    }

    #[test]
    fn crops_of_the_paper() {
        let five = [(0, 0), (116, 0), (0, 32), (116, 32), (60, 16)];
        let ten: Vec<_> = [false, true].into_iter().flat_map(|mirrored| five.map(|(x, y)| (x, y, mirrored))).collect();
        assert_eq!(places(Crops::Ten, 340, 256), ten);
        assert_eq!(places(Crops::Five, 340, 256), ten[..5]);
        let sizes = Crops::Ten.views(FRAME).into_iter().map(|view| view.size);
        assert!(sizes.eq([Geometry { width: 224, height: 224 }; 10]));
    }

    /// By hand: 160·224/340 = 105.4, 120·224/256 = 105; 55·60/116 = 28.4.
    #[test]
    fn crops_of_other_frames_are_in_proportion() {
        assert_eq!(
            Crops::Five.views(Geometry { width: 160, height: 120 })[3].size,
            Geometry { width: 105, height: 105 }
        );
        let expected = [(0, 0, false), (55, 0, false), (0, 15, false), (55, 15, false), (28, 7, false)];
        assert_eq!(places(Crops::Five, 160, 120), expected);
        assert_eq!(Crops::Ten.views(Geometry { width: 1, height: 1 })[9].size, Geometry { width: 1, height: 1 });
    }

    #[test]
    fn whole_frames_stay_whole() {
        assert_eq!(places(Crops::Whole, 160, 120), [(0, 0, false)]);
        assert_eq!(places(Crops::WholeMirrored, 160, 120), [(0, 0, false), (0, 0, true)]);
        for crops in Crops::ALL {
            assert_eq!(places(crops, 64, 48).len(), crops.count());
        }
    }

    #[test]
    fn a_view_cuts_before_it_mirrors() {
        let frame = RgbImage::from_fn(4, 3, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let view = View { x: 1, y: 2, size: Geometry { width: 2, height: 1 }, mirrored: false };
        assert_eq!(view.of(&frame).into_raw(), [1, 2, 0, 2, 2, 0]);
        assert_eq!(View { mirrored: true, ..view }.of(&frame).into_raw(), [2, 2, 0, 1, 2, 0]);
    }
}

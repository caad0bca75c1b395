//! Colour maps for scalar values: errors, magnitudes and similarities.
//!
//! The maps are Matplotlib's, evenly spaced to the eye and readable without colour vision: every sixteenth of their
//! colours, interpolated in between.

/// A map from 0 … 1 to colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// Black to white.
    Grey,
    /// Black over red to pale yellow, for values where 0 means none.
    Inferno,
    /// Violet over green to yellow, for values where neither end means none.
    Viridis,
}

#[rustfmt::skip] // A table reads as a table.
const INFERNO: [[u8; 3]; 17] = [
    [0, 0, 4], [11, 7, 36], [33, 12, 74], [61, 9, 101], [87, 16, 110], [113, 25, 110],
    [138, 34, 106], [163, 44, 97], [188, 55, 84], [208, 69, 69], [227, 89, 51], [241, 113, 31],
    [249, 140, 10], [252, 170, 15], [249, 201, 50], [242, 232, 101], [252, 255, 164],
];

#[rustfmt::skip] // A table reads as a table.
const VIRIDIS: [[u8; 3]; 17] = [
    [68, 1, 84], [72, 24, 106], [71, 45, 123], [66, 64, 134], [59, 82, 139], [51, 99, 141],
    [44, 114, 142], [38, 130, 142], [33, 145, 140], [31, 159, 136], [39, 173, 129], [61, 188, 116],
    [92, 200, 99], [129, 211, 77], [170, 220, 50], [213, 226, 26], [253, 231, 37],
];

impl ColourMap {
    /// Returns the colour of `share`. Values outside 0 … 1 are clamped; NaN is mid-grey.
    pub fn colour(self, share: f32) -> [u8; 3] {
        if share.is_nan() {
            return [96; 3];
        }
        let share = share.clamp(0.0, 1.0);
        let table = match self {
            Self::Grey => return [(255.0 * share).round() as u8; 3],
            Self::Inferno => &INFERNO,
            Self::Viridis => &VIRIDIS,
        };
        let position = share * (table.len() - 1) as f32;
        let lower = (position as usize).min(table.len() - 2);
        let fraction = position - lower as f32;
        let mix = |from: u8, to: u8| (f32::from(from) + fraction * (f32::from(to) - f32::from(from))).round() as u8;
        std::array::from_fn(|channel| mix(table[lower][channel], table[lower + 1][channel]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_grow_brighter_and_keep_their_ends() {
        let luma = |[r, g, b]: [u8; 3]| 0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b);
        for map in [ColourMap::Grey, ColourMap::Inferno, ColourMap::Viridis] {
            let lumas: Vec<f32> = (0..=64).map(|i| luma(map.colour(i as f32 / 64.0))).collect();
            assert!(lumas.is_sorted_by(|a, b| *b > *a - 0.5), "{map:?}: {lumas:?}");
            assert_eq!(map.colour(-3.0), map.colour(0.0));
            assert_eq!(map.colour(7.0), map.colour(1.0));
        }
        assert_eq!(ColourMap::Inferno.colour(1.0), [252, 255, 164]);
        assert_eq!(ColourMap::Grey.colour(f32::NAN), [96; 3]);
    }
}

//! What a view shows at one point, in numbers.

use crate::flow::FlowField;

/// The value of a view at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReadOut {
    /// A flow vector in pixels of the video.
    Flow {
        /// To the right.
        u: f32,
        /// Downwards.
        v: f32,
    },
    /// A colour.
    Colour([u8; 3]),
    /// One of two.
    Word(&'static str),
    /// A single number.
    Scalar {
        /// What it is.
        name: &'static str,
        /// The number.
        value: f32,
        /// What it is counted in; may be empty.
        unit: &'static str,
    },
}

impl ReadOut {
    /// A vector, if it is known.
    pub fn flow([u, v]: [f32; 2]) -> Option<Self> {
        FlowField::is_known([u, v]).then_some(Self::Flow { u, v })
    }

    /// A number, if it is one.
    pub fn scalar(name: &'static str, value: f32, unit: &'static str) -> Option<Self> {
        value.is_finite().then_some(Self::Scalar { name, value, unit })
    }

    /// All there is to tell.
    pub fn to_text(self) -> String {
        match self {
            Self::Flow { u, v } => {
                let [across, down] = [u, v].map(signed);
                let magnitude = format!("{:.2}", u.hypot(v));
                // The direction of a vector that rounds to zero is noise.
                let angle =
                    if magnitude == "0.00" { String::new() } else { format!("  {:+.0}°", angle_degrees(u, v)) };
                format!("u {across}  v {down}  |uv| {magnitude} px{angle}")
            }
            Self::Scalar { name, .. } => format!("{name} {}", self.to_short_text()),
            Self::Colour(_) | Self::Word(_) => self.to_short_text(),
        }
    }

    /// The numbers alone, for narrow places.
    pub fn to_short_text(self) -> String {
        match self {
            Self::Flow { u, v } => format!("{}, {} px", signed(u), signed(v)),
            Self::Word(word) => word.into(),
            Self::Colour([r, g, b]) if r == g && g == b => format!("grey {r}"),
            Self::Colour([r, g, b]) => format!("rgb {r} {g} {b}"),
            Self::Scalar { value, unit: "", .. } => format!("{value:.2}"),
            Self::Scalar { value, unit, .. } => format!("{value:.2} {unit}"),
        }
    }
}

/// A component of a vector with its sign; what rounds to nothing has none.
fn signed(value: f32) -> String {
    let text = format!("{value:+.2}");
    if text == "-0.00" || text == "+0.00" { "0.00".into() } else { text }
}

/// What is under the pointer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pointed {
    /// Column and row in the video.
    pub pixel: [u32; 2],
    /// The value of the view under the pointer.
    pub read_out: Option<ReadOut>,
}

impl Pointed {
    /// Both in words.
    pub fn to_text(self) -> String {
        let [x, y] = self.pixel;
        let value = self.read_out.map_or("no value".into(), ReadOut::to_text);
        format!("x {x}  y {y}   {value}")
    }
}

/// Direction in degrees, counter-clockwise from rightward motion, −180 … 180.
fn angle_degrees(u: f32, v: f32) -> f32 {
    // Adding zero turns −0 into 0, whose angle would be −180° for leftward motion.
    (-v + 0.0).atan2(u).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_counter_clockwise_as_on_paper_although_v_points_down() {
        assert_eq!(angle_degrees(1.0, 0.0), 0.0);
        assert_eq!(angle_degrees(0.0, -2.0), 90.0);
        assert_eq!(angle_degrees(-1.0, 0.0), 180.0);
        assert_eq!(angle_degrees(0.0, 3.0), -90.0);
    }

    #[test]
    fn a_vector_that_rounds_to_zero_has_no_direction() {
        assert_eq!(ReadOut::flow([-0.001, 0.004]).unwrap().to_text(), "u 0.00  v 0.00  |uv| 0.00 px");
        assert_eq!(ReadOut::flow([0.0, -0.01]).unwrap().to_text(), "u 0.00  v -0.01  |uv| 0.01 px  +90°");
    }

    #[test]
    fn values_are_told_with_their_units_and_unknown_ones_not_at_all() {
        assert_eq!(ReadOut::flow([3.0, -4.0]).unwrap().to_text(), "u +3.00  v -4.00  |uv| 5.00 px  +53°");
        assert_eq!(ReadOut::flow([-0.001, 0.004]).unwrap().to_short_text(), "0.00, 0.00 px");
        assert_eq!(ReadOut::flow([f32::NAN, 0.0]), None);
        assert_eq!(ReadOut::scalar("SSIM", 0.5, "").unwrap().to_text(), "SSIM 0.50");
        assert_eq!(ReadOut::scalar("EPE", f32::NAN, "px"), None);
        assert_eq!(ReadOut::Colour([7; 3]).to_text(), "grey 7");
        let pointed = Pointed { pixel: [3, 4], read_out: None };
        assert_eq!(pointed.to_text(), "x 3  y 4   no value");
    }
}

//! Clothes: two colours, a pattern, and the grain of the weave.

use super::paint::{Colour, Point, fractal, length, lines, mix, repeat, shade, smoothstep};

/// Pattern of the second colour on the first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pattern {
    /// Mottled, like washed cloth.
    Mottled,
    /// Stripes around the limb.
    Hoops,
    /// Stripes along the limb.
    Pinstripes,
    /// Both, as on a flannel shirt.
    Checks,
    Dots,
    /// Zigzag.
    Chevrons,
}

/// A cloth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fabric {
    pub pattern: Pattern,
    pub ground: Colour,
    pub figure: Colour,
}

impl Fabric {
    /// Returns the colour at `p`, whose first coordinate is along the limb; `seed` determines the grain.
    pub fn colour(&self, p: Point, seed: u32) -> Colour {
        let [along, across] = p;
        let share = match self.pattern {
            Pattern::Mottled => smoothstep(-0.5, 0.5, fractal(seed, p, 9.0, 2)),
            Pattern::Hoops => lines(along, 9.0, 3.6, 1.2),
            Pattern::Pinstripes => lines(across, 5.5, 1.8, 1.2),
            Pattern::Checks => 0.5 * lines(along, 9.0, 4.0, 1.4) + 0.5 * lines(across, 9.0, 4.0, 1.4),
            Pattern::Dots => {
                let (row, x) = repeat(along, 6.0);
                let (_, y) = repeat(across + 3.0 * (row & 1) as f32, 6.0);
                1.0 - smoothstep(1.1, 2.1, length(x - 3.0, y - 3.0))
            }
            Pattern::Chevrons => {
                let zigzag = (repeat(across, 8.0).1 - 4.0).abs();
                lines(along + zigzag, 8.0, 3.2, 1.4)
            }
        };
        let grain = 1.0 + 0.17 * fractal(seed ^ 0x5eed, p, 5.0, 2);
        shade(mix(self.ground, self.figure, share), grain)
    }
}

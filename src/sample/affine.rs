//! Affine maps of the plane, which place flat parts of the scene in the picture.

/// The map `p ↦ p[0]·x_axis + p[1]·y_axis + origin`.
///
/// In f64: flow is a small difference of two of these maps, and must be exact in f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub x_axis: [f64; 2],
    pub y_axis: [f64; 2],
    pub origin: [f64; 2],
}

impl Affine {
    pub fn apply(&self, p: [f64; 2]) -> [f64; 2] {
        let [x, y] = self.turn(p);
        [x + self.origin[0], y + self.origin[1]]
    }

    /// Applies the map without its translation.
    fn turn(&self, p: [f64; 2]) -> [f64; 2] {
        [p[0] * self.x_axis[0] + p[1] * self.y_axis[0], p[0] * self.x_axis[1] + p[1] * self.y_axis[1]]
    }

    /// Returns the composition that applies this map, then `outer`.
    pub fn then(&self, outer: &Self) -> Self {
        Self { x_axis: outer.turn(self.x_axis), y_axis: outer.turn(self.y_axis), origin: outer.apply(self.origin) }
    }

    /// Returns the inverse map; the axes must not be parallel.
    pub fn inverse(&self) -> Self {
        let determinant = self.determinant();
        let back = Self {
            x_axis: [self.y_axis[1] / determinant, -self.x_axis[1] / determinant],
            y_axis: [-self.y_axis[0] / determinant, self.x_axis[0] / determinant],
            origin: [0.0; 2],
        };
        let origin = back.turn(self.origin);
        Self { origin: [-origin[0], -origin[1]], ..back }
    }

    /// Returns the scale factor of lengths, the geometric mean over all directions.
    pub fn scale(&self) -> f64 {
        self.determinant().abs().sqrt()
    }

    fn determinant(&self) -> f64 {
        self.x_axis[0] * self.y_axis[1] - self.x_axis[1] * self.y_axis[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_map() {
        let map = Affine { x_axis: [2.0, 1.0], y_axis: [-0.5, 3.0], origin: [7.0, -4.0] };
        let there_and_back = map.then(&map.inverse());
        for (ours, exact) in [
            (there_and_back.x_axis, [1.0, 0.0]),
            (there_and_back.y_axis, [0.0, 1.0]),
            (there_and_back.origin, [0.0; 2]),
        ] {
            assert!((ours[0] - exact[0]).abs() < 1e-12 && (ours[1] - exact[1]).abs() < 1e-12, "{there_and_back:?}");
        }
    }
}

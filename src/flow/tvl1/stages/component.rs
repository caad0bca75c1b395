//! The variables of the iteration.

use crate::flow::Plane;

/// One unknown of the problem (u, v or the change of illumination) with its dual variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// The unknown itself.
    pub u: Plane,
    /// Its dual p, the x part and the y part; |p| ≤ 1.
    pub p: [Plane; 2],
}

impl Component {
    /// Returns the unknown with a dual of zero.
    pub fn new(u: Plane) -> Self {
        let zeros = Plane::zeros(u.width, u.height);
        Self { u, p: [zeros.clone(), zeros] }
    }
}

//! The backdrops of the figure.

use super::plane::ScenePlane;
use super::{indoors, outdoors};

/// A backdrop.
#[derive(Debug, Clone, Copy)]
pub(super) enum Backdrop {
    Park,
    Room,
    Gym,
    Beach,
    Street,
    Winter,
    Stage,
    Library,
}

impl Backdrop {
    /// Returns its planes from back to front; `seed` determines the random details.
    pub fn planes(self, seed: u32) -> Vec<ScenePlane> {
        match self {
            Self::Park => outdoors::park(seed),
            Self::Beach => outdoors::beach(seed),
            Self::Street => outdoors::street(seed),
            Self::Winter => outdoors::winter(seed),
            Self::Room => indoors::room(seed),
            Self::Gym => indoors::gym(seed),
            Self::Stage => indoors::stage(seed),
            Self::Library => indoors::library(seed),
        }
    }
}

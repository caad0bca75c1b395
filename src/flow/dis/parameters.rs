//! The presets of DIS and their parameters.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Side of a patch in pixels (θ_ps in the paper); the inner loops are written for it.
pub(super) const PATCH: usize = 8;

/// A trade-off between speed and accuracy, as in OpenCV's `DISOpticalFlow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisPreset {
    /// Patches of quarter-size images, without refinement.
    Ultrafast,
    /// Patches of quarter-size images, refined.
    Fast,
    /// Denser patches of half-size images, refined.
    #[default]
    Medium,
}

/// The parameters that the presets differ in; the others are constants of the stage that uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DisParameters {
    /// Finest level of the pyramid that is computed (θ_sf): its images are 2⁻ˢ times the size of the full ones.
    pub finest_scale: usize,
    /// Pixels from one patch to the next.
    pub stride: usize,
    /// Steps of gradient descent per patch and level, in two passes (θ_it).
    pub descent_iterations: usize,
    /// Fixed-point iterations of the variational refinement per level (θ_vi); 0 for no refinement.
    pub refinement_iterations: usize,
}

impl DisPreset {
    /// All presets, the fastest first.
    pub const ALL: [Self; 3] = [Self::Ultrafast, Self::Fast, Self::Medium];

    /// Returns the name on the command line and in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Fast => "fast",
            Self::Medium => "medium",
        }
    }

    /// Returns the preset with this name.
    ///
    /// # Errors
    /// If there is no such preset; the error lists the known names.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::new(format!("DIS preset {name}"), "no such preset", format!("Choose one of {known}"))
        })
    }

    /// Returns the values of OpenCV's preset of this name (`DISOpticalFlow::create`).
    pub(super) fn parameters(self) -> DisParameters {
        match self {
            Self::Ultrafast => {
                DisParameters { finest_scale: 2, stride: 4, descent_iterations: 12, refinement_iterations: 0 }
            }
            Self::Fast => {
                DisParameters { finest_scale: 2, stride: 4, descent_iterations: 16, refinement_iterations: 5 }
            }
            Self::Medium => {
                DisParameters { finest_scale: 1, stride: 3, descent_iterations: 25, refinement_iterations: 5 }
            }
        }
    }
}

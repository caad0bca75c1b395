//! A class of labels of clips and segments.

use serde::{Deserialize, Serialize};

/// Identifier of a class for the lifetime of the project. It is never reused, so that renaming, reordering or deleting
/// classes does not change other labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassId(pub u32);

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Identifier that labels refer to.
    pub id: ClassId,
    /// Name; unique within a project, without leading or trailing blanks.
    pub name: String,
    /// Colour on tracks and buttons, sRGB.
    pub color: [u8; 3],
}

/// Colours that most people can distinguish, also in pairs (Okabe & Ito 2008, then Tol's muted scheme), for new classes in
/// turn. Only one of their blues is included, since lines and dots in two of them are hard to distinguish.
pub const CLASS_COLORS: [[u8; 3]; 12] = [
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x00, 0x9e, 0x73],
    [0xf0, 0xe4, 0x42],
    [0x8b, 0x6f, 0xe0],
    [0xd5, 0x5e, 0x00],
    [0xcc, 0x79, 0xa7],
    [0xa8, 0x79, 0x4f],
    [0x99, 0x99, 0x33],
    [0xaa, 0x44, 0x99],
    [0x44, 0xaa, 0x99],
    [0xcc, 0x66, 0x77],
];

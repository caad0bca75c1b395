//! The styles: who acts, in what clothes, before which backdrop and under which camera.

use super::fabric::{Fabric, Pattern};
use super::paint::{Colour, rgb};
use super::scene::Backdrop;

/// One combination of person, clothes, place and camera.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The place, which is different in every style.
    pub name: &'static str,
    pub(super) build: Build,
    pub(super) outfit: Outfit,
    pub(super) hair: Hair,
    pub(super) hair_colour: Colour,
    pub(super) backdrop: Backdrop,
    /// Angle by which the figure is turned away from the viewer, degrees.
    pub(super) yaw_degrees: f32,
    /// True if the picture is mirrored, so that the figure faces left.
    pub(super) mirrored: bool,
    /// The camera's speed to the right, in reference pixels per second at the figure's distance.
    pub(super) pan_px_per_sec: f32,
    /// The camera's growth of focal length per second.
    pub(super) zoom_per_sec: f32,
}

/// The body's shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Build {
    /// Reference pixels from the ground to the crown, about.
    pub height: f32,
    /// Thickness of limbs and torso, 1 is ordinary.
    pub girth: f32,
    /// Length of the legs, 1 is ordinary.
    pub legs: f32,
    /// Size of the head, 1 is ordinary.
    pub head: f32,
}

/// Clothes and skin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outfit {
    pub skin: Colour,
    pub shirt: Fabric,
    pub short_sleeves: bool,
    pub trousers: Fabric,
    pub shorts: bool,
    pub shoes: Colour,
}

/// A hair style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hair {
    Short,
    Bun,
    Long,
    Curls,
    /// A woollen hat in the colour of the shirt's pattern.
    Hat,
}

const fn fabric(pattern: Pattern, ground: u32, figure: u32) -> Fabric {
    Fabric { pattern, ground: rgb(ground), figure: rgb(figure) }
}

/// All styles; every action exists in each of them.
pub const STYLES: [Style; 8] = [
    Style {
        name: "park",
        build: Build { height: 175.0, girth: 1.0, legs: 1.0, head: 1.0 },
        outfit: Outfit {
            skin: rgb(0xE8B08E),
            shirt: fabric(Pattern::Hoops, 0xF4F1E6, 0xD2473A),
            short_sleeves: true,
            trousers: fabric(Pattern::Mottled, 0x2F4A73, 0x40608F),
            shorts: false,
            shoes: rgb(0xC7402F),
        },
        hair: Hair::Short,
        hair_colour: rgb(0x4A2E1C),
        backdrop: Backdrop::Park,
        yaw_degrees: 38.0,
        mirrored: false,
        pan_px_per_sec: 37.0,
        zoom_per_sec: 0.01,
    },
    Style {
        name: "room",
        build: Build { height: 166.0, girth: 1.14, legs: 0.95, head: 1.06 },
        outfit: Outfit {
            skin: rgb(0xC98A62),
            shirt: fabric(Pattern::Checks, 0xE9B44C, 0x9A3B2E),
            short_sleeves: false,
            trousers: fabric(Pattern::Pinstripes, 0x4B4A55, 0x73717F),
            shorts: false,
            shoes: rgb(0x5A3A28),
        },
        hair: Hair::Curls,
        hair_colour: rgb(0x2A1C18),
        backdrop: Backdrop::Room,
        yaw_degrees: 46.0,
        mirrored: true,
        pan_px_per_sec: -31.0,
        zoom_per_sec: 0.03,
    },
    Style {
        name: "gym",
        build: Build { height: 180.0, girth: 0.92, legs: 1.05, head: 0.95 },
        outfit: Outfit {
            skin: rgb(0x8A5A3C),
            shirt: fabric(Pattern::Chevrons, 0x1F9E8F, 0xF2F5EE),
            short_sleeves: true,
            trousers: fabric(Pattern::Mottled, 0x24262E, 0x3A3E4B),
            shorts: true,
            shoes: rgb(0xE8E4DA),
        },
        hair: Hair::Bun,
        hair_colour: rgb(0x17110F),
        backdrop: Backdrop::Gym,
        yaw_degrees: 52.0,
        mirrored: false,
        pan_px_per_sec: -44.0,
        zoom_per_sec: -0.02,
    },
    Style {
        name: "beach",
        build: Build { height: 170.0, girth: 1.04, legs: 1.0, head: 1.02 },
        outfit: Outfit {
            skin: rgb(0xD9A07A),
            shirt: fabric(Pattern::Dots, 0x2E86C1, 0xFDF6E3),
            short_sleeves: true,
            trousers: fabric(Pattern::Chevrons, 0xF08A4B, 0xF7D08A),
            shorts: true,
            shoes: rgb(0x8C6A4A),
        },
        hair: Hair::Long,
        hair_colour: rgb(0xB9803F),
        backdrop: Backdrop::Beach,
        yaw_degrees: 34.0,
        mirrored: true,
        pan_px_per_sec: 51.0,
        zoom_per_sec: 0.0,
    },
    Style {
        name: "street",
        build: Build { height: 178.0, girth: 1.0, legs: 1.03, head: 0.97 },
        outfit: Outfit {
            skin: rgb(0xF0C3A2),
            shirt: fabric(Pattern::Mottled, 0x6B3FA0, 0x8F63C4),
            short_sleeves: false,
            trousers: fabric(Pattern::Checks, 0x3B4048, 0x5B6470),
            shorts: false,
            shoes: rgb(0x262A33),
        },
        hair: Hair::Short,
        hair_colour: rgb(0xA8492B),
        backdrop: Backdrop::Street,
        yaw_degrees: 56.0,
        mirrored: true,
        pan_px_per_sec: 41.0,
        zoom_per_sec: 0.015,
    },
    Style {
        name: "winter",
        build: Build { height: 168.0, girth: 1.18, legs: 0.96, head: 1.04 },
        outfit: Outfit {
            skin: rgb(0xEBB79A),
            shirt: fabric(Pattern::Chevrons, 0xB83A3A, 0xF3E9DC),
            short_sleeves: false,
            trousers: fabric(Pattern::Mottled, 0x39577A, 0x4D6F96),
            shorts: false,
            shoes: rgb(0x4A3222),
        },
        hair: Hair::Hat,
        hair_colour: rgb(0x5E4330),
        backdrop: Backdrop::Winter,
        yaw_degrees: 42.0,
        mirrored: false,
        pan_px_per_sec: -34.0,
        zoom_per_sec: 0.02,
    },
    Style {
        name: "stage",
        build: Build { height: 176.0, girth: 0.94, legs: 1.04, head: 1.0 },
        outfit: Outfit {
            skin: rgb(0xA9714B),
            shirt: fabric(Pattern::Pinstripes, 0xF2EFE6, 0x2C6E8F),
            short_sleeves: false,
            trousers: fabric(Pattern::Dots, 0x1D3557, 0x6C8FB5),
            shorts: false,
            shoes: rgb(0xD9B44A),
        },
        hair: Hair::Long,
        hair_colour: rgb(0x221613),
        backdrop: Backdrop::Stage,
        yaw_degrees: 44.0,
        mirrored: true,
        pan_px_per_sec: 27.0,
        zoom_per_sec: -0.025,
    },
    Style {
        name: "library",
        build: Build { height: 172.0, girth: 1.06, legs: 0.98, head: 1.03 },
        outfit: Outfit {
            skin: rgb(0xF2C9A8),
            shirt: fabric(Pattern::Checks, 0x7FB069, 0xE6F0D2),
            short_sleeves: false,
            trousers: fabric(Pattern::Pinstripes, 0x8A5A44, 0xA9785E),
            shorts: false,
            shoes: rgb(0x3B2A22),
        },
        hair: Hair::Bun,
        hair_colour: rgb(0xD8B36A),
        backdrop: Backdrop::Library,
        yaw_degrees: 40.0,
        mirrored: false,
        pan_px_per_sec: -48.0,
        zoom_per_sec: 0.02,
    },
];

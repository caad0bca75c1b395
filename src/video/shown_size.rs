//! Display size of pictures.

use ffmpeg_next as ffmpeg;

use super::orientation::Orientation;
use super::packet_source::PacketSource;
use super::{Geometry, libav};

/// Returns the display size of a picture of an open file, and its orientation.
pub(super) fn upright(source: &PacketSource, picture: &ffmpeg::frame::Video) -> (Geometry, Orientation) {
    let orientation = Orientation::of(&source.stream());
    let coded = Geometry { width: picture.width(), height: picture.height() };
    (shown_geometry(coded, libav::sample_aspect_ratio(&source.stream()), orientation), orientation)
}

/// Returns the upright size with square pixels; pixels are enlarged, never reduced, to lose no detail.
pub(super) fn shown_geometry(coded: Geometry, pixel_aspect: f64, orientation: Orientation) -> Geometry {
    let stretched = |length: u32, factor: f64| (f64::from(length) * factor).round().max(1.0) as u32;
    let square = if pixel_aspect >= 1.0 {
        Geometry { width: stretched(coded.width, pixel_aspect), ..coded }
    } else {
        Geometry { height: stretched(coded.height, 1.0 / pixel_aspect), ..coded }
    };
    if orientation.transposed { square.transposed() } else { square }
}

//! The number under the pointer, for every kind of view.

use eframe::egui::Pos2;

use crate::app::flow::state::video_units;
use crate::app::session::Session;
use crate::app::viewer::difference::PictureDifference;
use crate::app::viewer::read_out::ReadOut;
use crate::app::viewer::views::{ViewKind, ViewSpec};
use crate::engine::{FlowDiagnostics, FlowView, ScalarMap};

/// The value of a view's tile at a picture point between (0, 0) and (1, 1); `None` where there is none.
pub fn value_at(
    view: &ViewSpec,
    session: &Session,
    difference: Option<&PictureDifference>,
    tile: usize,
    at: Pos2,
) -> Option<ReadOut> {
    let state = session.flow.source(view.source);
    let vector = |flow: &FlowView| {
        let cell = cell(flow.field.width, flow.field.height, at)?;
        let [u, v] = flow.field.uv[cell];
        let units = video_units(flow, session.video());
        Some([u * units[0], v * units[1]])
    };
    let flow = || vector(&state.flow.as_ref()?.flow);
    let inspected = || state.diagnostics.as_deref();
    match view.kind {
        ViewKind::Frame => colour_at(&session.frame.as_ref()?.display, at),
        ViewKind::Flow | ViewKind::Arrows => ReadOut::flow(flow()?),
        ViewKind::Horizontal => ReadOut::scalar("u", flow()?[0], "px"),
        ViewKind::Vertical => ReadOut::scalar("v", flow()?[1], "px"),
        ViewKind::Magnitude => flow().and_then(|[u, v]| ReadOut::scalar("|uv|", u.hypot(v), "px")),
        ViewKind::Pyramid => ReadOut::flow(vector(state.flow.as_ref()?.pyramid.get(tile)?)?),
        ViewKind::Strip => ReadOut::flow(vector(state.strip.as_ref()?.flows.get(tile)?)?),
        ViewKind::Difference => ReadOut::scalar("distance", map_at(&difference?.map, at)?, "px"),
        ViewKind::First => colour_at(&inspected()?.first, at),
        ViewKind::Warped => colour_at(&inspected()?.warped, at),
        ViewKind::Error => ReadOut::scalar("error", map_at(&inspected()?.error, at)?, "grey levels"),
        ViewKind::Ssim => ReadOut::scalar("SSIM", map_at(&inspected()?.ssim, at)?, ""),
        ViewKind::Border => border_at(inspected()?, at),
        ViewKind::Occlusion => {
            let occluded = map_at(inspected()?.occlusion.as_ref()?, at)? > 0.5;
            Some(ReadOut::Word(if occluded { "occluded" } else { "visible in both" }))
        }
        ViewKind::Input => {
            let input = &state.strip.as_ref()?.input;
            let value = *input.planes.get(tile)?.get(cell(input.width, input.height, at)?)?;
            ReadOut::scalar("input", value, "of 255")
        }
    }
}

/// Index of the cell at a picture point.
fn cell(width: usize, height: usize, at: Pos2) -> Option<usize> {
    let index = |at: f32, count: usize| ((at * count as f32) as usize).min(count.saturating_sub(1));
    (width > 0 && height > 0).then(|| index(at.y, height) * width + index(at.x, width))
}

fn map_at(map: &ScalarMap, at: Pos2) -> Option<f32> {
    map.values.get(cell(map.width, map.height, at)?).copied()
}

fn colour_at(picture: &image::RgbImage, at: Pos2) -> Option<ReadOut> {
    let cell = cell(picture.width() as usize, picture.height() as usize, at)?;
    let pixel = picture.as_raw().get(3 * cell..3 * cell + 3)?;
    Some(ReadOut::Colour([pixel[0], pixel[1], pixel[2]]))
}

fn border_at(diagnostics: &FlowDiagnostics, at: Pos2) -> Option<ReadOut> {
    let (width, height) = (diagnostics.first.width() as usize, diagnostics.first.height() as usize);
    let cell = cell(width, height, at)?;
    let (x, y) = (cell % width, cell / width);
    let margin = x.min(y).min(width - 1 - x).min(height - 1 - y);
    Some(ReadOut::Word(if margin < diagnostics.border { "excluded" } else { "counts" }))
}

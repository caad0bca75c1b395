//! The clip in pictures along the timeline.

use eframe::egui::{Color32, Rect, Ui, pos2, vec2};

use super::axis::Axis;
use crate::app::panel::PanelContext;
use crate::app::ui::theme::Tokens;

/// Draws pictures of the open clip, which is a video of the project, into `strip`.
pub(super) fn pictures_ui(ui: &Ui, strip: Rect, axis: &Axis, cx: &mut PanelContext<'_>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter_at(strip);
    painter.rect_filled(strip, 2.0, tokens.background);
    let labeling = &mut cx.session.labeling;
    let Some(facts) = labeling.video().and_then(|(id, _)| labeling.present_facts(id)).cloned() else { return };
    let Some(path) = cx.session.clip.as_ref().map(|clip| clip.path.clone()) else { return };
    let [width, height] = facts.size.map(|side| side.max(1) as f32);
    let cell = vec2((strip.height() * width / height).clamp(8.0, 4.0 * strip.height()), strip.height());
    let frames_a_cell = cell.x / axis.frame_width();
    // Frames on a grid, so that scrolling and zooming meet pictures again.
    let grid = (frames_a_cell.max(1.0) as usize).next_power_of_two();
    let count = (strip.width() / cell.x).ceil() as usize;
    for i in 0..count {
        let place = Rect::from_min_size(pos2(strip.left() + i as f32 * cell.x, strip.top()), cell);
        let frame = axis.position_at(place.center().x).max(0.0) as usize;
        let frame = ((frame + grid / 2) / grid * grid).min(facts.frames.saturating_sub(1));
        let wanted = || Some(path.clone());
        let Some(texture) = labeling.thumbnails.passing(&facts.hash, frame, wanted) else { continue };
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), place, whole, Color32::WHITE);
    }
}

//! The dividers between views that lie over each other.

use eframe::egui::{Color32, CursorIcon, Painter, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::app::ui::theme::Tokens;
use crate::app::viewer::views::Views;

/// Width that takes the pointer, in points.
const GRIP: f32 = 14.0;

/// Draws the dividers over `area` and moves them.
pub fn dividers_ui(ui: &Ui, area: Rect, views: &mut Views) {
    let dividers = views.dividers().to_vec();
    for (i, at) in dividers.into_iter().enumerate() {
        let x = area.left() + at * area.width();
        let grip = Rect::from_center_size(pos2(x, area.center().y), vec2(GRIP, area.height()));
        let response = ui.interact(grip, ui.scope_id().with(("divider", i)), Sense::click_and_drag());
        let name = format!("Divider {}", i + 1);
        response.widget_info(|| WidgetInfo {
            value: Some(f64::from(at)),
            ..WidgetInfo::labeled(Role::Splitter, true, &name)
        });
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            views.move_divider(i, (pointer.x - area.left()) / area.width());
        }
        if response.double_clicked() {
            views.move_divider(i, (i + 1) as f32 / views.list().len() as f32);
        }
        let strong = response.hovered() || response.dragged() || response.has_focus();
        divider(&ui.painter_at(area), x, area, if strong { Tokens::of(ui).accent } else { Color32::WHITE });
    }
}

/// A line with a knob, on a dark edge that keeps it visible on white.
fn divider(painter: &Painter, x: f32, area: Rect, color: Color32) {
    painter.vline(x, area.y_range(), Stroke::new(4.0, Color32::from_black_alpha(110)));
    painter.vline(x, area.y_range(), Stroke::new(2.0, color));
    let knob = pos2(x, area.center().y);
    painter.circle(knob, 9.0, color, Stroke::new(1.5, Color32::from_black_alpha(150)));
    for side in [-1.0, 1.0] {
        let tip = knob + vec2(side * 6.0, 0.0);
        let base = knob.x + side * 2.0;
        let points = vec![tip, pos2(base, knob.y - 3.5), pos2(base, knob.y + 3.5)];
        painter.add(eframe::egui::Shape::convex_polygon(points, Color32::from_gray(40), Stroke::NONE));
    }
}

//! Labels as small coloured chips.

use eframe::egui::ecolor::Hsva;
use eframe::egui::{Color32, CornerRadius, FontId, Pos2, Rect, Stroke, StrokeKind, Ui, vec2};

use crate::app::session::Session;
use crate::app::ui::theme::Tokens;
use crate::labels::{CLASS_COLORS, Class, Document, Label};

/// Height of a chip, in points.
pub(in crate::app) const HEIGHT: f32 = 16.0;
/// Between chips, in points.
const GAP: f32 = 4.0;
/// Widest text of a chip, in points.
const WIDEST: f32 = 130.0;

/// The colour of a label: the class's own, quiet for the background.
pub(in crate::app) fn label_color(ui: &Ui, document: &Document, label: Label) -> Color32 {
    let class = match label {
        Label::Background => None,
        Label::Class(id) => document.class(id),
    };
    class.map_or(Tokens::of(ui).weak, class_color)
}

/// The colour of a class of the project, wherever it is drawn.
pub(in crate::app) fn class_color(class: &Class) -> Color32 {
    let [r, g, b] = class.color;
    Color32::from_rgb(r, g, b)
}

/// The colour of the class of the model at this place: that of the project's class of the same name; classes that the project does not
/// have are given the colours that it does not use, then further ones.
pub(in crate::app) fn model_class_color(session: &Session, place: usize) -> Color32 {
    let classes = session.labeling.document().map_or(&[][..], |document| document.classes.as_slice());
    let names = session.model.as_ref().map_or(&[][..], |model| &model.classes);
    let of_name = |name: &str| classes.iter().find(|class| class.name == name);
    if let Some(class) = names.get(place).and_then(|name| of_name(name)) {
        return class_color(class);
    }
    let is_free = |color: &&[u8; 3]| classes.iter().all(|class| class.color != **color);
    let free: Vec<&[u8; 3]> = CLASS_COLORS.iter().filter(is_free).collect();
    match free.get(place) {
        Some(&&[r, g, b]) => Color32::from_rgb(r, g, b),
        None => further_color(place - free.len()),
    }
}

/// Returns the colour of this place after those of the palette: hues a golden section apart, so that no two are the same.
fn further_color(place: usize) -> Color32 {
    const GOLDEN: f32 = 0.618_034;
    let hue = (place as f32 * GOLDEN).fract();
    Hsva::new(hue, 0.55, if place.is_multiple_of(2) { 0.85 } else { 0.7 }, 1.0).into()
}

/// Paints a chip at `at`, its left edge's middle; `firm` ones are said by a person, others proposed. Returns where the next one begins.
pub(in crate::app) fn chip(ui: &Ui, at: Pos2, right: f32, text: &str, color: Color32, firm: bool) -> Pos2 {
    let tokens = Tokens::of(ui);
    let width = (right - at.x - 20.0).min(WIDEST);
    if width < 8.0 {
        return at;
    }
    let mut job = eframe::egui::text::LayoutJob::simple_singleline(
        text.to_owned(),
        FontId::proportional(11.0),
        if firm { tokens.strong } else { tokens.text },
    );
    job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    let rect = Rect::from_min_size(at - vec2(0.0, HEIGHT / 2.0), vec2(galley.size().x + 18.0, HEIGHT));
    let round = CornerRadius::same(8);
    if firm {
        ui.painter().rect_filled(rect, round, color.gamma_multiply(0.28));
    } else {
        ui.painter().rect_stroke(rect, round, Stroke::new(1.0, color.gamma_multiply(0.7)), StrokeKind::Inside);
    }
    ui.painter().circle_filled(rect.left_center() + vec2(7.0, 0.0), 3.0, color);
    let text_at = rect.left_center() + vec2(13.0, -galley.size().y / 2.0);
    ui.painter().galley(text_at, galley, tokens.strong);
    rect.right_center() + vec2(GAP, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::model_of;
    use crate::app::labeling::tests::project;

    #[test]
    fn a_class_has_the_same_colour_in_the_project_and_in_the_scores() {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::new("CPU".into());
        session.model = Some(model_of(&["sit", "wave", "run", "bend"]));
        let plain: Vec<Color32> = (0..4).map(|place| model_class_color(&session, place)).collect();
        session.labeling.open(project(dir.path(), &["bend", "wave"], 1), Vec::new());
        let document = session.labeling.document().unwrap();
        let [bend, wave] = [0, 1].map(|class| class_color(&document.classes[class]));
        let colors: Vec<Color32> = (0..4).map(|place| model_class_color(&session, place)).collect();
        assert_eq!((colors[3], colors[1]), (bend, wave));
        for colors in [plain, colors] {
            let distinct: std::collections::BTreeSet<_> = colors.iter().map(|color| color.to_array()).collect();
            assert_eq!(distinct.len(), 4, "no two classes share one: {colors:?}");
        }
        let many: Vec<String> = (0..60).map(|class| format!("class {class}")).collect();
        session.model = Some(model_of(&many.iter().map(String::as_str).collect::<Vec<_>>()));
        let distinct: std::collections::BTreeSet<_> =
            (0..60).map(|place| model_class_color(&session, place).to_array()).collect();
        assert_eq!(distinct.len(), 60, "more classes than the palette has colours");
    }
}

//! The dock: which panels there are, where they lie, and how their tabs look.

use std::sync::Arc;

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{
    Align2, Button, Color32, CursorIcon, Frame, Galley, Id, Layout as Direction, Margin, Rect, Response, Role, Sense,
    Stroke, Style, TextStyle, TextWrapMode, Ui, Vec2, Visuals, WidgetInfo, WidgetText, vec2,
};
use egui_tiles::{Behavior, EditAction, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles, UiResponse};

use crate::app::layout::{self, Layout, Pane};
use crate::app::panel::PanelContext;
use crate::app::panels::Panels;
use crate::app::ui::icon::Icon;
use crate::app::ui::theme::{PANEL_MARGIN, Tokens};

/// Height of the bars of tabs, in points.
const BAR: f32 = 30.0;
/// Room on either side of a tab's title, in points.
const TITLE_MARGIN: f32 = 7.0;
/// Width of the menu of the tabs that do not fit into their bar, in points.
const MENU: f32 = 34.0;

/// Draws the dock.
pub fn dock_ui(layout: &mut Layout, panels: &mut Panels, cx: &mut PanelContext<'_>, ui: &mut Ui) {
    if cx.settings.fits_window {
        layout::fit(layout, ui.available_width());
    }
    let mut behavior = DockBehavior { panels, cx, left_out: Vec::new(), chosen: None, is_arranged: false };
    layout.ui(&mut behavior, ui);
    let DockBehavior { chosen, is_arranged, .. } = behavior;
    cx.settings.fits_window &= !is_arranged;
    if let Some(chosen) = chosen {
        layout.make_active(|tile, _| tile == chosen);
        ui.request_repaint();
    }
}

struct DockBehavior<'a, 'b> {
    panels: &'a mut Panels,
    cx: &'a mut PanelContext<'b>,
    /// The tabs that do not fit into the bar that is being drawn, with their titles.
    left_out: Vec<(TileId, String)>,
    /// A tab that was chosen from the menu of those.
    chosen: Option<TileId>,
    /// Whether a person has moved or resized something.
    is_arranged: bool,
}

impl DockBehavior<'_, '_> {
    fn title(&mut self, ui: &Ui, tiles: &Tiles<Pane>, tile: TileId) -> Arc<Galley> {
        let font = TextStyle::Button.resolve(ui.style());
        self.tab_title_for_tile(tiles, tile).into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, font)
    }

    /// The menu of the tabs that do not fit.
    fn left_out_ui(&mut self, ui: &mut Ui) {
        let Self { left_out, chosen, .. } = self;
        let button = Button::new(Icon::More.atom()).frame_when_inactive(false);
        let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
            ui.set_min_width(120.0);
            for (tile, title) in left_out.iter() {
                if ui.button(title).clicked() {
                    *chosen = Some(*tile);
                    ui.close();
                }
            }
        });
        let titles: Vec<&str> = left_out.iter().map(|(_, title)| title.as_str()).collect();
        response.accessible_name("More panels").on_hover_text(titles.join(", "));
    }
}

impl Behavior<Pane> for DockBehavior<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let tokens = Tokens::of(ui);
        let margin = if *pane == Pane::Viewer { Margin::ZERO } else { Margin::same(PANEL_MARGIN) };
        Frame::new().fill(tokens.surface).inner_margin(margin).show(ui, |ui| {
            ui.take_available_space();
            self.panels.get(*pane).panel_ui(ui, self.cx);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    /// A split behind a tab is named by the panels in it; a dot says that a panel has a question or a new result.
    fn tab_title_for_tile(&mut self, tiles: &Tiles<Pane>, tile: TileId) -> WidgetText {
        let session = &self.cx.session;
        let asks = session.interrupted.offer().is_some() && !session.training.is_active()
            || session.training.has_unseen_result;
        let marked = |title: &str| {
            let mark = if asks && title == Pane::Training.title() { " •" } else { "" };
            format!("{title}{mark}")
        };
        titles_in(tiles, tile).into_iter().map(marked).collect::<Vec<_>>().join(", ").into()
    }

    fn tab_ui(&mut self, tiles: &mut Tiles<Pane>, ui: &mut Ui, id: Id, tile: TileId, state: &TabState) -> Response {
        if self.left_out.iter().any(|(left_out, _)| *left_out == tile) {
            return ui.interact(Rect::from_min_size(ui.cursor().min, Vec2::ZERO), id, Sense::hover());
        }
        let tokens = Tokens::of(ui);
        let title = self.title(ui, tiles, tile);
        let (_, tab) = ui.allocate_space(vec2(title.size().x + 2.0 * TITLE_MARGIN, ui.available_height()));
        let response = ui.interact(tab, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::PointingHand);
        response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), state.active, title.text()));
        if state.is_being_dragged {
            return response; // it leaves a gap
        }
        if state.active {
            ui.painter().rect_filled(tab, 0.0, tokens.surface);
        }
        let is_strong = state.active || response.hovered() || response.has_focus();
        let color = if is_strong { tokens.strong } else { tokens.weak };
        let place = Align2::LEFT_CENTER.align_size_within_rect(title.size(), tab.shrink(TITLE_MARGIN));
        ui.painter().galley(place.min, title, color);
        response
    }

    /// Finds out which tabs fit, and puts the others into a menu at the end of the bar.
    fn top_bar_right_ui(&mut self, tiles: &Tiles<Pane>, ui: &mut Ui, _: TileId, tabs: &Tabs, _: &mut f32) {
        let titles: Vec<_> = tabs.children.iter().map(|tab| self.title(ui, tiles, *tab)).collect();
        let widths: Vec<f32> = titles.iter().map(|title| title.size().x + 2.0 * TITLE_MARGIN).collect();
        let active = tabs.children.iter().position(|tab| tabs.active == Some(*tab));
        let fits = fitting(&widths, active, ui.available_width(), MENU + ui.spacing().item_spacing.x);
        let titled = tabs.children.iter().zip(titles).map(|(tab, title)| (*tab, title.text().to_owned()));
        self.left_out = titled.zip(fits).filter(|(_, fits)| !fits).map(|(tab, _)| tab).collect();
        if !self.left_out.is_empty() {
            let centred = Direction::centered_and_justified(eframe::egui::Direction::LeftToRight);
            ui.allocate_ui_with_layout(vec2(MENU, BAR), centred, |ui| self.left_out_ui(ui));
        }
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn on_edit(&mut self, action: EditAction) {
        self.is_arranged |= matches!(action, EditAction::TileResized | EditAction::TileDropped);
    }

    fn tab_bar_height(&self, _style: &Style) -> f32 {
        BAR
    }

    fn gap_width(&self, _style: &Style) -> f32 {
        3.0
    }

    fn min_size(&self) -> f32 {
        220.0
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        Tokens::for_dark(visuals.dark_mode).background
    }

    fn tab_bar_hline_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::NONE
    }
}

/// The titles of the panels in a tile, in their order.
fn titles_in(tiles: &Tiles<Pane>, tile: TileId) -> Vec<&'static str> {
    match tiles.get(tile) {
        Some(Tile::Pane(pane)) => vec![pane.title()],
        Some(Tile::Container(container)) => container.children().flat_map(|child| titles_in(tiles, *child)).collect(),
        None => Vec::new(),
    }
}

/// Which tabs of these widths are shown in `room`: all, or as many as fit from the left beside a menu of width `menu`. The
/// active one is always among them; the others stay where they are whichever that is.
fn fitting(widths: &[f32], active: Option<usize>, room: f32, menu: f32) -> Vec<bool> {
    if widths.iter().sum::<f32>() <= room {
        return vec![true; widths.len()];
    }
    let mut left = room - menu - active.map_or(0.0, |active| widths[active]);
    let mut is_full = false;
    let fits = |(i, width): (usize, &f32)| {
        if Some(i) == active {
            return true;
        }
        is_full |= *width > left;
        left -= width;
        !is_full
    };
    widths.iter().enumerate().map(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_behind_a_tab_is_named_by_its_panels() {
        let mut tiles = Tiles::default();
        let panes = [Pane::Project, Pane::Scores].map(|pane| tiles.insert_pane(pane));
        let split = tiles.insert_vertical_tile(panes.to_vec());
        assert_eq!(titles_in(&tiles, split), ["Project", "Scores"]);
        assert_eq!(titles_in(&tiles, panes[1]), ["Scores"]);
    }

    #[test]
    fn tabs_that_do_not_fit_are_left_out_from_the_right_but_for_the_active_one() {
        let shown = |active, room| {
            let fits = fitting(&[50.0, 60.0, 40.0, 30.0, 70.0], active, room, 20.0);
            (0..5).filter(|i| fits[*i]).collect::<Vec<_>>()
        };
        assert_eq!(shown(Some(4), 250.0), [0, 1, 2, 3, 4], "no menu takes room where all fit");
        assert_eq!(shown(Some(0), 249.0), [0, 1, 2, 3]);
        for active in 0..3 {
            assert_eq!(shown(Some(active), 170.0), [0, 1, 2], "whichever of them is active");
        }
        assert_eq!(shown(Some(4), 200.0), [0, 1, 4], "none moves up from further right");
        assert_eq!(shown(None, 131.0), [0, 1]);
        assert_eq!(shown(Some(3), 10.0), [3]);
    }
}

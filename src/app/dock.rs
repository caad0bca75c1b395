//! The dock: which panels there are, where they lie, and how their tabs look.

use eframe::egui::style::ScrollAnimation;
use eframe::egui::{Color32, CursorIcon, Frame, Id, Margin, Response, Stroke, Style, Ui, Visuals, WidgetText};
use egui_tiles::{Behavior, SimplificationOptions, TabState, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::actions::PanelContext;
use super::panels::Panels;
use super::theme::{PANEL_MARGIN, Tokens};

/// Repaints after which a tab that came to the front lies where it will: the first knows no widths yet.
const SETTLED: u8 = 3;

/// A panel of the dock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    /// Frame and flow.
    Viewer,
    /// What the streams say.
    Scores,
    /// Where flow comes from.
    Flow,
    /// Figures of the flow.
    Statistics,
    /// Methods against ground truth.
    Benchmark,
    /// A model against labelled clips.
    Evaluation,
    /// A camera or a stream as it happens.
    Live,
    /// Videos and what a person says about them.
    Project,
    /// Making networks.
    Training,
    /// Trainings that were made.
    Runs,
    /// Windows before and now.
    Pinned,
    /// What happened.
    Log,
}

impl Pane {
    /// All panels.
    pub const ALL: [Self; 12] = [
        Self::Viewer,
        Self::Scores,
        Self::Project,
        Self::Flow,
        Self::Statistics,
        Self::Benchmark,
        Self::Evaluation,
        Self::Live,
        Self::Training,
        Self::Runs,
        Self::Pinned,
        Self::Log,
    ];

    /// The title on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Scores => "Scores",
            Self::Flow => "Flow",
            Self::Statistics => "Statistics",
            Self::Benchmark => "Benchmark",
            Self::Evaluation => "Evaluation",
            Self::Live => "Live",
            Self::Project => "Project",
            Self::Training => "Training",
            Self::Runs => "Runs",
            Self::Pinned => "Pinned",
            Self::Log => "Log",
        }
    }
}

/// Where the panels lie.
pub type Layout = Tree<Pane>;

/// The viewer at the left, everything else in tabs beside it.
pub fn default_layout() -> Layout {
    let mut tiles = Tiles::default();
    let viewer = tiles.insert_pane(Pane::Viewer);
    let viewer = tiles.insert_tab_tile(vec![viewer]);
    let others =
        Pane::ALL.into_iter().filter(|pane| *pane != Pane::Viewer).map(|pane| tiles.insert_pane(pane)).collect();
    let others = tiles.insert_tab_tile(others);
    let mut root = egui_tiles::Linear::new(egui_tiles::LinearDir::Horizontal, vec![viewer, others]);
    root.shares.set_share(viewer, 0.64);
    root.shares.set_share(others, 0.36);
    let root = tiles.insert_container(root);
    Tree::new(Id::unique("dock"), root, tiles)
}

/// Whether every panel is in the layout; a layout of an older version may lack some.
pub fn is_complete(layout: &Layout) -> bool {
    Pane::ALL.iter().all(|pane| layout.tiles.find_pane(pane).is_some())
}

/// Brings `pane` to the front of its tabs.
pub fn show(layout: &mut Layout, pane: Pane) {
    layout.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
}

/// Draws the dock.
pub fn dock_ui(layout: &mut Layout, panels: &mut Panels, cx: &mut PanelContext<'_>, ui: &mut Ui) {
    let in_front = layout.active_tiles();
    layout.ui(&mut DockBehavior { panels, cx, in_front }, ui);
}

struct DockBehavior<'a, 'b> {
    panels: &'a mut Panels,
    cx: &'a mut PanelContext<'b>,
    /// The panels in front of their tabs.
    in_front: Vec<TileId>,
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

    /// Scrolls to a tab that has just come to the front: there are more of them than fit.
    fn on_tab_button(&mut self, _tiles: &mut Tiles<Pane>, tile_id: TileId, button: Response) -> Response {
        let key = Id::unique(("repaints in front", tile_id));
        let before: u8 = button.ctx.data(|data| data.get_temp(key)).unwrap_or(0);
        let is_in_front = self.in_front.contains(&tile_id);
        if is_in_front && before < SETTLED {
            button.scroll_to_me_animation(None, ScrollAnimation::none());
            button.ctx.request_repaint();
        }
        let now = if is_in_front { SETTLED.min(before + 1) } else { 0 };
        button.ctx.data_mut(|data| data.insert_temp(key, now));
        button
    }

    fn tab_hover_cursor_icon(&self) -> CursorIcon {
        CursorIcon::PointingHand
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn tab_bar_height(&self, _style: &Style) -> f32 {
        30.0
    }

    fn gap_width(&self, _style: &Style) -> f32 {
        3.0
    }

    fn min_size(&self) -> f32 {
        220.0
    }

    fn tab_title_spacing(&self, _visuals: &Visuals) -> f32 {
        7.0
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        Tokens::for_dark(visuals.dark_mode).background
    }

    fn tab_bg_color(&self, visuals: &Visuals, _tiles: &Tiles<Pane>, _tile: TileId, state: &TabState) -> Color32 {
        if state.active { Tokens::for_dark(visuals.dark_mode).surface } else { Color32::TRANSPARENT }
    }

    fn tab_outline_stroke(&self, _: &Visuals, _: &Tiles<Pane>, _: TileId, _: &TabState) -> Stroke {
        Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::NONE
    }

    fn tab_text_color(&self, visuals: &Visuals, _tiles: &Tiles<Pane>, _tile: TileId, state: &TabState) -> Color32 {
        let tokens = Tokens::for_dark(visuals.dark_mode);
        if state.active { tokens.strong } else { tokens.weak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_layout_holds_every_panel_and_a_layout_without_one_is_noticed() {
        let mut layout = default_layout();
        assert!(is_complete(&layout));
        let log = layout.tiles.find_pane(&Pane::Log).unwrap();
        layout.remove_recursively(log);
        assert!(!is_complete(&layout));
    }
}

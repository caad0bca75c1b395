//! Which panels the dock has and where they are: the part of the dock that the settings keep.

use eframe::egui::{Id, Rect};
use egui_tiles::{Container, Tile, Tiles, Tree};
use serde::{Deserialize, Serialize};

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
    /// Predicted bouts of the open video.
    Predictions,
    /// Making networks.
    Training,
    /// Trainings that were made.
    Runs,
    /// Parts of a job over several machines.
    Cluster,
    /// Windows before and now.
    Pinned,
    /// What happened.
    Log,
}

impl Pane {
    /// All panels, in the order of their tabs at first: those in daily use before the others, which may not fit.
    pub const ALL: [Self; 14] = [
        Self::Viewer,
        Self::Scores,
        Self::Project,
        Self::Training,
        Self::Flow,
        Self::Statistics,
        Self::Live,
        Self::Evaluation,
        Self::Predictions,
        Self::Runs,
        Self::Pinned,
        Self::Benchmark,
        Self::Cluster,
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
            Self::Predictions => "Predictions",
            Self::Training => "Training",
            Self::Runs => "Runs",
            Self::Cluster => "Cluster",
            Self::Pinned => "Pinned",
            Self::Log => "Log",
        }
    }
}

/// Where the panels lie.
pub type Layout = Tree<Pane>;

/// The share of the width that the panels beside the viewer have.
const SIDE: f32 = 0.36;
/// In a wide window they have this width, in points, or the smaller share: they hold lines of text, and the viewer holds pictures.
const WIDE: f32 = 620.0;
const WIDE_SIDE: f32 = 0.2;

/// Gives viewer and panels of [`default_layout`] their shares of `width` points.
pub fn fit(layout: &mut Layout, width: f32) {
    let root = layout.root.and_then(|root| layout.tiles.get_mut(root));
    let Some(Tile::Container(Container::Linear(root))) = root else { return };
    let [viewer, others] = root.children[..] else { return };
    let side = SIDE.min((WIDE / width.max(1.0)).max(WIDE_SIDE));
    root.shares.set_share(viewer, 1.0 - side);
    root.shares.set_share(others, side);
}

/// The viewer at the left, everything else in tabs beside it.
pub fn default_layout() -> Layout {
    let mut tiles = Tiles::default();
    let viewer = tiles.insert_pane(Pane::Viewer);
    let viewer = tiles.insert_tab_tile(vec![viewer]);
    let others =
        Pane::ALL.into_iter().filter(|pane| *pane != Pane::Viewer).map(|pane| tiles.insert_pane(pane)).collect();
    let others = tiles.insert_tab_tile(others);
    let mut root = egui_tiles::Linear::new(egui_tiles::LinearDir::Horizontal, vec![viewer, others]);
    root.shares.set_share(viewer, 1.0 - SIDE);
    root.shares.set_share(others, SIDE);
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

/// Where `pane` was drawn last; `None` if it is behind another tab.
pub fn place_of(layout: &Layout, pane: Pane) -> Option<Rect> {
    let tile = layout.tiles.find_pane(&pane)?;
    layout.active_tiles().contains(&tile).then(|| layout.tiles.rect(tile)).flatten()
}

/// Whether `pane` is in front.
pub fn is_shown(layout: &Layout, pane: Pane) -> bool {
    layout.tiles.find_pane(&pane).is_some_and(|tile| layout.active_tiles().contains(&tile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_do_not_grow_with_a_wide_window_as_pictures_do() {
        let mut layout = default_layout();
        for (width, side) in [(720.0, 259.2), (1280.0, 460.8), (1920.0, 620.0), (3840.0, 768.0)] {
            fit(&mut layout, width);
            let Some(Tile::Container(Container::Linear(root))) = layout.tiles.get(layout.root.unwrap()) else {
                panic!("viewer and panels lie side by side");
            };
            let share = root.shares[root.children[1]];
            assert!((share * width - side).abs() < 0.1, "{width}: {share}");
        }
    }

    #[test]
    fn the_first_layout_holds_every_panel_and_a_layout_without_one_is_noticed() {
        let mut layout = default_layout();
        assert!(is_complete(&layout));
        let log = layout.tiles.find_pane(&Pane::Log).unwrap();
        layout.remove_recursively(log);
        assert!(!is_complete(&layout));
    }
}

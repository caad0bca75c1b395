//! What the viewer shows: any number of views beside or over each other, each a kind of picture of one source's flow.

use serde::{Deserialize, Serialize};

use crate::engine::{FlowSettings, FlowSource};

/// Most views at a time; more would be thumbnails.
const MOST: usize = 16;
/// Least share of the width that a view keeps while views are swiped.
const NARROWEST: f32 = 0.01;

/// What a view makes of a source's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewKind {
    /// The video.
    Frame,
    /// Flow in Middlebury's colours.
    Flow,
    /// Flow as arrows on the frame.
    Arrows,
    /// The component to the right in grey.
    Horizontal,
    /// The component downwards in grey.
    Vertical,
    /// The length of the vectors.
    Magnitude,
    /// Flow at every scale of the pyramid.
    Pyramid,
    /// All ten flows of a stack.
    Strip,
    /// The distance to another source's flow.
    Difference,
    /// The first image as the loss sees it.
    First,
    /// The second image, warped back by the flow.
    Warped,
    /// What of the first image the warped second one does not explain.
    Error,
    /// Structural similarity of the two.
    Ssim,
    /// The border that the loss leaves out.
    Border,
    /// Where forward and backward flow disagree.
    Occlusion,
    /// What the temporal stream takes in.
    Input,
}

impl ViewKind {
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 16] = [
        Self::Frame,
        Self::Flow,
        Self::Arrows,
        Self::Horizontal,
        Self::Vertical,
        Self::Magnitude,
        Self::Pyramid,
        Self::Difference,
        Self::First,
        Self::Warped,
        Self::Error,
        Self::Ssim,
        Self::Border,
        Self::Occlusion,
        Self::Strip,
        Self::Input,
    ];

    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frame => "Frame",
            Self::Flow => "Flow",
            Self::Arrows => "Arrows",
            Self::Horizontal => "u (horizontal)",
            Self::Vertical => "v (vertical)",
            Self::Magnitude => "Magnitude",
            Self::Pyramid => "All scales",
            Self::Strip => "Flow stack",
            Self::Difference => "Difference",
            Self::First => "I₀",
            Self::Warped => "I₁ warped",
            Self::Error => "Photometric error",
            Self::Ssim => "SSIM",
            Self::Border => "Border mask",
            Self::Occlusion => "Occlusion",
            Self::Input => "Temporal input",
        }
    }

    /// What it shows, in a sentence.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Frame => "Video frame",
            Self::Flow => "Flow colours: hue is direction, saturation is magnitude",
            Self::Arrows => "Flow arrows over the frame, denser when zoomed",
            Self::Horizontal => "Horizontal flow: grey is no motion, white moves right",
            Self::Vertical => "Vertical flow: grey is no motion, white moves down",
            Self::Magnitude => "Flow magnitude",
            Self::Pyramid => "MotionNet's flow at every pyramid level (click to select)",
            Self::Strip => "All ten flows of the window (click to select)",
            Self::Difference => "End-point difference between two sources, in pixels",
            Self::First => "First loss image, after local response normalisation",
            Self::Warped => "Second image warped backward along the flow",
            Self::Error => "Photometric error |I₀ − warped I₁|",
            Self::Ssim => "SSIM of I₀ and warped I₁ (bright: similar)",
            Self::Border => "Border excluded from the loss",
            Self::Occlusion => "Occlusion by forward–backward inconsistency",
            Self::Input => "Temporal stream input: ±20 px scaled to 0 … 255",
        }
    }

    /// Whether the list of kinds has a line before it.
    pub fn starts_a_block(self) -> bool {
        matches!(self, Self::Flow | Self::Difference | Self::First | Self::Strip)
    }

    /// Whether its picture comes from an [`FlowDiagnostics`](crate::engine::FlowDiagnostics).
    pub fn is_diagnostics(self) -> bool {
        matches!(self, Self::First | Self::Warped | Self::Error | Self::Ssim | Self::Border | Self::Occlusion)
    }

    /// Whether its picture comes from a [`FlowStack`](crate::engine::FlowStack).
    pub fn is_strip(self) -> bool {
        matches!(self, Self::Strip | Self::Input)
    }
}

/// One view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewSpec {
    /// Kind of picture.
    pub kind: ViewKind,
    /// Source of the flow.
    pub source: FlowSource,
    /// The source that a [`ViewKind::Difference`] compares with.
    pub other: FlowSource,
}

impl ViewSpec {
    /// A view of a source's flow.
    pub const fn new(kind: ViewKind, source: FlowSource) -> Self {
        Self { kind, source, other: FlowSource::Truth }
    }

    /// The sources that the view needs.
    pub fn sources(&self) -> impl Iterator<Item = FlowSource> + use<> {
        let source = (self.kind != ViewKind::Frame).then_some(self.source);
        source.into_iter().chain((self.kind == ViewKind::Difference).then_some(self.other))
    }
}

/// The views and their arrangement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Views {
    /// The views in order; never empty.
    list: Vec<ViewSpec>,
    /// Over each other, each seen between two dividers, instead of side by side.
    pub swipe: bool,
    /// The view that the pointer was over last, which keys are about.
    #[serde(skip)]
    pub active: usize,
    /// The view that was clicked or changed last, which exports and its removal are about: on its way to a menu the pointer crosses others.
    #[serde(skip)]
    pub chosen: usize,
    /// The view whose cross was pressed, until it is removed.
    #[serde(skip)]
    pub closing: Option<usize>,
    /// Where the dividers lie, shares of the width, rising; one fewer than views.
    dividers: Vec<f32>,
}

impl Default for Views {
    fn default() -> Self {
        Self::beside([ViewKind::Frame, ViewKind::Flow].map(|kind| ViewSpec::new(kind, FlowSource::Network)))
    }
}

impl Views {
    /// What the first start shows where the flow model comes with the program: its flow has the size of the picture, that of the model
    /// in use is what its temporal stream sees.
    pub fn at_first_start() -> Self {
        let flow = ViewSpec::new(ViewKind::Flow, FlowSource::SecondNetwork);
        Self::beside([ViewSpec::new(ViewKind::Frame, FlowSource::Network), flow])
    }

    /// Views side by side.
    pub fn beside(list: impl IntoIterator<Item = ViewSpec>) -> Self {
        Self {
            list: list.into_iter().collect(),
            swipe: false,
            active: 0,
            chosen: 0,
            closing: None,
            dividers: Vec::new(),
        }
    }

    /// Views over each other.
    pub fn over(list: impl IntoIterator<Item = ViewSpec>) -> Self {
        Self { swipe: true, ..Self::beside(list) }
    }

    /// The views.
    pub fn list(&self) -> &[ViewSpec] {
        &self.list
    }

    /// The view at `index`, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut ViewSpec> {
        self.list.get_mut(index)
    }

    /// Whether a view shows something of `source`.
    pub fn show(&self, source: FlowSource) -> bool {
        self.list.iter().any(|view| view.sources().any(|other| other == source))
    }

    /// Whether flow of `source` is computed: it is shown, or switched on in `base`, or costs next to nothing.
    pub fn is_on(&self, source: FlowSource, base: &FlowSettings) -> bool {
        match source {
            FlowSource::Network => true,
            FlowSource::Truth => base.truth.is_some(),
            FlowSource::SecondNetwork if base.second_model.is_none() => false,
            _ => base.sources.contains(&source) || self.show(source),
        }
    }

    /// The source that exports are about: that of the view at `chosen`, or else of the first view of any flow.
    pub fn flow_source(&self) -> FlowSource {
        let of = |view: &ViewSpec| view.sources().next();
        let chosen = self.list.get(self.chosen).and_then(of);
        chosen.or_else(|| self.list.iter().find_map(of)).unwrap_or(FlowSource::Network)
    }

    /// The sources in view, each once, from left to right; MotionNet if there is none.
    pub fn flow_sources(&self) -> Vec<FlowSource> {
        let mut sources: Vec<FlowSource> = Vec::new();
        for source in self.list.iter().flat_map(ViewSpec::sources) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        if sources.is_empty() { vec![FlowSource::Network] } else { sources }
    }

    /// Whether there is room for another view.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// Adds a view behind all others, of the first source that is not shown as flow yet; its place.
    pub fn add(&mut self) -> usize {
        if self.is_full() {
            return self.active;
        }
        let shown =
            |source: &FlowSource| self.list.iter().any(|view| view.kind == ViewKind::Flow && view.source == *source);
        // The others need a file or a model first.
        let source =
            [FlowSource::Network, FlowSource::Tvl1, FlowSource::Codec].into_iter().find(|source| !shown(source));
        self.list.push(ViewSpec::new(ViewKind::Flow, source.unwrap_or(FlowSource::Network)));
        self.list.len() - 1
    }

    /// Adds a view of ground truth if there is none and there is room.
    pub fn show_truth(&mut self) {
        if !self.show(FlowSource::Truth) && !self.is_full() {
            self.list.push(ViewSpec::new(ViewKind::Flow, FlowSource::Truth));
        }
    }

    /// Returns the source of the view nearest to that at `index` that shows another one than `source`.
    pub fn neighbour_source(&self, index: usize, source: FlowSource) -> Option<FlowSource> {
        let sources = self.list.iter().enumerate().flat_map(|(place, view)| view.sources().map(move |of| (place, of)));
        let others = sources.filter(|(place, of)| *place != index && *of != source);
        others.min_by_key(|(place, _)| place.abs_diff(index)).map(|(_, of)| of)
    }

    /// Removes the view at `index`, unless it is the only one.
    pub fn remove(&mut self, index: usize) {
        if self.list.len() > 1 && index < self.list.len() {
            self.list.remove(index);
            self.chosen = if self.chosen > index { self.chosen - 1 } else { self.chosen.min(self.list.len() - 1) };
        }
    }

    /// The dividers, evenly spread after the number of views has changed.
    pub fn dividers(&mut self) -> &[f32] {
        let count = self.list.len() - 1;
        if self.dividers.len() != count {
            self.dividers = (1..=count).map(|i| i as f32 / (count + 1) as f32).collect();
        }
        &self.dividers
    }

    /// Moves a divider, not beyond its neighbours.
    pub fn move_divider(&mut self, index: usize, to: f32) {
        let dividers = self.dividers();
        let Some(&at) = dividers.get(index) else { return };
        let low = index.checked_sub(1).map_or(0.0, |before| dividers[before]) + NARROWEST;
        let high = dividers.get(index + 1).copied().unwrap_or(1.0) - NARROWEST;
        self.dividers[index] = if low < high { to.clamp(low, high) } else { at };
    }

    /// Moves the divider at the right of the view at `index`, or the last one, by a share of the width.
    pub fn nudge_divider(&mut self, index: usize, by: f32) {
        let dividers = self.dividers();
        let Some(last) = dividers.len().checked_sub(1) else { return };
        let index = index.min(last);
        let to = dividers[index] + by;
        self.move_divider(index, to);
    }

    /// Shows the flow of the source that lies `steps` further in the order of the sources.
    pub fn cycle_source(&mut self, index: usize, steps: usize) {
        if let Some(view) = self.list.get_mut(index) {
            view.source = FlowSource::ALL[(view.source as usize + steps) % FlowSource::ALL.len()];
            self.chosen = index;
        }
    }

    /// Shows arrows in place of anything else, or colours in place of arrows.
    pub fn toggle_arrows(&mut self, index: usize) {
        if let Some(view) = self.list.get_mut(index) {
            view.kind = if view.kind == ViewKind::Arrows { ViewKind::Flow } else { ViewKind::Arrows };
            self.chosen = index;
        }
    }

    /// What the engine is to work on so that all views have their pictures: `base` with what they need besides.
    ///
    /// `statistics` says whether the figures of all sources are on the screen.
    pub fn demand(&self, base: &FlowSettings, statistics: bool) -> FlowSettings {
        let on = |source: &FlowSource| self.is_on(*source, base);
        let inspects = |source: &FlowSource| {
            let shown = self.list.iter().any(|view| view.kind.is_diagnostics() && view.source == *source);
            shown || (statistics && on(source))
        };
        let strips = |source: &FlowSource| self.list.iter().any(|view| view.kind.is_strip() && view.source == *source);
        FlowSettings {
            sources: FlowSource::ALL.into_iter().filter(on).filter(|source| *source != FlowSource::Network).collect(),
            inspected: FlowSource::ALL.into_iter().filter(inspects).collect(),
            occlusion: self.list.iter().any(|view| view.kind == ViewKind::Occlusion),
            pyramid: self.list.iter().any(|view| view.kind == ViewKind::Pyramid),
            strips: FlowSource::ALL.into_iter().filter(strips).collect(),
            ..base.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_and_go_but_one_stays() {
        let mut views = Views::default();
        assert_eq!(views.add(), 2);
        assert_eq!(views.list()[2], ViewSpec::new(ViewKind::Flow, FlowSource::Tvl1));
        for _ in 0..40 {
            views.add();
        }
        assert_eq!(views.list().len(), MOST);
        for _ in 0..40 {
            views.remove(0);
        }
        assert_eq!(views.list().len(), 1);
        assert!(views.dividers().is_empty());
    }

    #[test]
    fn exports_are_about_the_view_that_was_clicked_or_changed_last() {
        use FlowSource as S;
        let mut views =
            Views::beside([S::Network, S::Tvl1, S::Dis].map(|source| ViewSpec::new(ViewKind::Flow, source)));
        views.active = 1;
        assert_eq!(views.flow_source(), S::Network, "the pointer only crosses the second one");
        views.chosen = 2;
        views.remove(0);
        assert_eq!(views.flow_source(), S::Dis, "it is the same view as before");
        views.toggle_arrows(0);
        assert_eq!(views.flow_source(), S::Tvl1, "a key has changed it");
        assert_eq!(views.neighbour_source(0, S::Tvl1), Some(S::Dis), "differences are to what is beside");
        views.chosen = 1;
        views.remove(1);
        assert_eq!(views.flow_source(), S::Tvl1);
    }

    #[test]
    fn dividers_stay_in_order() {
        let mut views = Views::over([ViewSpec::new(ViewKind::Flow, FlowSource::Network); 3]);
        assert_eq!(views.dividers().len(), 2);
        views.move_divider(0, 0.9);
        views.move_divider(1, -4.0);
        views.move_divider(7, 0.5);
        let dividers = views.dividers();
        assert!(0.0 < dividers[0] && dividers[0] < dividers[1] && dividers[1] < 1.0, "{dividers:?}");
    }

    #[test]
    fn the_engine_works_on_what_is_seen_and_switched_on() {
        use FlowSource as S;
        let base = FlowSettings { sources: vec![S::Codec], ..FlowSettings::default() };
        let demand = Views::default().demand(&base, false);
        assert_eq!((demand.sources, demand.inspected, demand.occlusion), (vec![S::Codec], vec![], false));

        let mut views = Views::beside([ViewKind::Warped, ViewKind::Occlusion].map(|kind| ViewSpec::new(kind, S::Tvl1)));
        let demand = views.demand(&base, false);
        assert_eq!((demand.sources, demand.inspected), (vec![S::Tvl1, S::Codec], vec![S::Tvl1]));
        assert!(demand.occlusion && demand.strips.is_empty());
        assert_eq!(views.demand(&base, true).inspected, [S::Network, S::Tvl1, S::Codec]);

        views.list[0] = ViewSpec { kind: ViewKind::Difference, source: S::Network, other: S::Truth };
        views.list[1].kind = ViewKind::Strip;
        let demand = views.demand(&base, false);
        assert_eq!(demand.sources, [S::Tvl1, S::Codec], "no ground truth is chosen");
        let base = FlowSettings { truth: Some("/flow".into()), ..base };
        assert_eq!(views.demand(&base, false).sources, [S::Tvl1, S::Codec, S::Truth]);
        assert_eq!(demand.strips, [S::Tvl1]);
    }
}

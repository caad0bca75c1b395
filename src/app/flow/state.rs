//! State of the flow comparison: the newest results of every source and the figures of all visited
//! frames.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::network_names::{FlowNetwork, NetworkNames};
use super::stream_source::StreamSource;
use crate::app::ui::progress::Progress;
use crate::engine::{
    ClipMeasure, Engine, FlowBasis, FlowDiagnostics, FlowSettings, FlowSource, FlowStack, FlowStatistics, FlowView,
    Message, ModelInfo, ScalarMap, SourceFlow,
};
use crate::error::Error;
use crate::flow::TypicalLengths;
use crate::ranking::quantile;

/// Share of a map's values within its colour scale; scaled to single peaks, all other values would be dark.
const COVERED: f32 = 0.99;
/// Maximum number of figures under other settings, of all sources and frames together.
const MOST_EARLIER: usize = 200_000;
/// Number of values sampled to determine a scale.
const SAMPLE: usize = 4096;

/// The newest results of one source.
#[derive(Default, Clone)]
pub struct SourceState {
    /// Its flow.
    pub flow: Option<Arc<SourceFlow>>,
    /// Recent cost of a flow in milliseconds, smoothed: single values vary too much to be read during playback.
    pub millis: f32,
    /// Diagnostics of its flow.
    pub diagnostics: Option<Arc<FlowDiagnostics>>,
    /// Its stack of ten flows.
    pub strip: Option<Arc<FlowStack>>,
    /// Reason why it cannot process this clip.
    pub unavailable: Option<Error>,
    /// Value that nearly all photometric errors of `diagnostics` stay below.
    pub error_scale: f32,
    /// Typical length of its flows of this clip.
    pub flow_lengths: HeldLength,
    /// Typical length of the flows of its stacks.
    pub strip_lengths: HeldLength,
}

/// The length that nearly all vectors of most flows seen so far stay below, as shares of the frame's width and height.
#[derive(Default, Clone)]
pub struct HeldLength([TypicalLengths; 2]);

impl HeldLength {
    /// Returns the length in pixels of a video of this size. Where the source's pictures have another shape than the video it is a
    /// bound.
    pub fn px(&self, video: [u32; 2]) -> f32 {
        self.0
            .iter()
            .zip(video)
            .map(|(shares, side)| shares.longest().unwrap_or_default() * side as f32)
            .fold(0.0, f32::max)
    }

    fn hold(&mut self, flow: &FlowView) {
        for (shares, side) in self.0.iter_mut().zip([flow.frame_size.width, flow.frame_size.height]) {
            shares.push(flow.typical_px / side.max(1) as f32);
        }
    }
}

/// Weight of the newest flow in the displayed cost.
const NEWEST: f32 = 0.15;

/// Figures by frame.
pub type Measures = BTreeMap<usize, FlowStatistics>;

/// The window's state of the flow comparison.
#[derive(Default)]
pub struct FlowComparison {
    sources: [SourceState; FlowSource::ALL.len()],
    measures: [Measures; FlowSource::ALL.len()],
    /// The figures of drafts, of frames without others.
    drafts: [Measures; FlowSource::ALL.len()],
    /// The figures of this clip under other settings, such as another stride, oldest first: restored with those
    /// settings.
    earlier: Vec<(FlowBasis, FlowSource, Measures)>,
    /// Motion in the clip from one frame to the next, as a share of its width, once known.
    pub motion: Option<f32>,
    /// Basis of the flows to be computed: figures of another basis, which may still be under way, are not shown.
    basis: FlowBasis,
    /// Names of the networks of both models.
    networks: NetworkNames,
    /// Input of the temporal stream of the model in use, if it is not MotionNet's flow.
    stream: Option<StreamSource>,
    /// Progress of the measurement of the clip; `None` while there is none.
    pub measuring: Option<Progress>,
    /// Number of that measurement: events of an earlier one, possibly of another clip, may still arrive.
    measurement: u64,
}

impl FlowComparison {
    /// Returns the state of `source`.
    pub fn source(&self, source: FlowSource) -> &SourceState {
        &self.sources[source as usize]
    }

    /// Returns the name of `source` on screen: a network by its architecture and its model.
    pub fn name_of(&self, source: FlowSource) -> &str {
        self.networks.name(source)
    }

    /// Returns a short name of `source`, with the distinguishing part first.
    pub fn short_name_of(&self, source: FlowSource) -> &str {
        match (source, self.name_of(source)) {
            (FlowSource::Network, _) => "Model",
            (FlowSource::SecondNetwork, name) => name.strip_prefix("MotionNet ").unwrap_or(name),
            (FlowSource::Codec, _) => "Codec",
            (FlowSource::Truth, _) => "Truth",
            (_, name) => name,
        }
    }

    /// Returns the name of `source` in a list of sources, noting whether the temporal stream of a two-stage model reads
    /// it.
    pub fn entry_of(&self, source: FlowSource) -> String {
        let name = self.name_of(source);
        self.stream.map_or_else(|| name.to_owned(), |stream| stream.entry(source, name, &self.basis.settings))
    }

    /// Returns the source whose flow the temporal stream of the model in use reads.
    pub fn read_by_stream(&self) -> FlowSource {
        self.stream.map_or(FlowSource::Network, StreamSource::source)
    }

    /// Returns a sentence on the input of the temporal stream of a two-stage model.
    pub fn stream_remark(&self) -> Option<String> {
        Some(format!("The temporal stream reads {}, not MotionNet's.", self.stream?.in_words()))
    }

    /// Returns the heading above `source`.
    pub fn kind_of(&self, source: FlowSource) -> &'static str {
        self.networks.kind(source)
    }

    /// Sets the model in use.
    pub fn name_network(&mut self, model: &ModelInfo) {
        self.networks.set_model(model.architecture);
        self.stream = StreamSource::of(model);
    }

    /// The second model is that in folder `dir` from now on; its network may not be known yet.
    pub fn name_second(&mut self, dir: Option<&Path>, network: Option<FlowNetwork>) {
        self.networks.set_second(dir, network);
    }

    /// Returns the figures of `source` by frame.
    pub fn measures(&self, source: FlowSource) -> &Measures {
        &self.measures[source as usize]
    }

    /// Returns the figures by frame of drafts of `source`, where there are no others.
    pub fn drafts(&self, source: FlowSource) -> &Measures {
        &self.drafts[source as usize]
    }

    /// Returns `true` if any source has flow.
    pub fn has_flow(&self) -> bool {
        self.sources.iter().any(|source| source.flow.is_some())
    }

    /// Returns `true` if any frame has figures.
    pub fn is_measured(&self) -> bool {
        self.measures.iter().any(|measures| !measures.is_empty())
    }

    /// Takes the newest results from the engine.
    pub fn refresh(&mut self, engine: &Engine) {
        self.motion = engine.clip_motion();
        for source in FlowSource::ALL {
            self.set_flow(source, engine.source_flow(source));
            self.set_diagnostics(source, engine.diagnostics(source));
            self.set_strip(source, engine.strip(source));
        }
    }

    /// Handles a message of the engine.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::Opened(_) => self.leave_clip(),
            Message::ModelLoaded(model) => {
                self.basis.model = model.generation;
                self.forget(FlowSource::Network);
            }
            Message::SourceUnavailable(source, error) => self.sources[*source as usize].unavailable = error.clone(),
            Message::Measured(measure) => self.measured(measure),
            Message::MeasureEnded(number) if *number == self.measurement => self.measuring = None,
            _ => {}
        }
    }

    /// Clears the state of the clip when another one is opened or none is.
    pub fn leave_clip(&mut self) {
        let (networks, basis, stream) = (std::mem::take(&mut self.networks), self.basis.clone(), self.stream);
        *self = Self { networks, basis, stream, measurement: self.measurement + 1, ..Self::default() };
    }

    /// Begins a measurement of this number of flows and returns its number.
    pub fn begin_measurement(&mut self, flows: usize) -> u64 {
        self.measurement += 1;
        self.measuring = Some(Progress::begin(flows, "flows"));
        self.measurement
    }

    /// Changes the settings. Figures of other settings are stored and restored with their settings; the scale and the
    /// figures of drafts are cleared.
    pub fn set(&mut self, settings: FlowSettings) {
        let before = self.basis.clone();
        self.basis.settings = Arc::new(settings);
        for source in FlowSource::ALL {
            if !before.has_same_figures(&self.basis, source) {
                self.lay_aside(&before, source);
                self.forget(source);
                self.bring_back(source);
            }
        }
    }

    /// Stores the figures of `source` under the settings of `basis`, as far as they fit.
    fn lay_aside(&mut self, basis: &FlowBasis, source: FlowSource) {
        let measures = std::mem::take(&mut self.measures[source as usize]);
        if !measures.is_empty() {
            self.earlier.push((basis.clone(), source, measures));
        }
        while self.earlier.iter().map(|(.., measures)| measures.len()).sum::<usize>() > MOST_EARLIER {
            self.earlier.remove(0);
        }
    }

    /// Restores the figures that `source` had under the present settings.
    fn bring_back(&mut self, source: FlowSource) {
        let is_same = |(basis, of, _): &(FlowBasis, FlowSource, Measures)| {
            *of == source && basis.has_same_figures(&self.basis, source)
        };
        if let Some(place) = self.earlier.iter().position(is_same) {
            self.measures[source as usize] = self.earlier.remove(place).2;
        }
    }

    /// Stores the flow of a source.
    pub fn set_flow(&mut self, source: FlowSource, flow: Option<Arc<SourceFlow>>) {
        let state = &mut self.sources[source as usize];
        if let Some(flow) = &flow {
            let before = state.flow.as_ref();
            let is_new = before.is_none_or(|before| !Arc::ptr_eq(before, flow));
            if is_new {
                state.flow_lengths.hold(&flow.flow);
            }
            let is_comparable = before.is_some_and(|before| before.is_draft == flow.is_draft) && state.millis > 0.0;
            match is_new && flow.millis > 0.0 {
                true if is_comparable => state.millis += NEWEST * (flow.millis - state.millis),
                true => state.millis = flow.millis,
                false => {}
            }
        }
        state.flow = flow;
    }

    /// Stores the diagnostics of a source, and its figures among those of the other frames; diagnostics of another
    /// basis count as `None`.
    pub fn set_diagnostics(&mut self, source: FlowSource, diagnostics: Option<Arc<FlowDiagnostics>>) {
        let settings = self.basis.settings.clone();
        let diagnostics = diagnostics.filter(|diagnostics| {
            let has_truth = diagnostics.truth.is_none() || diagnostics.truth == settings.truth;
            has_truth && diagnostics.basis.is_same(&self.basis, source)
        });
        let state = &mut self.sources[source as usize];
        if is_same(&state.diagnostics, &diagnostics) {
            return;
        }
        if let Some(diagnostics) = &diagnostics {
            state.error_scale = typical_maximum(&diagnostics.error);
        }
        state.diagnostics.clone_from(&diagnostics);
        if let Some(diagnostics) = diagnostics.filter(|diagnostics| diagnostics.stride == settings.stride()) {
            self.take_figures(source, &diagnostics);
        }
    }

    /// Stores the stack of a source.
    pub fn set_strip(&mut self, source: FlowSource, strip: Option<Arc<FlowStack>>) {
        let state = &mut self.sources[source as usize];
        if !is_same(&state.strip, &strip) {
            strip.iter().flat_map(|strip| &strip.flows).for_each(|flow| state.strip_lengths.hold(flow));
        }
        state.strip = strip;
    }

    /// Stores the figures of a frame. Those of a draft are kept apart, and only until there are final ones.
    fn take_figures(&mut self, source: FlowSource, diagnostics: &FlowDiagnostics) {
        let (measures, drafts) = (&mut self.measures[source as usize], &mut self.drafts[source as usize]);
        let frame = diagnostics.frame;
        match diagnostics.is_draft {
            true if measures.contains_key(&frame) => {}
            true => _ = drafts.insert(frame, diagnostics.statistics),
            false => {
                drafts.remove(&frame);
                measures.insert(frame, diagnostics.statistics);
            }
        }
    }

    fn measured(&mut self, measure: &ClipMeasure) {
        let is_present = measure.measurement == self.measurement;
        if !is_present || !measure.basis.has_same_figures(&self.basis, measure.source) {
            return;
        }
        self.drafts[measure.source as usize].remove(&measure.frame);
        self.measures[measure.source as usize].insert(measure.frame, measure.statistics);
        self.measuring.iter_mut().for_each(Progress::count);
    }

    fn forget(&mut self, source: FlowSource) {
        self.measures[source as usize].clear();
        self.drafts[source as usize].clear();
        let state = &mut self.sources[source as usize];
        (state.flow_lengths, state.strip_lengths) = Default::default();
    }
}

/// Returns the video pixels, across and down, per pixel of the picture in whose units `flow` is given.
pub fn video_units(flow: &FlowView, video: [u32; 2]) -> [f32; 2] {
    let of = |video: u32, own: u32| if video == 0 || own == 0 { 1.0 } else { video as f32 / own as f32 };
    [of(video[0], flow.frame_size.width), of(video[1], flow.frame_size.height)]
}

/// Returns the value that nearly all of a map stay below.
pub fn typical_maximum(map: &ScalarMap) -> f32 {
    let step = (map.values.len() / SAMPLE).max(1);
    quantile(map.values.iter().step_by(step).copied().filter(|value| value.is_finite()).collect(), COVERED)
}

fn is_same<T>(known: &Option<Arc<T>>, new: &Option<Arc<T>>) -> bool {
    match (known, new) {
        (Some(known), Some(new)) => Arc::ptr_eq(known, new),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::tests::{diagnostics, model_of, source_flow};
    use crate::flow::FlowField;
    use crate::flow::metrics::Magnitudes;
    use crate::video::Geometry;

    fn measure(source: FlowSource, frame: usize) -> Message {
        measure_of(&FlowBasis::default(), source, frame)
    }

    fn measure_of(basis: &FlowBasis, source: FlowSource, frame: usize) -> Message {
        let statistics = FlowStatistics {
            magnitudes: Magnitudes::default(),
            photometric: 1.0,
            photometric_ratio: 0.5,
            ssim: 0.9,
            errors: None,
        };
        Message::Measured(ClipMeasure { measurement: 1, source, basis: basis.clone(), frame, statistics })
    }

    #[test]
    fn figures_gather_until_they_would_be_others() {
        let mut comparison = FlowComparison::default();
        comparison.begin_measurement(8);
        for source in [FlowSource::Network, FlowSource::Tvl1] {
            for frame in [3, 0, 3] {
                comparison.receive(&measure(source, frame));
            }
        }
        assert_eq!(comparison.measuring.map(|progress| progress.counts()), Some((6, 8)));
        assert_eq!(comparison.measures(FlowSource::Tvl1).keys().copied().collect::<Vec<_>>(), [0, 3]);
        comparison.set(FlowSettings { tvl1_side: None, ..FlowSettings::default() });
        assert!(
            comparison.measures(FlowSource::Tvl1).is_empty() && !comparison.measures(FlowSource::Network).is_empty()
        );
        comparison.set(FlowSettings { tvl1_side: None, stride: 2, ..FlowSettings::default() });
        assert!(comparison.measures(FlowSource::Network).is_empty());
        comparison.receive(&Message::MeasureEnded(1));
        assert_eq!(comparison.measuring, None);
    }

    #[test]
    fn figures_return_with_the_stride_that_they_are_of() {
        let mut comparison = FlowComparison::default();
        comparison.begin_measurement(4);
        [3, 4].into_iter().for_each(|frame| comparison.receive(&measure(FlowSource::Network, frame)));
        let frames = |comparison: &FlowComparison| comparison.measures(FlowSource::Network).len();
        let settings = |stride| FlowSettings { stride, ..FlowSettings::default() };
        comparison.set(settings(2));
        let basis = FlowBasis { settings: Arc::new(settings(2)), ..FlowBasis::default() };
        comparison.receive(&measure_of(&basis, FlowSource::Network, 7));
        assert_eq!(frames(&comparison), 1);
        comparison.set(settings(3));
        assert_eq!(frames(&comparison), 0);
        comparison.set(settings(1));
        assert_eq!(frames(&comparison), 2, "nothing is to be measured again");
        comparison.set(settings(2));
        assert_eq!(frames(&comparison), 1);
        let many = (0..=MOST_EARLIER).map(|frame| (frame, comparison.measures(FlowSource::Network)[&7])).collect();
        comparison.measures[FlowSource::Network as usize] = many;
        comparison.set(settings(3));
        assert!(comparison.earlier.is_empty(), "there is no end of room");
        comparison.set(settings(1));
        comparison.leave_clip();
        comparison.set(settings(2));
        assert_eq!(frames(&comparison), 0, "another clip has other figures");
    }

    #[test]
    fn news_of_the_measurement_of_another_clip_are_passed_over() {
        let mut comparison = FlowComparison::default();
        comparison.begin_measurement(8);
        comparison.receive(&measure(FlowSource::Codec, 3));
        comparison.leave_clip();
        comparison.receive(&measure(FlowSource::Codec, 4));
        assert!(comparison.measures(FlowSource::Codec).is_empty(), "no measurement of this clip has begun");
        let number = comparison.begin_measurement(8);
        comparison.receive(&measure(FlowSource::Codec, 5));
        comparison.receive(&Message::MeasureEnded(1));
        assert_eq!(comparison.measuring.map(|progress| progress.counts()), Some((0, 8)));
        comparison.receive(&Message::MeasureEnded(number));
        assert_eq!(comparison.measuring, None);
    }

    #[test]
    fn figures_of_other_settings_or_of_another_model_are_not_kept() {
        let basis = |model, settings| FlowBasis { model, settings: Arc::new(settings) };
        let settings = FlowSettings { stride: 2, ..FlowSettings::default() };
        let mut comparison = FlowComparison::default();
        comparison.begin_measurement(9);
        comparison.set(settings.clone());
        let mut model = model_of(&["a", "b"]);
        model.generation = 7;
        comparison.receive(&Message::ModelLoaded(model));
        let present = basis(7, settings.clone());
        let others = [
            (basis(6, settings.clone()), FlowSource::Network),
            (basis(7, FlowSettings { stride: 1, ..settings.clone() }), FlowSource::Network),
            (basis(7, FlowSettings { truth: Some("flo".into()), ..settings.clone() }), FlowSource::Network),
            (basis(7, FlowSettings { tvl1_side: None, ..settings.clone() }), FlowSource::Tvl1),
            (basis(7, FlowSettings { refine: false, ..settings.clone() }), FlowSource::SecondNetwork),
        ];
        for (other, source) in &others {
            comparison.receive(&measure_of(other, *source, 3));
            assert!(comparison.measures(*source).is_empty(), "{other:?}");
            let old =
                FlowDiagnostics { basis: other.clone(), truth: other.settings.truth.clone(), ..diagnostics(*source) };
            let old = FlowDiagnostics { stride: other.settings.stride, ..old };
            comparison.set_diagnostics(*source, Some(Arc::new(old)));
            assert!(comparison.measures(*source).is_empty(), "{other:?}");
        }
        assert_eq!(comparison.measuring.as_ref().unwrap().counts().0, 0);
        comparison.receive(&measure_of(&present, FlowSource::Network, 3));
        comparison.receive(&measure_of(&basis(6, settings), FlowSource::Tvl1, 3)); // TV-L1 needs no model
        let new = FlowDiagnostics { basis: present, stride: 2, frame: 5, ..diagnostics(FlowSource::Network) };
        comparison.set_diagnostics(FlowSource::Network, Some(Arc::new(new)));
        assert_eq!(comparison.measures(FlowSource::Network).keys().copied().collect::<Vec<_>>(), [3, 5]);
        assert_eq!(comparison.measuring.as_ref().unwrap().counts().0, 2);
    }

    #[test]
    fn figures_of_drafts_are_kept_apart_until_there_are_others() {
        let mut comparison = FlowComparison::default();
        let mut inspect = |frame, is_draft| {
            let source = FlowSource::Network;
            let found = FlowDiagnostics { frame, is_draft, ..diagnostics(source) };
            comparison.set_diagnostics(source, Some(Arc::new(found)));
            let keys = |measures: &Measures| measures.keys().copied().collect::<Vec<_>>();
            (keys(comparison.measures(source)), keys(comparison.drafts(source)))
        };
        assert_eq!(inspect(3, true), (vec![], vec![3]));
        assert_eq!(inspect(4, true), (vec![], vec![3, 4]));
        assert_eq!(inspect(3, false), (vec![3], vec![4]));
        assert_eq!(inspect(3, true), (vec![3], vec![4]), "a draft takes nothing away");
        comparison.begin_measurement(1);
        comparison.receive(&measure(FlowSource::Network, 4));
        assert!(comparison.drafts(FlowSource::Network).is_empty());
    }

    #[test]
    fn what_flows_cost_is_shown_as_a_mean_that_single_ones_hardly_move() {
        let mut comparison = FlowComparison::default();
        let mut cost = |millis, is_draft| {
            let source = FlowSource::Network;
            let flow = SourceFlow { millis, is_draft, ..source_flow(source, 0.0) };
            comparison.set_flow(source, Some(Arc::new(flow)));
            comparison.source(source).millis
        };
        assert_eq!(cost(20.0, true), 20.0);
        assert!((20.0..24.0).contains(&cost(40.0, true)));
        assert_eq!(cost(900.0, false), 900.0, "a full flow is another thing than a draft");
    }

    #[test]
    fn the_scale_holds_over_the_clip() {
        let view =
            |px: f32| FlowView::on_cpu(FlowField::new(8, 6, vec![[px, 0.0]; 48]), Geometry { width: 16, height: 12 });
        let mut lengths = HeldLength::default();
        for px in [1.0, 4.0, 0.5, 2.0, 40.0] {
            lengths.hold(&view(px));
        }
        assert_eq!(lengths.px([16, 12]), view(4.0).typical_px, "one of the five is a cut");
        assert_eq!(lengths.px([32, 24]), 2.0 * view(4.0).typical_px, "of a video of twice the size");
        assert_eq!(HeldLength::default().px([16, 12]), 0.0);
    }

    #[test]
    fn one_peak_does_not_rule_the_scale() {
        let mut values = vec![1.0; 1000];
        values[17] = 1e6;
        values[18] = f32::NAN;
        assert_eq!(typical_maximum(&ScalarMap { width: 100, height: 10, values }), 1.0);
        assert_eq!(typical_maximum(&ScalarMap { width: 1, height: 1, values: vec![f32::NAN] }), 0.0);
    }
}

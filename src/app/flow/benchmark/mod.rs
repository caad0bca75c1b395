//! The benchmark panel: flow methods against ground truth, pair by pair; a click opens a pair in the viewer.

mod table;

use eframe::egui::{Checkbox, ComboBox, ScrollArea, Sense, Ui, vec2};

use crate::app::command::Command;
use crate::app::command::button::{command_button, primary_button};
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::ui::progress::BAR_HEIGHT;
use crate::app::ui::widgets::{explanation, field, section};
use crate::engine::{BenchmarkPlan, FlowSource};
use crate::evaluation::MotionNetFlow;
use crate::evaluation::flow_benchmarks::FlowDataset;

/// Methods that can be measured; `None` is no motion.
const METHODS: [(Option<FlowSource>, &str); 5] = [
    (Some(FlowSource::Network), "MotionNet of the loaded model"),
    (Some(FlowSource::SecondNetwork), "MotionNet of the second model (Flow panel)"),
    (Some(FlowSource::Tvl1), "Uses the parameters in the Flow panel"),
    (Some(FlowSource::Dis), "Uses the preset in the Flow panel"),
    (None, "Baseline without motion"),
];

/// The benchmark panel.
pub struct BenchmarkPanel {
    dataset: FlowDataset,
    /// The measured source; `None` for no motion.
    method: Option<FlowSource>,
    /// `true` if networks use coarse-to-fine estimation.
    coarse_to_fine: bool,
    /// `true` if their flow is refined variationally.
    refine: bool,
    figure: table::BenchmarkFigure,
}

impl Default for BenchmarkPanel {
    fn default() -> Self {
        let (dataset, method) = (FlowDataset::Middlebury, Some(FlowSource::SecondNetwork));
        Self { dataset, method, coarse_to_fine: true, refine: true, figure: table::BenchmarkFigure::default() }
    }
}

impl Panel for BenchmarkPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            section(ui, "Benchmark");
            self.form_ui(ui, cx);
            section(ui, "Results");
            if cx.session.benchmark.runs.is_empty() {
                explanation(ui, "Each measured method adds a column. Click a pair to open it.");
            } else {
                table::table_ui(ui, &mut self.figure, cx);
            }
        });
    }
}

impl BenchmarkPanel {
    /// Returns the run that the panel describes, or the reason if there is none.
    pub fn plan(&self, root: Option<&std::path::PathBuf>) -> Result<BenchmarkPlan, &'static str> {
        let root = root.cloned().ok_or("Choose a benchmark folder first")?;
        let scales = if self.coarse_to_fine { MotionNetFlow::COARSE_TO_FINE.to_vec() } else { vec![1.0] };
        Ok(BenchmarkPlan { dataset: self.dataset, root, source: self.method, scales, refine: self.refine })
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        field(ui, "Layout", |ui, label| {
            let layouts = ComboBox::from_id_salt("dataset").selected_text(self.dataset.title()).width(180.0);
            let layouts = layouts.show_ui(ui, |ui| {
                for dataset in FlowDataset::ALL {
                    ui.selectable_value(&mut self.dataset, dataset, dataset.title()).on_hover_text(dataset.layout());
                }
            });
            layouts.response.labelled_by(label).on_hover_text(self.dataset.layout());
        });
        field(ui, "Folder", |ui, _| {
            let root = cx.settings.benchmark_root.clone();
            let name = root.as_ref().and_then(|root| root.file_name()).map(|name| name.to_string_lossy().into_owned());
            let button = command_button(ui, cx, Command::ChooseBenchmark, name.as_deref().unwrap_or("Choose…"));
            if let Some(root) = root {
                button.on_hover_text(root.display().to_string());
            }
        });
        field(ui, "Method", |ui, label| {
            let name_of =
                |method: Option<FlowSource>| method.map_or("Zero flow", |source| cx.session.flow.name_of(source));
            let methods = ComboBox::from_id_salt("method").selected_text(name_of(self.method)).width(180.0);
            let methods = methods.show_ui(ui, |ui| {
                for (method, tooltip) in METHODS {
                    ui.selectable_value(&mut self.method, method, name_of(method)).on_hover_text(tooltip);
                }
            });
            methods.response.labelled_by(label);
        });
        field(ui, "", |ui, _| {
            let is_network = matches!(self.method, Some(FlowSource::Network | FlowSource::SecondNetwork));
            ui.add_enabled(is_network, Checkbox::new(&mut self.coarse_to_fine, "Coarse to fine"))
                .on_hover_text("Estimate coarse flow first, then add finer residuals")
                .on_disabled_hover_text("Available for MotionNet only");
            ui.add_enabled(is_network, Checkbox::new(&mut self.refine, "Refine"))
                .on_hover_text("Variational refinement after each pass")
                .on_disabled_hover_text("Available for MotionNet only");
        });
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            let running = cx.session.benchmark.is_running();
            primary_button(ui, cx, Command::RunBenchmark, if running { "Stop" } else { Command::RunBenchmark.text() });
            command_button(ui, cx, Command::SaveBenchmark, "Save as CSV…");
        });
        // Its space stays reserved, so that no row moves away under the pointer.
        match cx.session.benchmark.progress() {
            Some(progress) => progress.bar_ui(ui, "Reading the benchmark…"),
            None => ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT), Sense::hover()).1,
        };
    }
}

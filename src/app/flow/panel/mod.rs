//! The flow panel: the sources of flow, their cost, and the parameters of TV-L1 and DIS.

mod dis_form;
pub mod export_form;
mod tvl1_form;

use eframe::egui::{Checkbox, CollapsingHeader, Label, Response, RichText, ScrollArea, Slider, Ui};

use self::tvl1_form::Tvl1Form;
use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::Panel;
use crate::app::panel::PanelContext;
use crate::app::shell::shipped_models::shipped_models;
use crate::app::ui::format::cost;
use crate::app::ui::theme::{SECTION_GAP, Tokens};
use crate::app::ui::widgets::{explanation, field, remark, section, source_dot};
use crate::app::viewer::views::{ViewKind, ViewSpec, Views};
use crate::engine::{FlowSource, MAX_STRIDE};

/// Width of the scroll bar under the pointer, in points.
const SCROLL_BAR: f32 = 10.0;

/// The flow panel.
#[derive(Default)]
pub struct FlowPanel {
    tvl1: Tvl1Form,
}

impl Panel for FlowPanel {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut PanelContext<'_>) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            section(ui, "Flow sources");
            for source in FlowSource::ALL {
                source_ui(ui, source, cx);
            }
            section(ui, "Frame pair");
            stride_ui(ui, cx);
            section(ui, "Classification");
            score_every_source_ui(ui, cx);
            ui.add_space(SECTION_GAP);
            CollapsingHeader::new("TV-L1").default_open(true).show_unindented(ui, |ui| self.tvl1.form_ui(ui, cx));
            CollapsingHeader::new("DIS").default_open(true).show_unindented(ui, |ui| dis_form::form_ui(ui, cx));
            section(ui, "Export");
            export_form::export_ui(ui, cx);
        });
    }
}

/// Draws one source: its switch, its rate or its error, and the remedy.
fn source_ui(ui: &mut Ui, source: FlowSource, cx: &mut PanelContext<'_>) {
    ui.horizontal(|ui| {
        source_dot(ui, source);
        switch_ui(ui, source, cx);
        let state = cx.session.flow.source(source);
        let text = match &state.flow {
            Some(flow) if flow.millis > 0.0 => cost(state.millis),
            Some(_) => "ready".into(),
            None => String::new(),
        };
        ui.with_layout(eframe::egui::Layout::right_to_left(eframe::egui::Align::Center), |ui| {
            ui.add_space(SCROLL_BAR);
            ui.label(RichText::new(text).color(Tokens::of(ui).weak))
                .on_hover_text("Time of the latest flows and their frame rate");
        });
    });
    if source == cx.session.flow.read_by_stream()
        && let Some(remark) = cx.session.flow.stream_remark()
    {
        explanation(ui, &remark);
    }
    let note = cx.session.flow.source(source).flow.as_ref().and_then(|flow| flow.note.clone());
    if let Some(note) = note {
        explanation(ui, &note);
    }
    file_ui(ui, source, cx);
    let on = cx.settings.views.is_on(source, &cx.settings.flow);
    if let Some(error) = cx.session.flow.source(source).unavailable.clone().filter(|_| on) {
        remark(ui, Tokens::of(ui).warning, |ui| {
            ui.add(Label::new(error.to_string()).wrap());
            if source == FlowSource::Codec && ui.button("Use TV-L1 instead").clicked() {
                replace(&mut cx.settings.views, source, FlowSource::Tvl1);
                cx.settings.flow.sources.retain(|other| *other != source);
            }
        });
    }
}

/// Draws the switch of a source for the figures and the scores; a source in view is always on.
fn switch_ui(ui: &mut Ui, source: FlowSource, cx: &mut PanelContext<'_>) -> Response {
    let free = matches!(source, FlowSource::Network | FlowSource::Truth);
    let shown = free || cx.settings.views.show(source);
    let mut on = cx.settings.views.is_on(source, &cx.settings.flow);
    let reason = match source {
        FlowSource::Network => "The model's MotionNet is always on",
        FlowSource::Truth => "Ground truth is always used where available",
        _ => "Shown in a view; remove the view first",
    };
    let name = cx.session.flow.name_of(source).to_owned();
    let sources = &mut cx.settings.flow.sources;
    let response = ui
        .add_enabled(!shown, Checkbox::new(&mut on, name))
        .on_hover_text("Compute this flow for statistics and scores")
        .on_disabled_hover_text(reason);
    if response.changed() {
        sources.retain(|other| *other != source);
        if on {
            sources.push(source);
        }
    }
    response
}

/// Draws the file or folder of a source, and the button to choose another one.
fn file_ui(ui: &mut Ui, source: FlowSource, cx: &mut PanelContext<'_>) {
    let (path, none) = match source {
        FlowSource::SecondNetwork => (cx.settings.flow.second_model.clone(), "No model selected."),
        FlowSource::Truth => (cx.settings.flow.truth.clone(), "No ground truth for this clip."),
        _ => return,
    };
    let weak = Tokens::of(ui).weak;
    let text = path.as_ref().map_or(none.into(), |path| path.display().to_string());
    ui.add(Label::new(RichText::new(&text).small().color(weak)).truncate()).on_hover_text(&text);
    ui.horizontal_wrapped(|ui| match source {
        FlowSource::SecondNetwork => {
            command_button(ui, cx, Command::ChooseSecondModel, "Model…");
            let [_, shipped, ..] = shipped_models().clone();
            let shipped = shipped.filter(|shipped| cx.settings.flow.second_model.as_ref() != Some(shipped));
            if let Some(shipped) = shipped
                && ui.button("Shipped").on_hover_text("Return to MotionNet for flow, coarse to fine").clicked()
            {
                (cx.settings.flow.second_model, cx.settings.flow.coarse_to_fine) = (Some(shipped), true);
            }
            ui.checkbox(&mut cx.settings.flow.coarse_to_fine, "Coarse to fine")
                .on_hover_text("Several passes at full resolution; one while playing");
            ui.add_enabled(cx.settings.flow.coarse_to_fine, Checkbox::new(&mut cx.settings.flow.refine, "Refine"))
                .on_hover_text("Variational refinement after each pass");
        }
        _ => {
            command_button(ui, cx, Command::ChooseTruth, "Folder…");
            command_button(ui, cx, Command::ChooseTruthFile, "File…");
            if path.is_some() {
                command_button(ui, cx, Command::ForgetTruth, "Remove");
            }
        }
    });
}

fn stride_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    field(ui, "Stride", |ui, label| {
        ui.spacing_mut().slider_width = (ui.available_width() - 60.0).clamp(60.0, 200.0);
        ui.add(Slider::new(&mut cx.settings.flow.stride, 1..=MAX_STRIDE))
            .labelled_by(label)
            .on_hover_text("Distance between the frames of a pair");
    });
    explanation(ui, "Flow from t to t + stride. Increase it for high-frame-rate video.");
}

fn score_every_source_ui(ui: &mut Ui, cx: &mut PanelContext<'_>) {
    ui.checkbox(&mut cx.settings.flow.score_all, "Classify with every flow source")
        .on_hover_text(Command::ScoreEverySource.tooltip());
    explanation(ui, "Also classify with every enabled flow source (10 extra flows per window)");
}

/// Replaces `old` by `new` in all views.
fn replace(views: &mut Views, old: FlowSource, new: FlowSource) {
    for index in 0..views.list().len() {
        if let Some(view) = views.get_mut(index) {
            let swap = |source| if source == old { new } else { source };
            let other = if view.kind == ViewKind::Difference { swap(view.other) } else { view.other };
            *view = ViewSpec { source: swap(view.source), other, ..*view };
        }
    }
}

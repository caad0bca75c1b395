//! What a view says while it has no picture: why, and what to do about it.

use std::path::Path;

use eframe::egui::{Label, Rect, RichText, Ui, UiBuilder};

use crate::app::command::Command;
use crate::app::command::button::command_button;
use crate::app::panel::PanelContext;
use crate::app::shell::topic::capitalised;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::empty_state;
use crate::app::viewer::views::{ViewKind, ViewSpec};
use crate::engine::FlowSource;
use crate::error::Error;

/// Fills the seen part of a view without a picture; returns whether TV-L1 is to take the source's place.
pub fn missing_ui(ui: &mut Ui, seen: Rect, index: usize, view: &ViewSpec, cx: &mut PanelContext<'_>) -> bool {
    let builder = UiBuilder::new().id_salt(("missing", index)).max_rect(seen.shrink(10.0));
    ui.scope_builder(builder, |ui| {
        ui.set_clip_rect(seen.intersect(ui.clip_rect()));
        let (title, text) = words(view, cx);
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() * 0.5 - 60.0).max(2.0));
            ui.add(Label::new(RichText::new(title).heading()).wrap());
            ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).weak)).wrap());
            ui.add_space(6.0);
            offer_ui(ui, view, cx)
        })
        .inner
    })
    .inner
}

/// Fills the viewer in place of a clip that cannot be opened: what failed, why, and what to do.
pub fn failure_ui(ui: &mut Ui, error: &Error, cx: &mut PanelContext<'_>) {
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, Tokens::of(ui).background);
    let name = Path::new(&error.subject).file_name().unwrap_or(error.subject.as_ref()).to_string_lossy();
    let text = format!("{}. {}.", capitalised(&error.cause), error.remedy);
    empty_state(ui, &format!("Cannot open {name}"), &text, |ui| {
        command_button(ui, cx, Command::Open, "Open clip…");
        ui.add_space(2.0);
        command_button(ui, cx, Command::ShowLog, "Show log");
        ui.add_space(2.0);
        command_button(ui, cx, Command::CloseClip, "Close");
    });
}

fn words(view: &ViewSpec, cx: &PanelContext<'_>) -> (&'static str, String) {
    let session = &cx.session;
    if view.kind == ViewKind::Frame {
        return ("Opening…", "Loading the first frame.".into());
    }
    let is_missing = |source: &FlowSource| session.flow.source(*source).flow.is_none();
    let source = view.sources().find(is_missing).unwrap_or(view.source);
    if let Some(error) = &session.flow.source(source).unavailable {
        return ("Not available", format!("{}. {}.", capitalised(&error.cause), error.remedy));
    }
    match source {
        FlowSource::Network if session.model.is_none() && session.loading_model.is_some() => {
            ("Loading model…", "Flow appears when the model is ready.".into())
        }
        FlowSource::Network if session.model.is_none() => {
            ("No model is loaded", "Choose a model folder, or train a model.".into())
        }
        FlowSource::SecondNetwork if cx.settings.flow.second_model.is_none() => {
            ("No second model", "Choose a model folder to compare with.".into())
        }
        FlowSource::Truth if cx.settings.flow.truth.is_none() => {
            ("No ground truth", "Choose a flow file or a folder with one file per frame.".into())
        }
        FlowSource::Truth => {
            ("No ground truth for this pair", "No flow file for this pair. Ground truth needs stride 1.".into())
        }
        _ => ("Computing…", waiting(view, cx).into()),
    }
}

fn waiting(view: &ViewSpec, cx: &PanelContext<'_>) -> &'static str {
    let inspected = cx.session.flow.source(view.source).diagnostics.is_some();
    match view.kind {
        ViewKind::Occlusion if inspected && matches!(view.source, FlowSource::Codec | FlowSource::Truth) => {
            "This source has no backward flow for occlusion."
        }
        ViewKind::Pyramid if view.source != FlowSource::Network => "Only MotionNet has flow at several levels.",
        ViewKind::Strip | ViewKind::Input => "A flow stack needs a window of eleven frames.",
        _ => "Flow appears when it is ready.",
    }
}

fn offer_ui(ui: &mut Ui, view: &ViewSpec, cx: &mut PanelContext<'_>) -> bool {
    let missing = view.sources().find(|source| cx.session.flow.source(*source).flow.is_none());
    match missing {
        Some(FlowSource::Network) if cx.session.model.is_none() && cx.session.loading_model.is_none() => {
            command_button(ui, cx, Command::LoadModel, Command::LoadModel.text());
        }
        Some(source @ FlowSource::SecondNetwork)
            if cx.settings.flow.second_model.is_none() || cx.session.flow.source(source).unavailable.is_some() =>
        {
            command_button(ui, cx, Command::ChooseSecondModel, "Choose model…");
        }
        Some(FlowSource::Truth) => {
            command_button(ui, cx, Command::ChooseTruth, "Choose folder…");
            ui.add_space(6.0);
            command_button(ui, cx, Command::ChooseTruthFile, "Choose file…");
        }
        Some(FlowSource::Codec) if cx.session.flow.source(FlowSource::Codec).unavailable.is_some() => {
            return ui.button("Use TV-L1").on_hover_text("Show TV-L1's flow in this view").clicked();
        }
        _ => {}
    }
    false
}

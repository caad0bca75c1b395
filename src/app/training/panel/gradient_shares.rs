//! What MotionNet's gradient consists of, over the steps: the share of each kind of loss.

use eframe::egui::{DragValue, Grid, RichText, TextStyle, Ui};
use egui_plot::FilledArea;

use super::plots::{Cursor, plot, precise};
use crate::app::panel::PanelContext;
use crate::app::training::curve_names::term_title;
use crate::app::ui::curves::Curves;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::{explanation, field, plot_height, section};
use crate::engine::Request;
use crate::training::{GradientShares, LossTerm};

/// Least height of the plot, in points.
const HEIGHT: f32 = 110.0;

/// Draws the shares of a run that trains MotionNet.
pub(super) fn gradient_shares_ui(ui: &mut Ui, cx: &mut PanelContext<'_>, cursor: &mut Cursor) {
    let diagnostics = &mut cx.session.training.diagnostics;
    if diagnostics.shares.is_empty() {
        return;
    }
    section(ui, "MotionNet gradient by loss term");
    // Areas over a single point have no width; the table has its values.
    if diagnostics.shares.iter().any(|(_, curve)| curve.points().len() > 1) {
        areas_ui(ui, &diagnostics.shares, cursor);
    }
    if let Some(gradient) = &diagnostics.gradient {
        table_ui(ui, gradient);
    }
    let every = &mut diagnostics.shares_every;
    let before = *every;
    field(ui, "Measure", |ui, label| {
        ui.add(DragValue::new(every).range(0..=10_000).prefix("every ").suffix(" steps"))
            .labelled_by(label)
            .on_hover_text("Each measurement costs about three steps (0: off)");
    });
    explanation(ui, "Share of each term's gradient norm; cosine shows alignment with the total.");
    if *every != before {
        let request = Request::ShareGradients(*every);
        cx.send(request);
    }
}

/// The shares over each other, from 0 to 1.
fn areas_ui(ui: &mut Ui, shares: &Curves, cursor: &mut Cursor) {
    let xs: Vec<f64> = shares
        .iter()
        .next()
        .map(|(_, curve)| curve.points().iter().map(|point| point[0]).collect())
        .unwrap_or_default();
    let mut below = vec![0.0; xs.len()];
    let mut areas = Vec::new();
    for term in LossTerm::ALL {
        let Some(curve) = shares.get(term.name()) else { continue };
        let above: Vec<f64> = below.iter().zip(curve.points()).map(|(below, point)| below + point[1]).collect();
        areas.push(
            FilledArea::new(term_title(term), &xs, &below, &above).fill_color(color(ui, term).gamma_multiply(0.75)),
        );
        below = above;
    }
    let plot = plot(ui, "gradient", plot_height(ui, HEIGHT)).include_y(0.0).include_y(1.0);
    let named: Vec<_> = shares.iter().collect();
    cursor.show(ui, plot, &named, |plot| areas.into_iter().for_each(|area| plot.add(area)));
}

fn table_ui(ui: &mut Ui, gradient: &GradientShares) {
    let weak = Tokens::of(ui).weak;
    let small = |text: String| RichText::new(text).text_style(TextStyle::Small);
    Grid::new("gradient-parts").spacing([14.0, 2.0]).min_row_height(14.0).show(ui, |ui| {
        for title in ["", "share", "norm", "cosine"] {
            ui.label(small(title.into()).color(weak));
        }
        ui.end_row();
        for part in &gradient.terms {
            ui.label(small(format!("● {}", term_title(part.term))).color(color(ui, part.term)));
            let cells = match part.norm > 0.0 {
                true => [format!("{:.0} %", 100.0 * part.share), precise(part.norm), format!("{:+.2}", part.cosine)],
                false => ["0 %", "–", "–"].map(str::to_owned),
            };
            for cell in cells {
                ui.label(small(cell));
            }
            ui.end_row();
        }
    });
}

fn color(ui: &Ui, term: LossTerm) -> eframe::egui::Color32 {
    let colors = Tokens::of(ui).series();
    colors[LossTerm::ALL.iter().position(|other| *other == term).unwrap_or_default()]
}

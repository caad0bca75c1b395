//! A report as a self-contained HTML page: no scripts, no further files, no network access; plots are SVG.

mod plots;
mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::ActionsReport;

/// The style sheet of the page; plots refer to its colours by class.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; } th, td { padding: .15rem .8rem .15rem 0; text-align: right; }
th:first-child, td.name { text-align: left; } td.error { color: #d6602f; } th { font-weight: 600; border-bottom: 1px solid #8888; }
svg { max-width: 100%; height: auto; overflow: visible; } svg text { font-size: 11px; fill: currentColor; }
.axis { stroke: currentColor; stroke-opacity: .4; fill: none; } .line { stroke: #2f7fd6; stroke-width: 2; fill: none; }
.mark { fill: #d6602f; } .bar { fill: #2f7fd6; } .gap { fill: #d6602f; fill-opacity: .35; } .right { fill: #2f7fd6; } .wrong { fill: #d6602f; }
.plots { display: flex; flex-wrap: wrap; gap: 2rem; } figure { margin: 0; } figcaption { font-size: .85rem; opacity: .75; }
p.small { font-size: .85rem; opacity: .75; } summary { cursor: pointer; }";

/// Returns the HTML page of `report`.
pub(super) fn page(report: &ActionsReport) -> String {
    let title = format!("Action recognition: {}", report.model);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } style { (PreEscaped(STYLE)) } }
            body {
                h1 { (title) }
                (tables::run(report))
                (tables::accuracies(report))
                @for remark in &report.remarks { p { (remark) } }
                (section("Plots", Some(plots(report))))
                (section("Folds", tables::folds(report)))
                (section("Confusion matrix", confusion(report)))
                (section("Per-class results", tables::classes(report)))
                (section("Most frequent confusions", tables::most_confused(report)))
                (section("Most confident errors", tables::worst(report)))
                (section("All clips", tables::clips(report)))
                (section("Clips that could not be read", tables::failures(report)))
            }
        }
    };
    page.into_string()
}

fn plots(report: &ActionsReport) -> Markup {
    html! {
        div class="plots" {
            @if !report.sweep.is_empty() {
                (figure(plots::sweep(&report.sweep, report.fusion.temporal_weight), match report.is_multi_label() {
                    true => "Clips whose likeliest fused class is shown, by temporal weight",
                    false => "Fused top-1 accuracy by temporal weight",
                }))
            }
            @for (name, stream) in report.streams() {
                (figure(plots::reliability(&stream.calibration), &format!("Reliability diagram, {name}")))
            }
        }
    }
}

/// Returns the confusion matrix of the fused streams, or of the only stream; empty for multi-label models.
fn confusion(report: &ActionsReport) -> Option<Markup> {
    (!report.is_multi_label()).then_some(())?;
    let (name, stream) = report.streams().last()?;
    let plot = plots::confusion(&stream.confusion, &report.classes);
    let caption = format!("True (rows) and predicted (columns) classes, {name}: clips, coloured by share of the row");
    Some(figure(plot, &caption))
}

/// Returns a section of the page; empty without content.
fn section(title: &str, content: Option<Markup>) -> Markup {
    html! { @if let Some(content) = content { h2 { (title) } (content) } }
}

fn figure(plot: Markup, caption: &str) -> Markup {
    html! { figure { (plot) figcaption { (caption) } } }
}

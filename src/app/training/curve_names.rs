//! The names of loss terms and curves as a person reads them; files keep the short ones.

use crate::training::{LossTerm, Network};

/// The name of a term of the loss.
pub fn term_title(term: LossTerm) -> &'static str {
    match term {
        LossTerm::Action => "Action",
        LossTerm::Pixel => "Photometric",
        LossTerm::Ssim => "SSIM",
        LossTerm::Smooth => "Smoothness",
        LossTerm::Teacher => "Teacher",
    }
}

/// The scale of a level of the flow pyramid relative to the frame: `1/2` of level 2.
pub fn scale_title(level: usize) -> String {
    format!("1/{}", 1u64 << level.saturating_sub(1).min(16))
}

/// `pixel 2` as the term and its level.
pub fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(' ') {
        Some((term, level)) if level.chars().all(|c| c.is_ascii_digit()) => (term, Some(level)),
        _ => (name, None),
    }
}

/// The title of the curve called `name` in files.
pub fn curve_title(name: &str) -> String {
    if let Some(measured) = name.strip_prefix("validation ") {
        return measurement_title(measured);
    }
    let (term, level) = split(name);
    let title = match LossTerm::ALL.into_iter().find(|known| known.name() == term) {
        Some(term) => term_title(term),
        None => match term {
            "loss" => "Loss",
            "rate" => "Learning rate",
            "flow" => "True flow",
            "accuracy" | "batch" => "Training batch",
            _ => return name.to_owned(),
        },
    };
    let scale = level.and_then(|level| level.parse().ok()).map(scale_title);
    scale.map_or_else(|| title.to_owned(), |scale| format!("{title} {scale}"))
}

/// The title of what was measured on held-out clips.
pub fn measurement_title(name: &str) -> String {
    match name {
        "photometric ratio" => "Photometric ratio".into(),
        "end-point error" => "End-point error, px".into(),
        "relative end-point error" => "End-point error / zero flow".into(),
        "top-1" => "Held-out".into(),
        "mAP" => "Mean average precision".into(),
        "fused top-1" => "Held-out, fused".into(),
        "cross-validated top-1" => "Cross-validated".into(),
        "fused cross-validated top-1" => "Cross-validated, fused".into(),
        other => other.to_owned(),
    }
}

/// Returns which networks classified clips, as an addition to a sentence: both streams fused, or the one that was `trained`.
fn by_what(name: &str, trained: Option<Network>) -> &'static str {
    match trained {
        _ if name.starts_with("fused") => " by both streams fused",
        Some(Network::Spatial) => " by the spatial stream",
        Some(Network::Temporal) => " by the temporal stream",
        _ => "",
    }
}

/// Returns which networks classified clips, and whether by cross-validation, as an addition to a sentence. `trained` is the network of the
/// run.
pub fn how_measured(name: &str, trained: Option<Network>) -> String {
    let how = if name.contains("cross-validated") { ", cross-validated" } else { "" };
    format!("{}{how}", by_what(name, trained))
}

/// What cross-validated clips are.
pub const CROSS_VALIDATED: &str = "Each clip was classified by a model trained without it";

/// Returns a sentence on how many clips were classified correctly, by which networks, and how they were measured. `trained` is the network
/// of the run.
pub fn result_text(name: &str, right: usize, of: usize, trained: Option<Network>) -> String {
    let clips = if name.contains("cross-validated") { "cross-validated" } else { "held-out" };
    format!("{right} of {of} {clips} clips classified correctly{}.", by_what(name, trained))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_called_as_the_switches_are() {
        let names =
            ["loss", "action", "pixel 2", "ssim 3", "smooth 6", "teacher 2", "batch", "validation photometric ratio"];
        let titles =
            ["Loss", "Action", "Photometric 1/2", "SSIM 1/4", "Smoothness 1/32", "Teacher 1/2", "Training batch"];
        assert_eq!(names.map(curve_title)[..7], titles);
        assert_eq!(curve_title(names[7]), "Photometric ratio");
        assert_eq!(curve_title("validation fused cross-validated top-1"), "Cross-validated, fused");
        assert_eq!((curve_title("something 5"), curve_title("validation f1")), ("something 5".into(), "f1".into()));
    }

    #[test]
    fn clips_that_were_left_out_in_turn_are_not_called_held_out() {
        let text = |name| result_text(name, 8, 9, Some(Network::Temporal));
        assert_eq!(text("top-1"), "8 of 9 held-out clips classified correctly by the temporal stream.");
        assert_eq!(result_text("top-1", 8, 9, Some(Network::Joint)), "8 of 9 held-out clips classified correctly.");
        let text = text("fused cross-validated top-1");
        assert_eq!(text, "8 of 9 cross-validated clips classified correctly by both streams fused.");
    }

    #[test]
    fn terms_and_scales_are_told_apart() {
        assert_eq!(split("smooth 4"), ("smooth", Some("4")));
        assert_eq!(split("loss"), ("loss", None));
    }
}

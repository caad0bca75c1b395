//! The theme of the window: the colour tokens of the dark and the light theme, the type scale and the spacing.
//!
//! Panels name tokens, never colours; only this file has the values.

use std::sync::Arc;

use eframe::egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, Frame, Margin, Rgba,
    Shadow, Stroke, Style, TextStyle, Theme, ThemePreference, Ui, Visuals, style::WidgetVisuals, vec2,
};
use epaint_default_fonts::{EMOJI_ICON, NOTO_EMOJI_REGULAR};

/// Space between unrelated groups of widgets, in points.
pub const SECTION_GAP: f32 = 14.0;
/// Margin inside panels, in points.
pub const PANEL_MARGIN: i8 = 12;
/// Height of the window in points that a list or menu leaves free: its own margin and the one around it.
const AROUND_LISTS: f32 = 48.0;
/// Minimum height of lists, in points.
const LEAST_LIST: f32 = 160.0;
/// Radius of buttons, fields and cards, in points.
pub const RADIUS: u8 = 5;
/// Fonts of pictograms and their scale relative to letters, as in egui.
const PICTOGRAMS: [(&str, &[u8], f32); 2] =
    [("NotoEmoji-Regular", NOTO_EMOJI_REGULAR, 0.81), ("emoji-icon-font", EMOJI_ICON, 0.90)];
/// Name of the heavier cut of the interface font.
const SEMIBOLD: &str = "semibold";

/// The colours of one theme by purpose.
pub struct Tokens {
    /// Background of the panels: gaps, tab bars, the area around pictures.
    pub background: Color32,
    /// Panels.
    pub surface: Color32,
    /// Cards, buttons and other elements on a panel.
    pub raised: Color32,
    /// Raised elements under the pointer.
    pub hovered: Color32,
    /// Separators.
    pub outline: Color32,
    /// Text.
    pub text: Color32,
    /// Headings and important values.
    pub strong: Color32,
    /// Labels and remarks.
    pub weak: Color32,
    /// Selected items, playback and the next thing to do.
    pub accent: Color32,
    /// Background of selected text and items.
    pub accent_faint: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    /// The spatial stream.
    pub spatial: Color32,
    /// The temporal stream.
    pub temporal: Color32,
    /// Both streams fused.
    pub fused: Color32,
    /// Success.
    pub good: Color32,
    /// Warnings.
    pub warning: Color32,
    /// Errors.
    pub error: Color32,
    /// Background of text on a picture.
    pub scrim: Color32,
    /// Text on a picture.
    pub on_scrim: Color32,
}

const DARK: Tokens = Tokens {
    background: Color32::from_rgb(13, 15, 18),
    surface: Color32::from_rgb(22, 25, 30),
    raised: Color32::from_rgb(35, 39, 47),
    hovered: Color32::from_rgb(47, 53, 63),
    outline: Color32::from_rgb(45, 50, 59),
    text: Color32::from_rgb(204, 210, 219),
    strong: Color32::from_rgb(242, 245, 249),
    weak: Color32::from_rgb(138, 147, 160),
    accent: Color32::from_rgb(91, 141, 239),
    accent_faint: Color32::from_rgb(34, 53, 91),
    on_accent: Color32::from_rgb(255, 255, 255),
    spatial: Color32::from_rgb(86, 180, 233),
    temporal: Color32::from_rgb(237, 165, 62),
    fused: Color32::from_rgb(62, 196, 154),
    good: Color32::from_rgb(98, 192, 124),
    warning: Color32::from_rgb(232, 176, 74),
    error: Color32::from_rgb(240, 104, 100),
    scrim: Color32::from_rgba_premultiplied(8, 9, 11, 204),
    on_scrim: Color32::from_rgb(240, 243, 247),
};

const LIGHT: Tokens = Tokens {
    background: Color32::from_rgb(222, 225, 230),
    surface: Color32::from_rgb(247, 248, 250),
    raised: Color32::from_rgb(229, 232, 237),
    hovered: Color32::from_rgb(216, 220, 227),
    outline: Color32::from_rgb(207, 212, 219),
    text: Color32::from_rgb(52, 58, 68),
    strong: Color32::from_rgb(16, 20, 27),
    weak: Color32::from_rgb(86, 93, 105),
    accent: Color32::from_rgb(34, 89, 198),
    accent_faint: Color32::from_rgb(204, 220, 250),
    on_accent: Color32::from_rgb(255, 255, 255),
    spatial: Color32::from_rgb(17, 101, 149),
    temporal: Color32::from_rgb(140, 81, 4),
    fused: Color32::from_rgb(8, 110, 79),
    good: Color32::from_rgb(23, 111, 52),
    warning: Color32::from_rgb(136, 84, 0),
    error: Color32::from_rgb(184, 39, 39),
    scrim: Color32::from_rgba_premultiplied(8, 9, 11, 204),
    on_scrim: Color32::from_rgb(240, 243, 247),
};

impl Tokens {
    /// Returns the tokens of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> &'static Self {
        Self::for_dark(ui.visuals().dark_mode)
    }

    /// Returns the tokens of the dark or the light theme.
    pub fn for_dark(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// Returns distinct colours for curves, in the order of their use.
    pub fn series(&self) -> [Color32; 8] {
        let [violet, rose, olive] = if self.strong.r() > 128 {
            [Color32::from_rgb(178, 148, 240), Color32::from_rgb(236, 128, 170), Color32::from_rgb(176, 196, 92)]
        } else {
            [Color32::from_rgb(112, 76, 196), Color32::from_rgb(176, 44, 104), Color32::from_rgb(90, 106, 8)]
        };
        [self.accent, self.temporal, self.fused, violet, rose, self.spatial, olive, self.weak]
    }
}

/// The luminance at which black and white text have equal contrast.
const MIDDLE: f32 = 0.18;

/// Returns the colour of text, dark or bright, that can be read on this opaque one.
pub fn text_on(ground: Color32) -> Color32 {
    if luminance(ground) > MIDDLE { LIGHT.strong } else { DARK.strong }
}

/// Returns the relative luminance of an opaque colour, 0…1, as WCAG 2 defines it.
fn luminance(color: Color32) -> f32 {
    let [r, g, b, _] = Rgba::from(color).to_array(); // linear
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A press and its release may be this far apart and still are a click, seconds: while the machine computes, each can come with a
/// frame of its own, and frames take a second then. No widget of the window waits for a long press.
const LONGEST_CLICK_SECS: f64 = 6.0;

/// Installs the fonts, both themes and the definition of a click.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Dark, style(&DARK, Visuals::dark()));
    ctx.set_style_of(Theme::Light, style(&LIGHT, Visuals::light()));
    ctx.options_mut(|options| options.input_options.max_click_duration = LONGEST_CLICK_SECS);
}

/// Lets lists and menus be as high as the window, beyond which they scroll: egui's fixed limits are 200 and 400 points.
pub fn fit_lists(ctx: &Context) {
    let height = (ctx.content_rect().height() - AROUND_LISTS).max(LEAST_LIST);
    if (ctx.global_style().spacing.combo_height - height).abs() > 0.5 {
        ctx.all_styles_mut(|style| {
            style.spacing.combo_height = height;
            style.spacing.default_area_size.y = height;
        });
    }
}

/// Switches to the dark or the light theme.
pub fn apply(ctx: &Context, dark: bool) {
    ctx.set_theme(if dark { ThemePreference::Dark } else { ThemePreference::Light });
    ctx.request_repaint(); // What is drawn already of this repaint has the colours of the other one.
}

/// Returns the font of titles and headlines at `size` points.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(SEMIBOLD.into()))
}

/// Returns the frame of modal overlays, which take all input.
pub fn modal_frame(ctx: &Context) -> Frame {
    Frame::window(&ctx.global_style()).inner_margin(Margin::same(16))
}

/// Returns the fonts: Inter in two weights before egui's own, which serve numbers in columns and rare characters;
/// pictograms last.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let medium = FontData::from_static(include_bytes!("../../../assets/fonts/Inter-Medium.otf"));
    let semibold = FontData::from_static(include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"));
    fonts.font_data.insert("Inter-Medium".into(), Arc::new(medium));
    fonts.font_data.insert("Inter-SemiBold".into(), Arc::new(semibold));
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    let mut heavy = proportional.clone();
    proportional.insert(0, "Inter-Medium".into());
    heavy.insert(0, "Inter-SemiBold".into());
    fonts.families.insert(FontFamily::Name(SEMIBOLD.into()), heavy);
    for (name, data, scale) in PICTOGRAMS {
        let tweak = FontTweak { scale, ..FontTweak::default() };
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(data).tweak(tweak)));
        fonts.families.values_mut().for_each(|family| family.push(name.into()));
    }
    fonts
}

fn style(tokens: &Tokens, visuals: Visuals) -> Style {
    let mut style = Style { visuals: visuals_of(tokens, visuals), animation_time: 0.12, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(11.0)),
        (TextStyle::Body, FontId::proportional(13.0)),
        (TextStyle::Button, FontId::proportional(13.0)),
        (TextStyle::Heading, semibold(15.0)),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 6.0);
    spacing.button_padding = vec2(9.0, 4.0);
    spacing.interact_size = vec2(36.0, 24.0);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(PANEL_MARGIN);
    spacing.slider_rail_height = 4.0;
    spacing.icon_width = 16.0;
    spacing.tooltip_width = 360.0;
    spacing.scroll.bar_width = 8.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.35;
    style
}

fn visuals_of(tokens: &Tokens, base: Visuals) -> Visuals {
    let mut visuals = base;
    visuals.weak_text_color = Some(tokens.weak);
    visuals.hyperlink_color = tokens.accent;
    visuals.faint_bg_color = tokens.raised.gamma_multiply(0.45);
    visuals.extreme_bg_color = tokens.background;
    visuals.code_bg_color = tokens.raised;
    visuals.warn_fg_color = tokens.warning;
    visuals.error_fg_color = tokens.error;
    visuals.panel_fill = tokens.surface;
    visuals.window_fill = tokens.surface;
    visuals.window_stroke = Stroke::new(1.0, tokens.outline);
    visuals.window_corner_radius = CornerRadius::same(9);
    visuals.menu_corner_radius = CornerRadius::same(7);
    let shadow = if visuals.dark_mode { 110 } else { 40 };
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 28, spread: 0, color: Color32::from_black_alpha(shadow) };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 14, spread: 0, color: Color32::from_black_alpha(shadow) };
    visuals.selection.bg_fill = tokens.accent_faint;
    visuals.selection.stroke = Stroke::new(1.0, tokens.accent);
    visuals.slider_trailing_fill = true;
    visuals.indent_has_left_vline = false;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(tokens.surface, tokens.outline, tokens.text);
    widgets.inactive = widget(tokens.raised, Color32::TRANSPARENT, tokens.text);
    widgets.hovered = widget(tokens.hovered, tokens.outline, tokens.strong);
    widgets.active = widget(tokens.hovered, tokens.accent, tokens.strong);
    widgets.open = widget(tokens.raised, tokens.outline, tokens.strong);
    visuals
}

fn widget(fill: Color32, outline: Color32, text: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, outline),
        fg_stroke: Stroke::new(1.0, text),
        corner_radius: CornerRadius::same(RADIUS),
        expansion: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::epaint::text::{Fonts, TextOptions};

    /// Returns the contrast of two opaque colours, 1…21, as WCAG 2 defines it.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_strength_of_a_colour() {
        for (tokens, strength) in [&DARK, &LIGHT].into_iter().flat_map(|tokens| (0..=8).map(move |i| (tokens, i))) {
            for color in [tokens.accent, tokens.error] {
                let ground = tokens.background.blend(color.gamma_multiply(0.2 + 0.1 * strength as f32));
                let contrast = contrast(text_on(ground), ground);
                assert!(contrast >= 4.0, "{contrast} on {ground:?}");
            }
        }
    }

    #[test]
    fn text_of_every_colour_can_be_read_on_what_it_lies_on() {
        for dark in [true, false] {
            let tokens = Tokens::for_dark(dark);
            let Tokens { text, strong, weak, accent, spatial, temporal, fused, good, warning, error, .. } = *tokens;
            let texts = [text, strong, weak, accent, spatial, temporal, fused, good, warning, error];
            for (place, text) in texts.into_iter().enumerate() {
                for ground in [tokens.surface, tokens.raised, tokens.background] {
                    let contrast = contrast(text, ground);
                    assert!(contrast >= 4.5, "dark {dark}, text {place}: {contrast} on {ground:?}");
                }
            }
            for (place, line) in tokens.series().into_iter().enumerate() {
                let contrast = contrast(line, tokens.surface);
                assert!(contrast >= 4.5, "dark {dark}, curve {place}: {contrast}");
            }
        }
    }

    #[test]
    fn every_font_has_the_pictograms_that_people_name_classes_with() {
        let mut fonts = Fonts::new(TextOptions::default(), fonts());
        for font in [FontId::proportional(13.0), FontId::monospace(12.0), semibold(15.0)] {
            for name in
                ["🏃 run", "👋 wave", "⚽ kick", "wave ✋", "👏 clap", "🚶 walk", "🏀 dribble", "🏋 lift", "Ж, é, ß"]
            {
                assert!(fonts.has_glyphs(&font, name), "{name} in {font:?}");
            }
            assert!(!fonts.has_glyphs(&font, "\u{10FFFF}"), "what no font has is told");
        }
    }
}

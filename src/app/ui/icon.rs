//! The window's icons as vector shapes: crisp at every scale and in every theme, independent of any font.

use eframe::egui::{Atom, Color32, Painter, Rect, Shape, Stroke, pos2, vec2};

/// A small picture on a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// One frame back.
    StepBack,
    /// One frame forward.
    StepForward,
    /// To the first frame.
    First,
    /// To the last frame.
    Last,
    /// Loop playback.
    Loop,
    /// With sound.
    Sound,
    /// Without sound.
    Muted,
    /// Held at a value.
    Locked,
    /// Automatic.
    Unlocked,
    /// Fit the whole picture into view.
    Fit,
    /// Close.
    Close,
    /// Search.
    Search,
    /// Add.
    Add,
    /// Swipe comparison: overlaid, with a divider.
    Swipe,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Further actions.
    More,
    /// Drag handle.
    Grip,
}

/// Side of an icon on a button, in points.
const SIZE: f32 = 13.0;

impl Icon {
    /// Returns the icon as a part of a button, in the button's text colour.
    pub fn atom<'a>(self) -> Atom<'a> {
        Atom::paint(vec2(SIZE, SIZE), move |ui, args| self.paint(ui.painter(), args.rect, args.fallback_text_color))
    }

    /// Paints the icon into a square.
    pub fn paint(self, painter: &Painter, square: Rect, color: Color32) {
        let at = |x: f32, y: f32| pos2(square.left() + x * square.width(), square.top() + y * square.height());
        let bar = |x0: f32, y0: f32, x1: f32, y1: f32| {
            painter.rect_filled(Rect::from_min_max(at(x0, y0), at(x1, y1)), 1.0, color);
        };
        let triangle = |points: [(f32, f32); 3]| {
            let points = points.map(|(x, y)| at(x, y)).to_vec();
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        };
        let stroke = Stroke::new(1.5, color);
        let line = |points: &[(f32, f32)]| {
            painter.line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke);
        };
        match self {
            Self::Play => triangle([(0.18, 0.05), (0.95, 0.5), (0.18, 0.95)]),
            Self::Pause => {
                bar(0.14, 0.08, 0.40, 0.92);
                bar(0.60, 0.08, 0.86, 0.92);
            }
            Self::StepBack => {
                triangle([(0.62, 0.12), (0.62, 0.88), (0.02, 0.5)]);
                bar(0.74, 0.12, 0.92, 0.88);
            }
            Self::StepForward => {
                triangle([(0.38, 0.12), (0.98, 0.5), (0.38, 0.88)]);
                bar(0.08, 0.12, 0.26, 0.88);
            }
            Self::First => {
                bar(0.04, 0.12, 0.18, 0.88);
                triangle([(0.96, 0.12), (0.96, 0.88), (0.26, 0.5)]);
            }
            Self::Last => {
                triangle([(0.04, 0.12), (0.74, 0.5), (0.04, 0.88)]);
                bar(0.82, 0.12, 0.96, 0.88);
            }
            Self::Loop => {
                line(&[(0.72, 0.22), (0.24, 0.22), (0.08, 0.38), (0.08, 0.62), (0.24, 0.78), (0.40, 0.78)]);
                line(&[(0.60, 0.78), (0.76, 0.78), (0.92, 0.62), (0.92, 0.45)]);
                triangle([(0.66, 0.02), (0.96, 0.22), (0.66, 0.42)]);
            }
            Self::Sound | Self::Muted => {
                bar(0.04, 0.34, 0.24, 0.66);
                triangle([(0.10, 0.5), (0.48, 0.08), (0.48, 0.92)]);
                if self == Self::Sound {
                    line(&[(0.62, 0.34), (0.70, 0.5), (0.62, 0.66)]);
                    line(&[(0.76, 0.18), (0.92, 0.5), (0.76, 0.82)]);
                } else {
                    line(&[(0.62, 0.34), (0.94, 0.66)]);
                    line(&[(0.94, 0.34), (0.62, 0.66)]);
                }
            }
            Self::Locked | Self::Unlocked => {
                bar(0.16, 0.46, 0.84, 0.96);
                let right = if self == Self::Locked { 0.46 } else { 0.30 };
                line(&[(0.28, 0.46), (0.28, 0.22), (0.40, 0.08), (0.60, 0.08), (0.72, 0.22), (0.72, right)]);
            }
            Self::Fit => {
                for (x, y) in [(0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94)] {
                    let (dx, dy) = ((0.5 - x) * 0.72, (0.5 - y) * 0.72);
                    line(&[(x + dx, y), (x, y), (x, y + dy)]);
                }
            }
            Self::Close => {
                line(&[(0.15, 0.15), (0.85, 0.85)]);
                line(&[(0.85, 0.15), (0.15, 0.85)]);
            }
            Self::Add => {
                line(&[(0.5, 0.1), (0.5, 0.9)]);
                line(&[(0.1, 0.5), (0.9, 0.5)]);
            }
            Self::Swipe => {
                line(&[(0.5, 0.0), (0.5, 1.0)]);
                triangle([(0.36, 0.28), (0.36, 0.72), (0.04, 0.5)]);
                triangle([(0.64, 0.28), (0.64, 0.72), (0.96, 0.5)]);
            }
            Self::Undo | Self::Redo => {
                let x = |x: f32| if self == Self::Undo { x } else { 1.0 - x };
                let bow =
                    [(0.28, 0.34), (0.62, 0.34), (0.82, 0.46), (0.86, 0.64), (0.78, 0.80), (0.60, 0.90), (0.38, 0.90)];
                line(&bow.map(|(at, y)| (x(at), y)));
                triangle([(x(0.36), 0.08), (x(0.36), 0.60), (x(0.02), 0.34)]);
            }
            Self::More => {
                for x in [0.15, 0.5, 0.85] {
                    painter.circle_filled(at(x, 0.5), 0.1 * square.width(), color);
                }
            }
            Self::Grip => {
                for (x, y) in [(0.3, 0.14), (0.7, 0.14), (0.3, 0.5), (0.7, 0.5), (0.3, 0.86), (0.7, 0.86)] {
                    painter.circle_filled(at(x, y), 0.1 * square.width(), color);
                }
            }
            Self::Search => {
                painter.circle_stroke(at(0.42, 0.42), 0.32 * square.width(), stroke);
                line(&[(0.66, 0.66), (0.96, 0.96)]);
            }
        }
    }
}

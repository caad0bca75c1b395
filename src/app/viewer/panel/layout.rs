//! Where the views lie: as many columns and rows as make their pictures largest, and nothing left empty.

use eframe::egui::{Rect, Vec2, pos2, vec2};

/// How much wider two pictures have to be one above the other than side by side, where they are compared at a glance.
const STACKED: f32 = 1.6;

/// Cells of equal size for `count` pictures of the given aspect ratio (width / height) in rows from the top left.
///
/// `top` is the height above each picture that its header takes, `gap` the space between cells.
pub fn grid(area: Rect, count: usize, aspect: f32, top: f32, gap: f32) -> Vec<Rect> {
    let width = |columns: usize| picture_width(area, [columns, count], aspect, top, gap);
    // More columns win only by larger pictures.
    let columns = (1..=count).rev().max_by(|a, b| width(*a).total_cmp(&width(*b))).unwrap_or(1);
    rows(area, [columns, count], gap)
}

/// [`grid`] for views: two lie side by side unless that leaves much less of them, and a last row that is not full shares its width.
pub fn grid_of_views(area: Rect, count: usize, aspect: f32, top: f32, gap: f32) -> Vec<Rect> {
    let width = |columns: usize| picture_width(area, [columns, 2], aspect, top, gap);
    if count == 2 && width(1) < STACKED * width(2) {
        return rows(area, [2, count], gap);
    }
    let mut cells = grid(area, count, aspect, top, gap);
    let columns = cells.iter().take_while(|cell| cell.top() == area.top()).count().max(1);
    let last = count - count % columns; // The first of a row that is not full.
    let row = Rect::from_min_max(pos2(area.left(), cells.get(last).map_or(area.top(), Rect::top)), area.max);
    if last < count {
        cells.splice(last.., rows(row, [count - last, count - last], gap));
    }
    cells
}

/// Cells of equal size, so many `[columns, in all]`, in rows from the top left.
fn rows(area: Rect, [columns, count]: [usize; 2], gap: f32) -> Vec<Rect> {
    let size = cell(area, [columns, count], gap);
    let place = |i: usize| {
        let offset = vec2((i % columns) as f32 * (size.x + gap), (i / columns) as f32 * (size.y + gap));
        Rect::from_min_size(area.min + offset, size)
    };
    (0..count).map(place).collect()
}

/// Size of the cells of [`rows`].
fn cell(area: Rect, [columns, count]: [usize; 2], gap: f32) -> Vec2 {
    let of = |length: f32, parts: usize| ((length - gap * (parts - 1) as f32) / parts as f32).max(0.0);
    vec2(of(area.width(), columns), of(area.height(), count.div_ceil(columns)))
}

/// Width of the pictures in them.
fn picture_width(area: Rect, cells: [usize; 2], aspect: f32, top: f32, gap: f32) -> f32 {
    let cell = cell(area, cells, gap);
    cell.x.min((cell.y - top) * aspect)
}

/// [`grid`] for pictures that come in twos: the second always is at the right of the first.
pub fn grid_of_twos(area: Rect, count: usize, aspect: f32, gap: f32) -> Vec<Rect> {
    let twos = grid(area, count.div_ceil(2), 2.0 * aspect, 0.0, 3.0 * gap);
    let halves = twos.into_iter().flat_map(|cell| {
        let half = vec2(((cell.width() - gap) / 2.0).max(0.0), cell.height());
        [Rect::from_min_size(cell.min, half), Rect::from_min_size(pos2(cell.max.x - half.x, cell.min.y), half)]
    });
    halves.take(count).collect()
}

/// The parts of `area` between dividers at shares of its width.
pub fn slices(area: Rect, dividers: &[f32]) -> Vec<Rect> {
    let x = |share: f32| area.left() + share * area.width();
    let ends = || dividers.iter().copied();
    let starts = std::iter::once(0.0).chain(ends());
    let slice = |(from, to)| Rect::from_min_max(pos2(x(from), area.top()), pos2(x(to), area.bottom()));
    starts.zip(ends().chain(std::iter::once(1.0))).map(slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::Pos2;

    const AREA: Rect = Rect { min: Pos2::ZERO, max: pos2(800.0, 600.0) };

    #[test]
    fn wide_pictures_lie_above_each_other_and_tall_ones_beside() {
        let cells = grid(AREA, 2, 3.0, 26.0, 3.0);
        assert!(cells[0].max.y < cells[1].min.y);
        let cells = grid(AREA, 2, 0.6, 26.0, 3.0);
        assert!(cells[0].max.x < cells[1].min.x);
    }

    #[test]
    fn frame_and_flow_lie_side_by_side_in_a_viewer_that_is_hardly_wider_than_high() {
        let narrow = Rect::from_min_size(Pos2::ZERO, vec2(587.0, 560.0));
        for aspect in [4.0 / 3.0, 16.0 / 9.0] {
            let cells = grid_of_views(narrow, 2, aspect, 26.0, 3.0);
            assert!(cells[0].max.x < cells[1].min.x, "{aspect}");
        }
    }

    #[test]
    fn a_last_row_that_is_not_full_leaves_nothing_empty() {
        for count in [3, 5, 7] {
            let cells = grid_of_views(AREA, count, 4.0 / 3.0, 26.0, 3.0);
            let last = cells.last().unwrap();
            assert!((last.max - AREA.max).length() < 0.1, "{count} views: {last:?}");
        }
    }

    #[test]
    fn any_number_of_views_fits_without_overlap() {
        for count in 1..=16 {
            for of in [grid, grid_of_views] {
                let cells = of(AREA, count, 4.0 / 3.0, 26.0, 3.0);
                assert_eq!(cells.len(), count);
                for (i, cell) in cells.iter().enumerate() {
                    assert!(AREA.expand(0.01).contains_rect(*cell), "{count} views: {cell:?}");
                    assert!(cells[..i].iter().all(|other| !other.shrink(0.1).intersects(*cell)), "{count} views");
                }
            }
        }
    }

    #[test]
    fn twos_stay_together() {
        for count in [1, 2, 7, 20] {
            let cells = grid_of_twos(AREA, count, 1.0, 2.0);
            assert_eq!(cells.len(), count);
            for two in cells.chunks_exact(2) {
                assert!(two[0].top() == two[1].top() && two[0].right() < two[1].left());
            }
        }
    }

    #[test]
    fn slices_fill_the_area() {
        let slices = slices(AREA, &[0.25, 0.5]);
        assert_eq!(slices.iter().map(Rect::width).collect::<Vec<_>>(), [200.0, 200.0, 400.0]);
        assert_eq!(super::slices(AREA, &[]), [AREA]);
    }
}

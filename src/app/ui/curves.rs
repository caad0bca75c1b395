//! Curves that grow for hours and stay cheap to draw: a bounded number of averaged points for each name.

use std::collections::BTreeMap;

use crate::table::quoted_cell;

/// Maximum number of points of a curve; beyond it neighbours are averaged in pairs.
const CAPACITY: usize = 1024;

/// One curve: means over `stride` consecutive values each.
#[derive(Debug, Clone)]
pub struct Curve {
    points: Vec<[f64; 2]>,
    stride: usize,
    /// Sums of the values and of their x that do not fill a point yet, and their number.
    pending: ([f64; 2], usize),
    latest: f64,
    /// Number of changes of its points.
    changes: usize,
}

/// State of a curve's points, for change detection: number of changes and last point.
pub type CurveState = (usize, Option<[f64; 2]>);

impl Default for Curve {
    fn default() -> Self {
        Self { points: Vec::new(), stride: 1, pending: ([0.0; 2], 0), latest: f64::NAN, changes: 0 }
    }
}

impl Curve {
    /// Adds the value `y` at `x`; values that are not finite are ignored.
    pub fn push(&mut self, x: f64, y: f64) {
        if !y.is_finite() {
            return;
        }
        self.latest = y;
        let ([sum_x, sum_y], count) = &mut self.pending;
        (*sum_x, *sum_y, *count) = (*sum_x + x, *sum_y + y, *count + 1);
        if *count < self.stride {
            return;
        }
        let n = *count as f64;
        self.changes += 1;
        self.points.push([*sum_x / n, *sum_y / n]);
        self.pending = ([0.0; 2], 0);
        if self.points.len() > CAPACITY {
            let mean = |pair: &[[f64; 2]]| [(pair[0][0] + pair[1][0]) / 2.0, (pair[0][1] + pair[1][1]) / 2.0];
            self.points = self.points.chunks_exact(2).map(mean).collect();
            self.stride *= 2;
        }
    }

    /// Removes the points beyond `x`, including one that was averaged over both sides of it.
    pub fn cut(&mut self, x: f64) {
        let kept = self.points.partition_point(|point| point[0] <= x);
        self.points.truncate(kept);
        self.changes += 1;
        self.pending = ([0.0; 2], 0);
        self.latest = self.points.last().map_or(f64::NAN, |point| point[1]);
    }

    /// Returns a state that changes whenever the points do.
    pub fn state(&self) -> CurveState {
        (self.changes, self.points.last().copied())
    }

    /// Returns the points, x rising.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// Returns the point nearest to `x`; `None` for an empty curve.
    pub fn near(&self, x: f64) -> Option<[f64; 2]> {
        let after = self.points.partition_point(|point| point[0] < x);
        let beside = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|i| self.points.get(i));
        beside.min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs())).copied()
    }

    /// Returns the latest point at or before `x`; `None` if the curve begins later.
    pub fn up_to(&self, x: f64) -> Option<[f64; 2]> {
        self.points.partition_point(|point| point[0] <= x).checked_sub(1).map(|last| self.points[last])
    }

    /// Returns the newest value.
    pub fn latest(&self) -> f64 {
        self.latest
    }
}

/// Curves by name.
#[derive(Debug, Clone, Default)]
pub struct Curves {
    curves: BTreeMap<String, Curve>,
}

impl Curves {
    /// Adds a value to the curve `name`.
    pub fn push(&mut self, name: &str, x: f64, y: f64) {
        match self.curves.get_mut(name) {
            Some(curve) => curve.push(x, y),
            None => self.curves.entry(name.to_owned()).or_default().push(x, y),
        }
    }

    /// Returns the curve `name`.
    pub fn get(&self, name: &str) -> Option<&Curve> {
        self.curves.get(name)
    }

    /// Returns the points of all curves as comma-separated values, a line each.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for (name, curve) in self.iter() {
            for [x, y] in curve.points() {
                text += &format!("{},{x},{y}\n", quoted_cell(name));
            }
        }
        text
    }

    /// Removes the points beyond `x` of every curve.
    pub fn cut(&mut self, x: f64) {
        self.curves.values_mut().for_each(|curve| curve.cut(x));
    }

    /// Returns the curves in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Curve)> {
        self.curves.iter().map(|(name, curve)| (name.as_str(), curve))
    }

    /// Returns `true` if there are no curves.
    pub fn is_empty(&self) -> bool {
        self.curves.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_stays_short_and_keeps_its_shape() {
        let mut curve = Curve::default();
        for step in 0..100_000 {
            curve.push(f64::from(step), 2.0 * f64::from(step) + 1.0);
        }
        assert!(curve.points().len() <= CAPACITY, "{} points", curve.points().len());
        assert!(curve.points().len() > CAPACITY / 4);
        for [x, y] in curve.points() {
            assert!((y - (2.0 * x + 1.0)).abs() < 1e-6, "a mean of points on a line lies on it");
        }
        assert!(curve.points().is_sorted_by(|a, b| a[0] < b[0]));
    }

    #[test]
    fn a_curve_that_is_cut_goes_on_from_there() {
        let mut curve = Curve::default();
        (0..10).for_each(|step| curve.push(f64::from(step), 1.0));
        curve.cut(4.0);
        assert_eq!((curve.points().len(), curve.latest()), (5, 1.0));
        curve.push(5.0, 2.0);
        assert_eq!(curve.points()[5], [5.0, 2.0]);
        assert_eq!(
            (curve.near(-3.0), curve.near(3.4), curve.near(9.0)),
            (Some([0.0, 1.0]), Some([3.0, 1.0]), Some([5.0, 2.0]))
        );
        assert_eq!(Curve::default().near(1.0), None);
        assert_eq!((curve.up_to(3.9), curve.up_to(9.0)), (Some([3.0, 1.0]), Some([5.0, 2.0])));
        assert_eq!(curve.up_to(-0.5), None, "nothing is measured yet");
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        let mut curve = Curve::default();
        for y in [1.0, f64::NAN, f64::INFINITY, 3.0] {
            curve.push(0.0, y);
        }
        assert_eq!(curve.points(), [[0.0, 1.0], [0.0, 3.0]]);
        assert_eq!(curve.latest(), 3.0);
    }
}

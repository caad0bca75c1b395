//! The flow of a teacher: DIS or TV-L1 on pairs of frames, forward and backward, restricted to where both agree.
//!
//! It is computed on whole frames rather than on the network's crops, so the teacher can follow pixels that leave the
//! crop, and the flow of a pair can be cached, since crops and flips are applied to the flow itself. Flow that does not
//! fit in memory is recomputed. Only the frames are read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use burn::tensor::{Device, Tensor, TensorData};
use image::RgbImage;

use crate::data::augmentation::{Draw, FlowMap};
use crate::data::memory_budget::{MemoryBudget, Share};
use crate::error::Result;
use crate::flow::dis::{Dis, DisPreset};
use crate::flow::tvl1::{Tvl1, Tvl1Parameters};
use crate::flow::{FlowEstimator, FlowField};
use crate::nets::{FLOW_UNIT_PX, read_back};
use crate::training::config::choices::FlowTeacher;
use crate::training::objective::losses::visibility::visible;
use crate::video::Geometry;

/// Frame pixels per cell: the resolution of MotionNet's finest flow.
const CELL_PX: usize = 2;

/// Key of a pair: the clip and its two frames.
type PairPlace = (usize, [usize; 2]);

/// Flow of pairs of frames by a teacher, computed on demand; usable from any thread.
pub struct TeacherFlow {
    teacher: FlowTeacher,
    memory: Share,
    kept: Mutex<HashMap<PairPlace, Arc<[f32]>>>,
}

impl TeacherFlow {
    /// Creates the flow of `teacher`, cached as far as memory allows.
    pub fn new(teacher: FlowTeacher) -> Self {
        Self::with_budget(teacher, &MemoryBudget::of_process())
    }

    fn with_budget(teacher: FlowTeacher, budget: &MemoryBudget) -> Self {
        Self { teacher, memory: budget.share(), kept: Mutex::default() }
    }

    /// Appends the flow of a window given by `draw`, whose `frames` of the clip are `pictures`, in pixels of its crop
    /// resized to `size`: per pair the planes u and v, raw, multiplied by the fraction of each cell in which forward
    /// and backward flow agree, and that fraction, at half the width and height.
    ///
    /// # Errors
    /// If the teacher cannot process the images.
    pub fn append_window(
        &self,
        draw: &Draw,
        frames: &[usize],
        pictures: &[Arc<RgbImage>],
        size: Geometry,
        planes: &mut Vec<f32>,
    ) -> Result<()> {
        let cells = Geometry { width: size.width / CELL_PX as u32, height: size.height / CELL_PX as u32 };
        for (frames, pictures) in frames.windows(2).zip(pictures.windows(2)) {
            let (width, height) = pictures[0].dimensions();
            let [width, height] = [width as usize, height as usize].map(|side| side.div_ceil(CELL_PX));
            let flow = self.pair((draw.clip, [frames[0], frames[1]]), [&pictures[0], &pictures[1]])?;
            let map = FlowMap { uv: &flow, width, height, cells_from_px: 1.0 / CELL_PX as f32 };
            draw.crop.append_weighted_flow(map, cells, planes);
        }
        Ok(())
    }

    /// Returns the planes of a pair.
    fn pair(&self, place: PairPlace, pictures: [&RgbImage; 2]) -> Result<Arc<[f32]>> {
        if let Some(flow) = self.lock().get(&place) {
            return Ok(flow.clone());
        }
        let [forward, backward] = self.both_ways(pictures)?;
        let flow: Arc<[f32]> = consistent_cells(&forward, &backward)?.into();
        if self.memory.take(size_of::<f32>() * flow.len()) && self.lock().insert(place, flow.clone()).is_some() {
            self.memory.give_back(size_of::<f32>() * flow.len()); // another thread has computed the same pair
        }
        Ok(flow)
    }

    /// Returns the flow from the first image to the second and back.
    fn both_ways(&self, [first, second]: [&RgbImage; 2]) -> Result<[FlowField; 2]> {
        match self.teacher {
            FlowTeacher::Dis => {
                let mut method = Dis::new(DisPreset::Medium);
                Ok([method.estimate(first, second)?, method.estimate(second, first)?])
            }
            FlowTeacher::Tvl1 => {
                // Every loader thread solves its own pairs.
                let mut method = Tvl1::new(Tvl1Parameters::fast())?.on_one_core();
                Ok([method.estimate(first, second)?, method.estimate(second, first)?])
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PairPlace, Arc<[f32]>>> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Returns the planes u and v of `forward`, raw, multiplied by the fraction of each cell in which `backward` agrees,
/// and that fraction.
fn consistent_cells(forward: &FlowField, backward: &FlowField) -> Result<Vec<f32>> {
    let (width, height) = (forward.width, forward.height);
    let agrees = read_back(visible(planes(forward), planes(backward)))?;
    let known = |at: usize| if FlowField::is_known(forward.uv[at]) { agrees[at] } else { 0.0 };
    let [columns, rows] = [width, height].map(|side| side.div_ceil(CELL_PX));
    let mut cells = vec![0.0; 3 * columns * rows];
    for cell in 0..columns * rows {
        let (left, top) = (cell % columns * CELL_PX, cell / columns * CELL_PX);
        let (right, bottom) = ((left + CELL_PX).min(width), (top + CELL_PX).min(height));
        let count = ((right - left) * (bottom - top)) as f32;
        for at in (top..bottom).flat_map(|y| (left..right).map(move |x| y * width + x)).filter(|at| known(*at) > 0.0) {
            let [u, v] = forward.uv[at];
            for (plane, value) in [u / FLOW_UNIT_PX, v / FLOW_UNIT_PX, 1.0].into_iter().enumerate() {
                cells[plane * columns * rows + cell] += value / count;
            }
        }
    }
    Ok(cells)
}

/// Converts a field to maps [1, 2, h, w].
fn planes(field: &FlowField) -> Tensor<4> {
    let values = [0, 1].into_iter().flat_map(|component| field.uv.iter().map(move |uv| uv[component])).collect();
    Tensor::from_data(TensorData::new(values, [1, 2, field.height, field.width]), &Device::flex())
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::data::augmentation::Crop;

    const SIZE: Geometry = Geometry { width: 64, height: 48 };

    /// Returns a textured image shifted to the right by `by` pixels.
    fn picture(by: f32) -> Arc<RgbImage> {
        let grey =
            |x: f32, y: f32| 127.0 + 60.0 * (x * 0.35).sin() * (y * 0.3).cos() + 40.0 * (x * 0.11 + y * 0.17).sin();
        Arc::new(RgbImage::from_fn(64, 48, |x, y| Rgb([grey(x as f32 - by, y as f32) as u8; 3])))
    }

    fn draw(mirrored: bool) -> Draw {
        Draw { clip: 0, start: 0, stride: 1, crop: Crop { mirrored, ..Crop::whole(SIZE) } }
    }

    fn window(flow: &TeacherFlow, mirrored: bool) -> Vec<f32> {
        let mut planes = Vec::new();
        flow.append_window(&draw(mirrored), &[3, 4], &[picture(0.0), picture(2.0)], SIZE, &mut planes).unwrap();
        planes
    }

    #[test]
    fn a_teacher_knows_the_motion_and_is_mirrored_with_the_crop() {
        for teacher in FlowTeacher::ALL {
            let planes = window(&TeacherFlow::new(teacher), false);
            let (cells, middle) = (32 * 24, 12 * 32 + 16);
            assert_eq!(planes.len(), 3 * cells);
            let [u, v, share] = [0, 1, 2].map(|plane| planes[plane * cells + middle]);
            assert!(
                (20.0 * u - 2.0).abs() < 0.3 && (20.0 * v).abs() < 0.3 && share == 1.0,
                "{teacher:?}: {u} {v} {share}"
            );
            let mirrored = window(&TeacherFlow::new(teacher), true);
            let [u, share] = [0, 2].map(|plane| mirrored[plane * cells + middle]);
            assert!((20.0 * u + 2.0).abs() < 0.3 && share == 1.0, "{teacher:?}: {u} {share}");
        }
    }

    #[test]
    fn flow_is_kept_where_there_is_memory_and_is_the_same_where_there_is_none() {
        let [kept, unkept] = [1 << 30, 0].map(|bytes| {
            let flow = TeacherFlow::with_budget(FlowTeacher::Tvl1, &MemoryBudget::of_bytes(bytes));
            let planes = [window(&flow, false), window(&flow, false)];
            assert_eq!(flow.lock().len(), usize::from(bytes > 0));
            assert_eq!(planes[0], planes[1]);
            planes
        });
        assert_eq!(kept, unkept);
    }

    #[test]
    fn what_is_contradicted_counts_nothing() {
        let field = |u: f32| FlowField::new(4, 2, vec![[u, 0.0]; 8]);
        let mut forward = field(1.0);
        forward.uv[2] = [-3.0, 0.0]; // leaves the image, where there is no backward flow
        forward.uv[6] = FlowField::UNKNOWN;
        let cells = consistent_cells(&forward, &field(-1.0)).unwrap();
        // The last column moves out of the image, where there is no backward flow.
        let expected = [0.05, 0.0, 0.0, 0.0, 1.0, 0.0];
        assert!(cells.iter().zip(expected).all(|(cell, expected)| (cell - expected).abs() < 1e-6), "{cells:?}");
    }
}

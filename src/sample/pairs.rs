//! Pairs of generated frames with their exact flow, in the layout of FlyingChairs, to train flow networks without a
//! download.

use std::io::Write;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::clip::GeneratedClip;
use super::project::make_folder;
use super::{ACTIONS, STYLES};
use crate::atomic;
use crate::error::Result;
use crate::flow::files::write_flo;
use crate::video::Geometry;

/// Number of pairs rendered at once.
const AT_ONCE: usize = 32;

/// Writes `count` pairs of size `geometry` below `dir`, each with a random action, style and details; the same `seed`
/// writes the same pairs. `progress` is called with the number of pairs done and of all.
///
/// # Errors
/// If the folder cannot be written to.
pub fn write_pairs(
    dir: &Path,
    count: usize,
    geometry: Geometry,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<()> {
    make_folder(&pair_files(dir, 1)[0])?;
    progress(0, count);
    let numbers: Vec<usize> = (1..=count).collect();
    for part in numbers.chunks(AT_ONCE) {
        part.par_iter().try_for_each(|&number| write_pair(dir, number, geometry, seed))?;
        progress(part[part.len() - 1], count);
    }
    Ok(())
}

/// Returns the files of pair `number`, from 1, below `dir`: both images and the flow.
pub fn pair_files(dir: &Path, number: usize) -> [PathBuf; 3] {
    ["img1.ppm", "img2.ppm", "flow.flo"].map(|name| dir.join("data").join(format!("{number:05}_{name}")))
}

fn write_pair(dir: &Path, number: usize, geometry: Geometry, seed: u64) -> Result<()> {
    // A separate random stream for each pair, so that pairs are independent of each other.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number as u64);
    let (action, style) = (rng.random_range(0..ACTIONS.len()), rng.random_range(0..STYLES.len()));
    let clip = GeneratedClip::new(ACTIONS[action], &STYLES[style], rng.random(), 2, geometry);
    let [first, second, truth] = pair_files(dir, number);
    let (picture, flow) = clip.frame(0);
    write_ppm(&first, &picture)?;
    write_ppm(&second, &clip.frame(1).0)?;
    write_flo(&truth, &flow)
}

fn write_ppm(path: &Path, picture: &RgbImage) -> Result<()> {
    let (width, height) = picture.dimensions();
    atomic::replace(path, |writer| {
        write!(writer, "P6\n{width} {height}\n255\n")?;
        writer.write_all(picture.as_raw())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::files::{read, read_picture};

    #[test]
    fn a_seed_writes_the_same_pairs_and_another_others() {
        let dir = tempfile::tempdir().unwrap();
        let geometry = Geometry { width: 48, height: 32 };
        let written = |name: &str, seed: u64, count: usize| {
            let root = dir.path().join(name);
            write_pairs(&root, count, geometry, seed, &mut |_, _| {}).unwrap();
            let [first, second, truth] = pair_files(&root, 2);
            (read_picture(&first).unwrap(), read_picture(&second).unwrap(), read(&truth).unwrap())
        };
        let pair = written("a", 1, 2);
        assert_eq!((pair.0.dimensions(), pair.2.width, pair.2.height), ((48, 32), 48, 32));
        assert!(pair.2.magnitude_max() > 0.1, "something moves");
        assert_eq!(pair, written("b", 1, 3));
        assert_ne!(pair.0, written("c", 2, 2).0);
    }
}

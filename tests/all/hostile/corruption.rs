//! Seeded damage to the bytes of a file: what disks, cut copies, transfers in text mode and careless tools do.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Damages `bytes`, in a way and at places that follow from `seed`. The first copies of a campaign cover every way.
pub fn corrupt(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut damaged = bytes.to_vec();
    if damaged.is_empty() {
        return damaged;
    }
    match seed % 10 {
        0 => truncate(&mut damaged, &mut random),
        1 => flip_bits(&mut damaged, &mut random, 1),
        2 => flip_bits(&mut damaged, &mut random, 200),
        3 => zero_a_block(&mut damaged, &mut random),
        4 => fill_a_block_with_noise(&mut damaged, &mut random),
        5 => cut_out_a_block(&mut damaged, &mut random),
        6 => repeat_a_block(&mut damaged, &mut random),
        7 => damage_the_header(&mut damaged, &mut random),
        8 => damage_a_number(&mut damaged, &mut random),
        _ => convert_line_ends(&mut damaged),
    }
    damaged
}

fn block(bytes: &[u8], random: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let start = random.random_range(0..bytes.len());
    let longest = (bytes.len() - start).min(bytes.len() / 4 + 1);
    start..start + random.random_range(1..=longest)
}

fn truncate(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    bytes.truncate(random.random_range(0..bytes.len()));
}

fn flip_bits(bytes: &mut [u8], random: &mut ChaCha8Rng, count: usize) {
    for _ in 0..count {
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
    }
}

fn zero_a_block(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    let block = block(bytes, random);
    bytes[block].fill(0);
}

fn fill_a_block_with_noise(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    let block = block(bytes, random);
    bytes[block].iter_mut().for_each(|byte| *byte = random.random());
}

fn cut_out_a_block(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let block = block(bytes, random);
    bytes.drain(block);
}

fn repeat_a_block(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let block = block(bytes, random);
    let copy = bytes[block.clone()].to_vec();
    bytes.splice(block.start..block.start, copy);
}

fn damage_the_header(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    let header = bytes.len().min(600);
    for _ in 0..8 {
        bytes[random.random_range(0..header)] = random.random();
    }
}

/// Writes an extreme number over four bytes: sizes, counts and time stamps are such numbers.
fn damage_a_number(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    const EXTREMES: [[u8; 4]; 4] = [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0; 4]];
    for _ in 0..3 {
        let at = random.random_range(0..bytes.len().saturating_sub(4).max(1));
        let end = (at + 4).min(bytes.len());
        bytes[at..end].copy_from_slice(&EXTREMES[random.random_range(0..4)][..end - at]);
    }
}

/// What a transfer in text mode does: a carriage return before each line feed.
fn convert_line_ends(bytes: &mut Vec<u8>) {
    *bytes = bytes.iter().flat_map(|&byte| [13, byte].into_iter().skip(usize::from(byte != 10))).collect();
}

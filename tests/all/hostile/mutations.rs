//! Seeded mutations of valid files: every parser reads or refuses them in a sentence that names the file.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::corruption::corrupt;
use super::parsers::{PARSERS, Scratch};

/// Numbers and words that stand for what parsers do not expect.
const TOKENS: [&str; 24] = [
    "0",
    "-1",
    "1e400",
    "NaN",
    "inf",
    "-0.0",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "0.5",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\u{feff}",
    "\u{0}",
    "é",
    "\r\n",
    ",",
    "\t",
    ";",
    "../../../x",
    "]]>",
];

#[test]
fn mutated_files_of_every_kind_are_read_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    for parser in &PARSERS {
        let scratch = Scratch::new(&fresh(dir.path(), parser.name));
        let seeds = parser.seeds(&scratch);
        let mut accepted = 0;
        for number in 0..MUTATIONS {
            let mut random = ChaCha8Rng::seed_from_u64(number);
            let bytes = &seeds[number as usize % seeds.len()];
            let mutated = if number % 2 == 0 { corrupt(bytes, number / 2) } else { mutate_tokens(bytes, &mut random) };
            match parser.read(&scratch, &mutated) {
                Ok(()) => accepted += 1,
                Err(error) => {
                    let sentence = error.to_string();
                    assert!(!sentence.trim().is_empty() && !error.remedy.is_empty(), "{}: {sentence}", parser.name);
                }
            }
        }
        println!("{}: {accepted} of {MUTATIONS} mutated files are accepted", parser.name);
    }
}

/// Mutations of each parser's files.
const MUTATIONS: u64 = 150;

/// The seeds themselves are what the parsers are for.
#[test]
fn seeds_of_every_kind_are_read() {
    let dir = tempfile::tempdir().unwrap();
    // Two numbers make no network: these seeds are well-formed and refused for what they lack.
    const INCOMPLETE: [&str; 2] = ["caffemodel", "onnx"];
    for parser in PARSERS.iter().filter(|parser| !INCOMPLETE.contains(&parser.name)) {
        let scratch = Scratch::new(&fresh(dir.path(), parser.name));
        for seed in parser.seeds(&scratch) {
            let read = parser.read(&scratch, &seed);
            assert!(read.is_ok(), "{}: {:?}\n{}", parser.name, read, String::from_utf8_lossy(&seed));
        }
    }
}

/// Writes the seeds of every parser to the folder that `MOTIONSCOPE_FUZZ_SEEDS` names, for the fuzzer.
#[test]
#[ignore = "writes files for the fuzzer: just fuzz"]
fn writes_seeds_for_the_fuzzer() {
    let Some(target) = std::env::var_os("MOTIONSCOPE_FUZZ_SEEDS").map(std::path::PathBuf::from) else { return };
    let dir = tempfile::tempdir().unwrap();
    for parser in &PARSERS {
        let scratch = Scratch::new(&fresh(dir.path(), parser.name));
        let folder = target.join(parser.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in parser.seeds(&scratch).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
}

fn fresh(dir: &std::path::Path, name: &str) -> std::path::PathBuf {
    let dir = dir.join(name);
    std::fs::create_dir(&dir).unwrap();
    dir
}

/// Replaces, repeats or removes words and lines, so that the structure around them stays.
fn mutate_tokens(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let mut pieces: Vec<Vec<u8>> = bytes.chunk_by(|a, b| is_word(a) == is_word(b)).map(<[u8]>::to_vec).collect();
    for _ in 0..random.random_range(1..4) {
        if pieces.is_empty() {
            break;
        }
        let place = random.random_range(0..pieces.len());
        match random.random_range(0..5) {
            0 | 1 => pieces[place] = TOKENS[random.random_range(0..TOKENS.len())].into(),
            2 => _ = pieces.remove(place),
            3 => pieces.insert(place, pieces[random.random_range(0..pieces.len())].clone()),
            _ => {
                let other = random.random_range(0..pieces.len());
                pieces.swap(place, other);
            }
        }
    }
    pieces.concat()
}

/// Inputs that the fuzzer found, in `tests/data/fuzz/PARSER/`: each made a parser panic once.
#[test]
fn what_the_fuzzer_found_is_read_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let found = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz");
    for parser in &PARSERS {
        let Ok(entries) = std::fs::read_dir(found.join(parser.name)) else { continue };
        let scratch = Scratch::new(&fresh(dir.path(), parser.name));
        for entry in entries {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            let _ = parser.read(&scratch, &std::fs::read(&path).unwrap()); // Refused or not, it does not panic.
        }
    }
}

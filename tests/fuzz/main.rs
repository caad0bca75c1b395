//! The fuzzer: libFuzzer on one parser of foreign files, which `MOTIONSCOPE_FUZZ` names. `just fuzz` runs it for all.
#![no_main]
#![allow(clippy::unwrap_used)] // A fuzzer ends where something is wrong.

#[allow(dead_code)] // The seeds are written by the tests.
#[path = "../all/hostile/parsers.rs"]
mod parsers;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use parsers::{PARSERS, Parser, Scratch};

static PARSER: LazyLock<&'static Parser> = LazyLock::new(|| {
    let name = std::env::var("MOTIONSCOPE_FUZZ").expect("MOTIONSCOPE_FUZZ names a parser");
    PARSERS.iter().find(|parser| parser.name == name).unwrap_or_else(|| panic!("there is no parser {name}"))
});

static SCRATCH: LazyLock<(tempfile::TempDir, Scratch)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(dir.path());
    (dir, scratch)
});

fuzz_target!(|bytes: &[u8]| {
    let _ = PARSER.read(&SCRATCH.1, bytes); // A refusal is as good as a result.
});

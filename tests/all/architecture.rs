//! Dependencies point one way, and each foreign library is named in one place.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules by height; a module may use those of lower rows only.
const ROWS: [&[&str]; 15] = [
    &["secrets", "named", "installed", "termination"],
    &["error"],
    &["files", "file_lock", "panic_guard"],
    &["atomic", "calendar", "command_line", "content_hash", "frame_times", "names", "plural", "ranking", "table"],
    &["output", "json_values", "shards"],
    &["allocator", "annotations", "cluster", "diagnostics", "thread_priority"],
    &["video", "gpu", "labels"],
    &["flow", "nets"],
    &["sample", "data"],
    &["training", "descriptors"],
    &["evaluation"],
    &["reproduction"],
    &["predictions"],
    &["engine"],
    &["cli", "app"],
];

/// Beyond the rows: the networks know nothing of video, and the command line opens the window.
const FORBIDDEN: [(&str, &str); 2] = [("nets", "video"), ("nets", "flow")];
const ALLOWED: [(&str, &str); 1] = [("cli", "app")];

/// Who may name a foreign library.
const LIBRARIES: [(&str, &[&str]); 14] = [
    ("maud", &["evaluation"]),
    ("clap", &["cli"]),
    ("egui", &["app"]),
    ("eframe", &["app"]),
    ("egui_plot", &["app"]),
    ("epaint_default_fonts", &["app", "video"]),
    ("egui_tiles", &["app"]),
    ("ffmpeg_next", &["video"]),
    ("libc", &["allocator", "diagnostics", "termination", "thread_priority", "video"]),
    ("skrifa", &["video"]),
    ("parquet", &["predictions"]),
    ("burn_wgpu", &["gpu"]),
    ("cubecl", &["gpu"]),
    ("wgpu", &["gpu", "app"]), // in the window: the paint callback
];

/// A source file, without comments.
struct Source {
    module: String,
    path: PathBuf,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.strip_prefix(&root).unwrap().components().next().unwrap().as_os_str();
                let module = module.to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code =
                    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                found.push(Source { module, path, code });
            }
        }
    }
    found
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// The names that follow `prefix` in the code, such as `video` of `crate::video`.
fn names_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(prefix)
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

/// Whether `code` uses a path that begins with the crate `library`.
fn names_crate(code: &str, library: &str) -> bool {
    code.match_indices(&format!("{library}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_' && before != ':'
    })
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut offences = Vec::new();
    for Source { module, path, code } in sources() {
        let Some(own) = row(&module) else { continue };
        for used in names_after(code.as_str(), "crate::") {
            let pair = (module.as_str(), used);
            let Some(other) = row(used).filter(|_| used != module && !ALLOWED.contains(&pair)) else { continue };
            if other >= own || FORBIDDEN.contains(&pair) {
                offences.push(format!("{}: {module} uses {used}", path.display()));
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn foreign_libraries_are_named_in_one_place() {
    let mut offences = Vec::new();
    for Source { module, path, code } in sources() {
        for (library, owners) in LIBRARIES {
            if names_crate(&code, library) && !owners.contains(&module.as_str()) {
                offences.push(format!("{}: {module} names {library}", path.display()));
            }
        }
        if module == "app" && names_after(&code, "Tensor").any(str::is_empty) {
            offences.push(format!("{}: the window names Tensor", path.display()));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn no_panel_of_a_feature_names_the_panel_of_another() {
    let mut offences = Vec::new();
    let mut panels = 0;
    for Source { path, code, .. } in sources() {
        let path = path.to_string_lossy().replace('\\', "/");
        let Some((before, _)) = path.split_once("/panel/") else { continue };
        let feature = before.rsplit('/').next().unwrap_or_default();
        panels += 1;
        for other in names_after(&code, "crate::app::").filter(|other| *other != feature) {
            if code.contains(&format!("crate::app::{other}::panel")) {
                offences.push(format!("{path} names the panel of {other}"));
            }
        }
    }
    assert!(panels > 40, "the panels were not found");
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn every_module_has_its_row_and_the_offences_would_be_seen() {
    let modules: Vec<_> = sources().into_iter().map(|source| source.module).collect();
    for module in &modules {
        assert!(row(module).is_some() || ["lib", "main"].contains(&module.as_str()), "no row for {module}");
    }
    assert!(modules.len() > 30, "the sources were not found");
    assert!(names_after("use crate::video::Frame;", "crate::").eq(["video"]));
    assert!(names_crate("use wgpu::Device;", "wgpu") && !names_crate("burn::tensor::wgpu::x", "wgpu"));
}

/// Files that people name are opened by `files`, which does not wait for pipes; the rest is the program's own or the system's.
#[test]
fn files_are_opened_in_one_place() {
    const OWN: [&str; 9] = [
        "atomic.rs",
        "cli/live/report.rs",
        "data/memory.rs",
        "files.rs",
        "gpu/device.rs",
        "labels/disk.rs",
        "output/staging.rs",
        "training/run/checkpoint.rs",
        "training/probe/feature_cache.rs",
    ];
    let openings = ["fs::read(", "fs::read_to_string(", "File::open(", "image::open(", "ImageReader::open("];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut offences = Vec::new();
    for Source { path, code, .. } in sources() {
        let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
        if !OWN.contains(&&*path) && !path.contains("tests") && openings.iter().any(|opening| code.contains(opening)) {
            offences.push(path);
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

//! Path completion: the matching entries on the disk, listed on a thread of its own.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use eframe::egui::Context;

use super::shipped_models::shipped_models;
use crate::app::panel::PanelContext;
use crate::app::tasks::Background;

/// Entries of a folder that are looked at; a folder may hold millions.
const MOST: usize = 20_000;
/// Entries that are offered.
const OFFERED: usize = 100;

/// What the typed text can become.
#[derive(Default)]
pub struct Completion {
    entries: Background<String, Vec<String>>,
}

impl Completion {
    /// Looks for what begins with `text`, unless that is under way or known.
    pub fn ask(&mut self, text: &str, ctx: &Context) {
        let typed = text.to_owned();
        self.entries.ask(typed.clone(), ctx, move || entries(&typed));
        self.entries.receive();
    }

    /// Returns the paths that begin with `text`, as far as they are known: folders end with a separator.
    pub fn offers(&self, text: &str) -> &[String] {
        let is_known = self.entries.is_of(&text.to_owned()) && !self.entries.is_busy();
        self.entries.value().filter(|_| is_known).map_or(&[], Vec::as_slice)
    }

    /// Returns `text` with all that the paths that begin with it have in common; nothing if that is no more than `text`.
    pub fn completed(&self, text: &str) -> Option<String> {
        let [first, others @ ..] = self.offers(text) else { return None };
        let shared = others.iter().fold(first.as_str(), |shared, other| common(shared, other));
        (shared.len() > text.len()).then(|| shared.to_owned())
    }
}

/// The beginning that both texts share, but for the size of letters.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.char_indices().zip(other.chars()).find(|((_, a), b)| !a.to_lowercase().eq(b.to_lowercase()));
    match same {
        Some(((at, _), _)) => &one[..at],
        None if one.chars().count() <= other.chars().count() => one,
        None => one.char_indices().nth(other.chars().count()).map_or(one, |(at, _)| &one[..at]),
    }
}

/// The paths that begin with `text`, in the order of their names.
fn entries(text: &str) -> Vec<String> {
    let (folder, name) = match text.rfind(['/', MAIN_SEPARATOR]) {
        Some(at) => text.split_at(at + 1),
        None => ("", text),
    };
    let at = if folder.is_empty() { PathBuf::from(".") } else { expand_home(folder) };
    let Ok(found) = std::fs::read_dir(at) else { return Vec::new() };
    let name = name.to_lowercase();
    let mut paths: Vec<String> = found
        .take(MOST)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let own = entry.file_name().into_string().ok()?; // What is no text cannot be typed.
            let is_meant = own.to_lowercase().starts_with(&name) && (!own.starts_with('.') || name.starts_with('.'));
            // Also through links, which `entry.file_type` would not follow.
            let end = if is_meant && entry.path().is_dir() { "/" } else { "" };
            is_meant.then(|| format!("{folder}{own}{end}"))
        })
        .collect();
    paths.sort();
    paths.truncate(OFFERED);
    paths
}

/// Returns `~/clips` as a path in the home folder.
pub fn expand_home(text: &str) -> PathBuf {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => text.into(),
    }
}

/// Returns the folders of the files opened last, each once, and those folders that were opened themselves.
pub fn recent_places(recent: &[PathBuf]) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for path in recent {
        // A file has an ending; to ask the disk would hold the window up.
        let folder = if path.extension().is_some() { path.parent().unwrap_or(path) } else { path.as_path() };
        let text = with_separator(folder);
        if !places.contains(&text) {
            places.push(text);
        }
    }
    places
}

/// Returns the model folders that may be wanted, each once: the shipped ones, the one in use, and that of the latest run.
pub fn known_models(cx: &PanelContext<'_>) -> Vec<String> {
    let shipped = shipped_models().iter().flatten().cloned();
    let used = cx.session.model.iter().map(|model| model.dir.clone());
    let trained = cx.settings.latest_run.iter().map(|run| run.join("model"));
    let mut folders: Vec<String> = Vec::new();
    for folder in shipped.chain(used).chain(trained).map(|folder| with_separator(&folder)) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

fn with_separator(folder: &Path) -> String {
    let text = folder.display().to_string();
    if text.ends_with('/') { text } else { text + "/" }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn asked(completion: &mut Completion, text: &str) {
        let ctx = Context::default();
        completion.ask(text, &ctx);
        while completion.entries.is_busy() {
            completion.ask(text, &ctx);
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_path_is_completed_as_far_as_it_is_clear() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("clips")).unwrap();
        for file in ["clip_1.mp4", "clip_2.mp4", ".hidden", "notes.txt"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let at = |name: &str| dir.path().join(name).display().to_string();
        let mut completion = Completion::default();
        for (typed, completed) in [("c", Some("clip")), ("clip_", None), ("n", Some("notes.txt")), ("C", Some("clip"))]
        {
            asked(&mut completion, &at(typed));
            assert_eq!(completion.completed(&at(typed)), completed.map(at), "{typed}");
        }
        asked(&mut completion, &at("clips"));
        assert_eq!(completion.completed(&at("clips")), Some(at("clips/")));
        asked(&mut completion, &at(""));
        let offers = [at("clip_1.mp4"), at("clip_2.mp4"), at("clips/"), at("notes.txt")];
        assert_eq!(completion.offers(&at("")), offers);
        assert!(completion.offers(&at("x")).is_empty(), "they are of another text");
        asked(&mut completion, &at("missing/x"));
        assert_eq!(completion.completed(&at("missing/x")), None);
    }

    #[test]
    fn recent_places_are_folders_each_once() {
        let recent = ["/a/1.mp4", "/a/2.mp4", "/b/project", "/a"].map(PathBuf::from);
        assert_eq!(recent_places(&recent), ["/a/", "/b/project/"]);
    }
}

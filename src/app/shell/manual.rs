//! The manual as it comes with the program: pages for the browser, or else their Markdown.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::installed;

/// The folder of the manual.
const FOLDER: &str = "docs";
/// A page that is in no other folder of this name, as Markdown and for the browser.
const PAGE: &str = "inspect-flow.md";
const WEB_PAGE: &str = "inspect-flow.html";
/// The first page for the browser.
const START: &str = "index.html";

/// The manual that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manual {
    /// The first page for the browser.
    Pages(PathBuf),
    /// The folder of the Markdown files.
    Markdown(PathBuf),
}

/// Returns the manual: the folder `docs` that came with the program, in the current folder or in the source tree that the program was
/// built from, where the pages for the browser are in `target`.
///
/// # Errors
/// If none of these places has one.
pub fn find() -> Result<Manual> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = installed::places(FOLDER);
    // As a whole path: a message may have to name it.
    let here = std::path::absolute(FOLDER).unwrap_or_else(|_| FOLDER.into());
    places.extend([here, source.join("target").join(FOLDER), source.join(FOLDER)]);
    find_in(&places)
}

fn find_in(places: &[PathBuf]) -> Result<Manual> {
    let pages = places.iter().find(|place| place.join(WEB_PAGE).is_file() && place.join(START).is_file());
    let markdown = || places.iter().find(|place| place.join(PAGE).is_file());
    match (pages, markdown()) {
        (Some(pages), _) => Ok(Manual::Pages(pages.join(START))),
        (None, Some(folder)) => Ok(Manual::Markdown(folder.clone())),
        (None, None) => Err(Error::new(
            "manual",
            "there is no folder docs next to the program",
            "Copy docs from the download or the sources there; F1 lists the keys",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn pages_for_the_browser_come_before_markdown_and_none_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let places = ["program/docs", "here/docs"].map(|place| dir.path().join(place));
        places.iter().for_each(|place| fs::create_dir_all(place).unwrap());
        fs::write(places[1].join(START), "another program's").unwrap();
        let error = find_in(&places).unwrap_err();
        assert_eq!(error.to_string().split(". ").next(), Some("manual: there is no folder docs next to the program"));
        fs::write(places[0].join(PAGE), "# Inspect").unwrap();
        assert_eq!(find_in(&places), Ok(Manual::Markdown(places[0].clone())));
        fs::write(places[1].join(WEB_PAGE), "<html>").unwrap();
        assert_eq!(find_in(&places), Ok(Manual::Pages(places[1].join(START))));
        assert!(find().is_ok(), "the source tree has it");
    }
}

//! The system's programs for what is shown outside the window: its browser for pages, its file manager for folders.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// The program that opens a file with what the user has chosen for its kind.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Opens the page or folder at `path`. Blocks until the program that opens it has ended, which may be when the browser is closed.
///
/// # Errors
/// If there is no such program, or it finds none for pages or folders.
pub fn open(path: &Path) -> Result<()> {
    open_with(OPENER, path)
}

fn open_with(opener: &str, path: &Path) -> Result<()> {
    let (what, shown_by, remedy) = match path.is_dir() {
        true => ("folder", "file manager", "Open this folder yourself"),
        false => ("page", "browser", "Open this file in a browser yourself"),
    };
    let refused = |cause: String| Err(Error::file(path, cause, remedy));
    let silent = Stdio::null;
    match Command::new(opener).arg(path).stdin(silent()).stdout(silent()).stderr(silent()).status() {
        Ok(status) if status.success() || cfg!(windows) => Ok(()), // Explorer's status says nothing
        Ok(status) => refused(format!("{opener} could not open the {what} ({status})")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            refused(format!("No {shown_by}: {opener} is not installed"))
        }
        Err(error) => refused(format!("{opener} could not be started: {error}")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_open_a_page_is_named_with_the_page() {
        let page = Path::new("/reports/7.html");
        assert_eq!(open_with("true", page), Ok(()));
        for (opener, cause) in [
            ("false", "false could not open the page (exit status: 1)"),
            ("motionscope-has-no-such-opener", "No browser: motionscope-has-no-such-opener is not installed"),
        ] {
            let error = open_with(opener, page).unwrap_err();
            assert_eq!((error.subject.as_str(), error.cause.as_str()), ("/reports/7.html", cause));
        }
    }
}

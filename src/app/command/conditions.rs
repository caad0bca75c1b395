//! Conditions under which a command can be run, and those that features share.

use crate::app::session::Session;
use crate::app::settings::Settings;

/// `Ok` if something can be done, otherwise the reason in a sentence for its tooltip.
pub type Availability = Result<(), &'static str>;

/// The state that determines whether commands can be run now.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// State of the session.
    pub session: &'a Session,
    /// Persistent settings.
    pub settings: &'a Settings,
    /// `Ok` if the training panel describes a run, otherwise the reason.
    pub training_ready: Availability,
}

/// Returns `Ok` if `condition` holds, otherwise `reason`.
pub fn ensure(condition: bool, reason: &'static str) -> Availability {
    if condition { Ok(()) } else { Err(reason) }
}

/// Returns `Ok`: the command is always available.
pub fn always(_: Conditions<'_>) -> Availability {
    Ok(())
}

/// Returns `Ok` if a clip is open with the list of its frames.
pub fn clip(on: Conditions<'_>) -> Availability {
    match (&on.session.clip, &on.session.opening) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => Err("The clip is still being indexed; see the status bar"),
        (None, None) => Err("No clip is open"),
    }
}

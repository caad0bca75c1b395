//! How a flow relates to the frame on the screen: behind it, ahead of it, or about to be another one.

use crate::app::session::Session;
use crate::engine::{FlowSource, SourceFlow, shown_pair};
use crate::plural::counted;

/// Returns in words what sets `flow` apart from that of the frame on the screen; `None` if nothing does.
pub fn flow_age(flow: &SourceFlow, session: &Session) -> Option<String> {
    if session.player.playing {
        let frame = session.frame.as_ref()?.index;
        let apart = frames_apart(flow, frame, session)?;
        // A clip that is played again and again is at its beginning while the flow of its end is still awaited.
        let is_of_last_loop = apart.unsigned_abs() * 2 > session.frames() && apart > 0;
        return Some(if is_of_last_loop { "of the previous loop".into() } else { in_words(apart) });
    }
    let is_stale = flow.source == FlowSource::Network
        && session.analysis.as_ref().is_some_and(|analysis| {
            analysis.frame != session.player.position || analysis.level != session.selection.level
        });
    if is_stale || frames_apart(flow, session.player.position, session).is_some() {
        return Some("computing…".into());
    }
    flow.is_draft.then(|| "refining…".into())
}

/// Returns by how many frames `flow` is ahead of the one that belongs to `frame`, less than 0 if it is behind. At the end of a clip
/// several frames have the same flow.
fn frames_apart(flow: &SourceFlow, frame: usize, session: &Session) -> Option<isize> {
    let apart = flow.position as isize - frame as isize;
    let [wanted, _] = shown_pair(frame, session.frames(), session.selection, flow.stride);
    (apart != 0 && flow.frame != wanted).then_some(apart)
}

fn in_words(apart: isize) -> String {
    format!("{} {}", counted(apart.unsigned_abs(), "frame"), if apart < 0 { "behind" } else { "ahead" })
}

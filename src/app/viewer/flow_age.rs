//! The age of a flow relative to the frame on the screen: behind it, ahead of it, or about to be replaced.

use crate::app::session::Session;
use crate::engine::{FlowSource, SourceFlow, shown_pair};
use crate::plural::counted;

/// What sets a flow apart from that of the frame on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowAge {
    /// It is this many frames ahead, less than 0 where it is behind.
    Apart(isize),
    /// It is of the end of the clip, which plays again.
    PreviousLoop,
    /// That of the frame is being computed.
    Computing,
    /// It is a draft, and the full flow is being computed.
    Refining,
}

impl FlowAge {
    /// Returns it in words, such as `16 frames behind`.
    pub fn in_words(self) -> String {
        match self {
            Self::Apart(frames) => format!("{} {}", counted(frames.unsigned_abs(), "frame"), direction(frames)),
            Self::PreviousLoop => "of the previous loop".into(),
            Self::Computing | Self::Refining => self.in_short(),
        }
    }

    /// Returns it in as few words as possible, such as `16 behind`.
    pub fn in_short(self) -> String {
        match self {
            Self::Apart(frames) => format!("{} {}", frames.unsigned_abs(), direction(frames)),
            Self::PreviousLoop => "last loop".into(),
            Self::Computing => "computing…".into(),
            Self::Refining => "refining…".into(),
        }
    }
}

fn direction(frames: isize) -> &'static str {
    if frames < 0 { "behind" } else { "ahead" }
}

/// Returns what sets `flow` apart from that of the frame on the screen; `None` if nothing does.
pub fn flow_age(flow: &SourceFlow, session: &Session) -> Option<FlowAge> {
    if session.player.playing {
        let frame = session.frame.as_ref()?.index;
        let apart = frames_apart(flow, frame, session)?;
        // A clip that is played again and again is at its beginning while the flow of its end is still awaited.
        let is_of_last_loop = apart.unsigned_abs() * 2 > session.frames() && apart > 0;
        return Some(if is_of_last_loop { FlowAge::PreviousLoop } else { FlowAge::Apart(apart) });
    }
    let is_stale = flow.source == FlowSource::Network
        && session.analysis.as_ref().is_some_and(|analysis| {
            analysis.frame != session.player.position || analysis.level != session.selection.level
        });
    if is_stale || frames_apart(flow, session.player.position, session).is_some() {
        return Some(FlowAge::Computing);
    }
    flow.is_draft.then_some(FlowAge::Refining)
}

/// Returns by how many frames `flow` is ahead of the one that belongs to `frame`, less than 0 if it is behind. At the end of a clip
/// several frames have the same flow.
fn frames_apart(flow: &SourceFlow, frame: usize, session: &Session) -> Option<isize> {
    let apart = flow.position as isize - frame as isize;
    let [wanted, _] = shown_pair(frame, session.frames(), session.selection, flow.stride);
    (apart != 0 && flow.frame != wanted).then_some(apart)
}

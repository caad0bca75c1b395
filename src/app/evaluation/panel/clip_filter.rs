//! Filter of the list of evaluated clips.

use std::sync::Arc;

use crate::evaluation::ActionsReport;

/// Filter of the listed clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipFilter {
    /// Misclassified clips.
    #[default]
    Wrong,
    /// All clips.
    All,
    /// Clips of one class.
    Class(usize),
    /// Clips of one class with the same predicted class.
    Pair {
        /// True class.
        label: usize,
        /// Predicted class.
        guess: usize,
    },
}

impl ClipFilter {
    /// Returns the places of the clips among the results: the most confident errors first, then what is right, the
    /// least confident first.
    pub fn of(self, report: &ActionsReport, stream: &str) -> Vec<usize> {
        let mut found: Vec<(usize, bool, f64)> = Vec::new();
        for (index, result) in report.results.iter().enumerate() {
            let Some(guess) = result.guess(stream) else { continue };
            let wrong = !result.shows(guess.class);
            let is_wanted = match self {
                Self::Wrong => wrong,
                Self::All => true,
                Self::Class(class) => result.shows(class),
                Self::Pair { label, guess: taken } => result.shows(label) && guess.class == taken,
            };
            if is_wanted {
                found.push((index, wrong, if wrong { guess.confidence } else { -guess.confidence }));
            }
        }
        found.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.total_cmp(&a.2)));
        found.into_iter().map(|(index, ..)| index).collect()
    }

    /// Returns a description of the filter.
    pub fn title(self, report: &ActionsReport) -> Option<String> {
        let name = |class: usize| report.classes.get(class).map_or("?", String::as_str);
        match self {
            Self::Wrong | Self::All => None,
            Self::Class(class) => Some(format!("{} only", name(class))),
            Self::Pair { label, guess } if label == guess => Some(format!("{}, correct", name(label))),
            Self::Pair { label, guess } => Some(format!("{} predicted as {}", name(label), name(guess))),
        }
    }
}

/// The clips of a report that a filter selects, computed once instead of on every repaint.
#[derive(Default)]
pub(super) struct ListedClips {
    /// Holds the report, so that no other one can have its address.
    of: Option<(Arc<ActionsReport>, ClipFilter, &'static str)>,
    clips: Vec<usize>,
}

impl ListedClips {
    /// Returns the places of the clips, as [`ClipFilter::of`] has them.
    pub fn of(&mut self, report: &Arc<ActionsReport>, filter: ClipFilter, stream: &'static str) -> &[usize] {
        let is_known = |(known, by, of): &(Arc<ActionsReport>, ClipFilter, &'static str)| {
            Arc::ptr_eq(known, report) && (*by, *of) == (filter, stream)
        };
        if !self.of.as_ref().is_some_and(is_known) {
            self.clips = filter.of(report, stream);
            self.of = Some((report.clone(), filter, stream));
        }
        &self.clips
    }
}

/// The clips behind a click.
pub enum WantedClips {
    /// A list of clips.
    Clips(ClipFilter),
    /// The clip of this result, to be opened in the viewer.
    Clip(usize),
}

//! Which of the evaluated clips are listed.

use std::sync::Arc;

use crate::evaluation::ActionsReport;

/// Which clips are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipFilter {
    /// Those that are taken for another class.
    #[default]
    Wrong,
    /// All of them.
    All,
    /// Those of a class.
    Class(usize),
    /// Those of a class that are taken for another one, or for the same.
    Pair {
        /// Their class.
        label: usize,
        /// What they are taken for.
        guess: usize,
    },
}

impl ClipFilter {
    /// The places of the clips among the results: the most confident errors first, then what is right, the least confident
    /// first.
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

    /// What the list shows, in words.
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

/// The clips that a filter lists of a report, found once and not for every repaint.
#[derive(Default)]
pub(super) struct ListedClips {
    /// The report is held, so that no other one can take its address.
    of: Option<(Arc<ActionsReport>, ClipFilter, &'static str)>,
    clips: Vec<usize>,
}

impl ListedClips {
    /// The places of the clips, as [`ClipFilter::of`] has them.
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

/// What a person clicked on.
pub enum WantedClips {
    /// A list of clips.
    Clips(ClipFilter),
    /// The clip of this result, in the viewer.
    Clip(usize),
}

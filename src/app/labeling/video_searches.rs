//! Searches for videos of the project that are under way.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::engine::SearchId;

/// The searches, and how far they are.
#[derive(Debug, Default)]
pub struct VideoSearches {
    ids: BTreeSet<SearchId>,
    /// When the first of them began.
    began: Option<Instant>,
    /// Videos that the latest has found so far.
    found: usize,
}

impl VideoSearches {
    /// A search was begun.
    pub fn begin(&mut self, id: SearchId) {
        if self.ids.is_empty() {
            (self.began, self.found) = (Some(Instant::now()), 0);
        }
        self.ids.insert(id);
    }

    /// A search is over; whether it was waited for.
    pub fn end(&mut self, id: SearchId) -> bool {
        self.ids.remove(&id)
    }

    /// Waits for no search any more.
    pub fn clear(&mut self) {
        self.ids.clear();
    }

    /// Takes how many videos the latest search has found so far.
    pub fn found(&mut self, videos: usize) {
        self.found = videos;
    }

    /// Since when something is looked for, while it is.
    pub fn since(&self) -> Option<Instant> {
        self.began.filter(|_| !self.ids.is_empty())
    }

    /// How far the search is; how much there is to be searched is not known.
    pub fn in_words(&self) -> String {
        match self.found {
            0 => "Searching for videos…".into(),
            found => format!("Searching for videos: {found} found"),
        }
    }
}

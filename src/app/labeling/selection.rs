//! Several videos of the list that are labelled together.

use std::collections::BTreeSet;

use super::state::LabelingState;
use crate::labels::VideoId;

impl LabelingState {
    /// Adds a video to those that are labelled together, or takes it out. The one that is open stays.
    pub fn toggle_chosen(&mut self, id: VideoId) {
        self.select_segment(None); // The next label is for whole clips.
        if self.selected() != Some(id) && !self.also.remove(&id) {
            self.also.insert(id);
        }
    }

    /// Chooses the videos of the list from the selected one to `id`.
    pub fn choose_to(&mut self, id: VideoId) {
        self.select_segment(None);
        let selected = self.selected();
        let rows = self.list().rows();
        let place = |id: VideoId| rows.iter().position(|row| *row == id);
        let Some(to) = place(id) else { return };
        let from = selected.and_then(place).unwrap_or(to);
        let chosen: BTreeSet<VideoId> = rows[from.min(to)..=from.max(to)].iter().copied().collect();
        self.also = chosen.into_iter().filter(|id| Some(*id) != selected).collect();
    }

    /// Chooses none but the selected one.
    pub fn choose_one(&mut self) {
        self.also.clear();
    }

    /// Whether there are others than the selected one.
    pub fn has_several(&self) -> bool {
        !self.also.is_empty()
    }

    /// Whether a video is labelled together with the selected one.
    pub fn is_chosen(&self, id: VideoId) -> bool {
        self.also.contains(&id)
    }

    /// The videos that a label is for: the selected one, and those chosen with it that the list shows.
    pub fn chosen(&self) -> Vec<VideoId> {
        let selected = self.selected();
        let others = self.listed().iter().copied().filter(|id| Some(*id) != selected && self.also.contains(id));
        match self.also.is_empty() {
            true => selected.into_iter().collect(),
            false => selected.into_iter().chain(others).collect(),
        }
    }
}

//! What the window keeps for the next start: the place in the open clip, and the pins.

use crate::app::App;
use crate::app::settings::LastPlace;
use crate::engine::Pin;

impl App {
    /// Returns where the person is now, to go on there after the next start.
    pub(in crate::app) fn last_place(&self) -> Option<LastPlace> {
        let clip = self.session.clip.as_ref()?.path.clone();
        // A pair of a benchmark is a clip only until the program ends.
        let is_kept = !self.session.is_pair(&clip);
        let folder = self.session.place_in_folder().map(|(folder, _)| folder);
        let lists_sub_folders = folder.is_some_and(|folder| folder.lists_sub_folders);
        let folder = folder.map(|folder| folder.dir.clone());
        is_kept.then_some(LastPlace { clip, frame: self.session.player.position, folder, lists_sub_folders })
    }

    /// Returns the pins that are there at the next start too: a pair of a benchmark is not.
    pub(in crate::app) fn kept_pins(&self) -> Vec<Pin> {
        self.session.pinned.pins.iter().filter(|pin| !self.session.is_pair(&pin.path)).cloned().collect()
    }
}

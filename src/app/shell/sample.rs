//! The generated sample in the window: the shipped model that knows its actions, and its clips to train on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use eframe::egui::Context;

use crate::app::App;
use crate::app::viewer::clips::ClipFolder;
use crate::engine::{default_model, sample_model};

impl App {
    /// Loads the sample's model for a clip of the sample, and the shipped recogniser again for any other clip. A model that a person
    /// chose stays.
    pub(in crate::app) fn follow_with_model(&mut self, clip: &Path) {
        let (Ok(default), Ok(sample)) = (default_model(), sample_model()) else { return };
        let loaded = self.session.model.as_ref().map(|model| model.dir.clone());
        let Some(used) = self.session.loading_model.clone().or(loaded) else { return };
        let is_sample = clip.starts_with(self.sample_dir());
        if !is_sample && !self.session.is_model_for_sample {
            return;
        }
        if let Some(dir) = suitable(is_sample, &used, default, sample) {
            let text = match is_sample {
                true => "Loaded the sample's model, which knows its eight actions",
                false => "Loaded the shipped model again",
            };
            self.session.told = Some((text.into(), Instant::now()));
            self.load_model(dir);
            self.session.is_model_for_sample = is_sample;
        }
    }

    /// Opens the first clip of the sample that is being written, if it is waited for, and lists the others with it as they come.
    pub(in crate::app) fn take_sample_clip(&mut self, clip: &Path) {
        let Some(dir) = clip.parent().and_then(Path::parent) else { return }; // A folder per class.
        if self.waits_for_sample {
            self.play_next = true;
            self.open_clip(clip.to_owned());
            self.session.folder = Some(Arc::new(ClipFolder::new(dir.to_owned(), vec![clip.to_owned()]).of_classes()));
            self.session.faults.clear();
        } else if let Some(folder) = self.session.folder.as_mut().filter(|folder| folder.dir == dir) {
            *folder = Arc::new(folder.with(clip));
        }
    }

    /// Returns whether the open clip, or the one that is being opened, is of the sample in `dir`.
    pub(in crate::app) fn is_sample_open(&self, dir: &Path) -> bool {
        let open = self.session.opening.as_deref().or(self.session.clip_path());
        open.is_some_and(|clip| clip.starts_with(dir))
    }

    /// Offers the clips of the complete sample in `dir` for training, as for any folder with a sub-folder per class that is opened.
    pub(in crate::app) fn adopt_sample(&mut self, dir: &Path, ctx: &Context) {
        let folder = dir.join("clips");
        self.settings.remember(&folder);
        self.offer_training_folder(folder, ctx);
        self.session.told = Some(("All sample clips are ready".into(), Instant::now()));
    }
}

/// Returns the model to be loaded in place of the one in use; `None` if that stays.
fn suitable(is_sample: bool, used: &Path, default: PathBuf, sample: PathBuf) -> Option<PathBuf> {
    let is_same = |other: &Path| {
        used == other || used.canonicalize().ok().is_some_and(|used| Some(used) == other.canonicalize().ok())
    };
    match is_sample {
        true => is_same(&default).then_some(sample),
        false => is_same(&sample).then_some(default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shipped_model_is_exchanged() {
        let [default, sample, own] = ["models/default", "models/sample", "runs/1/model"].map(PathBuf::from);
        let model = |is_sample, used: &Path| suitable(is_sample, used, default.clone(), sample.clone());
        assert_eq!(model(true, &default), Some(sample.clone()));
        assert_eq!(model(true, &sample), None);
        assert_eq!(model(false, &sample), Some(default.clone()));
        assert_eq!(model(false, &default), None);
        assert_eq!((model(true, &own), model(false, &own)), (None, None), "a person chose it");
    }
}

//! What the networks propose for unlabelled videos, by what the videos hold and by whose weights it is.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::shell::log::{Log, LogLevel};
use crate::app::ui::progress::Progress;
use crate::engine::{Message, Prediction, SuggestionOrder, SuggestionStart, model_stamp};
use crate::labels::{Class, Document, Label, Video, VideoId};
use crate::names::Alike;
use crate::nets::fusion::{Fusion, percent, unsure_text};
use crate::ranking::{arg_max, falling};

/// Models whose predictions are kept: every training and every change of the fusion makes another one.
const MODELS: usize = 8;

/// What the thread "suggestions" is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SuggestionPhase {
    /// Nothing.
    #[default]
    Idle,
    /// Loading the model.
    Preparing,
    /// Scoring videos.
    Running,
    /// Told to end.
    Stopping,
}

/// Predictions, and the run that makes more of them.
#[derive(Default)]
pub struct SuggestionState {
    /// What is being done.
    pub phase: SuggestionPhase,
    /// Whose weights the predictions are that are shown, and the names of their classes.
    model: Option<(String, Vec<String>)>,
    /// How their streams are fused, and when an answer is unsure.
    fusion: Fusion,
    /// The probability from which each class of a multi-label model is shown, where it has that.
    thresholds: Vec<f64>,
    start: Option<SuggestionStart>,
    /// How far it is, while it is made.
    progress: Option<Progress>,
    /// Content of the videos that were ordered.
    hashes: BTreeMap<VideoId, String>,
    /// The names of the classes of the networks that scored, by model.
    names: HashMap<String, Vec<String>>,
    /// By model, then by content.
    known: HashMap<String, HashMap<String, Arc<Prediction>>>,
    /// Those models, the one that was used last at the end.
    used: Vec<String>,
    revision: u64,
    /// The labels of the model's classes in a project of these classes: rows and tracks ask for them in every repaint.
    matched: RefCell<Option<(Vec<Class>, MatchedLabels)>>,
}

/// What the networks propose for a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The labels with their shares, the likeliest first: one, or several of a multi-label model in a multi-label project.
    pub shares: Vec<(Label, f32)>,
    /// Whether the networks are unsure of them.
    pub is_unsure: bool,
}

impl Proposal {
    /// Returns the labels.
    pub fn labels(&self) -> Vec<Label> {
        let mut labels: Vec<Label> = self.shares.iter().map(|(label, _)| *label).collect();
        labels.sort_unstable();
        labels
    }

    /// Returns each label with its name in `document`, a question mark, and its share.
    pub fn in_words(&self, document: &Document) -> Vec<(Label, String)> {
        let words = |&(label, share): &(Label, f32)| {
            let name = document.label_name(label);
            let name = if self.is_unsure { unsure_text(name) } else { format!("{name}?") };
            (label, format!("{name} {} %", percent(share, 0)))
        };
        self.shares.iter().map(words).collect()
    }
}

/// A label, or none, for each of a model's classes.
type MatchedLabels = Arc<[Option<Label>]>;

impl SuggestionState {
    /// Changes whenever a prediction is added or those of another model are shown.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How far the videos are scored, while that is done.
    pub fn progress(&self) -> Option<Progress> {
        self.progress.filter(|_| self.phase != SuggestionPhase::Idle)
    }

    /// What the networks say of a video.
    pub fn of(&self, video: &Video) -> Option<&Arc<Prediction>> {
        let (model, _) = self.model.as_ref()?;
        self.known.get(model)?.get(&video.facts.as_ref()?.hash)
    }

    /// The project's label for each of the model's classes, by name; `None` for those the project lacks.
    pub fn labels(&self, document: &Document) -> MatchedLabels {
        let mut matched = self.matched.borrow_mut();
        match &*matched {
            Some((classes, labels)) if *classes == document.classes => labels.clone(),
            _ => {
                let labels = self.match_labels(document);
                *matched = Some((document.classes.clone(), labels.clone()));
                labels
            }
        }
    }

    fn match_labels(&self, document: &Document) -> MatchedLabels {
        let label = |name: &String| match document.class_alike(name) {
            Alike::One(place) => document.classes.get(place).map(|class| Label::Class(class.id)),
            _ => name.trim().eq_ignore_ascii_case("background").then_some(Label::Background),
        };
        self.model.iter().flat_map(|(_, classes)| classes).map(label).collect()
    }

    /// Classes of the model that the project lacks.
    pub fn unmatched(&self, document: &Document) -> Vec<&str> {
        let classes = self.model.iter().flat_map(|(_, classes)| classes);
        let labels = self.labels(document);
        classes.zip(labels.iter()).filter(|(_, label)| label.is_none()).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether what the networks say of a video is unsure, by the one rule for all answers.
    pub fn is_unsure(&self, prediction: &Prediction) -> bool {
        prediction.doubt(&self.fusion).is_some()
    }

    /// The likeliest of the project's labels for a video, its share, and whether that is unsure, if the networks find it likelier than
    /// chance. Where they find a class likelier that the project lacks, it is unsure. In a multi-label project all labels that a
    /// multi-label model shows at its thresholds.
    pub fn proposal(&self, document: &Document, video: &Video) -> Option<Proposal> {
        let prediction = self.of(video)?;
        let labels = self.labels(document);
        if self.fusion.is_multi_label() && document.settings.multi_label {
            let shares = self.shown(&labels, &prediction.fused);
            if !shares.is_empty() {
                return Some(Proposal { shares, is_unsure: false });
            }
        }
        let known = || labels.iter().zip(&prediction.fused).filter_map(|(label, share)| Some(((*label)?, share)));
        let best = arg_max(known().map(|(_, share)| share)).and_then(|place| known().nth(place));
        let (label, share) = best.filter(|(_, share)| **share > 1.0 / prediction.fused.len() as f32)?;
        let is_unsure = self.is_unsure(prediction) || prediction.fused.iter().any(|other| other > share);
        Some(Proposal { shares: vec![(label, *share)], is_unsure })
    }

    /// Returns the labels whose probability reaches its threshold, the likeliest first.
    fn shown(&self, labels: &[Option<Label>], probabilities: &[f32]) -> Vec<(Label, f32)> {
        let is_shown = |class: usize, share: f32| self.fusion.shows(&self.thresholds, class, share);
        let known = labels.iter().zip(probabilities).enumerate();
        let mut shown: Vec<(Label, f32)> = known
            .filter(|(class, (label, share))| **label != Some(Label::Background) && is_shown(*class, **share))
            .filter_map(|(_, (label, share))| Some(((*label)?, *share)))
            .collect();
        shown.sort_by(|(_, a), (_, b)| falling(a, b));
        shown
    }

    /// The order for what is not known of `videos`, given by name, content and file; nothing if all is known. What is known
    /// already is shown from now on. A multi-label model has `thresholds` of its classes, or none.
    pub fn begin(
        &mut self,
        model: PathBuf,
        classes: &[String],
        (fusion, thresholds): (Fusion, &[f64]),
        videos: impl Iterator<Item = (VideoId, String, PathBuf)>,
    ) -> Option<SuggestionOrder> {
        let stamp = format!("{} {fusion:?}", model_stamp(&model));
        self.use_model(&stamp);
        let known = self.known.entry(stamp.clone()).or_default();
        let unknown: Vec<_> = videos.filter(|(_, hash, _)| !known.contains_key(hash)).collect();
        let classes = self.names.get(&stamp).map_or(classes, Vec::as_slice).to_vec();
        self.model = Some((stamp, classes));
        (self.fusion, self.thresholds) = (fusion, thresholds.to_vec());
        self.matched = RefCell::default();
        self.revision += 1;
        if unknown.is_empty() {
            return None;
        }
        self.hashes = unknown.iter().map(|(id, hash, _)| (*id, hash.clone())).collect();
        (self.phase, self.start) = (SuggestionPhase::Preparing, None);
        self.progress = Some(Progress::begin(0, "videos"));
        let videos = unknown.into_iter().map(|(id, _, path)| (id, path)).collect();
        Some(SuggestionOrder { model, fusion, videos })
    }

    /// Notes that `model` is used, and forgets what the one said that was not used for longest.
    fn use_model(&mut self, model: &str) {
        self.used.retain(|used| used != model);
        self.used.push(model.to_owned());
        if self.used.len() > MODELS {
            let oldest = self.used.remove(0);
            self.names.remove(&oldest);
            self.known.remove(&oldest);
        }
    }

    /// Takes a message in.
    pub fn receive(&mut self, message: &Message) {
        match message {
            Message::SuggestionsStarted(start) => {
                if self.phase == SuggestionPhase::Preparing {
                    self.phase = SuggestionPhase::Running;
                }
                self.progress.iter_mut().for_each(|progress| progress.advance(0, start.videos));
                // The folder may hold other networks than when it was loaded: names are those of the networks that score.
                if let Some((model, classes)) = &mut self.model {
                    classes.clone_from(&start.classes);
                    self.names.insert(model.clone(), start.classes.clone());
                    self.matched = RefCell::default();
                    self.revision += 1;
                }
                self.start = Some(SuggestionStart::clone(start));
            }
            Message::SuggestionsEnded => self.phase = SuggestionPhase::Idle,
            _ => {}
        }
    }

    /// Takes in what was scored since the last time; videos that cannot be read are told in the log.
    pub fn refresh(&mut self, log: &mut Log) {
        let (Some(start), Some((model, _))) = (&self.start, &self.model) else { return };
        for (id, outcome) in start.outcomes.try_iter() {
            self.progress.iter_mut().for_each(Progress::count);
            let Some(hash) = self.hashes.get(&id) else { continue };
            match outcome {
                Ok(prediction) => {
                    self.known.entry(model.clone()).or_default().insert(hash.clone(), prediction);
                    self.revision += 1;
                }
                Err(error) => log.push(LogLevel::Warning, error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_models_said_is_kept_of_those_that_were_used_last() {
        let mut state = SuggestionState::default();
        for model in (0..MODELS).chain([0, MODELS]).map(|number| number.to_string()) {
            state.use_model(&model);
            state.known.entry(model.clone()).or_default();
            state.names.insert(model, Vec::new());
        }
        assert_eq!([state.known.len(), state.names.len(), state.used.len()], [MODELS; 3]);
        assert!(state.known.contains_key("0") && !state.known.contains_key("1"));
    }
}

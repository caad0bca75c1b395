//! Settings of the evaluation panel: the clips, the sampling protocol and the fusion of the streams.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::command_line;
use crate::data::{DataSource, Layout, ListSource, Subset};
use crate::evaluation::{Crops, Protocol, Spread};
use crate::nets::fusion::Fusion;

/// Allowed number of samples per clip.
pub const SAMPLES: std::ops::RangeInclusive<usize> = 1..=100;

/// The settings of the last evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationSettings {
    /// `true` to score the labelled clips of the open project, `false` for those of a folder; [`Self::scores_labels`]
    /// decides while nothing was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<bool>,
    /// The folder of the clips.
    pub clips: Option<PathBuf>,
    /// The list of clips; if `None`, every sub-folder of `clips` is a class.
    pub list: Option<PathBuf>,
    /// File of class names, if they are neither in the list nor beside it.
    pub classes: Option<PathBuf>,
    /// Layout of the list; detected if `None`.
    pub layout: Option<Layout>,
    /// Number of HMDB51's split.
    pub split: u8,
    /// `true` to leave out invalid rows.
    pub skip_bad: bool,
    /// Number of sampled windows and frames per clip.
    pub samples: usize,
    /// Crops of the frames.
    pub crops: Crops,
    /// Placement of the samples.
    pub spread: Spread,
    /// Fusion of the streams, if it differs from the model card.
    pub fusion: Option<Fusion>,
}

impl Default for EvaluationSettings {
    fn default() -> Self {
        Self {
            labels: None,
            clips: None,
            list: None,
            classes: None,
            layout: None,
            split: 1,
            skip_bad: false,
            samples: 5,
            crops: Crops::WholeMirrored,
            spread: Spread::default(),
            fusion: None,
        }
    }
}

impl EvaluationSettings {
    /// Returns the settings with out-of-range values of a settings file clamped.
    pub fn checked(mut self) -> Self {
        self.samples = self.samples.clamp(*SAMPLES.start(), *SAMPLES.end());
        self.split = self.split.max(1);
        self.labels = self.labels.filter(|labels| *labels || self.has_folder()); // A folder without a name was not chosen.
        self.fusion = self.fusion.filter(|fusion| fusion.temporal_weight >= 0.0 && fusion.temporal_weight.is_finite());
        self
    }

    /// Returns `true` if the labelled clips of the open project are scored, which is the default while a project is
    /// open.
    pub fn scores_labels(&self, has_project: bool) -> bool {
        self.labels.unwrap_or(has_project && !self.has_folder())
    }

    fn has_folder(&self) -> bool {
        self.clips.is_some() || self.list.is_some()
    }

    /// Returns the clips, or the reason if none are chosen.
    pub fn source(&self) -> Result<DataSource, &'static str> {
        let clips = self.clips.clone().ok_or("Choose a clips folder first")?;
        let Some(list) = self.list.clone() else { return Ok(DataSource::Folder(clips)) };
        Ok(DataSource::List(ListSource {
            classes: self.classes.clone(),
            layout: self.layout,
            subset: Subset::Test,
            split: self.split,
            skip_bad: self.skip_bad,
            ..ListSource::new(clips, list)
        }))
    }

    /// Returns the sampling protocol.
    pub fn protocol(&self) -> Protocol {
        Protocol { samples: self.samples, crops: self.crops, spread: self.spread, average: None }
    }

    /// Returns the command that evaluates the model in folder `model` in the same way, but for the fusion.
    pub fn command(&self, model: &Path) -> String {
        let mut words: Vec<String> = ["motionscope", "evaluate", "actions"].map(str::to_owned).into();
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]))
        };
        let path = |path: &Path| path.display().to_string();
        option("--data", self.clips.as_deref().map(path));
        option("--list", self.list.as_deref().map(path));
        if self.list.is_some() {
            option("--classes", self.classes.as_deref().map(path));
            option("--layout", self.layout.map(|layout| layout.key().to_owned()));
            option("--split", (self.split != 1).then(|| self.split.to_string()));
        }
        option("--views", Some(self.protocol().to_string()));
        let spread = match self.spread {
            Spread::Paper => None,
            Spread::Even => Some("even"),
            Spread::Tsn => Some("tsn"),
        };
        option("--spread", spread.map(str::to_owned));
        option("--model", Some(path(model)));
        words.extend((self.list.is_some() && self.skip_bad).then(|| "--skip-bad".to_owned()));
        command_line::quoted(words)
    }

    /// Returns the name of the data in reports, as on the command line: the list or folder, or the `project` that is
    /// open.
    pub fn data(&self, project: Option<&Path>) -> String {
        let path = match self.scores_labels(project.is_some()) {
            true => project,
            false => self.list.as_deref().or(self.clips.as_deref()),
        };
        path.map(|path| path.display().to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_list_the_folders_are_the_classes() {
        let mut settings = EvaluationSettings::default();
        assert!(settings.source().is_err());
        settings.clips = Some("clips".into());
        assert_eq!(settings.source(), Ok(DataSource::Folder("clips".into())));
        settings.list = Some("testlist01.txt".into());
        let Ok(DataSource::List(list)) = settings.source() else { panic!("a list was chosen") };
        assert_eq!((list.subset, list.split, settings.data(None)), (Subset::Test, 1, "testlist01.txt".to_owned()));
    }

    #[test]
    fn an_open_project_is_scored_unless_something_else_was_chosen() {
        let of = |labels, clips: Option<&str>| EvaluationSettings {
            labels,
            clips: clips.map(Into::into),
            ..Default::default()
        };
        assert!(of(None, None).scores_labels(true) && !of(None, None).scores_labels(false));
        assert!(!of(None, Some("clips")).scores_labels(true) && !of(Some(false), None).scores_labels(true));
        assert!(of(Some(true), Some("clips")).scores_labels(true));
        assert_eq!(of(Some(false), None).checked().labels, None, "no folder was ever chosen");
        assert_eq!(of(Some(false), Some("clips")).checked().labels, Some(false));
    }

    #[test]
    fn the_command_line_does_the_same() {
        let mut settings = EvaluationSettings { clips: Some("my clips".into()), split: 2, ..Default::default() };
        let of = |settings: &EvaluationSettings| settings.command(Path::new("models/own"));
        assert_eq!(of(&settings), "motionscope evaluate actions --data 'my clips' --views 5x2 --model models/own");
        settings.list = Some("list.csv".into());
        (settings.layout, settings.spread, settings.skip_bad) = (Some(Layout::Csv), Spread::Even, true);
        assert_eq!(
            of(&settings),
            "motionscope evaluate actions --data 'my clips' --list list.csv --layout csv --split 2 --views 5x2 --spread even \
             --model models/own --skip-bad"
        );
    }

    #[test]
    fn settings_out_of_range_are_put_back() {
        let fusion = Some(Fusion { temporal_weight: f64::NAN, ..Fusion::default() });
        let wild = EvaluationSettings { samples: 0, split: 0, fusion, ..EvaluationSettings::default() };
        let settings = wild.checked();
        assert_eq!((settings.samples, settings.split, settings.fusion), (1, 1, None));
    }
}

//! The formats, and what tells their files apart.

use clap::ValueEnum;

/// A format of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Format {
    /// Everything, as JSON.
    ///
    /// For other projects and programs of one's own.
    Json,
    /// A table of path, label, start, end.
    ///
    /// `path,label,start,end,group,note,start_frame,end_frame,fps`, which can be trained on as it is.
    Csv,
    /// Lists as UCF101's, and clips that are cut out.
    ///
    /// A folder as UCF101 comes: `classInd.txt`, `trainlist01.txt`, `testlist01.txt` and the clips.
    #[value(name = "ucf")]
    UcfLists,
    /// ActivityNet's JSON.
    ///
    /// It can be trained on as it is.
    ActivityNet,
    /// ELAN's .eaf files.
    ///
    /// A folder with an annotation document for each video.
    Elan,
    /// A project of BORIS, or a table of its events.
    ///
    /// A project is written; tables that BORIS exports are read as well.
    Boris,
    /// "CVAT for video 1.1".
    ///
    /// A folder with an XML file for each video.
    Cvat,
    /// Tasks of Label Studio.
    ///
    /// They have `TimelineLabels` and `Choices`.
    LabelStudio,
    /// JSON files of X-AnyLabeling's video classifier.
    ///
    /// A folder with one for each video.
    XAnyLabeling,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Json,
        Self::Csv,
        Self::UcfLists,
        Self::ActivityNet,
        Self::Elan,
        Self::Boris,
        Self::Cvat,
        Self::LabelStudio,
        Self::XAnyLabeling,
    ];

    /// What a person knows it as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "Motionscope JSON",
            Self::Csv => "CSV",
            Self::UcfLists => "UCF101 lists and clips",
            Self::ActivityNet => "ActivityNet JSON",
            Self::Elan => "ELAN",
            Self::Boris => "BORIS",
            Self::Cvat => "CVAT for video 1.1",
            Self::LabelStudio => "Label Studio",
            Self::XAnyLabeling => "X-AnyLabeling",
        }
    }

    /// Whether it is exported to a folder rather than a file.
    pub fn is_folder(self) -> bool {
        matches!(self, Self::UcfLists | Self::Elan | Self::Cvat | Self::XAnyLabeling)
    }

    /// Whether its files have times in seconds.
    pub(super) fn has_seconds(self) -> bool {
        matches!(
            self,
            Self::Csv | Self::ActivityNet | Self::Elan | Self::Boris | Self::LabelStudio | Self::XAnyLabeling
        )
    }

    /// How its files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Json | Self::ActivityNet | Self::LabelStudio | Self::XAnyLabeling => "json",
            Self::Csv => "csv",
            Self::UcfLists => "txt",
            Self::Elan => "eaf",
            Self::Boris => "boris",
            Self::Cvat => "xml",
        }
    }
}

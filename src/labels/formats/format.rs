//! The formats and how their files are recognised.

use crate::named::named;

named! {
    /// A label format.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Format {
        /// Everything, as JSON.
        ///
        /// For other projects and your own programs.
        Json = "json",
        /// Table of path, label, start, end.
        ///
        /// Columns `path,label,start,end,group,note,start_frame,end_frame,fps`; usable directly for training.
        Csv = "csv",
        /// UCF101 lists and exported clips.
        ///
        /// A folder with `classInd.txt`, `trainlist01.txt`, `testlist01.txt`, the same lists for mmaction2, and the clips.
        UcfLists = "ucf",
        /// ActivityNet JSON.
        ///
        /// Usable directly for training.
        ActivityNet = "activity-net",
        /// ELAN .eaf files.
        ///
        /// A folder with an annotation document for each video.
        Elan = "elan",
        /// BORIS project or table of events.
        ///
        /// Exported as a project, .boris or .boris.gz; tables are for import only.
        Boris = "boris",
        /// CVAT for video 1.1.
        ///
        /// A folder with an XML file for each video.
        Cvat = "cvat",
        /// Label Studio tasks.
        ///
        /// With `TimelineLabels` and `Choices`.
        LabelStudio = "label-studio",
        /// JSON files of the X-AnyLabeling video classifier.
        ///
        /// A folder with one file per video.
        XAnyLabeling = "x-any-labeling",
    }
}

impl Format {
    /// Returns its display name.
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

    /// Returns `true` if it is exported to a folder rather than a file.
    pub fn is_folder(self) -> bool {
        matches!(self, Self::UcfLists | Self::Elan | Self::Cvat | Self::XAnyLabeling)
    }

    /// Returns `true` if its files have times in seconds.
    pub(super) fn has_seconds(self) -> bool {
        matches!(
            self,
            Self::Csv | Self::ActivityNet | Self::Elan | Self::Boris | Self::LabelStudio | Self::XAnyLabeling
        )
    }

    /// Returns the extension of its files.
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

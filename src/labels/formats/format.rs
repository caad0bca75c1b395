//! The formats and how their files are recognised.

use std::path::Path;

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

    /// Returns the format in which `path` is imported: this one, which was chosen, unless the name of a file says that it is of
    /// another.
    pub fn of_import(self, path: &Path) -> Self {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_own = self.ending() == ending || self == Self::Boris && ["csv", "tsv", "gz"].contains(&ending.as_str());
        let others = || Self::ALL.into_iter().filter(|format| !format.is_list() && format.ending() == ending);
        match (is_own, others().next()) {
            (false, Some(only)) if others().count() == 1 => only,
            _ => self,
        }
    }

    /// Returns `true` if its files are plain text, whose ending says nothing.
    fn is_list(self) -> bool {
        self == Self::UcfLists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_decides_its_format_where_only_one_has_it() {
        for (chosen, name, expected) in [
            (Format::Json, "five.csv", Format::Csv),
            (Format::Json, "FIVE.EAF", Format::Elan),
            (Format::Csv, "five.boris", Format::Boris),
            (Format::Boris, "events.csv", Format::Boris),
            (Format::Boris, "events.tsv", Format::Boris),
            (Format::Csv, "five.json", Format::Csv), // one of four
            (Format::LabelStudio, "five.json", Format::LabelStudio),
            (Format::Csv, "five.txt", Format::Csv),
            (Format::Elan, "a folder", Format::Elan),
        ] {
            assert_eq!(chosen.of_import(Path::new(name)), expected, "{chosen:?} {name}");
        }
    }
}

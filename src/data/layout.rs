//! The layouts in which the field keeps its lists.

use serde::{Deserialize, Serialize};

use crate::named::named;

named! {
    /// The format of a list of clips.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Layout {
        /// `Class/clip.avi id`, the id optional; the class index has `id name` from 1
        Ucf101 = "ucf101",
        /// Folder of `CLASS_test_splitN.txt` with `clip.avi 1`: 1 train, 2 test, 0 neither
        Hmdb51 = "hmdb51",
        /// `path frames label`, labels from 0; clips are frame folders or videos
        Tsn = "tsn",
        /// Folder of `CLASS_val.txt` and `CLASS_test.txt` with `video start end`
        Thumos14 = "thumos14",
        /// ActivityNet JSON: videos with subset and annotated segments
        #[serde(rename = "activitynet")]
        ActivityNet = "activitynet",
        /// `path,label[,start,end][,group]`, with or without a header
        Csv = "csv",
    }
}

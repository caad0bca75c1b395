//! What commands are about: the menus, and the headings in the list of keys.

/// The menu a command belongs to, and its heading in the list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Files in and out.
    File,
    /// Moving through the clip.
    Playback,
    /// Views and how they lie.
    Viewer,
    /// What a person says about their videos.
    Label,
    /// Which flow is computed, and from what.
    Flow,
    /// Making networks.
    Training,
    /// A model against labelled clips.
    Evaluation,
    /// A camera or a stream as it happens.
    Live,
    /// The window itself.
    View,
    /// Help.
    Help,
}

impl Group {
    /// All groups in the order of the menu bar.
    pub const ALL: [Self; 10] = [
        Self::File,
        Self::Playback,
        Self::Viewer,
        Self::Label,
        Self::Flow,
        Self::Training,
        Self::Evaluation,
        Self::Live,
        Self::View,
        Self::Help,
    ];

    /// The menu's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Playback => "Playback",
            Self::Viewer => "Viewer",
            Self::Label => "Label",
            Self::Flow => "Flow",
            Self::Training => "Training",
            Self::Evaluation => "Evaluation",
            Self::Live => "Live",
            Self::View => "View",
            Self::Help => "Help",
        }
    }
}

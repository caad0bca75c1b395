//! The menus, which are also the headings in the list of keys.

/// The menu a command belongs to, and its heading in the list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[rustfmt::skip] // In the order of the menu bar.
pub enum Group { File, Playback, Viewer, Label, Flow, Training, Evaluation, Live, View, Help }

impl Group {
    /// All groups in the order of the menu bar.
    #[rustfmt::skip] // As above.
    pub const ALL: [Self; 10] = [
        Self::File, Self::Playback, Self::Viewer, Self::Label, Self::Flow,
        Self::Training, Self::Evaluation, Self::Live, Self::View, Self::Help,
    ];

    /// Returns the menu's title.
    pub fn title(self) -> &'static str {
        const TITLES: [&str; 10] =
            ["File", "Playback", "Viewer", "Label", "Flow", "Training", "Evaluation", "Live", "View", "Help"];
        TITLES[self as usize]
    }
}

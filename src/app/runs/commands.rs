//! Commands for past training runs.

use crate::app::command::conditions::always;
use crate::app::command::prompt::{PathKind, PromptSpec};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::ChooseRunsFolder, G::Training, "Choose runs folder…", "Choose the folder of training runs", &[], always)
        .opens(PromptSpec::new("Choose a runs folder", "Path of a folder of runs…", PathKind::Folder),
            |app, path, _| app.panels.runs.choose_folder(path)),
    command(C::ExportModel, G::Training, "Export run's model…", "Export the selected run's model to a folder", &[], always)
        // The export itself chooses a folder that does not exist yet.
        .opens(PromptSpec::new("Choose a folder for the model", "Path of a folder for the model…", PathKind::SaveFolder),
            |app, path, ctx| {
                app.session.notice = None;
                app.panels.runs.export(path, ctx);
            }),
];

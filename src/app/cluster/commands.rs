//! The commands about jobs over several machines.

use crate::app::command::conditions::always;
use crate::app::command::prompt::{PathKind, PromptSpec};
use crate::app::command::spec::{CommandSpec, command};
use crate::app::command::{Command as C, Group as G};

#[rustfmt::skip] // A table reads as a table.
pub const COMMANDS: &[CommandSpec] = &[
    command(C::ChooseJobFolder, G::Evaluation, "Choose cluster job…", "Choose the folder of the parts of a job", &[], always)
        .opens(PromptSpec::new("Choose the folder of a job's parts", "Path of the folder of --parts…", PathKind::Folder),
            |app, path, _| app.settings.job_folder = Some(path))
        .keywords("slurm shards parts")
        .below_line(),
];

//! `motionscope package-files DIR`: man pages, shell completions and icons, for `.ci/package`; not in the help.

use std::io::Cursor;
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use clap_mangen::Man;
use image::{ImageFormat, RgbaImage};

use super::outcome::Outcome;
use super::output_arguments::ForceArg;
use crate::app::icon;
use crate::error::{Error, Result};
use crate::output::Staging;

/// The program's name in file names.
const NAME: &str = "motionscope";

/// Sides of the icons in pixels.
const ICONS: [u32; 7] = [16, 32, 48, 64, 128, 256, 512];

/// Shells, and the files in which Debian's packages complete commands for them.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/motionscope"),
    (Shell::Zsh, "zsh/vendor-completions/_motionscope"),
    (Shell::Fish, "fish/vendor_completions.d/motionscope.fish"),
];

/// `motionscope package-files`
#[derive(Debug, Args)]
pub(super) struct PackageFilesArgs {
    /// Folder for the files, in the layout of /usr/share
    dir: PathBuf,
    #[command(flatten)]
    force: ForceArg,
}

/// Writes the files that describe `program`.
pub(super) fn run(arguments: &PackageFilesArgs, program: &clap::Command) -> Result<Outcome> {
    let dir = &arguments.dir;
    let mut files = man_pages(program.clone()).map_err(|error| Error::io(dir, &error))?;
    files.extend(completions(program));
    files.extend(ICONS.map(icon_file));
    let targets: Vec<PathBuf> = files.iter().map(|(name, _)| dir.join(name)).collect();
    let guard = arguments.force.guard([] as [PathBuf; 0]);
    guard.check(&targets)?;
    let staging = Staging::begin(dir)?;
    for ((_, bytes), target) in files.iter().zip(&targets) {
        let staged = staging.file(target)?;
        std::fs::write(&staged, bytes).map_err(|error| Error::io(target, &error))?;
    }
    staging.publish(&guard)?;
    println!("Man pages, completions and icons: {}", dir.display());
    Ok(Outcome::Done)
}

/// Returns the man page of every command that the help shows.
fn man_pages(program: clap::Command) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    fn add(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
        let man = Man::new(command.clone());
        let mut page = Vec::new();
        man.render(&mut page)?;
        pages.push((format!("man/man1/{}", man.get_filename()), page));
        command.get_subcommands().filter(|inner| !inner.is_hide_set()).try_for_each(|inner| add(inner, pages))
    }
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages)?;
    Ok(pages)
}

fn completions(program: &clap::Command) -> impl Iterator<Item = (String, Vec<u8>)> {
    COMPLETIONS.into_iter().map(move |(shell, file)| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut program.clone(), NAME, &mut script);
        (file.to_owned(), script)
    })
}

/// Returns the icon of a width and height of `side` pixels.
fn icon_file(side: u32) -> (String, Vec<u8>) {
    let picture = RgbaImage::from_raw(side, side, icon(side).rgba).expect("an icon has four bytes for each pixel");
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).expect("memory takes every picture as PNG");
    (format!("icons/hicolor/{side}x{side}/apps/{NAME}.png"), png.into_inner())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::arguments::{Cli, Command, program};
    use super::*;

    #[test]
    fn packages_get_a_page_for_every_command_completions_and_icons() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("share");
        let words = ["motionscope", "package-files", dir.to_str().unwrap()];
        let Some(Command::PackageFiles(arguments)) = Cli::parse_from(words).command else { panic!("not the command") };
        assert_eq!(run(&arguments, &program()).unwrap(), Outcome::Done);
        let text = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
        assert!(text("man/man1/motionscope.1").contains("motionscope\\-analyze(1)"));
        assert!(text("man/man1/motionscope-train.1").contains("MotionNet"));
        assert!(!dir.join("man/man1/motionscope-package-files.1").exists(), "it is hidden");
        for (_, file) in COMPLETIONS {
            assert!(text(file).contains("analyze"), "{file}");
        }
        let icon = image::open(dir.join("icons/hicolor/48x48/apps/motionscope.png")).unwrap();
        assert_eq!((icon.width(), icon.height()), (48, 48));
        assert!(run(&arguments, &program()).is_err(), "nothing is overwritten without --force");
    }
}

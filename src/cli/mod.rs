//! The command line: arguments → a checked plan → the same components as the window.
//!
//! Results go to stdout, progress and problems to stderr. Exit codes: 0 success, 1 something failed, 2 wrong usage,
//! 130 stopped by Ctrl-C, 75 by SIGTERM; a training can be resumed.

// First: its macros stand in for std's in the commands.
#[macro_use]
mod output;

mod analyze;
mod arguments;
pub mod bench;
mod bout_arguments;
mod compare;
mod data;
mod evaluate;
mod export;
mod fisher_progress;
mod flow;
mod fuse;
#[cfg(test)]
mod help_tests;
mod import;
mod info;
mod interrupt;
mod jobs;
mod list_arguments;
mod live;
mod merge;
mod method;
mod model_arguments;
mod outcome;
mod output_arguments;
mod package_files;
mod predict;
mod prediction_sources;
mod project;
mod reproduce;
mod sample;
mod shard_arguments;
mod shard_files;
mod shard_task;
mod submit;
mod summary;
mod train;
mod unknown_command;
mod values;
mod window;

use std::any::Any;
use std::io::stderr;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::{env, panic, thread};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::allocator::keep_freed_memory;
use crate::app::{cache_dir, state_dir};
use crate::diagnostics;
use crate::error::{Error, ErrorKind, Result};
use crate::gpu;
use crate::secrets::without_secrets;
use crate::video::keep_indexes_in;
use arguments::{Cli, Command, parse, program};
use outcome::{Outcome, complain};
use unknown_command::unknown_command;

/// Default filter of what is logged to the standard error; `MOTIONSCOPE_LOG` overrides it.
const LOG: &str = "error,motionscope=warn,shown=off";

/// Filter of the log file.
const LOG_FILE: &str = "warn,motionscope=info,shown=info";

/// The exit code of a program that panicked.
const PANICKED: u8 = 101;

/// Stack of the thread of a command; only what is used of it takes memory.
const STACK_BYTES: usize = 64 << 20;

/// The folder of indexes of long videos within the cache folder.
const INDEXES: &str = "indexes";

/// Parses the command line, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    gpu::default_to_cpu();
    keep_freed_memory();
    if let Some(error) = unknown_command(&program(), env::args_os().skip(1)) {
        complain(&error);
        return ExitCode::from(2);
    }
    let cli = match parse(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    if cli.command.is_some() {
        gpu::ask_no_compositor();
    }
    if let Some(state) = state_dir() {
        diagnostics::begin(&state);
    }
    start_log();
    if let Some(cache) = cache_dir() {
        keep_indexes_in(cache.join(INDEXES));
    }
    let ended = panic::catch_unwind(AssertUnwindSafe(|| finished(cli))); // nothing of it is used afterwards
    diagnostics::finish();
    if let Some(problem) = diagnostics::take_problem() {
        complain(&problem);
    }
    ended.unwrap_or_else(|payload| crashed(&*payload))
}

/// Logs to the standard error and to the log file.
fn start_log() {
    let filter = EnvFilter::try_from_env("MOTIONSCOPE_LOG").unwrap_or_else(|_| EnvFilter::new(LOG));
    // A closed standard error must not end the program: nobody reads what it would complain of.
    let screen = fmt::layer().with_writer(stderr).log_internal_errors(false).with_filter(filter);
    let file = fmt::layer().with_writer(|| diagnostics::LogLines).with_ansi(false).log_internal_errors(false);
    registry().with(screen).with(file.with_filter(EnvFilter::new(LOG_FILE))).init();
}

/// Reports a panic that nobody has caught.
fn crashed(payload: &(dyn Any + Send)) -> ExitCode {
    let news = match diagnostics::report_panic(payload) {
        Ok(path) => Error::file(&path, "the program crashed, and this report says where", "Please send it to us"),
        Err(error) => error,
    };
    complain(&news);
    ExitCode::from(PANICKED)
}

/// Runs the command, prints what is left to say, and returns the exit code.
fn finished(cli: Cli) -> ExitCode {
    let outcome = run_on_large_stack(cli);
    match outcome.and_then(|outcome| output::finish().map(|()| outcome)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::exit_code()),
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.kind == ErrorKind::Usage { 2 } else { 1 })
        }
    }
}

/// Runs a command on a thread of its own: networks are moved by value, and the whole FlowNet2 needs more stack than the first thread is
/// sure to have. The window stays on the first thread, as window systems demand, and has such threads for its networks.
fn run_on_large_stack(cli: Cli) -> Result<Outcome> {
    if cli.command.is_none() {
        return run(cli);
    }
    let thread = thread::Builder::new().name("command".into()).stack_size(STACK_BYTES).spawn(|| run(cli));
    let thread = thread.map_err(|error| Error::no_thread("command", &error))?;
    thread.join().unwrap_or_else(|payload| panic::resume_unwind(payload))
}

fn run(cli: Cli) -> Result<Outcome> {
    match cli.command {
        None => window::open(cli.window),
        Some(Command::Analyze(arguments)) => analyze::run(&arguments.plan()?),
        Some(Command::Flow(arguments)) => flow::run(&arguments),
        Some(Command::Live(arguments)) => live::run(&arguments),
        Some(Command::Data(arguments)) => data::run(&arguments),
        Some(Command::Project(arguments)) => project::run(&arguments),
        Some(Command::Train(arguments)) => train::run(&arguments),
        Some(Command::Tune(arguments)) => train::tune(&arguments),
        Some(Command::Evaluate(arguments)) => evaluate::run(&arguments),
        Some(Command::Reproduce(arguments)) => reproduce::run(&arguments),
        Some(Command::Predict(arguments)) => predict::run(&arguments),
        Some(Command::Summary(arguments)) => summary::run(&arguments),
        Some(Command::Merge(arguments)) => merge::run(&arguments),
        Some(Command::Submit(arguments)) => submit::run(&arguments, &program()),
        Some(Command::Jobs(arguments)) => jobs::run(&arguments),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Fuse(arguments)) => fuse::run(&arguments),
        Some(Command::Export(arguments)) => export::run(&arguments),
        Some(Command::Import(arguments)) => import::run(&arguments),
        Some(Command::Info(arguments)) => info::run(&arguments),
        Some(Command::Sample(arguments)) => sample::run(&arguments),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
        Some(Command::PackageFiles(arguments)) => package_files::run(&arguments, &program()),
    }
}

/// Prints the requested help or the usage error, with passwords in addresses removed.
fn refuse(error: &clap::Error) -> ExitCode {
    let mut text = error.render().to_string();
    let mut has_secret = false;
    for word in env::args_os().filter_map(|word| word.into_string().ok()).filter(|word| word.contains("//")) {
        let shown = without_secrets(&word);
        has_secret |= shown != word;
        text = text.replace(&word, &shown);
    }
    if !has_secret {
        error.exit();
    }
    eprintln!("{}", text.trim_end());
    ExitCode::from(2)
}

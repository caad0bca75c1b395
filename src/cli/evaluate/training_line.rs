//! The arguments of `motionscope train`, passed as one argument of another command.

use clap::Parser;

use crate::cli::train::TrainArgs;
use crate::error::{Error, Result};
use crate::training::TrainingPlan;

/// The arguments as a command line of their own.
#[derive(Debug, Parser)]
#[command(name = "--train", disable_help_flag = true)]
struct TrainingLine {
    #[command(flatten)]
    arguments: TrainArgs,
}

/// Returns the plan that `words` describe; the caller replaces its clips and run folder.
///
/// # Errors
/// If `motionscope train` would refuse the arguments, or if they name validation clips, which might be held out, or a teacher, which might
/// know those that are.
pub(super) fn training_plan(words: &str) -> Result<TrainingPlan> {
    let split = split(words).ok_or_else(|| refuse("a quote is not closed".into()))?;
    let line = ["--train".into()].into_iter().chain(split).chain(["--folder".into(), "replaced".into()]);
    let line = TrainingLine::try_parse_from(line).map_err(|error| {
        let text = error.to_string();
        refuse(text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
    })?;
    let plan = line.arguments.plan()?;
    if plan.validation.is_some() {
        return Err(refuse("validation clips might be among those held out".into()));
    }
    if plan.distillation.is_some() {
        return Err(refuse("the teacher may have learned from clips that are held out".into()));
    }
    Ok(plan)
}

fn refuse(cause: String) -> Error {
    let remedy =
        "Pass arguments of motionscope train without clips and run folder, such as 'temporal --mode a --steps 400'";
    Error::new("--train", cause, remedy)
}

/// Splits `text` at white space outside quotes. Returns `None` if a quote is not closed.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Network, TemporalMode};

    #[test]
    fn words_are_those_of_the_training_command() {
        let plan = training_plan("temporal --mode c --steps 7 --base 'my models/base'").unwrap();
        assert_eq!((plan.network, plan.mode, plan.steps), (Network::Temporal, TemporalMode::C, 7));
        assert_eq!(plan.base.unwrap(), std::path::Path::new("my models/base"));
        for (words, cause) in [
            ("temporal --mode x", "'x'"),
            ("temporal --base 'open", "quote"),
            ("temporal --folder clips", "--folder"),
            ("spatial --validation-folder clips", "held out"),
            ("temporal --teacher model", "teacher"),
        ] {
            let error = training_plan(words).unwrap_err();
            assert!(error.cause.contains(cause), "{words}: {error}");
        }
    }
}

//! Which commands can be run now, and why the others cannot.

use super::Command;
use crate::app::evaluation::state::EvaluationPhase;
use crate::app::labeling::availability;
use crate::app::session::{PAIRS, Session};
use crate::app::settings::Settings;
use crate::app::training::state::TrainingPhase;
use crate::engine::MAX_STRIDE;

/// `Ok` if `command` can be run, else the reason in a sentence for its tooltip.
///
/// `training_ready` says whether the training panel describes a run.
pub fn available(
    command: Command,
    session: &Session,
    settings: &Settings,
    training_ready: Result<(), &'static str>,
) -> Result<(), &'static str> {
    if let Some(answer) = availability::available(command, session) {
        return answer;
    }
    use Command as C;
    match command {
        // What is decoded one frame after the other needs no list of frames.
        C::PlayPause | C::Pause | C::PlayForwards if session.is_previewed() => Ok(()),
        C::CloseClip
        | C::PlayPause
        | C::PlayBackwards
        | C::Pause
        | C::PlayForwards
        | C::StepBack
        | C::StepForward
        | C::SecondBack
        | C::SecondForward
        | C::FirstFrame
        | C::LastFrame
        | C::MarkIn
        | C::MarkOut
        | C::FitView => clip(session),
        C::LoopSegment => or(session.clip_path().is_some(), "No clip is open"),
        C::ClearMarks => or(session.marks.start.is_some() || session.marks.end.is_some(), "No in or out point is set"),
        C::LockScale => or(session.lab.has_flow(), "No flow yet"),
        C::AddView => or(!settings.views.is_full(), "The maximum number of views is open"),
        C::RemoveView => or(settings.views.list().len() > 1, "This is the only view"),
        C::ToggleSwipe => or(settings.views.list().len() > 1, "There is only one view"),
        C::DividerLeft | C::DividerRight => or(
            settings.views.swipe && settings.views.list().len() > 1,
            "The views are side by side: switch to swipe first",
        ),
        C::LongerStride => or(settings.laboratory.stride < MAX_STRIDE, "The stride is at its maximum"),
        C::ShorterStride => or(settings.laboratory.stride > 1, "The stride is at its minimum"),
        C::ChooseTruth | C::ChooseTruthFile | C::MeasureClip => clip(session),
        C::ForgetTruth => or(settings.laboratory.truth.is_some(), "This clip has no ground truth"),
        C::SaveStatistics => or(session.lab.is_measured(), "No frames measured yet"),
        C::SaveFlow | C::SavePicture => {
            or(session.lab.source(settings.views.flow_source()).flow.is_some(), "This view has no flow yet")
        }
        C::ExportFlows | C::ExportVideo => match (&session.clip, session.exporting) {
            (None, _) => Err("No clip is open"),
            (_, Some(_)) => Err("An export is running"),
            _ => Ok(()),
        },
        C::ExportAnnotated => match (&session.clip, &session.model, session.exporting) {
            (None, _, _) => Err("No clip is open"),
            (_, None, _) => Err("No model is loaded"),
            (_, _, Some(_)) => Err("An export is running"),
            _ => Ok(()),
        },
        C::StopExport => or(session.exporting.is_some(), "No export is running"),
        C::RunBenchmark => or(settings.benchmark_root.is_some(), "Choose a benchmark folder first"),
        C::SaveBenchmark => {
            let measured = session.benchmark.runs.last().is_some_and(|run| run.report.is_some());
            or(measured, "No benchmark run has finished yet")
        }
        C::RunEvaluation => evaluation(session, settings),
        C::ChooseEvaluationClips
        | C::ChooseEvaluationList
        | C::ChooseEvaluationLists
        | C::ChooseEvaluationClasses
        | C::OpenEvaluation => or(!session.evaluation.is_running(), "An evaluation is running"),
        C::SaveEvaluation => or(session.evaluation.report().is_some(), "No evaluation results yet"),
        C::StartLive if session.live.is_active() => Ok(()),
        C::StartLive => settings.live.ready(),
        C::CorrectLive | C::RecordLive => {
            let frame = session.live.view.as_ref().and_then(|view| view.frame.as_ref());
            or(frame.is_some(), "No live image yet")
        }
        C::DemoLive => or(session.live.view.is_some(), "No live source is running"),
        C::TrainOnCorrections => or(session.live.corrected() > 0, "No corrections yet"),
        C::FinerLevel | C::CoarserLevel => level(command, session),
        C::NextPair | C::PreviousPair => pair(command, session),
        C::SampleProject => or(settings.sample.is_some(), "Open the sample first to generate it"),
        C::OpenSample => or(session.writing_sample.is_none(), "The sample project is being generated"),
        C::StartTraining => match session.training.is_active() {
            true => Err("Training is already running"),
            false => training_ready,
        },
        C::PauseTraining => match session.training.phase {
            TrainingPhase::Running | TrainingPhase::Paused => Ok(()),
            TrainingPhase::Preparing => Err("Training is being prepared"),
            TrainingPhase::Pausing => Err("Training pauses after the current step"),
            TrainingPhase::Stopping => Err("Training is being stopped"),
            _ => Err("No training is running"),
        },
        C::StopTraining => match session.training.phase {
            TrainingPhase::Stopping => Err("Training is being stopped"),
            _ => or(session.training.is_active(), "No training is running"),
        },
        C::SaveCurves | C::SaveCurvesPicture => or(!session.training.losses.is_empty(), "No training steps yet"),
        C::CompareWeights => match (session.training.trained(), &session.training.base) {
            (Some(_), Some(_)) => Ok(()),
            (None, _) => Err("No training has finished yet"),
            (_, None) => Err("Training did not start from a model"),
        },
        C::TrainOnLabels => or(session.labels_project().is_some(), "No labelling project is open"),
        C::PinFrame => match (&session.clip, session.pinned.is_full()) {
            (None, _) => Err("No clip is open"),
            (_, true) if !session.frame_pin().is_some_and(|pin| session.pinned.has(&pin)) => {
                Err("Four frames are already pinned: unpin one")
            }
            _ => Ok(()),
        },
        C::UseTrainedWeights => or(session.training.trained().is_some(), "No training has finished yet"),
        _ => Ok(()),
    }
}

fn or(condition: bool, reason: &'static str) -> Result<(), &'static str> {
    if condition { Ok(()) } else { Err(reason) }
}

/// Whether a clip is open with the list of its frames.
fn clip(session: &Session) -> Result<(), &'static str> {
    match (&session.clip, &session.opening) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => Err("The clip is still being indexed; see the status bar"),
        (None, None) => Err("No clip is open"),
    }
}

fn evaluation(session: &Session, settings: &Settings) -> Result<(), &'static str> {
    match session.evaluation.phase {
        EvaluationPhase::Stopping => return Err("The evaluation is being stopped"),
        EvaluationPhase::Preparing | EvaluationPhase::Running => return Ok(()), // it can be stopped
        EvaluationPhase::Idle | EvaluationPhase::Ended => {}
    }
    settings.evaluation.source()?;
    let Some(model) = &session.model else { return Err("No model is loaded") };
    or(model.has_spatial || model.has_temporal, "The loaded model has no classification stream")
}

fn level(command: Command, session: &Session) -> Result<(), &'static str> {
    let Some(model) = &session.model else { return Err("No model is loaded") };
    let end = if command == Command::FinerLevel { model.levels.first() } else { model.levels.last() };
    or(end != Some(&session.selection.level), "No further scale in this direction")
}

fn pair(command: Command, session: &Session) -> Result<(), &'static str> {
    if session.model.is_none() {
        return Err("No model is loaded");
    }
    // The pair of the current frame comes before the first of the stack.
    let end = if command == Command::NextPair { Some(PAIRS - 1) } else { None };
    or(session.selection.pair != end, "No further pair in this direction")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_clip_nothing_plays_and_everything_says_why() {
        let (session, settings) = (Session::new("CPU".into()), Settings::default());
        for command in Command::all() {
            if let Err(reason) = available(command, &session, &settings, Err("Choose a folder of clips")) {
                assert!(reason.starts_with(char::is_uppercase), "{command:?}: {reason}");
            }
        }
        assert!(available(Command::PlayPause, &session, &settings, Ok(())).is_err());
        assert!(available(Command::StartTraining, &session, &settings, Ok(())).is_ok());
        assert!(available(Command::StartTraining, &session, &settings, Err("Choose a folder of clips")).is_err());
    }

    #[test]
    fn a_training_can_be_held_and_ended_only_while_it_runs() {
        let (mut session, settings) = (Session::new("CPU".into()), Settings::default());
        for (phase, hold, end) in [
            (TrainingPhase::Idle, false, false),
            (TrainingPhase::Preparing, false, true),
            (TrainingPhase::Running, true, true),
            (TrainingPhase::Paused, true, true),
            (TrainingPhase::Stopping, false, false),
            (TrainingPhase::Failed, false, false),
        ] {
            session.training.enter(phase.clone());
            assert_eq!(available(Command::PauseTraining, &session, &settings, Ok(())).is_ok(), hold, "{phase:?}");
            assert_eq!(available(Command::StopTraining, &session, &settings, Ok(())).is_ok(), end, "{phase:?}");
        }
    }
}

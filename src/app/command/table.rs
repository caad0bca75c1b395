//! The table of commands: menu, name, tooltip and keys of each.

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::Group;
use super::id::Command;

/// One row of the table: the command, its menu, name, tooltip and keys.
pub(super) struct Entry(
    pub(super) Command,
    pub(super) Group,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static [KeyboardShortcut],
);

pub(super) const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

pub(super) const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

pub(super) const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

pub(super) const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

pub(super) const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// What the digits do.
const LABELS: &str = "Label the selected segment, in–out range or clip";

/// All commands, in the order of menus and lists.
#[rustfmt::skip] // A table reads as a table.
pub(super) const TABLE: &[Entry] = {
    use Command as C;
    use Group as G;
    &[
        Entry(C::Open, G::File, "Open clip…", "Open a video file", &[ctrl(Key::O)]),
        Entry(C::OpenFolder, G::File, "Open folder…", "Open a folder of clips, classes or a model", &[ctrl_shift(Key::O)]),
        Entry(C::OpenPath, G::File, "Open path…", "Enter the path of a clip, folder or model", &[ctrl(Key::L)]),
        Entry(C::OpenSample, G::File, "Open sample", "Generate the sample clips and open one", &[]),
        Entry(C::NewProject, G::File, "New project…", "Create a labelling project from a folder", &[ctrl(Key::N)]),
        Entry(C::SampleProject, G::Label, "Sample project", "Create or open a project of the sample clips", &[]),
        Entry(C::OpenProject, G::File, "Open project…", "Open a labelling project folder", &[]),
        Entry(C::AddVideos, G::File, "Add video…", "Add a video to the project without moving it", &[]),
        Entry(C::AddFolder, G::File, "Add folder of videos…", "Add every video in a folder and its sub-folders", &[]),
        Entry(C::SaveProject, G::File, "Save project", "Write project files now (every change is journalled)", &[ctrl(Key::S)]),
        Entry(C::ExchangeLabels, G::File, "Import or export labels…", "CSV, JSON, UCF101, ActivityNet, ELAN, BORIS, CVAT, Label Studio, X-AnyLabeling", &[]),
        Entry(C::CloseProject, G::File, "Close project", "Save and close the labelling project", &[]),
        Entry(C::LoadModel, G::File, "Load model…", "Load a model from its folder", &[ctrl(Key::M)]),
        Entry(C::CloseClip, G::File, "Close clip", "Close the clip", &[ctrl(Key::W)]),
        Entry(C::Quit, G::File, "Quit", "Quit Motionscope; running training saves a checkpoint", &[ctrl(Key::Q)]),
        Entry(C::PlayPause, G::Playback, "Play or pause", "Play or pause the clip", &[key(Key::Space)]),
        Entry(C::PlayBackwards, G::Playback, "Play backwards", "Play backwards (press again to double the speed)", &[key(Key::J)]),
        Entry(C::Pause, G::Playback, "Pause", "Pause at the current frame", &[key(Key::K)]),
        Entry(C::PlayForwards, G::Playback, "Play forwards", "Play forwards (press again to double the speed)", &[key(Key::L)]),
        Entry(C::StepBack, G::Playback, "Previous frame", "Go to the previous frame", &[key(Key::ArrowLeft)]),
        Entry(C::StepForward, G::Playback, "Next frame", "Go to the next frame", &[key(Key::ArrowRight)]),
        Entry(C::SecondBack, G::Playback, "Back one second", "Go one second back", &[shift(Key::ArrowLeft)]),
        Entry(C::SecondForward, G::Playback, "Forward one second", "Go forward one second", &[shift(Key::ArrowRight)]),
        Entry(C::FirstFrame, G::Playback, "First frame", "Go to the first frame", &[key(Key::Home)]),
        Entry(C::LastFrame, G::Playback, "Last frame", "Go to the last frame", &[key(Key::End)]),
        Entry(C::MarkIn, G::Playback, "Set in point", "Set the in point at the current frame", &[key(Key::I), key(Key::OpenBracket)]),
        Entry(C::MarkOut, G::Playback, "Set out point", "Set the out point at the current frame", &[key(Key::O), key(Key::CloseBracket)]),
        Entry(C::ClearMarks, G::Playback, "Clear in and out points", "Clear the in and out points", &[key(Key::X)]),
        Entry(C::LoopSegment, G::Playback, "Loop", "Loop the selected segment, in–out range or clip", &[shift(Key::Space)]),
        Entry(C::AddView, G::Viewer, "Add view", "Add a view", &[key(Key::V)]),
        Entry(C::RemoveView, G::Viewer, "Remove view", "Remove the most recently hovered view", &[shift(Key::V)]),
        Entry(C::ToggleSwipe, G::Viewer, "Swipe or side by side", "Compare views with a divider or side by side", &[key(Key::W)]),
        Entry(C::DividerLeft, G::Viewer, "Move divider left", "Move the swipe divider to the left", &[alt(Key::ArrowLeft)]),
        Entry(C::DividerRight, G::Viewer, "Move divider right", "Move the swipe divider to the right", &[alt(Key::ArrowRight)]),
        Entry(C::NextSource, G::Viewer, "Next source", "Show the next flow source in this view", &[key(Key::N)]),
        Entry(C::PreviousSource, G::Viewer, "Previous source", "Show the previous flow source in this view", &[shift(Key::N)]),
        Entry(C::ToggleArrows, G::Viewer, "Arrows or colours", "Show flow as arrows or colours", &[key(Key::A)]),
        Entry(C::ArrangeFrameAndFlow, G::Viewer, "Frame and flow", "Show the video beside MotionNet's flow", &[alt(Key::Num1)]),
        Entry(C::ArrangeNetworkOrTvl1, G::Viewer, "MotionNet or TV-L1", "Swipe between MotionNet's and TV-L1's flow", &[alt(Key::Num2)]),
        Entry(C::ArrangeLoss, G::Viewer, "Loss inputs", "Images, photometric error, SSIM, border mask, occlusion", &[alt(Key::Num3)]),
        Entry(C::ArrangeAllSources, G::Viewer, "All sources", "Show every flow source beside the video", &[alt(Key::Num4)]),
        Entry(C::ArrangeComponents, G::Viewer, "Flow components", "Show flow as colours, arrows, magnitude, u, v", &[alt(Key::Num5)]),
        Entry(C::ArrangeTenFlows, G::Viewer, "Flow stack", "Show all ten flows of the window", &[alt(Key::Num6)]),
        Entry(C::ArrangeTemporalInput, G::Viewer, "Temporal input", "Show the temporal stream's input with a histogram", &[alt(Key::Num7)]),
        Entry(C::ArrangeAllScales, G::Viewer, "All scales", "Show MotionNet's flow at every pyramid level", &[alt(Key::Num8)]),
        Entry(C::FitView, G::Viewer, "Fit to view", "Fit frames to their views", &[key(Key::F)]),
        Entry(C::LockScale, G::Viewer, "Lock colour scale", "Lock or unlock the flow colour scale", &[key(Key::S)]),
        Entry(C::Undo, G::Label, "Undo", "Undo the last change to the project", &[ctrl(Key::Z)]),
        Entry(C::Redo, G::Label, "Redo", "Redo the last undone change", &[ctrl_shift(Key::Z), ctrl(Key::Y)]),
        Entry(C::Class1, G::Label, "Label as class 1", LABELS, &[key(Key::Num1)]),
        Entry(C::Class2, G::Label, "Label as class 2", LABELS, &[key(Key::Num2)]),
        Entry(C::Class3, G::Label, "Label as class 3", LABELS, &[key(Key::Num3)]),
        Entry(C::Class4, G::Label, "Label as class 4", LABELS, &[key(Key::Num4)]),
        Entry(C::Class5, G::Label, "Label as class 5", LABELS, &[key(Key::Num5)]),
        Entry(C::Class6, G::Label, "Label as class 6", LABELS, &[key(Key::Num6)]),
        Entry(C::Class7, G::Label, "Label as class 7", LABELS, &[key(Key::Num7)]),
        Entry(C::Class8, G::Label, "Label as class 8", LABELS, &[key(Key::Num8)]),
        Entry(C::Class9, G::Label, "Label as class 9", LABELS, &[key(Key::Num9)]),
        Entry(C::Class10, G::Label, "Label as class 10", LABELS, &[key(Key::Num0)]),
        Entry(C::LabelBackground, G::Label, "Label as background", "Label as showing none of the classes", &[key(Key::B)]),
        Entry(C::Unlabel, G::Label, "Clear label", "Clear the clip's label", &[key(Key::U)]),
        Entry(C::LabelByFolders, G::Label, "Label by folder name", "Label unlabelled clips by their folder names", &[]),
        Entry(C::MakeSegment, G::Label, "Add segment", "Add a segment from in to out point", &[key(Key::Enter)]),
        Entry(C::Delete, G::Label, "Delete segment or in/out points", "Delete the segment, or clear in/out points", &[key(Key::Delete)]),
        Entry(C::PreviousSegment, G::Label, "Previous segment", "Go to the previous segment", &[key(Key::Comma)]),
        Entry(C::NextSegment, G::Label, "Next segment", "Go to the next segment", &[key(Key::Period)]),
        Entry(C::StartEarlier, G::Label, "Move start earlier", "Move the segment start one frame earlier", &[alt(Key::Comma)]),
        Entry(C::StartLater, G::Label, "Move start later", "Move the segment start one frame later", &[alt(Key::Period)]),
        Entry(C::EndEarlier, G::Label, "Move end earlier", "Move the segment end one frame earlier", &[ctrl(Key::Comma)]),
        Entry(C::EndLater, G::Label, "Move end later", "Move the segment end one frame later", &[ctrl(Key::Period)]),
        Entry(C::PreviousVideo, G::Label, "Previous video", "Open the previous video in the list", &[ctrl(Key::ArrowUp)]),
        Entry(C::NextVideo, G::Label, "Next video", "Open the next video in the list", &[ctrl(Key::ArrowDown)]),
        Entry(C::NextUnlabelled, G::Label, "Next unlabelled", "Open the next unlabelled video in the list", &[ctrl(Key::ArrowRight)]),
        Entry(C::Suggest, G::Label, "Predict labels", "Predict labels for unlabelled videos (again to stop)", &[key(Key::G)]),
        Entry(C::AcceptSuggestion, G::Label, "Accept suggestion", "Accept the suggested label (a digit corrects it)", &[key(Key::Y)]),
        Entry(C::NextDisagreement, G::Label, "Next disagreement", "Open the video with most stream disagreement", &[key(Key::Q)]),
        Entry(C::NextUncertain, G::Label, "Next uncertain", "Open the video with the least confident prediction", &[shift(Key::Q)]),
        Entry(C::RenameClass, G::Label, "Rename class", "Rename the last used class; labels stay", &[key(Key::F2)]),
        Entry(C::FinerLevel, G::Flow, "Finer scale", "Show the next finer pyramid level", &[key(Key::ArrowUp)]),
        Entry(C::CoarserLevel, G::Flow, "Coarser scale", "Show the next coarser pyramid level", &[key(Key::ArrowDown)]),
        Entry(C::NextPair, G::Flow, "Next pair", "Show the next pair of the flow stack", &[key(Key::PageDown)]),
        Entry(C::PreviousPair, G::Flow, "Previous pair", "Show the previous pair of the flow stack", &[key(Key::PageUp)]),
        Entry(C::LongerStride, G::Flow, "Longer stride", "Increase the stride, for high-frame-rate video", &[key(Key::T)]),
        Entry(C::ShorterStride, G::Flow, "Shorter stride", "Decrease the stride", &[shift(Key::T)]),
        Entry(C::ScoreEverySource, G::Flow, "Classify with every flow source", "Classify with every enabled flow source", &[]),
        Entry(C::ChooseSecondModel, G::Flow, "Choose second model…", "Choose another MotionNet to compare with", &[]),
        Entry(C::ChooseTruth, G::Flow, "Choose ground truth folder…", "Choose a folder of flow files, in frame order", &[]),
        Entry(C::ChooseTruthFile, G::Flow, "Choose ground truth file…", "Choose a flow file: .flo, KITTI .png or .pfm", &[]),
        Entry(C::ForgetTruth, G::Flow, "Remove ground truth", "Stop comparing this clip with ground truth", &[]),
        Entry(C::MeasureClip, G::Flow, "Measure whole clip", "Measure all sources on every frame (again to stop)", &[key(Key::M)]),
        Entry(C::SaveStatistics, G::Flow, "Save statistics…", "Save the statistics of measured frames as CSV", &[ctrl(Key::E)]),
        Entry(C::SaveFlow, G::Flow, "Save flow…", "Save this pair's flow: .flo, .npy, .png, .jpg", &[alt(Key::S)]),
        Entry(C::SavePicture, G::Flow, "Save flow image…", "Save this pair's flow colours at video size", &[ctrl_shift(Key::S)]),
        Entry(C::ExportFlows, G::Flow, "Export clip flow…", "Export every pair's flow to a folder", &[]),
        Entry(C::ExportVideo, G::Flow, "Export comparison video…", "Export a video of frames and visible flows", &[]),
        Entry(C::ExportAnnotated, G::Flow, "Export annotated video…", "Export the clip with flow, predictions and labels", &[]),
        Entry(C::StopExport, G::Flow, "Stop export", "Stop the export; files written so far stay", &[]),
        Entry(C::ChooseBenchmark, G::Flow, "Choose benchmark folder…", "Choose the folder of an unpacked flow benchmark", &[]),
        Entry(C::RunBenchmark, G::Flow, "Run benchmark", "Run the selected method (again to stop)", &[]),
        Entry(C::SaveBenchmark, G::Flow, "Save benchmark results…", "Save the latest benchmark results as CSV", &[]),
        Entry(C::ChooseTrainingFolder, G::Training, "Choose clips…", "Choose a folder with one sub-folder per class", &[]),
        Entry(C::StartTraining, G::Training, "Start training", "Start training with the current settings", &[]),
        Entry(C::PauseTraining, G::Training, "Pause or resume training", "Pause after the current step, or resume", &[]),
        Entry(C::StopTraining, G::Training, "Stop training and save", "Stop and save; the run can be resumed", &[]),
        Entry(C::SaveCurves, G::Training, "Save training curves…", "Save the training curves as CSV", &[]),
        Entry(C::SaveCurvesPicture, G::Training, "Save training plot…", "Save the training plot as PNG", &[]),
        Entry(C::UseTrainedWeights, G::Training, "Load new model", "Load the new model", &[]),
        Entry(C::CompareWeights, G::Training, "Compare old and new model", "Swipe between the old and new model's flow", &[]),
        Entry(C::TrainOnLabels, G::Training, "Train on labels", "Fine-tune the loaded model on project labels", &[]),
        Entry(C::PinFrame, G::Training, "Pin this frame", "Pin or unpin this frame to follow training", &[shift(Key::P)]),
        Entry(C::ChooseRunsFolder, G::Training, "Choose runs folder…", "Choose the folder of training runs", &[]),
        Entry(C::ExportModel, G::Training, "Export run's model…", "Export the selected run's model to a folder", &[]),
        Entry(C::ChooseEvaluationClips, G::Evaluation, "Choose evaluation clips…", "Choose the folder of clips to evaluate", &[]),
        Entry(C::ChooseEvaluationList, G::Evaluation, "Choose clip list…", "Choose a UCF101, TSN, ActivityNet or CSV list", &[]),
        Entry(C::ChooseEvaluationLists, G::Evaluation, "Choose list folder…", "Choose HMDB51 splits or THUMOS14 annotations", &[]),
        Entry(C::ChooseEvaluationClasses, G::Evaluation, "Choose class index…", "Choose a class index such as classInd.txt", &[]),
        Entry(C::RunEvaluation, G::Evaluation, "Evaluate model", "Evaluate the loaded model (again to stop)", &[]),
        Entry(C::OpenEvaluation, G::Evaluation, "Open evaluation report…", "Open a saved report.json", &[]),
        Entry(C::CompareEvaluation, G::Evaluation, "Compare with report…", "Compare with another report.json", &[]),
        Entry(C::SaveEvaluation, G::Evaluation, "Save evaluation report…", "Save the report as HTML, JSON and CSV", &[]),
        Entry(C::StartLive, G::Live, "Start or stop live", "Start or stop the live source", &[ctrl_shift(Key::L)]),
        Entry(C::CorrectLive, G::Live, "Correct…", "Save the last seconds under the correct class", &[key(Key::C)]),
        Entry(C::RecordLive, G::Live, "Record…", "Start or stop recording the live source", &[key(Key::R)]),
        Entry(C::DemoLive, G::Live, "Live full screen", "Show live video, flow and prediction full screen", &[shift(Key::F11)]),
        Entry(C::MirrorLive, G::Live, "Mirror preview", "Mirror the preview (inference is unaffected)", &[]),
        Entry(C::ListCameras, G::Live, "Refresh cameras", "Refresh the list of cameras", &[]),
        Entry(C::ChooseCorrections, G::Live, "Choose corrections folder…", "Choose where corrected clips are saved", &[]),
        Entry(C::TrainOnCorrections, G::Live, "Train on corrections", "Add corrected clips to the training data", &[]),
        Entry(C::ShowScores, G::View, "Show scores", "Open the Scores panel", &[ctrl(Key::Num1)]),
        Entry(C::ShowTraining, G::View, "Show training", "Open the Training panel", &[ctrl(Key::Num2)]),
        Entry(C::ShowLog, G::View, "Show log", "Open the Log panel", &[ctrl(Key::Num3)]),
        Entry(C::ShowFlow, G::View, "Show flow sources", "Open the Flow panel", &[ctrl(Key::Num4)]),
        Entry(C::ShowStatistics, G::View, "Show statistics", "Open the Statistics panel", &[ctrl(Key::Num5)]),
        Entry(C::ShowBenchmark, G::View, "Show benchmark", "Open the Benchmark panel", &[ctrl(Key::Num6)]),
        Entry(C::ShowEvaluation, G::View, "Show evaluation", "Open the Evaluation panel", &[ctrl(Key::Num7)]),
        Entry(C::ShowLive, G::View, "Show live", "Open the Live panel", &[ctrl(Key::Num9)]),
        Entry(C::ShowRuns, G::View, "Show runs", "Open the Runs panel", &[]),
        Entry(C::ShowPinned, G::View, "Show pinned frames", "Open the Pinned panel", &[]),
        Entry(C::ShowProject, G::View, "Show project", "Open the Project panel", &[ctrl(Key::Num8)]),
        Entry(C::ToggleTheme, G::View, "Dark or light theme", "Switch between dark and light theme", &[ctrl(Key::T)]),
        Entry(C::FullScreen, G::View, "Full screen", "Enter or leave full screen", &[key(Key::F11)]),
        Entry(C::ResetLayout, G::View, "Reset layout", "Restore the default panel layout", &[]),
        Entry(C::Guide, G::Help, "First steps", "Train your own model in seven steps", &[]),
        Entry(C::Palette, G::Help, "Find a command…", "Find a command by name", &[ctrl(Key::P)]),
        Entry(C::Shortcuts, G::Help, "Keyboard shortcuts", "Show and change keyboard shortcuts", &[key(Key::F1)]),
    ]
};

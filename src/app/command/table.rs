//! The table of commands: menu, name, tooltip and keys of each.

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::{Command, Group};

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
const LABELS: &str = "Label the selected segment; without one the marked part, else the whole clip";

/// All commands, in the order of menus and lists.
#[rustfmt::skip] // A table reads as a table.
pub(super) const TABLE: &[Entry] = {
    use Command as C;
    use Group as G;
    &[
        Entry(C::Open, G::File, "Open clip…", "Open a video file", &[ctrl(Key::O)]),
        Entry(C::OpenFolder, G::File, "Open folder…", "Open a folder of clips, of classes to train on, or a model", &[ctrl_shift(Key::O)]),
        Entry(C::OpenPath, G::File, "Open path…", "Type or paste the path of a clip, a folder or a model", &[ctrl(Key::L)]),
        Entry(C::OpenSample, G::File, "Open sample", "Generate the sample project (once) and open a clip of it", &[]),
        Entry(C::NewProject, G::File, "New project…", "Make a folder a labelling project; videos in it become its own", &[ctrl(Key::N)]),
        Entry(C::SampleProject, G::Label, "Project of the sample", "Make a project of the sample's clips, or open the one that was made", &[]),
        Entry(C::OpenProject, G::File, "Open project…", "Open the folder of a labelling project", &[]),
        Entry(C::AddVideos, G::File, "Add video…", "Add a video to the project; it stays where it is", &[]),
        Entry(C::AddFolder, G::File, "Add folder of videos…", "Add all videos in a folder and below it to the project; they stay where they are", &[]),
        Entry(C::SaveProject, G::File, "Save project", "Write the project's files now; every change is on disk at once anyway, in its journal", &[ctrl(Key::S)]),
        Entry(C::ExchangeLabels, G::File, "Import or export labels…", "CSV, JSON, UCF101 lists, ActivityNet, ELAN, BORIS, CVAT, Label Studio, X-AnyLabeling", &[]),
        Entry(C::CloseProject, G::File, "Close project", "Save and close the labelling project", &[]),
        Entry(C::LoadModel, G::File, "Load model…", "Use the networks of a model folder", &[ctrl(Key::M)]),
        Entry(C::CloseClip, G::File, "Close clip", "Close the clip", &[ctrl(Key::W)]),
        Entry(C::Quit, G::File, "Quit", "Close Motionscope; a running training saves a checkpoint", &[ctrl(Key::Q)]),
        Entry(C::PlayPause, G::Playback, "Play or pause", "Play at the clip's own pace, or pause", &[key(Key::Space)]),
        Entry(C::PlayBackwards, G::Playback, "Play backwards", "Play backwards; again doubles the speed", &[key(Key::J)]),
        Entry(C::Pause, G::Playback, "Pause", "Hold at this frame", &[key(Key::K)]),
        Entry(C::PlayForwards, G::Playback, "Play forwards", "Play forwards; again doubles the speed", &[key(Key::L)]),
        Entry(C::StepBack, G::Playback, "One frame back", "Step to the frame before", &[key(Key::ArrowLeft)]),
        Entry(C::StepForward, G::Playback, "One frame on", "Step to the next frame", &[key(Key::ArrowRight)]),
        Entry(C::SecondBack, G::Playback, "One second back", "Go one second back", &[shift(Key::ArrowLeft)]),
        Entry(C::SecondForward, G::Playback, "One second on", "Go one second on", &[shift(Key::ArrowRight)]),
        Entry(C::FirstFrame, G::Playback, "First frame", "Go to the first frame", &[key(Key::Home)]),
        Entry(C::LastFrame, G::Playback, "Last frame", "Go to the last frame", &[key(Key::End)]),
        Entry(C::MarkIn, G::Playback, "Mark in", "Let the segment begin at this frame", &[key(Key::I), key(Key::OpenBracket)]),
        Entry(C::MarkOut, G::Playback, "Mark out", "Let the segment end at this frame", &[key(Key::O), key(Key::CloseBracket)]),
        Entry(C::ClearMarks, G::Playback, "Clear marks", "Forget the in and out marks", &[key(Key::X)]),
        Entry(C::LoopSegment, G::Playback, "Loop segment", "Repeat the selected segment, else what is between the marks, or the whole clip, whenever it plays", &[shift(Key::Space)]),
        Entry(C::AddView, G::Viewer, "Add view", "Show one more view", &[key(Key::V)]),
        Entry(C::RemoveView, G::Viewer, "Remove view", "Remove the view that the pointer was over last", &[shift(Key::V)]),
        Entry(C::ToggleSwipe, G::Viewer, "Swipe or side by side", "Lay the views over each other with a divider to drag, or side by side", &[key(Key::W)]),
        Entry(C::DividerLeft, G::Viewer, "Divider to the left", "Move the divider between swiped views to the left", &[alt(Key::ArrowLeft)]),
        Entry(C::DividerRight, G::Viewer, "Divider to the right", "Move the divider between swiped views to the right", &[alt(Key::ArrowRight)]),
        Entry(C::NextSource, G::Viewer, "Next source", "Show the next source's flow in the view that the pointer was over last", &[key(Key::N)]),
        Entry(C::PreviousSource, G::Viewer, "Previous source", "Show the previous source's flow in the view that the pointer was over last", &[shift(Key::N)]),
        Entry(C::ToggleArrows, G::Viewer, "Arrows or colours", "Show flow as arrows, or in colours, in the view that the pointer was over last", &[key(Key::A)]),
        Entry(C::ArrangeFrameAndFlow, G::Viewer, "Frame and flow", "The video beside MotionNet's flow", &[alt(Key::Num1)]),
        Entry(C::ArrangeNetworkOrTvl1, G::Viewer, "MotionNet or TV-L1", "MotionNet's flow swiped over TV-L1's", &[alt(Key::Num2)]),
        Entry(C::ArrangeLoss, G::Viewer, "What the loss sees", "Both images, photometric error, SSIM, border mask and occlusion", &[alt(Key::Num3)]),
        Entry(C::ArrangeAllSources, G::Viewer, "All sources", "The flow of every source beside the video", &[alt(Key::Num4)]),
        Entry(C::ArrangeComponents, G::Viewer, "Components of the flow", "One flow as colours, arrows, magnitude, u and v", &[alt(Key::Num5)]),
        Entry(C::ArrangeTenFlows, G::Viewer, "Ten flows", "All flows of the stack of eleven frames", &[alt(Key::Num6)]),
        Entry(C::ArrangeTemporalInput, G::Viewer, "Temporal input", "What the temporal stream takes in, with its histogram", &[alt(Key::Num7)]),
        Entry(C::ArrangeAllScales, G::Viewer, "All scales", "MotionNet's flow at every scale of its pyramid", &[alt(Key::Num8)]),
        Entry(C::FitView, G::Viewer, "Fit pictures", "Show the whole pictures", &[key(Key::F)]),
        Entry(C::LockScale, G::Viewer, "Lock colour scale", "Hold the magnitude scale of the flow colours, or let it follow the flow", &[key(Key::S)]),
        Entry(C::Undo, G::Label, "Undo", "Take the last change of the project back", &[ctrl(Key::Z)]),
        Entry(C::Redo, G::Label, "Redo", "Make the change again that was taken back last", &[ctrl_shift(Key::Z), ctrl(Key::Y)]),
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
        Entry(C::LabelBackground, G::Label, "Label as background", "Say that the selected segment, the marked part or the clip shows none of the classes", &[key(Key::B)]),
        Entry(C::Unlabel, G::Label, "Remove the clip's label", "Leave it open what the clip shows", &[key(Key::U)]),
        Entry(C::LabelByFolders, G::Label, "Label by folders", "Label every unlabelled clip with the name of the folder it lies in, and add the classes that are missing", &[]),
        Entry(C::MakeSegment, G::Label, "Make segment", "Make a segment of the in and out marks, of the class used last", &[key(Key::Enter)]),
        Entry(C::Delete, G::Label, "Delete segment or marks", "Delete the selected segment; without one, forget the in and out marks", &[key(Key::Delete)]),
        Entry(C::PreviousSegment, G::Label, "Previous segment", "Select the segment before and go to its first frame", &[key(Key::Comma)]),
        Entry(C::NextSegment, G::Label, "Next segment", "Select the segment after and go to its first frame", &[key(Key::Period)]),
        Entry(C::StartEarlier, G::Label, "Begin earlier", "Let the selected segment begin one frame earlier", &[alt(Key::Comma)]),
        Entry(C::StartLater, G::Label, "Begin later", "Let the selected segment begin one frame later", &[alt(Key::Period)]),
        Entry(C::EndEarlier, G::Label, "End earlier", "Let the selected segment end one frame earlier", &[ctrl(Key::Comma)]),
        Entry(C::EndLater, G::Label, "End later", "Let the selected segment end one frame later", &[ctrl(Key::Period)]),
        Entry(C::PreviousVideo, G::Label, "Previous video", "Open the video before in the project's list", &[ctrl(Key::ArrowUp)]),
        Entry(C::NextVideo, G::Label, "Next video", "Open the next video of the project's list", &[ctrl(Key::ArrowDown)]),
        Entry(C::NextUnlabelled, G::Label, "Next unlabelled", "Open the next video of the list that nobody has labelled", &[ctrl(Key::ArrowRight)]),
        Entry(C::Suggest, G::Label, "Suggest labels", "Let the networks in use say what they see in unlabelled videos, or stop doing so", &[key(Key::G)]),
        Entry(C::AcceptSuggestion, G::Label, "Accept suggestion", "Label the clip as the networks propose; a digit corrects them", &[key(Key::Y)]),
        Entry(C::NextDisagreement, G::Label, "Next disagreement", "Open the unlabelled video about which the two streams disagree most", &[key(Key::Q)]),
        Entry(C::NextUncertain, G::Label, "Next uncertain", "Open the unlabelled video that the networks are least sure about", &[shift(Key::Q)]),
        Entry(C::RenameClass, G::Label, "Rename class", "Give the class used last another name; its labels stay", &[key(Key::F2)]),
        Entry(C::FinerLevel, G::Flow, "Finer scale", "Show the next finer scale of the flow pyramid", &[key(Key::ArrowUp)]),
        Entry(C::CoarserLevel, G::Flow, "Coarser scale", "Show the next coarser scale of the flow pyramid", &[key(Key::ArrowDown)]),
        Entry(C::NextPair, G::Flow, "Next pair", "Show the flow of the next pair of the stack", &[key(Key::PageDown)]),
        Entry(C::PreviousPair, G::Flow, "Previous pair", "Show the flow of the previous pair of the stack", &[key(Key::PageUp)]),
        Entry(C::LongerStride, G::Flow, "Longer stride", "Flow to a frame further away, for high-rate video", &[key(Key::T)]),
        Entry(C::ShorterStride, G::Flow, "Shorter stride", "Flow to a nearer frame", &[shift(Key::T)]),
        Entry(C::ScoreEverySource, G::Flow, "Temporal stream under every flow", "Feed the temporal stream from every source, or from MotionNet alone", &[]),
        Entry(C::ChooseSecondModel, G::Flow, "Choose second model…", "Compare with the MotionNet of another model folder", &[]),
        Entry(C::ChooseTruth, G::Flow, "Choose ground truth folder…", "Compare with a folder of flow files, one per frame in the order of their names", &[]),
        Entry(C::ChooseTruthFile, G::Flow, "Choose ground truth file…", "Compare with one flow file: .flo, KITTI's .png or .pfm", &[]),
        Entry(C::ForgetTruth, G::Flow, "Forget ground truth", "Compare this clip with no ground truth", &[]),
        Entry(C::MeasureClip, G::Flow, "Measure whole clip", "Compute the figures of all sources for every frame, or stop doing so", &[key(Key::M)]),
        Entry(C::SaveStatistics, G::Flow, "Save statistics…", "Write the figures of all frames looked at as a table (CSV)", &[ctrl(Key::E)]),
        Entry(C::SaveFlow, G::Flow, "Save flow…", "Write the flow of this pair: .flo, .npy, .png (KITTI) or flow_x….jpg (two-stream)", &[alt(Key::S)]),
        Entry(C::SavePicture, G::Flow, "Save picture…", "Write the flow of this pair in its colours, at the size of the video", &[ctrl_shift(Key::S)]),
        Entry(C::ExportFlows, G::Flow, "Export flow of the clip…", "Write the flow of every pair into a folder, in the format of the Flow panel", &[]),
        Entry(C::ExportVideo, G::Flow, "Export comparison video…", "Write a video of the frames beside the flows in view", &[]),
        Entry(C::ExportAnnotated, G::Flow, "Export annotated video…", "Write the clip as a video with its flow, bars of the likeliest classes and labels drawn in", &[]),
        Entry(C::StopExport, G::Flow, "Stop export", "End the export; what is written stays", &[]),
        Entry(C::ChooseBenchmark, G::Flow, "Choose benchmark folder…", "Choose the folder that a flow benchmark was unpacked to", &[]),
        Entry(C::RunBenchmark, G::Flow, "Measure on benchmark", "Measure the method of the benchmark panel, or stop doing so", &[]),
        Entry(C::SaveBenchmark, G::Flow, "Save benchmark results…", "Write all figures of the method measured last as a table (CSV)", &[]),
        Entry(C::ChooseTrainingFolder, G::Training, "Choose clips…", "Choose a folder with one sub-folder of clips per class", &[]),
        Entry(C::StartTraining, G::Training, "Start training", "Train with the settings of the training panel", &[]),
        Entry(C::PauseTraining, G::Training, "Pause or resume training", "Hold the training after the present step, or go on", &[]),
        Entry(C::StopTraining, G::Training, "Stop training and keep it", "Save the networks as they are and end; the same run can go on later", &[]),
        Entry(C::SaveCurves, G::Training, "Save training curves…", "Write the points of the curves to a table", &[]),
        Entry(C::SaveCurvesPicture, G::Training, "Save picture of training curves…", "Write the curves as they are shown to a picture", &[]),
        Entry(C::UseTrainedWeights, G::Training, "Use these weights", "Put the networks just trained into the viewer", &[]),
        Entry(C::CompareWeights, G::Training, "Swipe old and new weights", "Lay the flow of the networks just trained over that of the model they started from, on any clip", &[]),
        Entry(C::TrainOnLabels, G::Training, "Train on labels", "Fine-tune the networks in use to the labelled clips of the project", &[]),
        Entry(C::PinFrame, G::Training, "Pin this frame", "Watch this frame's flow and scores change while networks learn, or take it off again", &[shift(Key::P)]),
        Entry(C::ChooseRunsFolder, G::Training, "Choose folder of runs…", "Choose the folder whose trainings are listed", &[]),
        Entry(C::ExportModel, G::Training, "Export model of the run…", "Copy the networks of the selected run and their card into a folder that others can open", &[]),
        Entry(C::ChooseEvaluationClips, G::Evaluation, "Choose clips to evaluate on…", "Choose the folder that holds the clips; without a list, its sub-folders are the classes", &[]),
        Entry(C::ChooseEvaluationList, G::Evaluation, "Choose list of clips…", "Choose a list: UCF101, TSN, ActivityNet (JSON) or CSV", &[]),
        Entry(C::ChooseEvaluationLists, G::Evaluation, "Choose folder of lists…", "Choose the folder of HMDB51's splits or of THUMOS14's annotations", &[]),
        Entry(C::ChooseEvaluationClasses, G::Evaluation, "Choose class index…", "Choose the file with the numbers and names of the classes, such as classInd.txt", &[]),
        Entry(C::RunEvaluation, G::Evaluation, "Evaluate model", "Score the clips of the evaluation panel with the networks in use, or stop doing so", &[]),
        Entry(C::OpenEvaluation, G::Evaluation, "Open evaluation report…", "Show a saved report.json", &[]),
        Entry(C::CompareEvaluation, G::Evaluation, "Compare with report…", "Set another report.json beside the one that is shown", &[]),
        Entry(C::SaveEvaluation, G::Evaluation, "Save evaluation report…", "Write a page with plots, JSON and CSV into a folder", &[]),
        Entry(C::StartLive, G::Live, "Watch or stop", "Watch the camera, the stream or the video of the live panel, or stop doing so", &[ctrl_shift(Key::L)]),
        Entry(C::CorrectLive, G::Live, "Correct…", "Keep the last seconds as a clip of the right class, for the next training", &[key(Key::C)]),
        Entry(C::RecordLive, G::Live, "Record…", "Record the live source to a file, or complete the recording", &[key(Key::R)]),
        Entry(C::DemoLive, G::Live, "Live full screen", "The live picture, its flow and the answer alone on the screen; Esc leaves", &[shift(Key::F11)]),
        Entry(C::MirrorLive, G::Live, "Mirrored picture", "Exchange left and right of the live picture on the screen", &[]),
        Entry(C::ListCameras, G::Live, "Look for cameras", "List the cameras of this machine anew", &[]),
        Entry(C::ChooseCorrections, G::Live, "Choose folder for corrections…", "Choose where corrected clips go, a sub-folder per class", &[]),
        Entry(C::TrainOnCorrections, G::Live, "Train on corrections", "Add the corrected clips to the open project, or to the folder trained on last, and show the training panel", &[]),
        Entry(C::ShowScores, G::View, "Show scores", "Bring the scores to the front", &[ctrl(Key::Num1)]),
        Entry(C::ShowTraining, G::View, "Show training", "Bring the training panel to the front", &[ctrl(Key::Num2)]),
        Entry(C::ShowLog, G::View, "Show log", "Bring the log to the front", &[ctrl(Key::Num3)]),
        Entry(C::ShowFlow, G::View, "Show flow sources", "Bring the sources of flow and their settings to the front", &[ctrl(Key::Num4)]),
        Entry(C::ShowStatistics, G::View, "Show statistics", "Bring the figures of the flow to the front", &[ctrl(Key::Num5)]),
        Entry(C::ShowBenchmark, G::View, "Show benchmark", "Bring methods against ground truth to the front", &[ctrl(Key::Num6)]),
        Entry(C::ShowEvaluation, G::View, "Show evaluation", "Bring the model against labelled clips to the front", &[ctrl(Key::Num7)]),
        Entry(C::ShowLive, G::View, "Show live", "Bring the camera or stream and what is recognised in it to the front", &[ctrl(Key::Num9)]),
        Entry(C::ShowRuns, G::View, "Show runs", "Bring the trainings that were made to the front", &[]),
        Entry(C::ShowPinned, G::View, "Show pinned clips", "Bring what networks make of the pinned clips to the front", &[]),
        Entry(C::ShowProject, G::View, "Show project", "Bring the labelling project to the front", &[ctrl(Key::Num8)]),
        Entry(C::ToggleTheme, G::View, "Dark or light theme", "Change between the dark and the light theme", &[ctrl(Key::T)]),
        Entry(C::FullScreen, G::View, "Full screen", "Fill the whole screen, or return to a window", &[key(Key::F11)]),
        Entry(C::ResetLayout, G::View, "Reset layout", "Put the panels back where they were at first", &[]),
        Entry(C::Guide, G::Help, "First steps", "A tour from a clip to a recogniser of your own, in seven steps", &[]),
        Entry(C::Palette, G::Help, "Find a command…", "Look up any command by a part of its name", &[ctrl(Key::P)]),
        Entry(C::Shortcuts, G::Help, "Keyboard shortcuts", "List all keys", &[key(Key::F1)]),
    ]
};

//! Everything a person can ask of the window, once: menus, buttons, the palette, the F1 list and the keys are all
//! drawn from this table.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use super::arrangement::Arrangement;
use super::keymap::Keymap;

/// One thing the window can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Asks for a clip.
    Open,
    /// Asks for a folder: clips, a training set or a model.
    OpenFolder,
    /// Opens what is typed.
    OpenPath,
    /// Opens the generated sample, writing it first if need be.
    OpenSample,
    /// Asks for a model folder.
    LoadModel,
    /// Closes the clip.
    CloseClip,
    /// Ends the program.
    Quit,
    /// Plays or pauses.
    PlayPause,
    /// J of the shuttle: backwards, doubling.
    PlayBackwards,
    /// K of the shuttle.
    Pause,
    /// L of the shuttle: forwards, doubling.
    PlayForwards,
    /// One frame back.
    StepBack,
    /// One frame on.
    StepForward,
    /// One second back.
    SecondBack,
    /// One second on.
    SecondForward,
    /// To the first frame.
    FirstFrame,
    /// To the last frame.
    LastFrame,
    /// The segment begins here.
    MarkIn,
    /// The segment ends here.
    MarkOut,
    /// Forgets the segment.
    ClearMarks,
    /// Plays the segment, or the whole clip, round and round.
    LoopSegment,
    /// One more view in the viewer.
    AddView,
    /// One view less.
    RemoveView,
    /// Views side by side or over each other.
    ToggleSwipe,
    /// The divider between swiped views to the left.
    DividerLeft,
    /// The divider between swiped views to the right.
    DividerRight,
    /// The next source in the view under the pointer.
    NextSource,
    /// The source before in the view under the pointer.
    PreviousSource,
    /// Flow as arrows or in colours in the view under the pointer.
    ToggleArrows,
    /// Frame and flow side by side.
    ArrangeFrameAndFlow,
    /// MotionNet and TV-L1 over each other.
    ArrangeNetworkOrTvl1,
    /// Everything the loss sees.
    ArrangeLoss,
    /// The flow of every source.
    ArrangeAllSources,
    /// One flow in all its representations.
    ArrangeComponents,
    /// The flow at every scale.
    ArrangeAllScales,
    /// The ten flows of a stack.
    ArrangeTenFlows,
    /// What the temporal stream takes in.
    ArrangeTemporalInput,
    /// Whole pictures in view.
    FitView,
    /// Locks or frees the scale of the flow's colours.
    LockScale,
    /// Next finer scale of the flow pyramid.
    FinerLevel,
    /// Next coarser scale of the flow pyramid.
    CoarserLevel,
    /// The pair after the one shown.
    NextPair,
    /// The pair before the one shown.
    PreviousPair,
    /// A longer temporal stride.
    LongerStride,
    /// A shorter temporal stride.
    ShorterStride,
    /// Feeds the temporal stream from every source, or from MotionNet alone.
    ScoreEverySource,
    /// Asks for a model to compare with.
    ChooseSecondModel,
    /// Asks for a folder of flow files.
    ChooseTruth,
    /// Asks for one flow file.
    ChooseTruthFile,
    /// Compares with no ground truth.
    ForgetTruth,
    /// Computes the figures of the whole clip, or stops doing so.
    MeasureClip,
    /// Asks where the figures are to be written.
    SaveStatistics,
    /// Asks where the flow of the present pair is to be written.
    SaveFlow,
    /// Asks where the colours of the present flow are to be written.
    SavePicture,
    /// Asks for a folder for the flow of the whole clip.
    ExportFlows,
    /// Asks where a video of the frames and the flows in view is to be written.
    ExportVideo,
    /// Asks where a video with everything drawn in is to be written.
    ExportAnnotated,
    /// Ends the export; what is written stays.
    StopExport,
    /// Asks for the folder of a benchmark.
    ChooseBenchmark,
    /// Measures the method of the benchmark panel, or stops doing so.
    RunBenchmark,
    /// Asks where the results of the benchmark are to be written.
    SaveBenchmark,
    /// Asks where the points of the training's curves are to be written.
    SaveCurves,
    /// Asks where a picture of the training's curves is to be written.
    SaveCurvesPicture,
    /// Asks for the folder of clips to evaluate on.
    ChooseEvaluationClips,
    /// Asks for the list of clips to evaluate on.
    ChooseEvaluationList,
    /// Asks for the folder of lists to evaluate on.
    ChooseEvaluationLists,
    /// Asks for the names of the classes.
    ChooseEvaluationClasses,
    /// Scores the clips of the evaluation panel, or stops doing so.
    RunEvaluation,
    /// Asks where the report of the evaluation is to be written.
    SaveEvaluation,
    /// Asks for a saved report.
    OpenEvaluation,
    /// Asks for a report to compare with.
    CompareEvaluation,
    /// Watches the live source that the panel describes, or stops doing so.
    StartLive,
    /// Keeps the last seconds of the live source as a clip of the right class.
    CorrectLive,
    /// Records the live source to a file, or completes the recording.
    RecordLive,
    /// The live source alone on the screen.
    DemoLive,
    /// Left and right of the live source exchanged.
    MirrorLive,
    /// Looks for cameras.
    ListCameras,
    /// Asks for the folder of corrections.
    ChooseCorrections,
    /// Puts the corrections into the training panel.
    TrainOnCorrections,
    /// Asks for the folder of clips to train on.
    ChooseTrainingFolder,
    /// Starts the training that the panel describes.
    StartTraining,
    /// Holds the training, or goes on with it.
    PauseTraining,
    /// Ends the training with a checkpoint.
    StopTraining,
    /// Puts the networks just trained into the viewer.
    UseTrainedWeights,
    /// Trains on the labelled clips of the project.
    TrainOnLabels,
    /// Lays the flow of the networks just trained over that of the model they started from.
    CompareWeights,
    /// Asks for the folder whose runs are listed.
    ChooseRunsFolder,
    /// Asks where the model of the selected run is to be written.
    ExportModel,
    /// Pins the present frame, or takes it off again.
    PinFrame,
    /// Asks for the folder of a new labelling project.
    NewProject,
    /// Asks for the folder of a labelling project.
    OpenProject,
    /// Asks for a video to add to the project.
    AddVideos,
    /// Asks for a folder of videos to add to the project.
    AddFolder,
    /// Writes the project's files.
    SaveProject,
    /// Brings the import and export of labels to the front.
    ExchangeLabels,
    /// Closes the project.
    CloseProject,
    /// Takes the last change of the project back.
    Undo,
    /// Makes the change again that was taken back last.
    Redo,
    /// The first class.
    Class1,
    /// The second class.
    Class2,
    /// The third class.
    Class3,
    /// The fourth class.
    Class4,
    /// The fifth class.
    Class5,
    /// The sixth class.
    Class6,
    /// The seventh class.
    Class7,
    /// The eighth class.
    Class8,
    /// The ninth class.
    Class9,
    /// The tenth class.
    Class10,
    /// None of the classes, said on purpose.
    LabelBackground,
    /// Forgets what the clip shows.
    Unlabel,
    /// Labels unlabelled clips with the names of their folders.
    LabelByFolders,
    /// Makes a segment of the marks.
    MakeSegment,
    /// Deletes the selected segment, or else the marks.
    Delete,
    /// To the segment before.
    PreviousSegment,
    /// To the segment after.
    NextSegment,
    /// The selected segment begins a frame earlier.
    StartEarlier,
    /// The selected segment begins a frame later.
    StartLater,
    /// The selected segment ends a frame earlier.
    EndEarlier,
    /// The selected segment ends a frame later.
    EndLater,
    /// To the video before in the list.
    PreviousVideo,
    /// To the next video of the list.
    NextVideo,
    /// To the next video without a label.
    NextUnlabelled,
    /// To the unlabelled video next in the order of the streams' disagreement.
    NextDisagreement,
    /// To the unlabelled video next in the order of uncertainty.
    NextUncertain,
    /// Lets the model say what it sees in unlabelled videos, or stops doing so.
    Suggest,
    /// Labels the clip as the model proposes.
    AcceptSuggestion,
    /// Names the class that was used last anew.
    RenameClass,
    /// Brings the project to the front.
    ShowProject,
    /// Makes a project of the sample's clips, or opens it.
    SampleProject,
    /// Shows the guided first run, or puts it away.
    Guide,
    /// Looks up a command.
    Palette,
    /// Lists the keys.
    Shortcuts,
    /// Dark or light.
    ToggleTheme,
    /// Whole screen or window.
    FullScreen,
    /// Puts the panels back where they were at first.
    ResetLayout,
    /// Brings the scores to the front.
    ShowScores,
    /// Brings the training panel to the front.
    ShowTraining,
    /// Brings the sources of flow to the front.
    ShowFlow,
    /// Brings the figures to the front.
    ShowStatistics,
    /// Brings the benchmarks to the front.
    ShowBenchmark,
    /// Brings the evaluation to the front.
    ShowEvaluation,
    /// Brings the live source to the front.
    ShowLive,
    /// Brings the runs to the front.
    ShowRuns,
    /// Brings the pinned clips to the front.
    ShowPinned,
    /// Brings the log to the front.
    ShowLog,
}

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

/// One row of the table.
struct Entry(Command, Group, &'static str, &'static str, &'static [KeyboardShortcut]);

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// What the digits do.
const LABELS: &str = "Label the selected segment; without one the part between both marks, else the whole clip";

#[rustfmt::skip] // A table reads as a table.
const TABLE: &[Entry] = {
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
        Entry(C::LoopSegment, G::Playback, "Loop segment", "Play the selected segment, else between the marks, or the whole clip, round and round", &[shift(Key::Space)]),
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
        Entry(C::TrainOnCorrections, G::Live, "Train on corrections", "Put the folder of corrections into the training panel", &[]),
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

impl Command {
    /// All commands, in the order of menus and lists.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.0)
    }

    fn entry(self) -> &'static Entry {
        TABLE.iter().find(|entry| entry.0 == self).expect("a test holds that the table has every command")
    }

    /// The menu it belongs to.
    pub fn group(self) -> Group {
        self.entry().1
    }

    /// Its name, with `…` where more input follows.
    pub fn text(self) -> &'static str {
        self.entry().2
    }

    /// What it does, in a sentence.
    pub fn tooltip(self) -> &'static str {
        self.entry().3
    }

    /// The keys that run it, unless a person chose others.
    pub fn default_shortcuts(self) -> &'static [KeyboardShortcut] {
        self.entry().4
    }

    /// Its first key in words, such as `Ctrl+P`; empty if it has none.
    pub fn shortcut_text(self, ctx: &Context) -> String {
        Keymap::of(ctx).shortcuts(self).first().map(|keys| keys_text(keys, ctx)).unwrap_or_default()
    }

    /// Which class of the list it labels with, from 0.
    pub(super) fn class_index(self) -> Option<usize> {
        (Self::Class1 as usize..=Self::Class10 as usize)
            .contains(&(self as usize))
            .then(|| self as usize - Self::Class1 as usize)
    }

    /// The command that labels with class `index` of the list; the first ten have one.
    pub(super) fn of_class(index: usize) -> Option<Self> {
        Self::all().find(|command| command.class_index() == Some(index))
    }

    /// The set of views that it chooses.
    pub(super) fn arrangement(self) -> Option<Arrangement> {
        Some(match self {
            Self::ArrangeFrameAndFlow => Arrangement::FrameAndFlow,
            Self::ArrangeNetworkOrTvl1 => Arrangement::NetworkOrTvl1,
            Self::ArrangeLoss => Arrangement::Loss,
            Self::ArrangeAllSources => Arrangement::AllSources,
            Self::ArrangeComponents => Arrangement::Components,
            Self::ArrangeAllScales => Arrangement::AllScales,
            Self::ArrangeTenFlows => Arrangement::TenFlows,
            Self::ArrangeTemporalInput => Arrangement::TemporalInput,
            _ => return None,
        })
    }

    /// All its keys in words, such as `I or [`.
    pub fn shortcuts_text(self, ctx: &Context) -> String {
        Keymap::of(ctx).shortcuts(self).iter().map(|keys| keys_text(keys, ctx)).collect::<Vec<_>>().join(" or ")
    }

    /// The tooltip with the keys.
    pub fn hover_text(self, ctx: &Context) -> String {
        match self.shortcut_text(ctx) {
            keys if keys.is_empty() => self.tooltip().to_owned(),
            keys => format!("{} ({keys})", self.tooltip()),
        }
    }

    /// Takes the commands whose keys were pressed out of the input, in the order of the keys. Keys that are text are
    /// left alone where they are meant for a field: one that has the focus, or one that is to come (`asking`).
    pub fn pressed(ctx: &Context, asking: bool) -> Vec<Self> {
        let typing = asking || ctx.text_edit_focused();
        let keymap = Keymap::of(ctx);
        // Egui ignores extra modifiers, so the keys with most modifiers come first.
        let mut keys: Vec<_> =
            Self::all().flat_map(|command| keymap.shortcuts(command).iter().map(move |keys| (command, keys))).collect();
        keys.sort_by_key(|(_, keys)| std::cmp::Reverse(modifier_count(keys)));
        keys.retain(|(_, keys)| !(typing && is_for_text(keys)));
        // Enter presses the button that was reached with Tab.
        let reached = ctx.memory(|memory| memory.focused().is_some());
        keys.retain(|(_, keys)| !(reached && keys.logical_key == Key::Enter));
        ctx.input_mut(|input| {
            let pressed = |event: &Event| match event {
                Event::Key { key, pressed: true, .. } => Some(*key),
                _ => None,
            };
            let order: Vec<Key> = input.events.iter().filter_map(pressed).collect();
            keys.retain(|(_, keys)| input.consume_shortcut(keys));
            keys.sort_by_key(|(_, keys)| order.iter().position(|key| *key == keys.logical_key));
            keys.into_iter().map(|(command, _)| command).collect()
        })
    }
}

/// A key in words.
pub(super) fn keys_text(keys: &KeyboardShortcut, ctx: &Context) -> String {
    match keys.logical_key {
        Key::OpenBracket => "[".into(),
        Key::CloseBracket => "]".into(),
        _ => ctx.format_shortcut(keys),
    }
}

fn modifier_count(keys: &KeyboardShortcut) -> u8 {
    let Modifiers { alt, ctrl, shift, mac_cmd, command } = keys.modifiers;
    u8::from(alt) + u8::from(ctrl || command) + u8::from(shift) + u8::from(mac_cmd)
}

/// Whether a field that is typed into has its own use for these keys.
fn is_for_text(keys: &KeyboardShortcut) -> bool {
    let modifiers = keys.modifiers;
    let is_letter = !modifiers.command && !modifiers.ctrl && !modifiers.alt; // also with Shift
    let edits = matches!(keys.logical_key, Key::Z | Key::Y) && (modifiers.command || modifiers.ctrl);
    let is_function_key = matches!(keys.logical_key, Key::F1 | Key::F2 | Key::F11);
    !is_function_key && (is_letter || edits || keys.conflicts_with_text_editing())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_commands_share_a_key_or_a_name() {
        let mut keys = HashSet::new();
        let mut names = HashSet::new();
        for command in Command::all() {
            assert!(names.insert(command.text()), "{command:?} has another command's name");
            for shortcut in command.default_shortcuts() {
                assert!(keys.insert(*shortcut), "{command:?} has another command's key {shortcut:?}");
            }
        }
    }

    #[test]
    fn every_command_is_in_the_table() {
        // The last variant's discriminant counts the variants, as none has a value of its own.
        assert_eq!(Command::all().count(), Command::ShowLog as usize + 1);
    }

    #[test]
    fn the_digits_stand_for_the_first_ten_classes() {
        let classes: Vec<_> = (0..11).map(Command::of_class).collect();
        assert_eq!(classes[0], Some(Command::Class1));
        assert_eq!((classes[9], classes[10]), (Some(Command::Class10), None));
        assert_eq!(Command::PlayPause.class_index(), None);
    }

    #[test]
    fn fields_keep_letters_and_their_own_undo() {
        for keys in [key(Key::B), shift(Key::V), ctrl(Key::Z), ctrl_shift(Key::Z), key(Key::Enter), alt(Key::ArrowLeft)]
        {
            assert!(is_for_text(&keys), "{keys:?}");
        }
        for keys in [ctrl(Key::S), key(Key::F1), alt(Key::Num1), ctrl(Key::P)] {
            assert!(!is_for_text(&keys), "{keys:?}");
        }
    }
}

//! The commands of the window by name.

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
    /// Repeats what is played, or no longer.
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
    /// Pauses or resumes the training.
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
    /// Renames the class that was used last.
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

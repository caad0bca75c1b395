//! The commands of the window by name.

/// One thing the window can do. The order is that of menus and lists; users' shortcuts are stored by these names.
#[rustfmt::skip] // A family a line.
#[allow(missing_docs, reason = "each feature's `COMMANDS` says what its commands do")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Open, OpenFolder, OpenPath, CancelOpening, OpenSample, FullSample, StopSample,
    NewProject, SampleProject, OpenProject, AddVideos, AddFolder, SaveProject, ExchangeLabels, CloseProject,
    LoadModel, LoadShippedModel, CloseClip, Quit,
    PlayPause, PlayBackwards, Pause, PlayForwards,
    StepBack, StepForward, SecondBack, SecondForward, FramesBack, FramesForward, FirstFrame, LastFrame,
    MarkIn, MarkOut, ClearMarks, LoopSegment, ToggleSound, ScoreClip,
    AddView, RemoveView, ToggleSwipe, DividerLeft, DividerRight, NextSource, PreviousSource, ToggleArrows,
    ArrangeFrameAndFlow, ArrangeNetworkOrTvl1, ArrangeLoss, ArrangeAllSources, ArrangeComponents, ArrangeTenFlows,
    ArrangeTemporalInput, ArrangeAllScales, ArrangeRivals,
    FitView, LockScale, ToggleWheel, ShrinkWheel,
    Undo, Redo,
    Class1, Class2, Class3, Class4, Class5, Class6, Class7, Class8, Class9, Class10,
    LabelBackground, Unlabel, LabelByFolders,
    MakeSegment, Delete, PreviousSegment, NextSegment, StartEarlier, StartLater, EndEarlier, EndLater,
    PreviousVideo, NextVideo, NextUnlabelled,
    Suggest, AcceptSuggestion, AcceptSure, AcceptAll, NextDisagreement, NextUncertain,
    PredictClip, PredictAll, StopPredicting,
    AcceptBout, RejectBout, NextBout, PreviousBout, UncertainBout,
    AcceptClassBouts, RejectClassBouts, AcceptVideoBouts, RejectVideoBouts, RestoreBouts, RenameClass,
    FinerLevel, CoarserLevel, NextPair, PreviousPair, LongerStride, ShorterStride,
    ScoreEverySource, ChooseSecondModel, ChooseTruth, ChooseTruthFile, ForgetTruth,
    MeasureClip, SaveStatistics, SaveFlow, SavePicture, SaveComparison, ExportFlows, ExportVideo, ExportAnnotated, StopExport,
    ChooseBenchmark, RunBenchmark, SaveBenchmark,
    ChooseTrainingFolder, StartTraining, ResumeTraining, PauseTraining, StopTraining, SaveCurves, SaveCurvesPicture,
    UseTrainedWeights, CompareWeights, TrainOnLabels, PinFrame, StopPinned, ChooseRunsFolder, ExportModel,
    ChooseEvaluationClips, ChooseEvaluationList, ChooseEvaluationLists, ChooseEvaluationClasses,
    RunEvaluation, OpenEvaluation, CompareEvaluation, SaveEvaluation, BrowseEvaluation, ChooseJobFolder,
    StartLive, ChooseLiveVideo, CorrectLive, RecordLive, DemoLive, MirrorLive, ListCameras,
    ChooseCorrections, TrainOnCorrections,
    ShowScores, ShowTraining, ShowLog, ShowFlow, ShowStatistics, ShowBenchmark, ShowEvaluation, ShowLive, ShowRuns,
    ShowPinned, ShowProject, ShowPredictions, ShowCluster,
    ToggleTheme, ToggleFrameNumbers, ZoomIn, ZoomOut, ResetZoom, FullScreen, ResetLayout,
    Guide, Manual, Palette, Shortcuts, ReportProblem, About,
}

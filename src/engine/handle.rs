//! The handle a window holds: it sends requests, reads messages, looks into the slots, and never waits.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::dispatcher::{Command, Dispatcher, Shared, SharedPlayer};
use super::flow::LatestFlows;
use super::live::SharedLive;
use super::runtime::events::{EventSender, Wake};
use super::{
    Analysis, FlowDiagnostics, FlowSource, FlowStack, Latest, LiveView, Message, PinnedResults, Request, SourceFlow,
};
use crate::gpu::Compute;
use crate::video::{Frame, Indexing, Player, PlayerState};

/// All that runs behind a window: the threads "engine", "decoder", "inference", "capture", "evaluation", "suggestions", "clip scores", "training",
/// "pinned", "sample" and those of the flow comparison.
///
/// Dropping it ends them; a running training first writes its checkpoint.
pub struct Engine {
    commands: Sender<Command>,
    messages: Receiver<Message>,
    player: SharedPlayer,
    analysis: Arc<Latest<Analysis>>,
    live: SharedLive,
    comparison: Arc<LatestFlows>,
    pinned: Arc<Latest<PinnedResults>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the threads. `wake` is called from any of them whenever there is a new frame, analysis or message.
    pub fn new(compute: Compute, wake: Wake) -> Self {
        let (events, messages) = EventSender::new(wake);
        // Without a bound: a person makes each, and none of them may be lost.
        let (commands, inbox) = unbounded();
        let (player, analysis) = (SharedPlayer::default(), Arc::<Latest<Analysis>>::default());
        let comparison = Arc::<LatestFlows>::default();
        let live = SharedLive::default();
        let pinned = Arc::<Latest<PinnedResults>>::default();
        let shared = Shared {
            player: player.clone(),
            analysis: analysis.clone(),
            live: live.clone(),
            comparison: comparison.clone(),
            pinned: pinned.clone(),
        };
        let dispatcher = Dispatcher::new(compute, shared, events, commands.clone());
        let thread = Builder::new().name("engine".into()).spawn(move || dispatcher.run(&inbox));
        let thread = Some(thread.expect("the system can start a thread"));
        Self { commands, messages, player, analysis, live, comparison, pinned, thread }
    }

    /// Hands over a request and returns at once.
    pub fn send(&self, request: Request) {
        if matches!(request, Request::Open(_) | Request::Close | Request::Live(Some(_))) {
            // From now on no result of the previous clip is shown for the next. In this order: nothing computed
            // from its frames can be put behind the clearing.
            if let Some(player) = self.player.replace(None) {
                player.close();
                self.analysis.clear();
                self.comparison.clear_all();
            }
        }
        self.command(Command::Request(request));
    }

    /// Everything that happened and has not been read yet.
    pub fn messages(&self) -> &Receiver<Message> {
        &self.messages
    }

    /// Returns the frame to be shown now.
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.player.with(|player| player.current()).flatten()
    }

    /// Returns how far the frames of the clip that is being opened are listed; `None` once they are.
    pub fn indexing(&self) -> Option<Indexing> {
        self.player.with(Player::indexing).flatten()
    }

    /// Returns the latest analysis of the clip.
    pub fn analysis(&self) -> Option<Arc<Analysis>> {
        self.analysis.get()
    }

    /// Returns the current view of the live source; `None` while there is none.
    pub fn live(&self) -> Option<LiveView> {
        self.live.view()
    }

    /// Returns the newest flow of a source.
    pub fn source_flow(&self, source: FlowSource) -> Option<Arc<SourceFlow>> {
        self.comparison.flow(source)
    }

    /// Returns how far nearly everything moves at most from a frame of the clip to the next, as a share of the width of the picture;
    /// `None` until that is known.
    pub fn clip_motion(&self) -> Option<f32> {
        self.comparison.motion()
    }

    /// Returns the newest diagnostics of a source's flow; they may still be of an older frame.
    pub fn diagnostics(&self, source: FlowSource) -> Option<Arc<FlowDiagnostics>> {
        self.comparison.diagnostics(source)
    }

    /// Returns the newest complete window of a source.
    pub fn strip(&self, source: FlowSource) -> Option<Arc<FlowStack>> {
        self.comparison.strip(source)
    }

    /// Returns the results of the pinned windows.
    pub fn pinned(&self) -> Option<Arc<PinnedResults>> {
        self.pinned.get()
    }

    /// Returns the state of the player; at rest at frame 0 without a clip.
    pub fn player(&self) -> PlayerState {
        self.player.with(|player| player.state()).unwrap_or(PlayerState { position: 0, playing: false, speed: 1.0 })
    }

    /// Returns whether the player has yet to obey a command, so that its position is an old one.
    pub fn player_is_behind(&self) -> bool {
        self.player.with(Player::is_behind).unwrap_or(false)
    }

    fn command(&self, command: Command) {
        // It fails only where the dispatcher has ended, which its `Drop` waits for.
        if self.commands.send(command).is_err() {
            tracing::error!("a request is for nobody: the engine has ended");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Unlike requests this one must arrive.
        let _ = self.commands.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

//! The window's handle of the engine: sends requests, reads messages and the newest results, and never waits.

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

/// The background work of a window: the threads "engine", "decoder", "inference", "capture", "evaluation",
/// "suggestions", "clip scores", "training", "pinned", "sample" and those of the flow comparison.
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
        // Unbounded: each is made by the user, and none may be lost.
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

    /// Sends a request and returns at once.
    pub fn send(&self, request: Request) {
        if matches!(request, Request::Open(_) | Request::Close | Request::Live(Some(_))) {
            // From now on no result of the previous clip is shown for the next one. In this order: no result of its
            // frames can be stored after the clearing.
            if let Some(player) = self.player.replace(None) {
                player.close();
                self.analysis.clear();
                self.comparison.clear_all();
            }
        }
        self.command(Command::Request(request));
    }

    /// Returns the queue of unread messages.
    pub fn messages(&self) -> &Receiver<Message> {
        &self.messages
    }

    /// Returns the current frame.
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.player.with(|player| player.current()).flatten()
    }

    /// Returns the progress of indexing the clip that is being opened; `None` once it is complete.
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

    /// Returns the length that exceeds nearly all motion between adjacent frames of the clip, relative to the width of
    /// the picture; `None` until it is known.
    pub fn clip_motion(&self) -> Option<f32> {
        self.comparison.motion()
    }

    /// Returns the newest diagnostics of a source's flow; they may be of an earlier frame.
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

    /// Returns the state of the player; without a clip, paused at frame 0.
    pub fn player(&self) -> PlayerState {
        self.player.with(|player| player.state()).unwrap_or(PlayerState { position: 0, playing: false, speed: 1.0 })
    }

    /// Returns whether the player still has to execute a command, so that its position is outdated.
    pub fn player_is_behind(&self) -> bool {
        self.player.with(Player::is_behind).unwrap_or(false)
    }

    fn command(&self, command: Command) {
        // Fails only if the dispatcher has ended, which `Drop` waits for.
        if self.commands.send(command).is_err() {
            tracing::error!("a request is for nobody: the engine has ended");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Unlike requests, this one must arrive.
        let _ = self.commands.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

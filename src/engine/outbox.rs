//! The way out of the engine's threads: messages in a bounded channel, and a nudge to whoever reads them.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::Message;
use crate::error::Error;

/// How many unread messages are kept.
const CAPACITY: usize = 4096;

/// Called from any of the engine's threads whenever there is something new to look at.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The sending end, cloned into every thread.
#[derive(Clone)]
pub(super) struct Outbox {
    sender: Sender<Message>,
    // Held to make room: a training must not wait for a window that nobody looks at.
    receiver: Receiver<Message>,
    wake: Wake,
}

impl Outbox {
    /// An outbox, and the end from which its messages are read.
    pub fn new(wake: Wake) -> (Self, Receiver<Message>) {
        let (sender, receiver) = bounded(CAPACITY);
        (Self { sender, receiver: receiver.clone(), wake }, receiver)
    }

    /// Sends without ever waiting: when the channel is full the oldest message makes way.
    pub fn send(&self, message: Message) {
        let mut message = message;
        while let Err(TrySendError::Full(unsent)) = self.sender.try_send(message) {
            // Empty by now if the reader was faster, which is as good.
            let _ = self.receiver.try_recv();
            message = unsent;
        }
        self.wake();
    }

    /// Reports a failure after which the engine goes on.
    pub fn problem(&self, error: Error) {
        tracing::warn!("{error}");
        self.send(Message::Problem(error));
    }

    /// Tells the reader to look at the slots.
    pub fn wake(&self) {
        (self.wake)();
    }
}

//! Messages from the engine's threads to the window.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::engine::{Message, Topic};
use crate::error::Error;

/// Number of unread messages above which telemetry is dropped.
const CAPACITY: usize = 4096;

/// A callback on changes; called from any engine thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A sender of messages to the window, cloned into every thread.
#[derive(Clone)]
pub(in crate::engine) struct EventSender {
    /// Unbounded: essential messages are sent once per request of the user, and telemetry is dropped in time.
    sender: Sender<Message>,
    wake: Wake,
}

impl EventSender {
    /// Creates a sender and the receiver of its messages.
    pub fn new(wake: Wake) -> (Self, Receiver<Message>) {
        let (sender, receiver) = unbounded();
        (Self { sender, wake }, receiver)
    }

    /// Sends without blocking: a training must not wait for a window. Every message arrives, except
    /// [telemetry](Message::is_telemetry) while too many messages are unread.
    pub fn send(&self, message: Message) {
        if message.is_telemetry() && self.sender.len() >= CAPACITY {
            return;
        }
        let _ = self.sender.send(message); // The window may be closed.
        self.wake();
    }

    /// Reports a failure about this topic; the engine continues.
    pub fn problem(&self, topic: Topic, error: Error) {
        tracing::warn!("{error}");
        self.send(Message::Problem(topic, error));
    }

    /// Notifies the window of changed slots.
    pub fn wake(&self) {
        (self.wake)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_arrive_arrives_however_much_nobody_reads() {
        let (events, messages) = EventSender::new(Arc::new(|| ()));
        events.problem(Topic::Clip, Error::new("first", "it is torn", "Copy it again"));
        (0..3 * CAPACITY).for_each(|done| events.send(Message::SampleProgress(done, 1)));
        events.send(Message::SampleWritten("/sample".into()));
        (0..CAPACITY).for_each(|number| events.send(Message::Note(number.to_string())));
        let messages: Vec<_> = messages.try_iter().collect();
        assert!(matches!(&messages[0], Message::Problem(Topic::Clip, error) if error.subject == "first"));
        assert!(messages.iter().any(|message| matches!(message, Message::SampleWritten(_))));
        assert_eq!(messages.iter().filter(|message| matches!(message, Message::Note(_))).count(), CAPACITY);
        assert!(messages.len() <= 2 * CAPACITY + 2, "telemetry does not pile up: {}", messages.len());
    }
}

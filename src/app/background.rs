//! A value that is found out on a thread of its own whenever what it hangs on changes: disks may be slow, or far away.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::Context;

/// The newest value and what it was found for.
pub struct Background<K, V> {
    key: Option<K>,
    receiver: Option<Receiver<V>>,
    value: Option<V>,
}

impl<K, V> Default for Background<K, V> {
    fn default() -> Self {
        Self { key: None, receiver: None, value: None }
    }
}

impl<K: PartialEq, V: Send + 'static> Background<K, V> {
    /// Whether this is what was asked for last.
    pub fn is_of(&self, key: &K) -> bool {
        self.key.as_ref() == Some(key)
    }

    /// Finds the value for `key` by `work`, unless that is under way or done. The value before stays until then.
    pub fn ask(&mut self, key: K, ctx: &Context, work: impl FnOnce() -> V + Send + 'static) {
        if self.is_of(&key) {
            return;
        }
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let thread = std::thread::Builder::new().name("scan".into()).spawn(move || {
            // Something else may be asked for meanwhile.
            let _ = sender.send(work());
            ctx.request_repaint();
        });
        // Without a thread it is asked for again with the next repaint.
        if thread.is_ok() {
            (self.key, self.receiver) = (Some(key), Some(receiver));
        }
    }

    /// Takes the answer, if there is one.
    pub fn receive(&mut self) {
        match self.receiver.as_ref().map(Receiver::try_recv) {
            Some(Ok(value)) => (self.value, self.receiver) = (Some(value), None),
            // The thread broke off: it is asked for again with the next repaint that wants it.
            Some(Err(TryRecvError::Disconnected)) => (self.key, self.receiver) = (None, None),
            Some(Err(TryRecvError::Empty)) | None => {}
        }
    }

    /// The value, perhaps still of the key before.
    pub fn value(&self) -> Option<&V> {
        self.value.as_ref()
    }

    /// Takes the answer out, if there is one; nothing is under way then.
    pub fn take(&mut self) -> Option<V> {
        self.receive();
        let value = self.value.take()?;
        self.clear();
        Some(value)
    }

    /// Whether the value is not that of the key yet.
    pub fn is_busy(&self) -> bool {
        self.receiver.is_some()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

//! Work on threads of its own, whose results the window polls and never waits for: disks may be slow, or far away.

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::Context;

use crate::error::{Error, Result};
use crate::panic_guard::caught;

/// Threads that work for one purpose, and what came of them, each for a key.
pub struct Tasks<K, V> {
    sender: Sender<(K, Result<V>)>,
    receiver: Receiver<(K, Result<V>)>,
}

impl<K, V> Default for Tasks<K, V> {
    fn default() -> Self {
        let (sender, receiver) = unbounded(); // One result for everything that a person asks for.
        Self { sender, receiver }
    }
}

impl<K: Clone + Send + 'static, V: Send + 'static> Tasks<K, V> {
    /// Does `work` for `key` on a thread named `name`. A panic, or a thread that cannot be started, is an error as its result.
    pub fn start(&self, name: &'static str, ctx: &Context, key: K, work: impl FnOnce() -> Result<V> + Send + 'static) {
        let (sender, ctx, for_key) = (self.sender.clone(), ctx.clone(), key.clone());
        let body = move || {
            // The window may be gone, or may have forgotten what it asked for.
            let _ = sender.send((for_key, caught(name, work)));
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(body) {
            // The receiver lives as long as `self`.
            let _ = self.sender.send((key, Err(Error::no_thread(name, &error))));
        }
    }

    /// Adds a result as if a thread had come back with it.
    #[cfg(test)]
    pub fn finish(&self, key: K, result: Result<V>) {
        let _ = self.sender.send((key, result)); // As in `start`.
    }

    /// The next result that has not been taken yet.
    pub fn take(&self) -> Option<(K, Result<V>)> {
        self.receiver.try_recv().ok()
    }

    /// The results since the last call.
    pub fn poll(&self) -> impl Iterator<Item = (K, Result<V>)> + use<K, V> {
        let receiver = self.receiver.clone();
        std::iter::from_fn(move || receiver.try_recv().ok())
    }
}

/// A value that is found out again whenever what it hangs on changes: the newest value and what it was found for.
pub struct Background<K, V> {
    key: Option<K>,
    /// How often a value was asked for.
    asked: usize,
    tasks: Tasks<usize, V>,
    is_busy: bool,
    value: Option<V>,
}

impl<K, V> Default for Background<K, V> {
    fn default() -> Self {
        Self { key: None, asked: 0, tasks: Tasks::default(), is_busy: false, value: None }
    }
}

impl<K: PartialEq, V: Send + 'static> Background<K, V> {
    /// Whether this is what was asked for last.
    pub fn is_of(&self, key: &K) -> bool {
        self.key.as_ref() == Some(key)
    }

    /// Finds the value for `key` by `work`, unless that is under way or done. The value before stays until then.
    pub fn ask(&mut self, key: K, ctx: &Context, work: impl FnOnce() -> V + Send + 'static) {
        if !self.is_of(&key) {
            self.asked += 1;
            (self.key, self.is_busy) = (Some(key), true);
            self.tasks.start("scan", ctx, self.asked, move || Ok(work()));
        }
    }

    /// Takes the answer, if there is one.
    pub fn receive(&mut self) {
        while let Some((asked, found)) = self.tasks.take() {
            if asked == self.asked && self.is_busy {
                self.is_busy = false;
                match found {
                    Ok(value) => self.value = Some(value),
                    // It is asked for again with the next repaint that wants it.
                    Err(_) => self.key = None,
                }
            }
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
        self.is_busy
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(tasks: &Tasks<u8, u8>) -> (u8, Result<u8>) {
        loop {
            if let Some(result) = tasks.take() {
                return result;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_result_is_polled_and_a_panic_is_an_error() {
        let (tasks, ctx) = (Tasks::default(), Context::default());
        assert!(tasks.take().is_none());
        tasks.start("seven", &ctx, 1, || Ok(7));
        assert_eq!(result(&tasks), (1, Ok(7)));
        tasks.start("none", &ctx, 2, || panic!("nothing there"));
        let (key, broken) = result(&tasks);
        let error = broken.unwrap_err();
        assert_eq!((key, error.subject.as_str()), (2, "none"));
        assert!(error.cause.contains("nothing there"));
    }

    #[test]
    fn a_value_is_found_again_after_its_thread_broke_off_and_not_before_its_key_changes() {
        let (mut value, ctx) = (Background::default(), Context::default());
        let found = |value: &mut Background<u8, u8>| {
            while value.is_busy() {
                value.receive();
                std::thread::yield_now();
            }
            value.value().copied()
        };
        value.ask(1, &ctx, || 10);
        value.ask(1, &ctx, || 11);
        assert_eq!(found(&mut value), Some(10));
        value.ask(2, &ctx, || panic!("the disk is away"));
        assert_eq!((found(&mut value), value.is_of(&2)), (Some(10), false));
        value.ask(2, &ctx, || 20);
        assert_eq!((found(&mut value), value.take(), value.value()), (Some(20), Some(20), None));
    }
}

//! A place for a value of which only the newest matters: writers replace it, readers never wait for work.

use std::sync::{Arc, Mutex, PoisonError};

/// Holds the newest value of `T`, or none.
pub struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// Replaces the value.
    pub fn put(&self, value: T) {
        self.replace(Some(Arc::new(value)));
    }

    /// Empties the slot.
    pub fn clear(&self) {
        self.replace(None);
    }

    /// The newest value.
    pub fn get(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The old value is dropped after the lock is released, so that a costly drop delays no reader.
    fn replace(&self, value: Option<Arc<T>>) {
        let _old = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), value);
    }
}

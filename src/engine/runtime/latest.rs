//! Slot for a value of which only the newest matters: writers replace it, readers never wait for work.

use std::sync::{Arc, Mutex, PoisonError};

/// A slot with the newest value of `T`, or none.
pub struct Latest<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Latest<T> {
    /// Replaces the value.
    pub fn put(&self, value: T) {
        self.replace(Some(Arc::new(value)));
    }

    /// Replaces the value if `is_wanted` returns true, atomically with respect to [`clear`](Self::clear).
    pub fn put_if(&self, value: T, is_wanted: impl FnOnce() -> bool) {
        let value = Arc::new(value);
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _old = if is_wanted() { place.replace(value) } else { Some(value) };
        drop(place); // before the old value
    }

    /// Empties the slot.
    pub fn clear(&self) {
        self.replace(None);
    }

    /// Returns the newest value.
    pub fn get(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value. The old one is dropped after the lock is released, so that a slow drop delays no reader.
    fn replace(&self, value: Option<Arc<T>>) {
        let _old = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_longer_wanted_leaves_the_slot_as_it_is() {
        let slot = Latest::default();
        slot.put_if(1, || true);
        slot.put_if(2, || false);
        assert_eq!(slot.get().as_deref(), Some(&1));
        slot.clear();
        slot.put_if(3, || false);
        assert_eq!(slot.get(), None);
    }
}

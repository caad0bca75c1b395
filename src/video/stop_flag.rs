//! The stop flag for work on a video.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A flag that ends work from another thread; the worker checks it after every packet or picture.
pub type StopFlag = Arc<AtomicBool>;

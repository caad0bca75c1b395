//! The stop flag for work on a video.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Ends a piece of work from another thread: whoever does it looks at the flag after every packet or picture.
pub type StopFlag = Arc<AtomicBool>;

//! Parallel work on clips.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::data::LabelledClip;
use crate::error::{Error, Result};
use crate::panic_guard::caught_at;

/// Returns the result of `work` for each of `clips`, in their order; all cores work in parallel, each on its own clip.
/// `progress` is called with the number of clips done, the number of all clips, and the error of the clip just done, if
/// any.
///
/// # Errors
/// If `stop` ended it: the results are incomplete then.
pub fn for_each_clip<T: Send>(
    clips: &[&LabelledClip],
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(&LabelledClip) -> Result<T> + Sync,
    progress: &mut (dyn FnMut(usize, usize, Option<&Error>) + Send),
) -> Result<Vec<Result<T>>> {
    let cancelled = || Error::cancelled("clips", "it was stopped", "Run the same command again");
    let news = Mutex::new((0, progress));
    let results = clips.par_iter().map(|clip| {
        if stop() {
            return Err(cancelled());
        }
        let result = caught_at(&clip.path, || work(clip));
        let mut news = news.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, progress) = &mut *news;
        *done += 1;
        progress(*done, clips.len(), result.as_ref().err().filter(|error| !error.is_cancelled()));
        result
    });
    let results: Vec<_> = results.collect();
    if stop() { Err(cancelled()) } else { Ok(results) }
}

//! The videos whose files the thread "labeling" is to probe.

use std::collections::BTreeMap;

use crate::labels::VideoId;

/// Videos that wait for the reply to a probe of their files.
///
/// Every request has a number, which its reply repeats: a file may change between a request and its reply, and what an earlier
/// request found then tells nothing of the present content.
#[derive(Debug, Default)]
pub struct ProbeQueue {
    /// The number of the request whose reply each of them waits for.
    waiting: BTreeMap<VideoId, u64>,
    /// The number of the last request.
    last: u64,
    /// Whether the thread was not told of all of them.
    is_untold: bool,
}

impl ProbeQueue {
    /// Returns a queue that all of `videos` wait in.
    pub fn of(videos: impl Iterator<Item = VideoId>) -> Self {
        let mut queue = Self { is_untold: true, ..Self::default() };
        queue.add(videos);
        queue
    }

    /// Requests a probe of a video; replies to earlier requests no longer count.
    pub fn request(&mut self, id: VideoId) {
        (self.last, self.is_untold) = (self.last + 1, true);
        self.waiting.insert(id, self.last);
    }

    /// Requests probes of those of `videos` that do not wait for one.
    pub fn add(&mut self, videos: impl Iterator<Item = VideoId>) {
        let new: Vec<VideoId> = videos.filter(|id| !self.waiting.contains_key(id)).collect();
        new.into_iter().for_each(|id| self.request(id));
    }

    /// Returns whether no video waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns the waiting videos with the numbers of their requests, if the thread was not told of all of them; from then on it was.
    pub fn take_untold(&mut self) -> Option<&BTreeMap<VideoId, u64>> {
        std::mem::take(&mut self.is_untold).then_some(&self.waiting)
    }

    /// Takes in that the request `number` was replied to; returns whether the reply is of use, which it is not where a later request
    /// waits.
    pub fn answer(&mut self, id: VideoId, number: u64) -> bool {
        if self.waiting.get(&id).is_some_and(|awaited| number < *awaited) {
            return false;
        }
        self.waiting.remove(&id);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_to_an_earlier_request_does_not_count() {
        let (video, other) = (VideoId(3), VideoId(4));
        let mut queue = ProbeQueue::of([video, other].into_iter());
        let first = queue.take_untold().unwrap()[&video];
        assert!(queue.take_untold().is_none(), "told once");
        queue.request(video);
        let second = queue.take_untold().unwrap()[&video];
        assert!(!queue.answer(video, first) && !queue.is_empty());
        assert!(queue.answer(video, second));
        assert!(queue.take_untold().is_none());
        queue.add([video, other].into_iter());
        let waiting = queue.take_untold().unwrap();
        assert!(waiting[&video] > second && waiting[&other] < second, "the other waits already: {waiting:?}");
    }
}

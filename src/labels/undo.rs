//! The undo and redo history.

use super::Step;

/// The steps that take back what was done, and those that do it again. A step holds the values before it, a few hundred
/// bytes for a label, so that nothing need ever be forgotten.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// The last one takes back what was done last.
    back: Vec<Step>,
    /// The last one does again what was taken back last.
    forth: Vec<Step>,
}

/// A direction to go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Back,
    Forth,
}

impl Undo {
    /// Notes that something new was done, which `back` takes back.
    pub fn done(&mut self, back: Step) {
        self.back.push(back);
        self.forth.clear();
    }

    /// Returns the step that goes this way.
    pub fn next(&self, way: Way) -> Option<&Step> {
        match way {
            Way::Back => self.back.last(),
            Way::Forth => self.forth.last(),
        }
    }

    /// Returns the steps that go this way, the next one first.
    pub fn steps(&self, way: Way) -> impl Iterator<Item = &Step> {
        let steps = match way {
            Way::Back => &self.back,
            Way::Forth => &self.forth,
        };
        steps.iter().rev()
    }

    /// Notes that the next step went this way, and that `reverse` goes the other.
    pub fn went(&mut self, way: Way, reverse: Step) {
        let (from, to) = match way {
            Way::Back => (&mut self.back, &mut self.forth),
            Way::Forth => (&mut self.forth, &mut self.back),
        };
        from.pop();
        to.push(reverse);
    }
}

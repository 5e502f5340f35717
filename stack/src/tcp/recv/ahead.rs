//! Which octets of the stream have come before earlier ones.

use smoltcp::storage::Assembler;

/// Which octets have come behind a gap. Most connections never have one, and need no room for it.
#[derive(Debug, Default)]
pub(super) struct Ahead(Option<Box<Assembler>>);

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|assembler| assembler.is_empty())
    }

    /// Where each stretch begins and ends, counted from the first octet that is missing.
    #[cold]
    pub(super) fn stretches(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().flat_map(|assembler| assembler.iter_data())
    }

    /// Octets have come; returns how many of the first are now without a gap, or none where there
    /// would be too many stretches.
    pub(super) fn add(&mut self, offset: usize, octets: usize) -> Option<usize> {
        let new = || Box::new(Assembler::new());
        let assembler = self.0.get_or_insert_with(new);
        assembler.add_then_remove_front(offset, octets).ok()
    }
}

//! Handles of event objects.

/// An event object: WSAEVENT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventHandle(pub(crate) u64);

impl EventHandle {
    /// The handle with this value, which need not be an event object.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The value of the handle.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

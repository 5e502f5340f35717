//! The signature of a call: its name, the number of its arguments, and their description for
//! messages.

/// The name of a call, and what it takes.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    /// What it takes, for messages: `(socket, length[, flags])`.
    pub(super) takes: &'static str,
    /// The fewest and the most arguments.
    pub(super) counts: (usize, usize),
    pub(super) shape: Shape,
}

/// What the first arguments of a call are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No socket.
    Process,
    /// A socket.
    Socket,
    /// A socket and data to send.
    Send,
}

//! Pending calls of a run: those that have not returned, and one that could not be made.

use smoltcp::time::Instant;

use super::medium::CallId;
use crate::diagnostic::{Diagnostic, Span};
use crate::scenario::script::Call;

/// A call that was made and has not returned, and what the script says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting<'a> {
    pub(super) id: CallId,
    pub(super) call: &'a Call,
    pub(super) span: Span,
    pub(super) host: usize,
    /// When it must return; none: at once.
    pub(super) returns: Option<(Instant, Instant)>,
}

/// A call that could not be made at all.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// What is wrong with it.
    pub(crate) diagnostic: Diagnostic,
    /// The word that it had and no call of the host knows, where that was why.
    pub(crate) unknown: Option<String>,
}

//! Who reads a run while it goes on.

use std::fmt;

use crate::capture::Part;

/// Somebody who reads a run while it goes on, before it is known how it comes out.
pub trait Reader: fmt::Debug {
    /// Takes the next part. There is none where a run is short; what is behind the last one is in
    /// the outcome.
    fn read(&mut self, part: Part<'_>);
}

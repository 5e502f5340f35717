//! Which calls there are, and which names they can come to: the one place where scenarios ask what
//! a host's interface can do.

pub(super) use crate::calls::known_names as calls;
pub(super) use crate::calls::{error_names as errors, event_names as events};

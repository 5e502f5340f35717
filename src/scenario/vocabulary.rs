//! The names of calls and of the values they return. Scenarios ask here, and only here, for the
//! capabilities of a host's interface.

pub(super) use crate::calls::known_names as calls;
pub(super) use crate::calls::{
    Rehearsal, error_names as errors, event_names as events, never_returns, result_names as results,
};

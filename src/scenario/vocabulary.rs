//! Which calls there are: the one place where scenarios ask what a host's interface can do.

pub(super) use crate::calls::known_names as calls;

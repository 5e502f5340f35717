//! The socket calls of scripts, carried out on a host.
//!
//! A script's call is a name and arguments as they were written. [`Calls`] turns them into calls
//! of Winsock ([`winsock`]) or of a POSIX system ([`posix`]), and returns the result in the
//! notation of scripts. The descriptors in a script are labels: each implementation maps a label to
//! a real descriptor. A label without one is an invalid descriptor, so that a script can test the
//! error of a call on it.

mod answer;
mod argument;
mod interface;
pub mod posix;
mod program;
mod rehearsal;
mod show;
mod signature;
mod table;
#[cfg(test)]
mod tests;
pub mod winsock;

use hangup_stack::profile::Api;
use hangup_stack::socket::Gone;
use hangup_winsock::WsaError;

use crate::capture::Toward;

pub use answer::{Answer, BadCall, Blocked, Difference, Note, Returned, Unknown};
pub use interface::Calls;
pub use program::Program;
pub use rehearsal::Rehearsal;
pub(crate) use show::show as show_argument;

/// The calls of a host with this API, before any was made.
pub fn table(api: Api) -> Box<dyn Calls> {
    match api {
        Api::Posix => Box::<posix::PosixCalls>::default(),
        Api::Winsock => Box::<winsock::WinsockCalls>::default(),
    }
}

/// The names of the errors that calls of an API report.
pub fn error_names(api: Api) -> Vec<&'static str> {
    match api {
        Api::Posix => posix::error_names().collect(),
        Api::Winsock => WsaError::ALL.iter().map(|error| error.name()).collect(),
    }
}

/// The names that calls of an API return instead of a number.
pub fn result_names(api: Api) -> Vec<&'static str> {
    let mut names = error_names(api);
    names.extend(match api {
        Api::Posix => posix::result_names(),
        Api::Winsock => winsock::result_names(),
    });
    names
}

/// The error by which calls of an API say why a connection is gone.
pub fn gone_name(gone: Gone, api: Api) -> &'static str {
    match api {
        Api::Posix => posix::gone_name(gone),
        Api::Winsock => WsaError::from(gone).name(),
    }
}

/// The names of the network events that an API records; none where it has no such thing.
pub fn event_names(api: Api) -> Vec<&'static str> {
    match api {
        Api::Posix => Vec::new(),
        Api::Winsock => winsock::event_names().collect(),
    }
}

/// The names of the calls that an API has.
pub const fn known_names(api: Api) -> &'static [&'static str] {
    match api {
        Api::Posix => posix::NAMES,
        Api::Winsock => winsock::NAMES,
    }
}

/// Which way the row of a call points in a trace: at the application where the stack delivers data,
/// a connection, or that something is ready. A name that no API has is an ordinary call.
pub fn toward(name: &str) -> Toward {
    let found = posix::toward(name).or_else(|| winsock::toward(name));
    found.unwrap_or(Toward::Stack)
}

/// Whether a call of this name ends its process, and so never returns.
pub fn never_returns(name: &str) -> bool {
    posix::never_returns(name) || winsock::never_returns(name)
}

/// Whether an API has a call of this name.
pub fn known(api: Api, name: &str) -> bool {
    known_names(api).contains(&name)
}

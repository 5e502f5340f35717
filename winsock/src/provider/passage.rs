//! The log of a layered provider: the calls that have passed it, and their results.

use std::fmt;

use hangup_stack::smoltcp::time::Instant;

use crate::address::Address;
use crate::error::WsaError;
use crate::options::OptionValue;
use crate::overlapped::Transferred;
use crate::process::{Progress, Socket, ThreadId};

/// A call that has passed a layer, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When it returned.
    pub at: Instant,
    /// Whose call it was.
    pub thread: ThreadId,
    /// The function of the SPI.
    pub function: &'static str,
    /// The socket; none for a call that has none.
    pub s: Option<Socket>,
    /// What came back: `0`, a number, an error's name.
    pub result: String,
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            s,
            result,
            ..
        } = self;
        match s {
            Some(s) => write!(f, "{function}({:#x}) = {result}", s.raw()),
            None => write!(f, "{function}() = {result}"),
        }
    }
}

/// A value that a function of the SPI returns.
pub trait SpiValue {
    /// The value as a passage has it.
    fn shown(&self) -> String;
}

impl SpiValue for () {
    fn shown(&self) -> String {
        "0".to_owned()
    }
}

impl SpiValue for usize {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl SpiValue for Socket {
    fn shown(&self) -> String {
        "SOCKET".to_owned()
    }
}

impl SpiValue for Transferred {
    fn shown(&self) -> String {
        self.octets.to_string()
    }
}

impl SpiValue for Address {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl SpiValue for OptionValue {
    fn shown(&self) -> String {
        format!("{self:?}")
    }
}

/// The result of a function of the SPI.
pub trait SpiResult {
    /// The function has failed.
    fn failed(error: WsaError) -> Self;

    /// What it has returned: a value, or an error's name; none where it waits.
    fn shown(&self) -> Option<String>;
}

impl<T: SpiValue> SpiResult for Result<T, WsaError> {
    fn failed(error: WsaError) -> Self {
        Err(error)
    }

    fn shown(&self) -> Option<String> {
        Some(match self {
            Ok(value) => value.shown(),
            Err(error) => error.name().to_owned(),
        })
    }
}

impl<T: SpiValue> SpiResult for Progress<T> {
    fn failed(error: WsaError) -> Self {
        Self::Done(Err(error))
    }

    fn shown(&self) -> Option<String> {
        match self {
            Self::Done(result) => result.shown(),
            Self::Blocks { .. } => None,
        }
    }
}

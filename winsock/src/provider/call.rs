//! The parameters and results of the SPI's functions.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};

use super::passage::SpiValue;
use super::upcalls::Upcalls;
use crate::address::Address;
use crate::error::WsaError;
use crate::notify::NetworkEvents;
use crate::overlapped::Transferred;
use crate::process::{Pointer, Progress, Socket, ThreadId};
use crate::version::Version;
use crate::waiting::{self, Unfinished, Waiting};

/// What every provider function is given besides its own parameters.
#[derive(Debug)]
pub struct Context<'a> {
    /// The stack below.
    pub host: &'a mut Host,
    /// The virtual time.
    pub now: Instant,
    /// Which thread calls.
    pub thread: ThreadId,
    /// What the provider may call in Ws2_32.dll.
    pub upcalls: &'a mut Upcalls,
    /// The call as the thread remembers it, where it waits and is made again.
    pub waiting: Option<Waiting>,
}

impl Context<'_> {
    /// Carries out a function that may wait, unless the thread waited in it and was interrupted.
    ///
    /// # Errors
    /// Those of the function; WSAEINTR.
    pub fn blocking<T>(
        &mut self,
        function: impl FnOnce(&mut Self) -> Result<T, Unfinished>,
    ) -> Progress<T> {
        if self.waiting.is_some_and(|waiting| waiting.interrupted) {
            return Progress::Done(Err(WsaError::Interrupted));
        }
        waiting::outcome(function(self))
    }

    /// When the call gives up that waits for at most `timeout`; none: never.
    pub fn deadline(&self, timeout: Option<Duration>) -> Option<Instant> {
        waiting::deadline(self.waiting, self.now, timeout)
    }
}

/// WSPDATA: what a provider says of itself when it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WspData {
    /// wVersion: the version that will be used.
    pub version: Version,
    /// wHighVersion: the highest version that the provider speaks.
    pub high_version: Version,
    /// szDescription.
    pub description: String,
}

impl WspData {
    /// The answer of a provider that speaks the versions from 2.0 on.
    ///
    /// # Errors
    /// WSAVERNOTSUPPORTED for a version before.
    pub fn negotiate(requested: Version, description: &str) -> Result<Self, WsaError> {
        if requested < (Version { major: 2, minor: 0 }) {
            return Err(WsaError::VersionNotSupported);
        }
        Ok(Self {
            version: requested.min(Version::HIGHEST),
            high_version: Version::HIGHEST,
            description: description.to_owned(),
        })
    }
}

/// Connect data, as WSAConnect and the condition function of WSAAccept have it.
#[derive(Debug)]
pub struct ConnectData<'a> {
    /// lpCallerData: what goes to the peer with the connection request.
    pub caller: Pointer<&'a [u8]>,
    /// lpCalleeData: where the peer's data goes. Its length is the size of the buffer before the
    /// call and that of the data after it, 0 where there is none.
    pub callee: Pointer<&'a mut Vec<u8>>,
}

impl ConnectData<'_> {
    /// What `connect` passes: no data either way.
    pub const fn none() -> Self {
        Self {
            caller: Pointer::Null,
            callee: Pointer::Null,
        }
    }
}

/// What the condition function of WSAAccept is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// lpCallerId: who wants to connect.
    pub name: Option<Address>,
    /// lpCallerData: what came with the request; none where the protocol has no connect data.
    pub data: Option<Vec<u8>>,
    /// lpCalleeId: to which of our addresses.
    pub local: Option<Address>,
}

/// What the condition function of WSAAccept returns, and what goes back with it (lpCalleeData).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// CF_ACCEPT, with data for the caller.
    Accept(Vec<u8>),
    /// CF_REJECT, with data for the caller.
    Reject(Vec<u8>),
    /// CF_DEFER: the request waits for another WSAAccept.
    Defer,
    /// The function has not returned yet.
    Runs,
}

/// lpfnCondition of WSAAccept.
pub type ConditionFunction<'a> = dyn FnMut(&Caller) -> Decision + 'a;

/// A connection that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its socket.
    pub s: Socket,
    /// Who has connected.
    pub name: Option<Address>,
}

impl SpiValue for Accepted {
    fn shown(&self) -> String {
        self.s.shown()
    }
}

/// What a receive gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// How many octets were stored.
    pub octets: usize,
    /// lpFlags: MSG_PARTIAL where a message goes on.
    pub flags: i32,
    /// lpFrom: the sender of a datagram.
    pub from: Option<Address>,
}

impl From<Transferred> for Received {
    fn from(transferred: Transferred) -> Self {
        Self {
            octets: transferred.octets,
            flags: transferred.flags,
            from: transferred.from,
        }
    }
}

impl SpiValue for Received {
    fn shown(&self) -> String {
        self.octets.to_string()
    }
}

impl SpiValue for NetworkEvents {
    fn shown(&self) -> String {
        format!("{:#x}", self.events)
    }
}

/// The three fd_sets of select: sockets before the call, those that are ready after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// readfds.
    pub read: Vec<Socket>,
    /// writefds.
    pub write: Vec<Socket>,
    /// exceptfds.
    pub except: Vec<Socket>,
}

/// fWait of WSAGetOverlappedResult.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the operation has ended.
    Yes,
    /// The call returns at once.
    No,
}

/// What follows behind the data of DisconnectEx and TransmitFile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing.
    Stays,
    /// The FIN, which nobody waits for.
    Goes,
    /// The FIN, until it is acknowledged.
    Ends,
    /// The FIN, until the connection is over and the socket can be used again.
    Reuses,
}

//! Attempts to connect: what begins one, and what each call says of its end.

use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use crate::host::Host;
use crate::profile::AttemptEnds;
use crate::socket::{ConnectError, Gone, SocketId};
use crate::table::{Idle, Kind};
use crate::tcp::{Connection, State};

impl Host {
    /// Begins, and on later calls asks for the end of, a handshake; sets the peer of a UDP socket.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(
        &mut self,
        socket: SocketId,
        remote: IpEndpoint,
        now: Instant,
    ) -> Result<(), ConnectError> {
        let stack = self.stack_mut();
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(ConnectError::Unreachable);
        };
        match &mut entry.kind {
            Kind::Idle(_) => stack.begin_connection(socket, remote, now),
            Kind::Listening(_) => Err(ConnectError::Listening),
            Kind::Connection(connection) => match connection.state() {
                State::SynSent | State::SynReceived => Err(ConnectError::AlreadyInProgress),
                State::Closed => {
                    let rule = stack.profile.calls.attempt_ends;
                    if connection.never_opened()
                        && let Some(said) = said_of_attempt(rule, connection)
                    {
                        return Err(said);
                    }
                    // Linux: a socket that was connected stays so (SS_CONNECTED).
                    if rule == AttemptEnds::Once && !connection.never_opened() {
                        return Err(ConnectError::AlreadyConnected);
                    }
                    let Some(gone) = connection.take_error() else {
                        return Err(ConnectError::AlreadyConnected);
                    };
                    if connection.never_opened() {
                        let idle = Idle::after(connection);
                        stack.set_kind(socket, Kind::Idle(idle));
                    }
                    Err(ConnectError::Gone(gone))
                }
                State::Listen
                | State::Established
                | State::FinWait1
                | State::FinWait2
                | State::CloseWait
                | State::Closing
                | State::LastAck
                | State::TimeWait => Err(ConnectError::AlreadyConnected),
            },
            Kind::Udp(_) => stack.udp_connect(socket, remote),
            Kind::Reference(_) => stack.reference_connect(socket, remote),
        }
    }

    /// Takes an attempt to connect that is over: why it is over, where no call has said so. None
    /// where there is none, and where the call is told by [`Host::connect`]. The call that has
    /// waited for the end always learns of it here.
    pub fn take_attempt(&mut self, socket: SocketId, has_waited: bool) -> Option<Option<Gone>> {
        let stack = self.stack_mut();
        let rule = stack.profile.calls.attempt_ends;
        let connection = stack.connection_mut(socket)?;
        if connection.state() != State::Closed {
            return None;
        }
        match rule {
            AttemptEnds::Error => return None,
            AttemptEnds::ThenAborted
            | AttemptEnds::ThenInvalid
            | AttemptEnds::Refused
            | AttemptEnds::NotConnected => {
                let tells = has_waited && connection.never_opened();
                return tells.then(|| connection.take_error());
            }
            AttemptEnds::Once => {}
        }
        let why = connection.take_error();
        let idle = Idle::after(connection);
        stack.set_kind(socket, Kind::Idle(idle));
        Some(why)
    }
}

/// What `connect` says of an attempt that is over, where the socket makes no other.
fn said_of_attempt(rule: AttemptEnds, attempt: &mut Connection) -> Option<ConnectError> {
    match rule {
        AttemptEnds::Error | AttemptEnds::Once => None,
        AttemptEnds::ThenAborted => Some(attempt.take_error().unwrap_or(Gone::Aborted).into()),
        AttemptEnds::ThenInvalid => {
            let why = attempt.take_error();
            Some(why.map_or(ConnectError::Spent, ConnectError::Gone))
        }
        AttemptEnds::Refused => {
            // What it was is lost with the call.
            attempt.take_error();
            Some(Gone::Refused.into())
        }
        AttemptEnds::NotConnected => Some(ConnectError::NotConnected),
    }
}

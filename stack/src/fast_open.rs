//! Which connections of a host take part in Fast Open (RFC 7413), as programs ask for it.

use bytes::Bytes;
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use crate::host::{Host, Stack};
use crate::profile::FastOpenCall;
use crate::socket::{ConnectError, SocketId};
use crate::table::{Entry, Kind};
use crate::tcp::ServerOpening;
use crate::tcp::cookie::{CookieField, FastOpen, cookie_for};
use crate::tcp::segment::Segment;

impl Host {
    /// How programs of this host open connections by what they send first.
    pub fn fast_open_call(&self) -> FastOpenCall {
        self.profile()
            .map_or(FastOpenCall::None, |profile| profile.fast_open.asked)
    }

    /// Whether clients of this host take part in Fast Open.
    pub fn opens_fast(&self) -> bool {
        self.profile()
            .is_some_and(|profile| profile.fast_open.client)
    }

    /// Whether a connection to a server could begin with data in its SYN.
    pub fn can_open_with_data(&self, remote: IpEndpoint) -> bool {
        let stack = self.stack();
        let rules = stack.profile.fast_open;
        rules.client && stack.fast_open.brings_data(rules, remote.addr)
    }

    /// Whether a TCP socket has no connection yet.
    pub fn is_unconnected(&self, socket: SocketId) -> bool {
        let idle = |entry: &Entry| matches!(entry.kind, Kind::Idle(_));
        self.stack().entries.get(&socket).is_some_and(idle)
    }

    /// Opens a connection by what is sent first, which goes with the SYN as far as Fast Open lets
    /// it. Returns how many octets were queued: where a flag asks for Fast Open those that the SYN
    /// brings, else what fitted into the buffer. A blocking call has the rest to send later.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn open_by_send(
        &mut self,
        socket: SocketId,
        remote: IpEndpoint,
        data: &[u8],
        blocking: bool,
        now: Instant,
    ) -> Result<usize, ConnectError> {
        let stack = self.stack_mut();
        let rules = stack.profile.fast_open;
        let by_flag = rules.asked == FastOpenCall::Flag;
        let set = stack
            .entries
            .get(&socket)
            .is_some_and(|entry| entry.options.fast_open > 0);
        match stack.begin_connection(socket, remote, now) {
            Err(ConnectError::InProgress) => {}
            other => return other.map(|()| 0),
        }
        let Some(connection) = stack.connection(socket) else {
            return Ok(0);
        };
        let options = (
            connection.syn_option_octets(now),
            connection.announced_segment(),
        );
        let takes_part = rules.client && (by_flag || set);
        let opening = takes_part.then(|| stack.fast_open.opening(rules, remote.addr, options, now));
        let opening = opening.flatten();
        let most = match opening {
            Some(opening) if by_flag => opening.room.min(data.len()),
            None if by_flag => 0,
            Some(_) | None => data.len(),
        };
        let Some(connection) = stack.connection_mut(socket) else {
            return Ok(0);
        };
        let queued = connection.open_with(opening, &data[..most]);
        if by_flag && blocking && queued < data.len() {
            connection.note_waiting_writer();
        }
        Ok(queued)
    }
}

impl Stack {
    /// What a connection has heard of Fast Open from its server, if anything, is remembered.
    pub(crate) fn remember_answer(&mut self, id: SocketId, now: Instant) {
        let rules = self.profile.fast_open;
        let Some(connection) = self.connection_mut(id) else {
            return;
        };
        let server = connection.remote().addr;
        if let Some(said) = connection.take_syn_answer() {
            self.fast_open.learn(rules, server, said, now);
        }
    }

    /// What a listening socket makes of the option of Fast Open in a SYN, and of its data.
    pub(crate) fn server_opening(
        &mut self,
        listener: SocketId,
        (local, remote): (IpEndpoint, IpEndpoint),
        syn: &Segment,
        payload: Bytes,
    ) -> ServerOpening {
        let rules = self.profile.fast_open;
        let asks = self
            .entries
            .get(&listener)
            .is_some_and(|it| it.options.fast_open > 0);
        if !rules.server || !(asks || rules.server_without_option) {
            return ServerOpening::default();
        }
        if rules.server_without_cookie && !payload.is_empty() {
            return ServerOpening {
                option: None,
                payload: Some(payload),
            };
        }
        let Some(asked) = syn.options.fast_open else {
            return ServerOpening::default();
        };
        let key = rules.key.octets().or(self.fast_open.key);
        let key = key.unwrap_or_else(|| self.draw_key());
        let right = CookieField::Cookie(cookie_for(rules.cookie_of, key, remote.addr, local.addr));
        let is_right = asked.field == right;
        ServerOpening {
            // RFC 7413 section 4.2.2: a right cookie needs no other.
            option: (!is_right).then_some(FastOpen {
                option: asked.option,
                field: right,
            }),
            payload: is_right.then_some(payload),
        }
    }

    fn draw_key(&mut self) -> [u8; 16] {
        let mut key = [0; 16];
        for part in key.chunks_exact_mut(4) {
            part.copy_from_slice(&self.random.bits().to_be_bytes());
        }
        self.fast_open.key = Some(key);
        key
    }
}

//! ICMP errors: those that a host sends about datagrams that reached no socket, and those that it
//! receives about its own.
//!
//! Left out: path MTU discovery (a link's MTU is never below a host's), and what routers send, of
//! which there are none here. smoltcp's interface goes on to answer what only it sees: echo
//! requests, unknown protocols, and datagrams to closed ports that came in fragments.

mod limit;
mod message;

use std::collections::VecDeque;

use smoltcp::time::Instant;

use crate::event::{ErrorEffect, Fact};
use crate::frame::Frame;
use crate::host::{Output, Stack};
use crate::socket::SocketId;
use crate::table::{Kind, Tuple};
pub(crate) use limit::Limiter;
pub use message::Unreachable;
use message::{Quoted, QuotedProtocol};

impl Stack {
    /// Answers a datagram that reached no socket: its port is unreachable (RFC 1122 section
    /// 4.1.3.1). No answer where the peer has had its share of them.
    pub(crate) fn answer_unreachable(
        &mut self,
        frame: &[u8],
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some((peer, answer)) = message::port_unreachable(frame) else {
            return;
        };
        if self.limiter.admits(self.profile.icmp, peer, now) {
            outputs.push_back(Output::Frame {
                frame: Frame::Octets(answer.into()),
                socket: None,
                about: None,
            });
        }
    }

    /// Tells the sockets whose packet an ICMP error in this frame quotes.
    pub(crate) fn on_icmp_error(&mut self, frame: &[u8], outputs: &mut VecDeque<Output>) {
        let Some((error, quoted)) = message::error_in(frame) else {
            return;
        };
        if !self.addresses.contains(&quoted.local.addr) {
            return;
        }
        let reached: Vec<(SocketId, ErrorEffect)> = match quoted.protocol {
            QuotedProtocol::Tcp { sequence } => self.error_to_connection(error, quoted, sequence),
            QuotedProtocol::Udp => self.udp_errors(error, quoted.local, quoted.remote),
        };
        for (socket, effect) in reached {
            outputs.push_back(Output::Fact {
                socket: Some(socket),
                fact: Fact::ErrorReceived { error, effect },
            });
        }
    }

    fn error_to_connection(
        &mut self,
        error: Unreachable,
        quoted: Quoted,
        sequence: u32,
    ) -> Vec<(SocketId, ErrorEffect)> {
        let tuple = Tuple::new(quoted.local.port, quoted.remote);
        let Some(id) = self.connections.get(&tuple).copied() else {
            return Vec::new();
        };
        let Some(Kind::Connection(connection)) =
            self.entries.get_mut(&id).map(|entry| &mut entry.kind)
        else {
            return Vec::new();
        };
        let effect = connection.on_unreachable(error, sequence);
        self.touch(id);
        vec![(id, effect)]
    }
}

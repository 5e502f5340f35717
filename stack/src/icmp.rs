//! ICMP errors: those that a host sends about datagrams that reached no socket, and those that it
//! receives about its own.
//!
//! Left out: what routers send, of which there are none here. smoltcp's interface goes on to answer
//! what only it sees: echo requests, unknown protocols, and datagrams to closed ports that came in
//! fragments.

mod limit;
mod message;

use std::collections::VecDeque;

use smoltcp::time::Instant;

use crate::envelope::DatagramPorts;
use crate::event::{ErrorEffect, Fact};
use crate::frame::Frame;
use crate::host::{Output, Stack};
use crate::socket::SocketId;
use crate::table::Tuple;
use crate::tcp::Connection;
pub(crate) use limit::Limiter;
pub use message::Unreachable;
use message::{Quoted, QuotedProtocol, Said};

impl Stack {
    /// Answers a datagram that reached no socket: its port is unreachable (RFC 1122 section
    /// 4.1.3.1). No answer where the peer has had its share of them.
    pub(crate) fn answer_unreachable(
        &mut self,
        frame: &[u8],
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let rules = self.profile.icmp;
        let Some((peer, answer)) = message::port_unreachable(frame, rules.quotation) else {
            return;
        };
        if self.limiter.admits(rules, peer, now) {
            outputs.push_back(Output::Frame {
                frame: Frame::Octets(answer.into()),
                socket: None,
                again: None,
            });
        }
    }

    /// Tells the sockets whose packet an ICMP error in this frame quotes.
    pub(crate) fn on_icmp_error(&mut self, frame: &[u8], outputs: &mut VecDeque<Output>) {
        let port = self.profile.encapsulation.udp_port;
        let Some((said, quoted)) = message::error_in(frame, port) else {
            return;
        };
        if !self.addresses.contains(&quoted.local.addr) {
            return;
        }
        match (said, quoted.protocol) {
            (Said::TooBig(mtu), QuotedProtocol::Tcp { sequence, .. }) => {
                if let Some((id, connection)) = self.quoted_connection(quoted) {
                    connection.on_too_big(mtu, sequence);
                    self.touch(id);
                }
            }
            // Datagrams are sent in fragments where they do not fit.
            (Said::TooBig(_), QuotedProtocol::Udp) => {}
            (Said::Unreachable(error), QuotedProtocol::Tcp { sequence, .. }) => {
                if let Some((id, connection)) = self.quoted_connection(quoted) {
                    let effect = connection.on_unreachable(error, sequence);
                    self.touch(id);
                    outputs.push_back(error_received(id, error, effect));
                }
            }
            (Said::Unreachable(error), QuotedProtocol::Udp) => {
                let reached = self.udp_errors(error, quoted.local, quoted.remote);
                let facts = { reached.into_iter() }
                    .map(|(socket, effect)| error_received(socket, error, effect));
                outputs.extend(facts);
            }
        }
    }

    /// The connection whose segment is quoted.
    fn quoted_connection(&mut self, quoted: Quoted) -> Option<(SocketId, &mut Connection)> {
        let tuple = Tuple::new(quoted.local.port, quoted.remote);
        let id = self.connections.get(&tuple).copied()?;
        let connection = self.connection_mut(id)?;
        let QuotedProtocol::Tcp { carrier, .. } = quoted.protocol else {
            return None;
        };
        let arriving = carrier.map(DatagramPorts::reversed);
        connection.travels_in(arriving).then_some((id, connection))
    }
}

fn error_received(socket: SocketId, error: Unreachable, effect: ErrorEffect) -> Output {
    Output::Fact {
        socket: Some(socket),
        fact: Fact::ErrorReceived { error, effect },
    }
}

//! What must hold of the frames that a host sends, in debug builds: nothing follows a reset. What
//! must hold of a connection stands in `tcp::invariants`. A release build has none of this.

use std::collections::BTreeSet;

use crate::network::HostId;
use crate::socket::SocketId;
use crate::tcp::State;
use crate::tcp::segment::Segment;
use crate::wire;

/// The connections of a network that a reset has ended, as the wire has shown it.
#[derive(Debug, Default)]
pub(crate) struct Resets(BTreeSet<(HostId, SocketId)>);

impl Resets {
    /// A connection in `state`, or one that is gone, has sent a frame. Whatever follows the reset
    /// that ends a connection is another reset: the answer of a closed port.
    pub(crate) fn on_sent(
        &mut self,
        host: HostId,
        socket: SocketId,
        state: Option<State>,
        frame: &[u8],
    ) {
        let found = wire::segment_in(frame).expect("connections send segments");
        let parsed = Segment::parse(found.octets, found.source, found.destination);
        let (segment, _) = parsed.expect("what was emitted parses");
        let connection = (host, socket);
        assert!(
            segment.flags.rst || !self.0.contains(&connection),
            "{connection:?} sent after its reset: {segment:?}"
        );
        // A handshake may be answered with a reset of the segment alone, and go on.
        if segment.flags.rst && state.is_none_or(|state| state == State::Closed) {
            self.0.insert(connection);
        }
    }
}

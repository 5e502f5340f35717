//! What a connection shows of itself to calls.

use smoltcp::time::Instant;

use super::Connection;
use crate::socket::{LastTimes, Protocol, Status};

impl Status {
    /// The status of a socket with a connection.
    pub(crate) fn of_connection(connection: &Connection) -> Self {
        let numbers = connection.numbers();
        Self {
            protocol: Protocol::Tcp,
            state: Some(connection.state()),
            told_state: Some(connection.told_state()),
            readable: connection.is_readable(),
            writable: connection.is_writable(),
            receive_ended: connection.receive_has_ended(),
            hung_up: connection.has_hung_up(),
            peer_closed: connection.peer_has_closed(),
            queued: numbers.unread,
            before_mark: connection.before_mark(),
            urgent: connection.urgent_waits(),
            at_mark: connection.is_at_mark(),
            held: numbers.held,
            accepted: numbers.accepted as u64,
            arrivals: numbers.accepted as u64,
            acknowledged: numbers.acknowledged as u64,
            right_edge: numbers.right_edge as u64,
            window: numbers.window as u64,
            unacked: numbers.unacknowledged,
            unsent: numbers.unsent,
            written: connection.send.written() as u64,
            first_unacknowledged: connection.send.unacknowledged().max(1) as u64,
            send_window: numbers.send_window.max(0) as u64,
            cwnd: numbers.congestion_window,
            ssthresh: numbers.threshold,
            rto: numbers.rto,
            srtt: numbers.smoothed_round_trip,
            rttvar: connection.rto.deviation(),
            retransmissions: numbers.retransmissions,
            opened_at: connection.opened_at,
            path: Some(numbers.path),
            mss: connection.segment_most(),
            timestamps: connection.negotiated.timestamps,
            selective: connection.negotiated.selective,
            scales: connection.scales(),
            reported: numbers.reported,
            reordering: connection.send.reordering(),
            syn_data: connection.syn_data_arrived(),
            reports: connection.reports(),
            spent: connection.spent,
            last: connection.last_times(),
            doublings: connection.rto.doublings(),
            timeouts: connection.patience.timeouts,
            probes: connection.patience.probes,
            least_round_trip: connection.rto.smoothed().map(|_| connection.rto.least()),
            delivered: connection.send.in_flight().delivered(),
            repeated: connection.send.in_flight().repeated(),
            lost: connection.send.in_flight().lost(),
            error: connection.error(),
            local: Some(connection.local()),
            remote: Some(connection.remote()),
        }
    }
}

impl Connection {
    /// When something has happened last.
    fn last_times(&self) -> LastTimes {
        let sent = self.send.sent_at().max(self.opened_at);
        LastTimes {
            sent: sent.unwrap_or(Instant::ZERO),
            data: self.data_at,
            acknowledgment: self.acknowledged_at,
        }
    }
}

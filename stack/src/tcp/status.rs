//! What a connection shows of itself to calls.

use super::Connection;
use crate::socket::{Protocol, Status};

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
            send_window: numbers.send_window.max(0) as u64,
            cwnd: numbers.congestion_window,
            ssthresh: numbers.threshold,
            rto: numbers.rto,
            srtt: numbers.smoothed_round_trip,
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
            delivered: connection.send.in_flight().delivered(),
            repeated: connection.send.in_flight().repeated(),
            lost: connection.send.in_flight().lost(),
            error: connection.error(),
            local: Some(connection.local()),
            remote: Some(connection.remote()),
        }
    }
}

//! What Linux's TCP_INFO says of a connection, as packetdrill's scripts compare it.

use hangup_stack::network::HostId;
use hangup_stack::profile::{Profile, WindowUnit};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::Status;
use hangup_stack::tcp::State;

use super::player::Player;
use crate::notation::{Flags, Segment, TcpOption};
use crate::packetdrill::Info;

/// Linux's tcpi_snd_ssthresh while there is none (TCP_INFINITE_SSTHRESH).
const NO_THRESHOLD: f64 = 2_147_483_647.0;

/// The largest segment without the option (RFC 9293 section 3.7.1), over IPv4.
const DEFAULT_MSS: u16 = 536;

/// What timestamps take of each segment, with their padding, in octets.
const TIMESTAMPS: u16 = 12;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct TcpInfo {
    status: Status,
    unit: WindowUnit,
    options: u8,
    mss: u16,
}

/// What is known of the connection of a host that was opened last; none where there is none.
pub(super) fn of_connection(player: &Player<'_>, host: usize) -> Option<TcpInfo> {
    let labels = player.tables[host].as_ref()?.labels();
    let sockets = player.network.host(HostId(host));
    // A socket is opened later than those before it in the table.
    let status = labels
        .iter()
        .filter_map(|(_, socket)| Some((*socket, sockets.status(*socket)?)))
        .filter(|(_, status)| status.state.is_some())
        .max_by_key(|(socket, status)| (status.remote.is_some(), *socket))
        .map(|(_, status)| status)?;
    let (options, mss) = match (status.local, status.remote) {
        (Some(local), Some(remote)) => agreed(player, local, remote),
        _ => (0, DEFAULT_MSS),
    };
    let profile = player.scenario.hosts[host].profile();
    Some(TcpInfo {
        status,
        unit: profile.map_or(WindowUnit::Segments, unit),
        options,
        mss,
    })
}

fn unit(profile: &Profile) -> WindowUnit {
    profile.send.window_unit
}

/// What both sides have offered when the connection was opened, as bits of tcpi_options, and the
/// largest segment.
fn agreed(player: &Player<'_>, one: IpEndpoint, other: IpEndpoint) -> (u8, u16) {
    let offers = |from: IpEndpoint, to: IpEndpoint| {
        let mut seen = player.packets.seen.iter().rev();
        let syn = seen.find_map(|seen| {
            let segment = seen.packet.segment()?;
            let begins = segment.flags.contains(Flags::SYN);
            (begins && seen.packet.endpoints() == Some((from, to))).then_some(segment)
        });
        syn.map_or((0, DEFAULT_MSS), offered)
    };
    let (ours, theirs) = (offers(one, other), offers(other, one));
    let options = ours.0 & theirs.0;
    let taken = if options & 1 == 0 { 0 } else { TIMESTAMPS };
    (options, ours.1.min(theirs.1).saturating_sub(taken))
}

/// What a SYN offers, as bits of tcpi_options, and the largest segment that its sender takes.
fn offered(syn: &Segment) -> (u8, u16) {
    let mut offers = (0, DEFAULT_MSS);
    for option in &syn.options {
        match option {
            TcpOption::Timestamps { .. } => offers.0 |= 1,
            TcpOption::SackPermitted => offers.0 |= 2,
            TcpOption::WindowScale(_) => offers.0 |= 4,
            TcpOption::MaximumSegmentSize(octets) => offers.1 = *octets,
            TcpOption::EndOfList
            | TcpOption::NoOperation
            | TcpOption::Sack(_)
            | TcpOption::Unknown { .. }
            | TcpOption::Malformed => {}
        }
    }
    offers
}

impl TcpInfo {
    /// One value of it.
    pub(super) fn value(&self, info: Info) -> f64 {
        let status = &self.status;
        match info {
            Info::State => status.state.map_or(0.0, number),
            Info::Options => self.options.into(),
            Info::SendMss => self.mss.into(),
            Info::CongestionWindow => self.counted(status.cwnd),
            Info::SlowStartThreshold if status.ssthresh == usize::MAX => NO_THRESHOLD,
            Info::SlowStartThreshold => self.counted(status.ssthresh),
            Info::Unacked => status.unacked.div_ceil(self.mss.max(1).into()) as f64,
            Info::NotSent => status.unsent as f64,
            Info::SendWindow => status.send_window as f64,
            Info::ReceiveWindow => status.window as f64,
            Info::RetransmissionTimeout => status.rto.total_micros() as f64,
            Info::RoundTripTime => status.srtt.map_or(0.0, |it| it.total_micros() as f64),
            Info::Retransmissions => status.retransmissions as f64,
        }
    }

    /// Octets of a window as the system counts them.
    fn counted(&self, octets: usize) -> f64 {
        match self.unit {
            WindowUnit::Segments => (octets / usize::from(self.mss.max(1))) as f64,
            WindowUnit::Octets => octets as f64,
        }
    }
}

/// Linux's number of a state.
fn number(state: State) -> f64 {
    match state {
        State::Established => 1.0,
        State::SynSent => 2.0,
        State::SynReceived => 3.0,
        State::FinWait1 => 4.0,
        State::FinWait2 => 5.0,
        State::TimeWait => 6.0,
        State::Closed => 7.0,
        State::CloseWait => 8.0,
        State::LastAck => 9.0,
        State::Listen => 10.0,
        State::Closing => 11.0,
    }
}

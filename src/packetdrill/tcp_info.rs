//! TCP_INFO: the fields of Linux's structure, computed for a connection, that scripts compare.

use hangup_stack::profile::{Profile, WindowUnit};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{SocketId, Status};
use hangup_stack::spent::Wait;
use hangup_stack::tcp::{PathState, State};

use super::Info;
use crate::run::packets::Seen;
use crate::wire::{Flags, Segment, TcpOption};

/// Linux's tcpi_snd_ssthresh while there is none (TCP_INFINITE_SSTHRESH).
const NO_THRESHOLD: f64 = 2_147_483_647.0;

/// The largest segment without the option (RFC 9293 section 3.7.1), over IPv4.
const DEFAULT_MSS: u16 = 536;

/// Linux's bit of tcpi_options for data that has arrived with a SYN (TCPI_OPT_SYN_DATA).
const SYN_DATA: u8 = 32;

/// What timestamps take of each segment, with their padding, in octets.
const TIMESTAMPS: u16 = 12;

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct TcpInfo {
    status: Status,
    now: Instant,
    unit: WindowUnit,
    ours: Offer,
    theirs: Offer,
    traffic: Traffic,
}

/// What a SYN offers.
#[derive(Clone, Copy, Debug)]
struct Offer {
    /// Options, as bits of tcpi_options.
    options: u8,
    /// The largest segment that its sender takes, in octets.
    mss: u16,
    /// By how many bits its sender's windows are shifted.
    shift: u8,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            options: 0,
            mss: DEFAULT_MSS,
            shift: 0,
        }
    }
}

/// The segments with payload of a connection, as they were on the wire.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    segments_sent: usize,
    segments_received: usize,
    octets_sent: usize,
    /// The number behind the last octet that was sent, counted from the SYN.
    end: u32,
}

/// What one end of a connection has offered when it was opened.
fn offer(seen: &[Seen], from: IpEndpoint, to: IpEndpoint) -> Offer {
    let syn = seen.iter().rev().find_map(|seen| {
        let segment = seen.packet.segment()?;
        let begins = segment.flags.contains(Flags::SYN);
        (begins && seen.packet.endpoints() == Some((from, to))).then_some(segment)
    });
    syn.map(offered).unwrap_or_default()
}

/// What a SYN offers.
fn offered(syn: &Segment) -> Offer {
    let mut offer = Offer::default();
    // RFC 3168 section 6.1.1: a SYN asks by both bits, and its answer agrees by one.
    let says = |flag| syn.flags.contains(flag);
    if says(Flags::ECE) && says(Flags::CWR) != says(Flags::ACK) {
        offer.options |= 8;
    }
    for option in &syn.options {
        match option {
            TcpOption::Timestamps { .. } => offer.options |= 1,
            TcpOption::SackPermitted => offer.options |= 2,
            TcpOption::WindowScale(shift) => {
                offer.options |= 4;
                offer.shift = *shift;
            }
            TcpOption::MaximumSegmentSize(octets) => offer.mss = *octets,
            TcpOption::EndOfList
            | TcpOption::NoOperation
            | TcpOption::Sack(_)
            | TcpOption::Other { .. }
            | TcpOption::Malformed(_) => {}
        }
    }
    offer
}

/// What was on the wire of a connection since its last SYN.
fn traffic(seen: &[Seen], local: IpEndpoint, remote: IpEndpoint) -> Traffic {
    let mut traffic = Traffic::default();
    let mut origin = None;
    for seen in seen {
        let Some((segment, ends)) = seen.packet.segment().zip(seen.packet.endpoints()) else {
            continue;
        };
        if ends == (local, remote) {
            if segment.flags.contains(Flags::SYN) && origin != Some(segment.seq) {
                origin = Some(segment.seq);
                traffic = Traffic::default();
            }
            if !segment.is_empty() {
                traffic.segments_sent += 1;
                traffic.octets_sent += segment.len();
                let begin = segment.seq.wrapping_sub(origin.unwrap_or(0));
                let end = begin.wrapping_add(u32::try_from(segment.len()).unwrap_or(u32::MAX));
                traffic.end = traffic.end.max(end);
            }
        } else if ends == (remote, local) && !segment.is_empty() {
            traffic.segments_received += 1;
        }
    }
    traffic
}

impl TcpInfo {
    /// What is known of the connection of a host that was opened last; none where there is none.
    /// `seen` are the packets until `now`.
    pub(crate) fn of_last_connection(
        sockets: impl Iterator<Item = (SocketId, Status)>,
        profile: Option<&Profile>,
        seen: &[Seen],
        now: Instant,
    ) -> Option<Self> {
        // A socket is opened later than those before it in the table.
        let status = sockets
            .filter(|(_, status)| status.state.is_some())
            .max_by_key(|(socket, status)| (status.remote.is_some(), *socket))
            .map(|(_, status)| status)?;
        let mut info = Self {
            status,
            now,
            unit: profile.map_or(WindowUnit::Segments, |it| it.send.window_unit),
            ours: Offer::default(),
            theirs: Offer::default(),
            traffic: Traffic::default(),
        };
        if let (Some(local), Some(remote)) = (info.status.local, info.status.remote) {
            info.ours = offer(seen, local, remote);
            info.theirs = offer(seen, remote, local);
            info.traffic = traffic(seen, local, remote);
        }
        Some(info)
    }

    /// What both sides have offered, as bits of tcpi_options.
    fn options(&self) -> u8 {
        let arrived = if self.status.syn_data { SYN_DATA } else { 0 };
        self.ours.options & self.theirs.options | arrived
    }

    /// The largest segment that is sent, in octets.
    fn mss(&self) -> u16 {
        let taken = if self.options() & 1 == 0 {
            0
        } else {
            TIMESTAMPS
        };
        self.ours.mss.min(self.theirs.mss).saturating_sub(taken)
    }

    /// A shift that counts only where both sides scale their windows (RFC 7323 section 2.2).
    fn shift(&self, offer: Offer) -> f64 {
        if self.options() & 4 == 0 {
            0.0
        } else {
            offer.shift.into()
        }
    }

    /// One value of it. None: the host does not say.
    pub(crate) fn value(&self, info: Info) -> Option<f64> {
        let status = &self.status;
        let traffic = &self.traffic;
        Some(match info {
            Info::State => status.told_state.map_or(0.0, number),
            Info::Options => self.options().into(),
            Info::SendMss => self.mss().into(),
            Info::CongestionWindow => self.counted(status.cwnd),
            Info::SlowStartThreshold if status.ssthresh == usize::MAX => NO_THRESHOLD,
            Info::SlowStartThreshold => self.counted(status.ssthresh),
            Info::Unacked => status.unacked.div_ceil(self.mss().max(1).into()) as f64,
            Info::NotSent => status.unsent as f64,
            Info::SendWindow => status.send_window as f64,
            Info::ReceiveWindow => status.window as f64,
            Info::RetransmissionTimeout => status.rto.total_micros() as f64,
            Info::RoundTripTime => status.srtt.map_or(0.0, |it| it.total_micros() as f64),
            Info::Deviation => status.rttvar.map_or(0.0, |it| it.total_micros() as f64),
            Info::Retransmissions => status.retransmissions as f64,
            Info::CongestionState => match status.path? {
                PathState::Open => 0.0,
                PathState::Disorder => 1.0,
                PathState::Recovery => 3.0,
                PathState::Loss => 4.0,
            },
            Info::Reported => {
                status.path?;
                status.reported as f64
            }
            Info::SendScale => self.shift(self.theirs),
            Info::ReceiveScale => self.shift(self.ours),
            Info::AdvertisedMss => self.ours.mss.into(),
            Info::SegmentsSent => traffic.segments_sent as f64,
            Info::SegmentsReceived => traffic.segments_received as f64,
            Info::Repeated => status.repeated as f64,
            Info::Lost => status.lost as f64,
            Info::Reordering => status.reordering.1 as f64,
            Info::ReorderingSeen => status.reordering.0.into(),
            Info::Delivered => status.delivered as f64,
            Info::Timeouts => status.timeouts.into(),
            Info::Probes => status.probes.into(),
            Info::Doublings => status.doublings.into(),
            Info::SinceSent => self.since(status.last.sent),
            Info::SinceData => self.since(status.last.data),
            Info::SinceAcknowledgment => self.since(status.last.acknowledgment),
            Info::Busy => status.spent.busy(self.now).total_micros() as f64,
            Info::WindowLimited => self.waited_for(Wait::Window),
            Info::BufferLimited => self.waited_for(Wait::Buffer),
            Info::LeastRoundTrip => match status.least_round_trip {
                Some(time) => time.total_micros() as f64,
                None => u32::MAX.into(),
            },
            Info::Measured(_) => return None,
            Info::OctetsSent => traffic.octets_sent as f64,
            Info::OctetsAgain => {
                // The first octet has the number behind that of the SYN.
                let once = usize::try_from(traffic.end.saturating_sub(1)).unwrap_or(usize::MAX);
                traffic.octets_sent.saturating_sub(once) as f64
            }
        })
    }

    /// How many whole milliseconds ago something was.
    fn since(&self, then: Instant) -> f64 {
        (self.now - then.min(self.now)).total_millis() as f64
    }

    fn waited_for(&self, wait: Wait) -> f64 {
        self.status.spent.of(wait, self.now).total_micros() as f64
    }

    /// Octets of a window as the system counts them.
    fn counted(&self, octets: usize) -> f64 {
        match self.unit {
            WindowUnit::Segments => (octets / usize::from(self.mss().max(1))) as f64,
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

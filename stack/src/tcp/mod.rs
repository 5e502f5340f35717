//! A TCP endpoint without I/O and without a clock (RFC 9293).
//!
//! [`Connection`] is one connection. Its methods are of four kinds:
//! - getters, which take `&self`;
//! - `on_*`, by which the network enters: [`Connection::on_segment`], [`Connection::on_timeout`];
//! - the application's calls: `send`, `recv`, `shutdown_*`, `close`, `abort`;
//! - `poll_*`, by which the connection says what to do next.
//!
//! After each call of the second or third kind the caller drains `poll_transmit` until it returns
//! none and `poll_fact` likewise, and then asks `poll_at` when to call `on_timeout`. Time enters
//! only as an argument.
//!
//! Stream positions inside are relative and never wrap; only [`segment`] speaks the wire's sequence
//! numbers.
//!
//! Left out: accurate ECN (RFC 9768) is
//! never negotiated; the user timeout is never announced to the peer (RFC 5482's option), only
//! kept.

mod acknowledge;
mod acknowledgment_field;
mod answer;
pub(crate) mod closed_port;
mod congestion;
pub(crate) mod cookie;
mod cubic;
mod cubic_segments;
mod ecn;
mod fast_open;
mod fin_wait_2;
mod gap;
mod handshake;
mod header;
mod hystart;
mod in_flight;
#[cfg(debug_assertions)]
mod invariants;
mod keep_alive;
mod marks;
mod notices;
mod opening;
mod outgoing;
mod receive_queue;
mod receive_shutdown;
mod recv;
mod refuse;
mod rto;
pub mod segment;
mod segment_arrives;
mod send;
mod state;
mod status;
mod time_wait;
mod time_wait_length;
mod timeout;
mod timer;
mod transmit;
mod unreachable;
mod urgent;
mod user_calls;
mod waits;
mod watched;
mod window;
mod written;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::envelope::{DatagramPorts, Envelope};
use crate::event::{Fact, Retransmission};
use crate::options::{Acknowledging, KeepAlive, PathMtu};
use crate::profile::{Algorithm, Profile};
use crate::socket::Gone;
use crate::spent::Spent;
use acknowledge::Acknowledger;
use ecn::Ecn;
use keep_alive::KeepingAlive;
use marks::Marks;
use opening::Opening;
pub(crate) use opening::{ClientOpening, ServerOpening, SynAnswer};
pub use outgoing::Outgoing;
pub(crate) use outgoing::Sent;
use receive_shutdown::Phase;
use recv::Receiver;
use refuse::Refusals;
use rto::Rto;
use segment::{SIGNED_OPTION_OCTETS, Segment, Timestamps};
pub use send::PathState;
use send::Sender;
pub use state::State;
use timer::{Timer, Timers};
use window::Buffer;
pub(crate) use written::Octets;

/// What a connection needs to begin.
#[derive(Clone, Debug)]
pub struct Config {
    /// How it behaves.
    pub profile: Arc<Profile>,
    /// Our address and port.
    pub local: IpEndpoint,
    /// The peer's.
    pub remote: IpEndpoint,
    /// The maximum segment size we announce, in octets of payload without options.
    pub mss: u16,
    /// The receive buffer the application asked for, in octets; none: the profile's.
    pub receive_buffer: Option<usize>,
    /// The send buffer the application asked for, in octets; none: the profile's.
    pub send_buffer: Option<usize>,
    /// Whether Nagle's algorithm is off (TCP_NODELAY).
    pub no_delay: bool,
    /// Whether urgent octets stay in the stream (SO_OOBINLINE).
    pub urgent_inline: bool,
    /// SO_KEEPALIVE and what goes with it.
    pub keep_alive: KeepAlive,
    /// How long data may stay unacknowledged (TCP_USER_TIMEOUT, RFC 5482), where the application
    /// has said so.
    pub user_timeout: Option<Duration>,
    /// How long the handshake may take (TCP_KEEPINIT), where the application has said so.
    pub handshake_limit: Option<Duration>,
    /// Whether segments have no options (TCP_NOOPT).
    pub no_options: bool,
    /// The seconds of FIN-WAIT-2 once it is closed (TCP_LINGER2), where the application has said
    /// so; below 0 there is no such state then.
    pub fin_wait_2: Option<i32>,
    /// How often a SYN is sent again (TCP_SYNCNT), where the application has said so.
    pub syn_count: Option<u32>,
    /// The octets without a send that are too many for another write (TCP_NOTSENT_LOWAT).
    pub unsent_most: Option<u32>,
    /// Whether segments that are not full wait (TCP_CORK).
    pub cork: bool,
    /// How data is acknowledged (TCP_QUICKACK), where the application has said so.
    pub acknowledging: Option<Acknowledging>,
    /// What the congestion window follows (TCP_CONGESTION), where the application has said so.
    pub congestion: Option<Algorithm>,
    /// Our initial sequence number (ISS).
    pub initial_sequence: u32,
    /// What our segments are in.
    pub envelope: Envelope,
    /// What is made of the path's MTU (IP_MTU_DISCOVER).
    pub path_mtu: PathMtu,
    /// Whether segments are signed (TCP_MD5SIG, RFC 2385).
    pub signs: bool,
}

/// What the handshake has settled.
#[derive(Clone, Copy, Debug, Default)]
struct Negotiated {
    /// The shift of the peer's window field (Snd.Wind.Shift).
    send_shift: u8,
    /// Whether the windows of both sides are scaled.
    scales: bool,
    selective: bool,
    timestamps: bool,
}

/// The count towards giving up.
#[derive(Clone, Copy, Debug, Default)]
struct Patience {
    /// Expirations of the retransmission timer since anything new was acknowledged.
    timeouts: u32,
    /// Those that are not counted, because what they sent again might be taken apart.
    fragments: u32,
    /// Whether the last one was such.
    seeks_black_hole: bool,
    /// When the first of them was.
    first: Option<Instant>,
    /// Probes of the window, or of a silent peer, since the peer was last heard.
    probes: u32,
    /// Resets that have answered our SYNs.
    refusals: u32,
    /// When the peer's window was first probed since it closed.
    probing_since: Option<Instant>,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    state: State,
    /// The peer's initial sequence number (IRS).
    peer_initial_sequence: u32,
    send: Sender,
    recv: Receiver,
    rto: Rto,
    acknowledger: Acknowledger,
    timers: Timers,
    negotiated: Negotiated,
    /// TS.Recent (RFC 7323 section 4.3).
    recent_timestamp: u32,
    /// Whether the peer began.
    passive: bool,
    /// Whether the handshake was ever finished.
    opened: bool,
    /// When that was.
    opened_at: Option<Instant>,
    /// Whether the application has closed.
    orphan: bool,
    /// How many octets are wanted by receives that waited before a receive shutdown.
    awaited: usize,
    /// Whether a shutdown has ended the attempt to connect.
    disconnected: bool,
    /// Segments made up in answer to something, sent before all else.
    replies: VecDeque<Segment>,
    facts: VecDeque<Fact>,
    patience: Patience,
    /// A tail loss probe is out until this position is acknowledged.
    tail_probe: Option<i64>,
    /// A probe that carries nothing is due, and why.
    bare_probe: Option<Retransmission>,
    keeping_alive: KeepingAlive,
    last_heard: Instant,
    /// When an acknowledgment came last, and when data did.
    acknowledged_at: Instant,
    data_at: Instant,
    marks: Marks,
    spent: Spent,
    /// When a segment came last before the application closed.
    heard_before_close: Option<Instant>,
    /// The acknowledgment field of the last segment we sent, as a stream position.
    last_acknowledgment: i64,
    error: Option<Gone>,
    /// The same, as the receive queue tells it, where that does.
    queued_error: Option<Gone>,
    gone: Option<Gone>,
    refusals: Refusals,
    /// Whether a segment has arrived in TIME-WAIT.
    answers_late: bool,
    /// Whether the next acknowledgment is a challenge.
    challenges: bool,
    /// How it takes part in Fast Open.
    fast_open: Opening,
    /// A SYN that crossed ours and brought data, until the handshake is over.
    crossing: Option<(Segment, Bytes)>,
    /// What the network said since anything was last acknowledged, which ended nothing.
    soft_error: Option<Gone>,
    ecn: Ecn,
    /// What carries the segment that is being taken.
    arrives_in: Envelope,
    /// What the invariants compare each step with.
    #[cfg(debug_assertions)]
    seen: invariants::Seen,
}

impl Connection {
    fn new(config: Config, now: Instant) -> Box<Self> {
        let profile = &config.profile;
        let buffer = Buffer::new(
            &profile.window,
            config.receive_buffer,
            usize::from(config.mss),
        );
        let mss = usize::from(config.mss);
        let mut send = Sender::new(&profile.send, mss, config.send_buffer, config.no_delay);
        send.set_cork(config.cork);
        send.set_unsent_most(config.unsent_most);
        if let Some(algorithm) = config.congestion {
            send.set_congestion(algorithm);
        }
        let mut recv = Receiver::new(buffer, profile.window);
        recv.set_urgent_inline(config.urgent_inline);
        let mut acknowledger = Acknowledger::new(profile.acknowledge, profile.rto.clock);
        acknowledger.set_interactive(config.acknowledging == Some(Acknowledging::Delayed));
        Box::new(Self {
            state: State::Closed,
            peer_initial_sequence: 0,
            send,
            recv,
            rto: Rto::new(profile.rto),
            acknowledger,
            timers: Timers::default(),
            negotiated: Negotiated::default(),
            recent_timestamp: 0,
            passive: false,
            opened: false,
            opened_at: None,
            orphan: false,
            awaited: 0,
            disconnected: false,
            replies: VecDeque::new(),
            facts: VecDeque::new(),
            patience: Patience::default(),
            tail_probe: None,
            bare_probe: None,
            keeping_alive: KeepingAlive::new(profile.keep_alive, config.keep_alive),
            last_heard: now,
            acknowledged_at: now,
            data_at: now,
            marks: Marks::default(),
            spent: Spent::default(),
            heard_before_close: None,
            last_acknowledgment: 1,
            error: None,
            queued_error: None,
            gone: None,
            refusals: Refusals::default(),
            answers_late: false,
            challenges: false,
            fast_open: Opening::default(),
            crossing: None,
            soft_error: None,
            ecn: Ecn::default(),
            arrives_in: Envelope::ORDINARY,
            #[cfg(debug_assertions)]
            seen: invariants::Seen::default(),
            config,
        })
    }

    /// Begins an active open (RFC 9293 section 3.10.1): the SYN is the first thing to transmit.
    pub fn connect(config: Config, now: Instant) -> Box<Self> {
        let mut connection = Self::new(config, now);
        connection.limit_handshake(now);
        connection.enter(State::SynSent);
        connection
    }

    /// Answers a SYN that reached a listening socket (RFC 9293 section 3.10.7.2, third check).
    /// What Fast Open makes of it is in `opening`.
    pub fn accept(
        config: Config,
        syn: &Segment,
        opening: ServerOpening,
        now: Instant,
    ) -> Box<Self> {
        let mut connection = Self::new(config, now);
        connection.passive = true;
        connection.rto.answer_first();
        connection.limit_handshake(now);
        connection.state = State::Listen;
        connection.take_syn(syn);
        connection.enter(State::SynReceived);
        connection.take_server_opening(syn, opening, now);
        connection
    }

    fn limit_handshake(&mut self, now: Instant) {
        let rules = &self.config.profile.give_up;
        let of_system = if self.passive {
            rules.handshake_of_peer
        } else {
            rules.handshake
        };
        let limit = self.config.handshake_limit.unwrap_or(of_system);
        if limit > Duration::ZERO {
            self.timers.set(Timer::Handshake, now + limit);
        }
    }

    /// RFC 9293's state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Our address.
    pub fn local(&self) -> IpEndpoint {
        self.config.local
    }

    /// Whether a segment of this connection arrives in a datagram between such ports, or in none.
    pub fn travels_in(&self, arriving: Option<DatagramPorts>) -> bool {
        self.config.envelope.datagram.map(DatagramPorts::reversed) == arriving
    }

    /// The peer's address.
    pub fn remote(&self) -> IpEndpoint {
        self.config.remote
    }

    /// Whether the peer began.
    pub fn is_passive(&self) -> bool {
        self.passive
    }

    /// Whether nothing is left to do: the connection is over and the application knows, or has
    /// gone.
    pub fn is_finished(&self) -> bool {
        self.state == State::Closed && self.orphan && self.replies.is_empty()
    }

    /// What happened since the last call.
    pub fn poll_fact(&mut self) -> Option<Fact> {
        self.facts.pop_front()
    }

    /// When [`Connection::on_timeout`] is next to be called.
    pub fn poll_at(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What is left of the connection after its receive direction was shut down, if it was.
    fn phase(&self) -> Option<Phase> {
        match (self.orphan, self.recv.is_shut(), self.send.has_fin()) {
            (true, _, _) => Some(Phase::Orphan),
            (false, true, true) => Some(Phase::Rdwr),
            (false, true, false) => Some(Phase::Rd),
            (false, false, _) => None,
        }
    }

    fn enter(&mut self, to: State) {
        let from = std::mem::replace(&mut self.state, to);
        if to.is_synchronized() {
            self.opened = true;
            self.timers.stop(Timer::Handshake);
        }
        if from != to {
            self.facts.push_back(Fact::StateChanged { from, to });
        }
    }

    /// The connection is over. What the application has not read stays readable unless the profile
    /// says otherwise.
    fn die(&mut self, reason: Option<Gone>) {
        self.enter(State::Closed);
        self.timers = Timers::default();
        self.marks.on_end();
        self.bare_probe = None;
        self.error = reason;
        let queues = self.config.profile.calls.errors_queued;
        self.queued_error = reason.filter(|_| queues);
        self.gone = reason;
        if reason == Some(Gone::Reset) && self.config.profile.calls.reset_purges_queue {
            self.recv.discard_unread();
        }
    }

    /// The timestamps option of a segment that is sent now (RFC 7323 section 3.2).
    fn timestamps(&self, now: Instant) -> Timestamps {
        let (ticks, _) = self.timestamp_clock(now);
        Timestamps {
            value: ticks as u32,
            echo: self.recent_timestamp,
        }
    }

    /// What the clock of timestamps shows, and how long its tick is, in microseconds. It begins at
    /// one: a zero echo means that there is nothing to echo.
    fn timestamp_clock(&self, now: Instant) -> (i64, i64) {
        let tick = self.config.profile.options.timestamp_tick;
        let tick = tick.total_micros().max(1) as i64;
        (now.total_micros() / tick + 1, tick)
    }

    /// What the options of data segments take, in octets.
    fn option_octets(&self) -> usize {
        let timestamps = if self.negotiated.timestamps { 12 } else { 0 };
        let signature = if self.config.signs {
            SIGNED_OPTION_OCTETS
        } else {
            0
        };
        timestamps + signature
    }

    /// Our sequence number on the wire for a stream position.
    fn sequence(&self, position: i64) -> u32 {
        self.config.initial_sequence.wrapping_add(position as u32)
    }

    /// The acknowledgment field on the wire for a stream position of the peer.
    fn acknowledgment(&self, position: i64) -> u32 {
        self.peer_initial_sequence.wrapping_add(position as u32)
    }

    /// The stream position that a sequence number of the wire means, near one that is known.
    fn position(base: u32, wire: u32, near: i64) -> i64 {
        let near_on_wire = base.wrapping_add(near as u32);
        near + i64::from(wire.wrapping_sub(near_on_wire) as i32)
    }

    /// The largest payload of our segments.
    fn payload_limit(&self, peer_mss: Option<u16>) -> usize {
        // RFC 9293 section 3.7.1 (MUST-15): 536 or 1220 where the peer's SYN does not say.
        let default = match self.config.remote.addr {
            IpAddress::Ipv4(_) => 536,
            IpAddress::Ipv6(_) => 1220,
        };
        let limit = peer_mss.unwrap_or(default).max(MSS_LEAST);
        let limit = usize::from(limit.min(self.config.mss));
        limit.saturating_sub(self.option_octets()).max(1)
    }
}

/// A smaller announcement than this is not believed: it would leave no room for data behind the
/// options.
const MSS_LEAST: u16 = 64;

/// The longest shift of a window field (RFC 7323 section 2.3).
const SHIFT_MOST: u8 = 14;

/// What a connection can be asked, for expectations.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// Octets accepted and not acknowledged.
    pub held: usize,
    /// Octets that can be read, or could have been.
    pub unread: usize,
    /// How far data was taken.
    pub accepted: i64,
    /// The acknowledgment field.
    pub acknowledged: i64,
    /// The right edge of the advertised window.
    pub right_edge: i64,
    /// The advertised window in octets.
    pub window: usize,
    /// Octets sent and not acknowledged.
    pub unacknowledged: usize,
    /// Octets not sent yet.
    pub unsent: usize,
    /// The peer's window in octets.
    pub send_window: i64,
    /// The congestion window in octets.
    pub congestion_window: usize,
    /// The slow start threshold in octets.
    pub threshold: usize,
    /// The retransmission timeout.
    pub rto: Duration,
    /// The smoothed round-trip time.
    pub smoothed_round_trip: Option<Duration>,
    /// Segments sent again.
    pub retransmissions: u64,
    /// What the sender takes the path for.
    pub path: PathState,
    /// Segments that the peer has reported beyond what it acknowledges.
    pub reported: usize,
}

impl Connection {
    /// Octets that are kept for the application, or held.
    pub fn kept(&self) -> usize {
        self.recv.unread() + self.recv.held()
    }

    /// The congestion window in octets.
    pub fn congestion_window(&self) -> usize {
        self.send.congestion().window()
    }

    /// Everything an expectation can ask.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            held: self.recv.held(),
            unread: self.recv.unread(),
            accepted: self.recv.accepted(),
            acknowledged: self.recv.acknowledged(),
            right_edge: self.recv.right_edge(),
            window: self.recv.window(),
            unacknowledged: self.send.outstanding(),
            unsent: self.send.unsent(),
            send_window: self.send.window(),
            congestion_window: self.send.congestion().window(),
            threshold: self.send.congestion().threshold(),
            rto: self.rto.timeout(),
            smoothed_round_trip: self.rto.smoothed(),
            retransmissions: self.send.retransmissions(),
            path: self.send.path(),
            reported: self.send.reported(),
        }
    }
}

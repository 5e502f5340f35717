//! TCP as dialogues: what the peer says, what the application calls, and what must follow.
//!
//! A [`Dialogue`] holds one connection, its peer (the test) and virtual time. Segments are strings
//! in the project's notation, with sequence numbers relative to each side's own. Every segment the
//! connection sends has to be expected, in order, before the next step; the invariants of every
//! connection are checked at every step.

mod bursts;
mod closing;
mod congestion;
mod ecn;
mod giving_up;
mod keep_alive;
mod linux;
mod opening;
mod receive_shutdown;
mod receiving;
mod resets;
mod row;
mod sending;
mod states;
mod withheld;

use bytes::Bytes;
use smoltcp::wire::{Ipv4Address, Ipv6Address};

use super::segment::Layout;
use super::*;
use crate::event::TimeOut;
use crate::options::{KeepAlive, PathMtu};
use crate::profile::parse_duration;
use crate::socket::{RecvError, SendError, ShutdownError};
use row::Row;

/// Our initial sequence number: the stream crosses the end of the sequence space early.
const OURS: u32 = u32::MAX - 1_999;
/// The peer's.
const PEERS: u32 = u32::MAX - 2_999;
/// Longer than anything here waits.
const DAY: Duration = Duration::from_secs(86_400);

fn our_octet(position: i64) -> u8 {
    (position % 251) as u8
}

fn peer_octet(position: i64) -> u8 {
    (position % 241) as u8
}

/// Brings a connection into a state.
type Begin = fn(Setup) -> Dialogue;
/// Something that is done to a connection.
type Step = fn(&mut Dialogue);

/// How a dialogue begins.
struct Setup {
    profile: Profile,
    mss: u16,
    receive_buffer: Option<usize>,
    send_buffer: usize,
    no_delay: bool,
    over_ipv6: bool,
    peer_options: &'static str,
    peer_window: u16,
}

/// A connection under a profile, with an MSS of 1460 each way and a window of 65,535 from the peer.
fn setup(profile: &str) -> Setup {
    Setup {
        profile: Profile::built_in(profile).unwrap(),
        mss: 1460,
        receive_buffer: None,
        send_buffer: 1 << 20,
        no_delay: false,
        over_ipv6: false,
        peer_options: "<mss 1460>",
        peer_window: 65_535,
    }
}

impl Setup {
    /// Changes knobs, written as TOML.
    fn knobs(mut self, toml: &str) -> Self {
        self.profile = self.profile.with(&toml.parse().unwrap()).unwrap();
        self
    }

    fn mss(mut self, mss: u16) -> Self {
        self.mss = mss;
        self
    }

    fn receive_buffer(mut self, octets: usize) -> Self {
        self.receive_buffer = Some(octets);
        self
    }

    fn send_buffer(mut self, octets: usize) -> Self {
        self.send_buffer = octets;
        self
    }

    fn no_delay(mut self) -> Self {
        self.no_delay = true;
        self
    }

    fn over_ipv6(mut self) -> Self {
        self.over_ipv6 = true;
        self
    }

    /// The options of the peer's SYN.
    fn peer_offers(mut self, options: &'static str) -> Self {
        self.peer_options = options;
        self
    }

    /// The window of every segment of the peer that does not name another.
    fn peer_window(mut self, window: u16) -> Self {
        self.peer_window = window;
        self
    }

    fn config(&self) -> Config {
        let address = |last: u8| match self.over_ipv6 {
            true => IpAddress::Ipv6(Ipv6Address::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into())),
            false => IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, last)),
        };
        Config {
            profile: Arc::new(self.profile.clone()),
            local: IpEndpoint::new(address(1), 80),
            remote: IpEndpoint::new(address(2), 40_000),
            mss: self.mss,
            receive_buffer: self.receive_buffer,
            send_buffer: Some(self.send_buffer),
            no_delay: self.no_delay,
            urgent_inline: false,
            keep_alive: KeepAlive::default(),
            user_timeout: None,
            handshake_limit: None,
            no_options: false,
            fin_wait_2: None,
            syn_count: None,
            unsent_most: None,
            cork: false,
            acknowledging: None,
            congestion: None,
            path_mtu: PathMtu::default(),
            initial_sequence: OURS,
            envelope: Envelope::ORDINARY,
            signs: false,
        }
    }

    fn start(&self, begin: impl FnOnce(Config) -> Box<Connection>) -> Dialogue {
        let connection = begin(self.config());
        let mut dialogue = Dialogue {
            connection,
            now: Instant::ZERO,
            sent: VecDeque::new(),
            facts: Vec::new(),
            log: Vec::new(),
            peer_window: self.peer_window,
            wire_edge: 0,
            right_edge: 0,
            service: 0,
            reset: false,
            read: 1,
            written: 1,
        };
        dialogue.drain();
        dialogue
    }

    #[track_caller]
    fn syn_sent(self) -> Dialogue {
        let mut t = self.start(|config| Connection::connect(config, Instant::ZERO));
        t.sent("S 0:0(0)");
        t
    }

    /// A listening socket that has just heard this SYN.
    #[track_caller]
    fn accept(self, syn: &str) -> Dialogue {
        let row = Row::parse(syn);
        let (source, destination) = (40_000, 80);
        let syn = row.segment(source, destination, PEERS, OURS, self.peer_window);
        self.start(|config| {
            Connection::accept(config, &syn, ServerOpening::default(), Instant::ZERO)
        })
    }

    #[track_caller]
    fn syn_received(self) -> Dialogue {
        let syn = format!("S 0:0(0) {}", self.peer_options);
        let mut t = self.accept(&syn);
        t.sent("S. 0:0(0) ack 1");
        t
    }

    #[track_caller]
    fn established(self) -> Dialogue {
        let mut t = self.syn_received();
        t.peer(". 1:1(0) ack 1");
        t.is(State::Established);
        t
    }

    #[track_caller]
    fn fin_wait_1(self) -> Dialogue {
        let mut t = self.established();
        t.shutdown_send();
        t.sent("F. 1:1(0) ack 1");
        t.is(State::FinWait1);
        t
    }

    #[track_caller]
    fn fin_wait_2(self) -> Dialogue {
        let mut t = self.fin_wait_1();
        t.peer(". 1:1(0) ack 2");
        t.is(State::FinWait2);
        t
    }

    #[track_caller]
    fn close_wait(self) -> Dialogue {
        let mut t = self.established();
        t.peer("F. 1:1(0) ack 1");
        t.sent_later(". 1:1(0) ack 2");
        t.is(State::CloseWait);
        t
    }

    #[track_caller]
    fn closing(self) -> Dialogue {
        let mut t = self.fin_wait_1();
        t.peer("F. 1:1(0) ack 1");
        t.sent_later(". 2:2(0) ack 2");
        t.is(State::Closing);
        t
    }

    #[track_caller]
    fn last_ack(self) -> Dialogue {
        let mut t = self.close_wait();
        t.shutdown_send();
        t.sent("F. 1:1(0) ack 2");
        t.is(State::LastAck);
        t
    }

    #[track_caller]
    fn time_wait(self) -> Dialogue {
        let mut t = self.fin_wait_2();
        t.peer("F. 1:1(0) ack 2");
        t.sent_later(". 2:2(0) ack 2");
        t.is(State::TimeWait);
        t
    }
}

/// What was sent now or with the delay of an acknowledgment, too early for a retransmission.
fn answer(t: &mut Dialogue) -> String {
    let until = t.now + Duration::from_millis(60);
    while t.run_next_timer(until) {}
    let rows: Vec<String> = t.sent.drain(..).map(|(_, row)| row.to_string()).collect();
    or_nothing(&rows)
}

fn or_nothing(rows: &[String]) -> String {
    if rows.is_empty() {
        return "nothing".to_owned();
    }
    rows.join(", ")
}

/// A connection, its peer, and the time.
struct Dialogue {
    connection: Box<Connection>,
    now: Instant,
    /// Sent and not yet expected, with the time of sending.
    sent: VecDeque<(Instant, Row)>,
    facts: Vec<Fact>,
    /// Everything so far, for failures.
    log: Vec<String>,
    peer_window: u16,
    /// The right edge of the window as the wire has shown it.
    wire_edge: i64,
    right_edge: i64,
    /// The octet of the type of service of what was sent last.
    service: u8,
    reset: bool,
    /// How far the application has read the peer's stream, and written ours.
    read: i64,
    written: i64,
}

impl Dialogue {
    /// The peer sends a segment.
    #[track_caller]
    fn peer(&mut self, text: &str) {
        self.peer_in(Envelope::ORDINARY, text);
    }

    /// The same, in an envelope.
    #[track_caller]
    fn peer_in(&mut self, envelope: Envelope, text: &str) {
        self.nothing();
        let row = Row::parse(text);
        self.note(format!("< {row}"));
        let segment = row.segment(40_000, 80, PEERS, OURS, self.peer_window);
        // A SYN stands before the payload.
        let first = row.start + i64::from(segment.flags.syn);
        let octets = (first..).map(peer_octet);
        let payload: Bytes = octets.take(segment.payload_octets).collect();
        let connection = &mut self.connection;
        connection.on_enveloped(envelope, &segment, payload, self.now);
        self.drain();
    }

    /// The next segment the connection has sent, compared in what `text` names.
    #[track_caller]
    fn sent(&mut self, text: &str) {
        let expected = Row::parse(text);
        let Some((_, row)) = self.sent.pop_front() else {
            panic!("nothing was sent, expected {expected}{}", self.history());
        };
        assert!(
            expected.matches(&row),
            "sent {row}, expected {expected}{}",
            self.history()
        );
    }

    /// The next segment that is sent when timers run, at once or later; says how long it took.
    #[track_caller]
    fn sent_later(&mut self, text: &str) -> Duration {
        let began = self.now;
        while self.sent.is_empty() && self.run_next_timer(began + DAY) {}
        self.sent(text);
        self.now - began
    }

    /// As [`Dialogue::sent_later`], and exactly so much later.
    #[track_caller]
    fn sent_after(&mut self, delay: &str, text: &str) {
        self.nothing();
        let waited = self.sent_later(text);
        let expected = parse_duration(delay).unwrap();
        assert_eq!(
            waited,
            expected,
            "{text} came at another time{}",
            self.history()
        );
    }

    /// Nothing was sent that has not been expected.
    #[track_caller]
    fn nothing(&self) {
        if let Some((_, row)) = self.sent.front() {
            panic!("sent {row}, expected nothing{}", self.history());
        }
    }

    /// Time passes; timers run.
    #[track_caller]
    fn after(&mut self, delay: &str) {
        self.nothing();
        let until = self.now + parse_duration(delay).unwrap();
        while self.run_next_timer(until) {}
        self.now = until;
    }

    /// Time passes, and nothing is sent.
    #[track_caller]
    fn quiet_for(&mut self, delay: &str) {
        self.after(delay);
        self.nothing();
    }

    /// Runs the timers that are due next, unless that is later than `until`.
    fn run_next_timer(&mut self, until: Instant) -> bool {
        match self.connection.poll_at() {
            Some(at) if at <= until => {
                self.now = self.now.max(at);
                self.connection.on_timeout(self.now);
                self.drain();
                true
            }
            Some(_) | None => false,
        }
    }

    #[track_caller]
    fn send(&mut self, octets: usize) {
        self.nothing();
        assert_eq!(self.try_send(octets), Ok(octets));
    }

    fn try_send(&mut self, octets: usize) -> Result<usize, SendError> {
        self.note(format!("send({octets})"));
        let data: Vec<u8> = (self.written..).map(our_octet).take(octets).collect();
        let result = self.connection.send(Octets::Copied(&data));
        self.written += result.unwrap_or(0) as i64;
        self.drain();
        result
    }

    /// Reads up to so many octets, which must continue what was read before.
    #[track_caller]
    fn recv(&mut self, octets: usize) -> usize {
        self.nothing();
        self.try_recv(octets).unwrap()
    }

    #[track_caller]
    fn try_recv(&mut self, octets: usize) -> Result<usize, RecvError> {
        self.note(format!("recv({octets})"));
        let mut into = vec![0; octets];
        let result = self.connection.recv(&mut into);
        let count = result.unwrap_or(0);
        let expected = (self.read..).map(peer_octet).take(count);
        assert!(
            expected.eq(into[..count].iter().copied()),
            "other octets than were sent"
        );
        self.read += count as i64;
        self.drain();
        result
    }

    #[track_caller]
    fn shutdown_send(&mut self) {
        assert_eq!(
            self.call("shutdown(send)", Connection::shutdown_send),
            Ok(())
        );
    }

    #[track_caller]
    fn shutdown_receive(&mut self) {
        let result = self.call("shutdown(receive)", Connection::shutdown_receive);
        assert_eq!(result, Ok(()));
    }

    #[track_caller]
    fn close(&mut self) {
        self.call("close()", |connection| connection.close(None));
    }

    /// Closes with SO_LINGER set to zero.
    #[track_caller]
    fn close_at_once(&mut self) {
        let close = |connection: &mut Connection| connection.close(Some(Duration::ZERO));
        self.call("close(), linger 0", close);
    }

    #[track_caller]
    fn abort(&mut self) {
        self.call("abort()", Connection::abort);
    }

    #[track_caller]
    fn call<R>(&mut self, name: &str, call: impl FnOnce(&mut Connection) -> R) -> R {
        self.nothing();
        self.note(name.to_owned());
        let result = call(&mut self.connection);
        self.drain();
        result
    }

    #[track_caller]
    fn is(&self, state: State) {
        assert_eq!(self.connection.state(), state, "{}", self.history());
    }

    /// Whether this has happened, once or more.
    fn happened(&self, fact: &Fact) -> bool {
        self.facts.contains(fact)
    }

    fn numbers(&self) -> Numbers {
        self.connection.numbers()
    }

    /// Takes everything the connection has to say, and checks what must hold at every step.
    #[track_caller]
    fn drain(&mut self) {
        loop {
            while let Some(fact) = self.connection.poll_fact() {
                self.facts.push(fact);
            }
            let mut outgoing = Outgoing::new(Segment::default(), Envelope::ORDINARY);
            if self.connection.poll_transmit(self.now, &mut outgoing) == Sent::Nothing {
                break;
            }
            self.take(outgoing);
        }
        let numbers = self.numbers();
        assert!(self.connection.send.unacknowledged() <= self.connection.send.next());
        assert!(numbers.acknowledged <= numbers.accepted, "{numbers:?}");
        assert!(
            numbers.accepted <= numbers.right_edge,
            "{numbers:?}{}",
            self.history()
        );
        assert!(
            self.right_edge <= numbers.right_edge,
            "the right edge moved left"
        );
        self.right_edge = numbers.right_edge;
    }

    #[track_caller]
    fn take(&mut self, outgoing: Outgoing) {
        let segment = outgoing.segment;
        self.service = outgoing.envelope.service;
        self.facts.extend(outgoing.again.map(Fact::from));
        let payload = outgoing.payload;
        assert_eq!(payload.len(), segment.payload_octets, "all of the payload");
        let row = Row::of(&segment, OURS, PEERS);
        self.note(format!("> {row}"));
        let octets = (row.start..).map(our_octet);
        assert!(
            octets.take(payload.len()).eq(payload.iter().copied()),
            "other octets"
        );
        self.check_round_trip(&segment, &payload);
        assert!(
            !self.reset || segment.flags.rst,
            "sent after a reset{}",
            self.history()
        );
        self.reset |= segment.flags.rst && self.connection.state() == State::Closed;
        if let (Some(acknowledged), false) = (row.acknowledged, segment.flags.rst) {
            let shift = if segment.flags.syn {
                0
            } else {
                self.connection.recv.shift()
            };
            let edge = acknowledged + (i64::from(segment.window) << shift);
            let over = self.connection.state() == State::TimeWait && segment.window == 0;
            assert!(
                over || self.wire_edge <= edge,
                "the window shrank{}",
                self.history()
            );
            self.wire_edge = self.wire_edge.max(edge);
        }
        self.sent.push_back((self.now, row));
    }

    /// Every segment must come back from its octets as it was.
    #[track_caller]
    fn check_round_trip(&self, segment: &Segment, payload: &[u8]) {
        let config = &self.connection.config;
        let rules = &config.profile.options;
        let layout = Layout {
            syn: &rules.syn,
            syn_ack: rules.answer(),
            padding: rules.padding,
            secret: &[],
        };
        let header = segment.header(&layout);
        let mut octets = vec![0; header.length()];
        octets.extend_from_slice(payload);
        let (source, destination) = (config.local.addr, config.remote.addr);
        header.emit(&mut octets, source, destination, &layout);
        let parsed = Segment::parse(&octets, source, destination);
        assert_eq!(parsed, Some((*segment, payload)));
    }

    fn note(&mut self, what: String) {
        let millis = self.now.total_micros() as f64 / 1000.0;
        self.log.push(format!("{millis:12.3}  {what}"));
    }

    fn history(&self) -> String {
        let skipped = self.log.len().saturating_sub(40);
        format!(
            "\nso far:\n{}\n{:?}",
            self.log[skipped..].join("\n"),
            self.numbers()
        )
    }
}

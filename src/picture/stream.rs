//! Connections and their two streams: what each segment did to the stream that it belongs to, and
//! what it says of the other one. Numbers are relative, the SYN is 0, and do not wrap.

use std::collections::BTreeMap;

use hangup_stack::socket::Protocol;
use smoltcp::wire::IpEndpoint;

use super::recording::{Frame, Item, Recording, What};
use super::remark::Again;
use crate::notation::RelativeSegment;
use crate::wire::{Checksum, Flags, FrameKind, TcpOption};

/// Most octets that a window's scale shifts by (RFC 7323 section 2.3).
const SCALE_MAX: u8 = 14;

/// A connection, or the datagrams between two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The item that begins it, by its place.
    pub begins: usize,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its two ends, the one that has sent first in front.
    pub ends: [IpEndpoint; 2],
    /// The hosts of these ends, by their places.
    pub hosts: [usize; 2],
    /// How many octets of payload the two ends have sent, repetitions included.
    pub payload: [u64; 2],
}

/// What a segment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its connection, by its place.
    pub connection: usize,
    /// Which end has sent it.
    pub side: usize,
    /// Its control bits.
    pub flags: Flags,
    /// The number of its first octet.
    pub begin: i64,
    /// The number after its last octet of payload.
    pub end: i64,
    /// Why it was sent again; none where it brings something new, or no payload.
    pub again: Option<Again>,
    /// The acknowledgment number.
    pub ack: Option<i64>,
    /// The window that it advertises, in octets.
    pub window: i64,
    /// Whether that is another window than the one before.
    pub window_changed: bool,
    /// The receiver's side of the stream that this segment belongs to, behind it.
    pub receiver: Reception,
    /// The sender's side of the other stream, behind it.
    pub sender: Reception,
}

/// How far a stream has come at its receiver, as the wire and the remarks tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// Up to where it is acknowledged.
    pub acknowledged: i64,
    /// Up to where it was taken, acknowledged or not.
    pub accepted: i64,
    /// The right edge of the window.
    pub edge: i64,
    /// The widest window that was ever advertised.
    pub widest: i64,
}

impl Reception {
    /// How much was taken without acknowledgment.
    pub fn held(self) -> i64 {
        (self.accepted - self.acknowledged).max(0)
    }

    /// How much more can be taken.
    pub fn free(self) -> i64 {
        (self.edge - self.accepted).max(0)
    }
}

/// The connections of a recording, and what each of its items did.
#[derive(Debug, Default)]
pub struct Streams {
    /// In the order in which they began.
    pub connections: Vec<Connection>,
    /// Of each item: its connection, by its place.
    pub of: Vec<Option<usize>>,
    /// Of each item: what the segment did, where it is one.
    pub steps: Vec<Option<Step>>,
}

/// One side of a connection while it is followed.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    initial: Option<u32>,
    /// The number behind the last octet that it has sent.
    next: i64,
    last_ack: i64,
    scale: Option<u8>,
    window: i64,
    reception: Reception,
}

#[derive(Debug, Default)]
struct Followed {
    place: usize,
    sides: [Side; 2],
}

impl Streams {
    /// Follows all connections of a recording.
    pub fn follow(recording: &Recording) -> Self {
        let mut all = Self::default();
        let mut open: BTreeMap<(IpEndpoint, IpEndpoint, bool), Followed> = BTreeMap::new();
        for item in &recording.items {
            let (mut of, mut step) = (None, None);
            if let What::Frame(frame) = &item.what
                && frame.packet.checksum != Checksum::Bad
                && let Some((from, to)) = frame.packet.endpoints()
            {
                let is_tcp = frame.packet.segment().is_some();
                let key = (from.min(to), from.max(to), is_tcp);
                let side = usize::from(from > to);
                if open.get(&key).is_none_or(|it| it.is_another(frame, side)) {
                    let place = all.begin(frame, is_tcp, [from, to]);
                    open.insert(
                        key,
                        Followed {
                            place,
                            ..Followed::default()
                        },
                    );
                }
                if let Some(followed) = open.get_mut(&key) {
                    let connection = &mut all.connections[followed.place];
                    let sent = usize::from(connection.ends[0] != from);
                    connection.payload[sent] += payload(frame) as u64;
                    of = Some(followed.place);
                    step = followed.step(frame, side, sent);
                }
            }
            all.of.push(of);
            all.steps.push(step);
        }
        for (index, item) in recording.items.iter().enumerate() {
            if let What::Call(_) = &item.what {
                all.of[index] = all.of_call(index, &recording.items);
            }
        }
        all
    }

    fn begin(&mut self, frame: &Frame, is_tcp: bool, ends: [IpEndpoint; 2]) -> usize {
        self.connections.push(Connection {
            begins: self.of.len(),
            protocol: match is_tcp {
                true => Protocol::Tcp,
                false => Protocol::Udp,
            },
            ends,
            hosts: [frame.from, frame.to],
            payload: [0; 2],
        });
        self.connections.len() - 1
    }

    /// The connection of the socket of the call at a place: of those with its ports, which follow
    /// one another, the last that had begun; where none had, or for a connect that sends its SYN in
    /// the same moment, the next.
    fn of_call(&self, place: usize, items: &[Item]) -> Option<usize> {
        let What::Call(call) = &items[place].what else {
            return None;
        };
        let socket = call.socket?;
        let (local, remote) = (socket.local?.port, socket.remote?.port);
        let is_its = |it: &Connection| {
            let at = it.hosts.iter().position(|host| *host == call.host);
            at.is_some_and(|at| it.ends[at].port == local && it.ends[1 - at].port == remote)
                && it.protocol == socket.protocol
        };
        let its = || (0..self.connections.len()).filter(|it| is_its(&self.connections[*it]));
        let before = its().rfind(|it| self.connections[*it].begins < place);
        let next = its().find(|it| self.connections[*it].begins > place);
        let sends_syn = next.filter(|it| {
            let begins = &items[self.connections[*it].begins];
            call.text.starts_with("connect(") && begins.at == items[place].at
        });
        sends_syn.or(before).or(next)
    }

    /// A connection by the names of its ends.
    pub fn name(&self, recording: &Recording, connection: usize) -> String {
        let [one, other] = self.connections[connection].ends;
        format!(
            "{} > {}",
            recording.endpoint(one),
            recording.endpoint(other)
        )
    }
}

fn payload(frame: &Frame) -> usize {
    match &frame.packet.kind {
        FrameKind::Segment(segment) => segment.len(),
        FrameKind::Udp(datagram) => datagram.len,
        FrameKind::Icmp(_) | FrameKind::Arp(_) | FrameKind::Fragment(_) | FrameKind::Other(_) => 0,
    }
}

impl Followed {
    /// Whether a frame begins another connection between the same ends: a SYN with a number of its
    /// own, from which its numbers count.
    fn is_another(&self, frame: &Frame, side: usize) -> bool {
        let Some(segment) = frame.packet.segment() else {
            return false;
        };
        let opens = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
        let known = self.sides[side].initial;
        opens && segment.seq == frame.origins.seq && known.is_some_and(|it| it != segment.seq)
    }

    fn step(&mut self, frame: &Frame, side: usize, sent: usize) -> Option<Step> {
        let segment = frame.packet.segment()?;
        let relative = RelativeSegment::new(segment, frame.origins);
        let flags = segment.flags;
        let is_syn = flags.contains(Flags::SYN);
        let is_lost = frame.lost().is_some();
        self.sides[side].initial.get_or_insert(frame.origins.seq);
        let sender = self.sides[side];
        let begin = near(relative.seq, sender.next);
        let end = begin + i64::try_from(relative.len).unwrap_or(0);
        let last = end + i64::from(is_syn) + i64::from(flags.contains(Flags::FIN));
        let ack = relative.ack.map(|ack| near(ack, sender.last_ack));
        let again = again(frame, begin, end, sender);
        let window = self.advertise(side, segment.window, is_syn, &relative);
        let window_changed = window != sender.window || is_syn;
        let is_reset = flags.contains(Flags::RST);
        let acting = &mut self.sides[side];
        acting.next = acting.next.max(last);
        if !is_reset {
            acting.window = window;
        }
        // What the acknowledgment says of the other stream.
        if let Some(ack) = ack.filter(|_| !is_reset) {
            acting.last_ack = acting.last_ack.max(ack);
            let reception = &mut acting.reception;
            reception.acknowledged = reception.acknowledged.max(ack);
            reception.accepted = reception.accepted.max(reception.acknowledged);
            // A segment that acknowledges less than another is old, and so is its window.
            if ack >= reception.acknowledged {
                reception.edge = ack + window;
            }
            reception.widest = reception.widest.max(window);
        }
        let sender_after = acting.reception;
        let receiving = &mut self.sides[1 - side].reception;
        if let Some(total) = frame.held().filter(|_| !is_lost) {
            receiving.accepted = receiving.accepted.max(receiving.acknowledged + total);
        }
        Some(Step {
            connection: self.place,
            side: sent,
            flags,
            begin,
            end,
            again,
            ack,
            window,
            window_changed: window_changed && !is_reset,
            receiver: *receiving,
            sender: sender_after,
        })
    }

    /// The window that a segment advertises. It is scaled where both sides have said so in their
    /// SYN, and never in a SYN itself (RFC 7323 section 2.2).
    fn advertise(
        &mut self,
        side: usize,
        field: u16,
        is_syn: bool,
        relative: &RelativeSegment,
    ) -> i64 {
        if is_syn {
            self.sides[side].scale = relative.options.iter().find_map(|option| {
                let TcpOption::WindowScale(scale) = option else {
                    return None;
                };
                Some((*scale).min(SCALE_MAX))
            });
            return i64::from(field);
        }
        match (self.sides[side].scale, self.sides[1 - side].scale) {
            (Some(scale), Some(_)) => i64::from(field) << scale,
            _ => i64::from(field),
        }
    }
}

/// A number of 32 bits as the one nearest to another that does not wrap.
fn near(number: u32, to: i64) -> i64 {
    let difference = number.wrapping_sub((to & 0xffff_ffff) as u32).cast_signed();
    to + i64::from(difference)
}

/// Why a segment was sent again: as its remark says, or as the packets tell.
fn again(frame: &Frame, begin: i64, end: i64, sender: Side) -> Option<Again> {
    let segment = frame.packet.segment()?;
    let is_bare = segment.is_empty() && !segment.flags.contains(Flags::FIN);
    let is_syn = segment.flags.contains(Flags::SYN);
    frame.again().or_else(|| {
        if is_syn {
            return (sender.next > 0).then_some(Again::Unknown);
        }
        // A keep-alive repeats the number before, most often without an octet (RFC 9293 section
        // 3.8.4).
        let is_reset = segment.flags.contains(Flags::RST);
        if is_bare && begin == sender.next - 1 && end == begin && !is_reset {
            return Some(Again::KeepAlive);
        }
        (!is_bare && begin < sender.next).then_some(Again::Unknown)
    })
}

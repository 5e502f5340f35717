//! The syntax tree of a script: its statements in the order of the file.
//!
//! Every part that an error or a failed expectation can point at carries its [`Span`] in the file.
//! Times are microseconds, as all virtual time is; sequence numbers are relative to each side's
//! initial sequence number, as a script writes them: the SYN is 0, the first octet 1.
//!
//! A script that parsed is well-formed, but only [`super::Scenario`] says that the hosts, calls and
//! names in it exist.

use hangup_stack::profile::Profile;
use hangup_stack::tcp::State;
use smoltcp::time::Duration;

use crate::language::Relation;

pub use crate::diagnostic::{Span, Spanned};
use crate::packetdrill::code::Step;
pub use crate::scenario::detail::Detail;
pub use crate::scenario::icmp::{IcmpCode, IcmpType};
pub use crate::wire::{Flags, TcpOption};

/// A whole script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// One event of a script: when, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// All of it, from its time to its last word.
    pub span: Span,
    /// The line of the file on which it starts, counted from 1.
    pub line: usize,
    /// `[HOST=PROFILE]`: the systems that it is for. None: all.
    pub guard: Option<Guard>,
    /// When it happens or must happen.
    pub time: Spanned<TimeSpec>,
    /// What happens or must happen.
    pub subject: Subject,
}

impl Statement {
    /// The call that it is, if it is one.
    pub fn call(&self) -> Option<&Call> {
        match &self.subject {
            Subject::Call(call) => Some(call),
            Subject::Packet(_)
            | Subject::Nothing(_)
            | Subject::Inject(_)
            | Subject::Expect(_)
            | Subject::Code(_)
            | Subject::Link(_)
            | Subject::Subsystem(_)
            | Subject::Power(_)
            | Subject::Turning(_)
            | Subject::Pause => None,
        }
    }
}

/// `[server=linux|freebsd]`, `[server!=windows]`: the systems that a statement is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The host whose system matters.
    pub host: Spanned<String>,
    /// Whether it is for all others.
    pub negated: bool,
    /// The profiles.
    pub profiles: Vec<Spanned<String>>,
}

/// When something happens or must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSpec {
    /// `T`: so long after the start of the run.
    Absolute(Duration),
    /// `+T`: so long after the statement before.
    Relative(Duration),
    /// `*`: at any time. Only for what is expected on the wire.
    Any,
    /// `T~T`: between two times after the start of the run, both included.
    AbsoluteRange {
        /// The first moment.
        earliest: Duration,
        /// The last moment.
        latest: Duration,
    },
    /// `+T~+T`: between two times after the statement before, both included.
    RelativeRange {
        /// The first moment.
        earliest: Duration,
        /// The last moment.
        latest: Duration,
    },
    /// `then`, `then+T`, `then+T~+T`: between two times after the end of the statement before: when
    /// its call has returned, when its packet has come.
    Following {
        /// The first moment.
        earliest: Duration,
        /// The last moment. None: what is done is done at the first, what is expected comes at any
        /// time from there on.
        latest: Option<Duration>,
    },
}

impl TimeSpec {
    /// `then`: as soon as the statement before is over.
    pub const THEN: Self = Self::Following {
        earliest: Duration::ZERO,
        latest: None,
    };

    /// Whether it is one moment, as everything that is done (and not only expected) needs.
    pub fn is_moment(self) -> bool {
        match self {
            Self::Absolute(_) | Self::Relative(_) => true,
            Self::Any | Self::AbsoluteRange { .. } | Self::RelativeRange { .. } => false,
            Self::Following { earliest, latest } => latest.is_none_or(|it| it == earliest),
        }
    }

    /// Whether it is two moments with an end, as a silence needs.
    pub fn is_range(self) -> bool {
        match self {
            Self::AbsoluteRange { .. } | Self::RelativeRange { .. } => true,
            Self::Absolute(_) | Self::Relative(_) | Self::Any => false,
            Self::Following { earliest, latest } => latest.is_some_and(|it| it != earliest),
        }
    }

    /// Whether it counts from the end of the statement before.
    pub fn follows(self) -> bool {
        matches!(self, Self::Following { .. })
    }
}

/// What happens or must happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A host makes a socket call.
    Call(Call),
    /// A packet is on the wire. From a host with a stack it is expected; a host without one sends
    /// it.
    Packet(PacketLine),
    /// No packet goes that way during the statement's range of time.
    Nothing(HostPair),
    /// A forged packet is put on the wire, as if its first host had sent it.
    Inject(PacketLine),
    /// A socket is in a certain state.
    Expect(Expect),
    /// The network changes from now on.
    Link(LinkStatement),
    /// The network subsystem of a host fails or works again.
    Subsystem(Subsystem),
    /// A host loses its power, or is started again.
    Power(Power),
    /// Knobs of a host are turned.
    Turning(Turning),
    /// What TCP_INFO says of a connection is compared. Of packetdrill's scripts alone.
    Code(Code),
    /// Nothing but that time passes: a line for the shell, which is not carried out. Of
    /// packetdrill's scripts alone.
    Pause,
}

/// `%{ assert tcpi_unacked == 0 }%`
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The host whose connection it is about, the one that was opened last.
    pub host: Spanned<String>,
    /// What is kept, and what must hold, in their order.
    pub steps: Vec<Step>,
}

/// The knobs of a host are turned while the script runs: packetdrill's settings of the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Turning {
    /// The host.
    pub host: Spanned<String>,
    /// What it is from now on.
    pub profile: Box<Profile>,
    /// The line for the shell that says so, for a host that is no emulated one.
    pub shell: Option<String>,
}

/// `HOST: subsystem down`, `HOST: subsystem up`: what `WSAENETDOWN` and `ENETDOWN` report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subsystem {
    /// The host.
    pub host: Spanned<String>,
    /// Whether it works from now on.
    pub up: bool,
}

/// `HOST: crash`, `HOST: reboot`: what the host knew is gone, and nobody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// The host.
    pub host: Spanned<String>,
    /// What happens to it.
    pub change: PowerChange,
}

/// What happens to the power of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerChange {
    /// It fails: the host is silent from now on.
    Crash,
    /// It comes back, where it has failed, and else fails for a moment.
    Reboot,
}

impl PowerChange {
    /// Every change with its name in scripts.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Crash, "crash"), (Self::Reboot, "reboot")];

    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        let named = |(change, _): &&(Self, &str)| *change == self;
        Self::ALL.iter().find(named).map_or("", |(_, name)| name)
    }
}

/// From one host to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPair {
    /// The host that sends.
    pub from: Spanned<String>,
    /// The host that receives.
    pub to: Spanned<String>,
}

/// `HOST[/THREAD]: [...T] CALL(args) = result [ERROR]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The host that makes it.
    pub host: Spanned<String>,
    /// The thread that makes it, where a host has more than one.
    pub thread: Option<Spanned<String>>,
    /// The routine of the program that makes it, while a call of the thread waits.
    pub routine: Option<Spanned<Routine>>,
    /// When it must return, where it blocks. Relative times count from the moment of the call.
    /// None: it must return in the moment it is made, or, in a step that follows another, at any
    /// time.
    pub returns: Option<Spanned<TimeSpec>>,
    /// The call's name.
    pub name: Spanned<String>,
    /// What it is given.
    pub arguments: Vec<Spanned<Argument>>,
    /// What it must return. For calls that open a descriptor, the label of the new one.
    pub result: Spanned<ExpectedResult>,
    /// The error it must report: `EPIPE`, `WSAENOTCONN`. None: not looked at.
    pub error: Option<Spanned<String>>,
}

/// What interrupts a call that waits, on its own thread, and makes calls of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    /// `HOST/THREAD.hook`: the blocking hook of a Winsock 1.1 program.
    Hook,
    /// `HOST/THREAD.apc`: an asynchronous procedure call.
    Apc,
    /// `HOST/THREAD.condition`: the condition function of WSAAccept.
    Condition,
}

impl Routine {
    /// Every routine with its name in scripts.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Hook, "hook"),
        (Self::Apc, "apc"),
        (Self::Condition, "condition"),
    ];

    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        let named = |(routine, _): &&(Self, &str)| *routine == self;
        Self::ALL.iter().find(named).map_or("", |(_, name)| name)
    }
}

/// What a call must return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedResult {
    /// `...`: whatever it is.
    Any,
    /// `0`, `-1`, `0x10`
    Integer(i64),
    /// `SOCKET_ERROR`, `TRUE`, `WSAENOTCONN`
    Word(String),
    /// `POLLIN|POLLOUT`: these, in any order.
    Flags(Vec<String>),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `8000`, `-1`, `0x0202`, and `MAKEWORD(2, 2)` as Winsock programs write it.
    Integer(i64),
    /// `AF_INET`, `NULL`, `server`
    Word(String),
    /// `"text"`, without its quotes and with its escapes resolved.
    Text(String),
    /// Octets that are no text. Never comes out of a script; programs send them.
    Octets(std::sync::Arc<[u8]>),
    /// `O_RDWR|O_NONBLOCK`: words and integers.
    Flags(Vec<Self>),
    /// `[1]`
    List(Vec<Self>),
    /// `{onoff=1, linger=0}`, `{1, 0}`
    Struct(Vec<(Option<String>, Self)>),
    /// `...`: not said. An address that the runner knows, a buffer of the length that follows.
    Ellipsis,
    /// `server:80`, `192.0.2.1:80`, `[2001:db8::1]:80`, `*:80`, `server:*`. The runner resolves the
    /// name of a host to an [`Argument::Address`] before the call.
    Endpoint {
        /// The name of a host, an IP address without brackets, or `*`.
        host: String,
        /// The port; none where it is `*`.
        port: Option<u16>,
    },
    /// A resolved endpoint. Never comes out of a script.
    Address(smoltcp::wire::IpEndpoint),
}

impl Argument {
    /// The integer that it is.
    pub fn integer(&self) -> Option<i64> {
        let Self::Integer(number) = self else {
            return None;
        };
        Some(*number)
    }
}

/// `FROM > TO: ...`: one packet on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketLine {
    /// The host that sends it.
    pub from: Spanned<String>,
    /// The port it comes from. None: not looked at.
    pub from_port: Option<Spanned<u16>>,
    /// The host it is for.
    pub to: Spanned<String>,
    /// The port it is for. None: not looked at.
    pub to_port: Option<Spanned<u16>>,
    /// What it is.
    pub packet: Packet,
    /// What only packetdrill's scripts say of it.
    pub detail: Detail,
}

/// What a packet is. Fields that a script leaves out match anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram: `udp (100)`.
    Udp {
        /// Its payload in octets.
        length: Spanned<u16>,
    },
    /// An ICMP or ICMPv6 message: `icmp unreachable port_unreachable`, `icmp 3 3`.
    Icmp {
        /// Its type.
        kind: Spanned<IcmpType>,
        /// Its code. None: not looked at.
        code: Option<Spanned<IcmpCode>>,
    },
}

/// A TCP segment: `P. 1:1001(1000) ack 1 win 4096 <nop,nop,TS val 1 ecr 2>`, `P. 1:4(3) ack 1 data
/// "abc"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its control bits.
    pub flags: Spanned<Flags>,
    /// Its sequence numbers. None: not looked at (never so in a segment that is injected).
    pub sequence: Option<Spanned<Sequence>>,
    /// Its acknowledgment number, relative. None: not looked at.
    pub acknowledgment: Option<Spanned<u32>>,
    /// Its window field, as it stands in the header. None: not looked at.
    pub window: Option<Spanned<u16>>,
    /// Its options. None: not looked at.
    pub options: Option<Spanned<OptionsPattern>>,
    /// Its payload, as long as the sequence numbers say. None: not looked at, and the alphabet in a
    /// segment that is sent.
    pub data: Option<Spanned<Vec<u8>>>,
}

/// `start:end(length)`, where `end` is `start + length`: SYN and FIN do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The relative sequence number of the first octet.
    pub start: u32,
    /// The payload in octets.
    pub length: u16,
}

impl Sequence {
    /// The relative sequence number after the last octet.
    pub fn end(self) -> u32 {
        self.start.wrapping_add(self.length.into())
    }
}

/// What is said about a segment's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionsPattern {
    /// `<...>`: whatever they are.
    Any,
    /// `<mss 1460,sackOK>`: these and no others, in this order. `<>` is no option at all.
    Exact(Vec<Spanned<TcpOption>>),
}

/// `HOST: expect EXPR (, EXPR)*`
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// The host whose socket it is about.
    pub host: Spanned<String>,
    /// What must hold, all of it.
    pub conditions: Vec<Spanned<Condition>>,
}

/// `[SOCKET.]NAME OPERATOR VALUE`
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The label of the socket. None: the one connection (or else the one socket) of the host.
    pub socket: Option<Spanned<i64>>,
    /// What is looked at.
    pub property: Spanned<Property>,
    /// How it is compared.
    pub relation: Relation,
    /// What it is compared with, of the kind that the property has.
    pub value: Spanned<Value>,
}

/// What `expect` can look at: the fields of [`hangup_stack::socket::Status`], and the network
/// events that are recorded for a Winsock socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each but the last is documented at the field of Status that has its name"
)]
pub enum Property {
    State,
    Readable,
    Writable,
    ReceiveEnded,
    HungUp,
    Queued,
    Held,
    Accepted,
    Acknowledged,
    RightEdge,
    Window,
    Unacked,
    Unsent,
    SendWindow,
    Cwnd,
    Ssthresh,
    Rto,
    Srtt,
    Retransmissions,
    Error,
    NetworkEvents,
}

/// What kind of value a property has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    /// A state of RFC 9293.
    State,
    /// `true` or `false`.
    Boolean,
    /// A number: octets, or a relative sequence number.
    Number,
    /// A time.
    Duration,
    /// The name of an error.
    Error,
    /// Network events: the names of several, or 0.
    Events,
}

impl Property {
    /// Every property with its name in scripts and the kind of its value.
    pub const ALL: [(Self, &'static str, PropertyKind); 21] = [
        (Self::State, "state", PropertyKind::State),
        (Self::Readable, "readable", PropertyKind::Boolean),
        (Self::Writable, "writable", PropertyKind::Boolean),
        (Self::ReceiveEnded, "receive_ended", PropertyKind::Boolean),
        (Self::HungUp, "hung_up", PropertyKind::Boolean),
        (Self::Queued, "queued", PropertyKind::Number),
        (Self::Held, "held", PropertyKind::Number),
        (Self::Accepted, "accepted", PropertyKind::Number),
        (Self::Acknowledged, "acknowledged", PropertyKind::Number),
        (Self::RightEdge, "right_edge", PropertyKind::Number),
        (Self::Window, "window", PropertyKind::Number),
        (Self::Unacked, "unacked", PropertyKind::Number),
        (Self::Unsent, "unsent", PropertyKind::Number),
        (Self::SendWindow, "send_window", PropertyKind::Number),
        (Self::Cwnd, "cwnd", PropertyKind::Number),
        (Self::Ssthresh, "ssthresh", PropertyKind::Number),
        (Self::Rto, "rto", PropertyKind::Duration),
        (Self::Srtt, "srtt", PropertyKind::Duration),
        (
            Self::Retransmissions,
            "retransmissions",
            PropertyKind::Number,
        ),
        (Self::Error, "error", PropertyKind::Error),
        (Self::NetworkEvents, "network_events", PropertyKind::Events),
    ];

    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What kind of value it has.
    pub fn kind(self) -> PropertyKind {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, PropertyKind) {
        // The table is in the order of the variants, which a test checks.
        Self::ALL[self as usize]
    }
}

/// What a property is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `none`: no state, no error, not measured yet, no such socket any more.
    None,
    /// `ESTABLISHED`, `FIN_WAIT_2`
    State(State),
    /// `true`, `false`
    Boolean(bool),
    /// `4000`
    Number(u64),
    /// `200ms`, or `.2` in seconds as the times of a script
    Duration(Duration),
    /// `ECONNRESET`, `WSAECONNRESET`
    Error(String),
    /// `FD_READ|FD_CLOSE`, or 0: the names in the order of the alphabet
    Events(Vec<String>),
}

/// `link [FROM > TO] KEY VALUE ...`
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatement {
    /// Which way. None: both ways between all hosts.
    pub direction: Option<HostPair>,
    /// What changes; no two of one kind.
    pub changes: Vec<Spanned<LinkChange>>,
}

/// What changes on a link. The rest of it stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkChange {
    /// `delay 10ms`
    Delay(Duration),
    /// `rate 100Mbit`, in bits a second; none is `rate unlimited`.
    Rate(Option<u64>),
    /// `queue 10`, in frames; none is `queue unlimited`.
    Queue(Option<usize>),
    /// `mtu 1500`, in octets
    Mtu(usize),
    /// `loss 0.5`: a probability
    Loss(f64),
    /// `duplicate 0.5`: a probability
    Duplicate(f64),
    /// `reorder 0.5`: a probability
    Reorder(f64),
    /// `corrupt 0.5`: a probability
    Corrupt(f64),
    /// `down` (true), `up` (false)
    Down(bool),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_stand_in_the_order_of_their_variants() {
        for (index, (property, name, kind)) in Property::ALL.into_iter().enumerate() {
            assert_eq!(property as usize, index, "{name}");
            assert_eq!((property.name(), property.kind()), (name, kind));
        }
    }
}

//! The medium of a run: its time, its hosts that make calls, and its wire.
//!
//! The driver knows no other way to time, calls and frames than this trait. [`VirtualNetwork`]
//! implements it with emulated hosts in virtual time. What the trait promises is no more than a
//! medium with a real clock and real hosts can keep: a wait may end late, calls return by
//! themselves, and what happened has a time stamp of its own, which may lie before `now`.
//!
//! [`VirtualNetwork`]: super::VirtualNetwork

use std::collections::BTreeMap;
use std::fmt;

use hangup_stack::event::{Event, FrameId};
use hangup_stack::network::HostId;
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId, Status};
use hangup_stack::storm::Storm;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::EthernetAddress;

use crate::calls::{BadCall, Returned};
use crate::capture::{CallRow, FailedRow, SocketEnds, TraceHost};
use crate::event_log::EventLog;
use crate::scenario::script::{Argument, LinkChange, PowerChange, Routine, Spanned};

/// A call of a run. The driver numbers them in the order in which it makes them, those of the
/// script and those of programs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub usize);

impl CallId {
    /// The calls of programs have the numbers from here on.
    const PROGRAMS: usize = usize::MAX / 2;

    /// A call that a program makes, by how many were made before.
    pub fn of_program(before: usize) -> Self {
        Self(Self::PROGRAMS + before)
    }
}

/// A call that a host is to make.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// By what number the medium speaks of it.
    pub id: CallId,
    /// The host that makes it.
    pub host: HostId,
    /// The thread that makes it; none is the one that needs no name.
    pub thread: Option<&'a str>,
    /// The routine that makes it, while another call of the thread waits.
    pub routine: Option<Routine>,
    /// Its name, as the host's API has it.
    pub name: &'a str,
    /// What it is given, with labels for descriptors.
    pub arguments: &'a [Argument],
    /// The label of the descriptor that it opens, where it opens one.
    pub label: Option<i64>,
    /// Whether the octets that it receives are wanted, in [`Returned::received`].
    pub keeps: bool,
}

/// What has been recorded of a run so far. It only grows.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// The facts.
    pub events: &'a EventLog,
    /// The calls.
    pub calls: &'a [CallRow],
    /// What did not hold.
    pub failures: &'a [FailedRow],
}

/// What a medium tells the driver, in the order in which it happened.
#[derive(Debug)]
pub enum MediumEvent {
    /// A frame was sent or has arrived, or a host's stack says something of itself. Its time is
    /// that of the fact.
    Fact(Event),
    /// A call has returned.
    Returned {
        /// Which one.
        call: CallId,
        /// When.
        at: Instant,
        /// With what.
        returned: Returned,
        /// The ends of the socket that it was about, behind the call.
        ends: Option<SocketEnds>,
    },
    /// A call does not return at once. It is said once, when the call was made.
    Blocks(CallId),
    /// A call cannot be made at all.
    Refused {
        /// Which one.
        call: CallId,
        /// Why.
        why: BadCall,
    },
    /// A program has done with a call what no result can be right for.
    Undefined {
        /// Which call.
        call: CallId,
        /// The rule that it has broken.
        rule: String,
    },
    /// The process of a host has ended, with all calls that wait in it; the next call is a new
    /// one's.
    Ended {
        /// When.
        at: Instant,
        /// On which host.
        host: HostId,
    },
    /// Something has happened in a program without a call of the script: a row of the trace.
    Note {
        /// When.
        at: Instant,
        /// On which host.
        host: HostId,
        /// The row.
        text: String,
        /// The ends of the socket that it is about, where there is one.
        ends: Option<SocketEnds>,
    },
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Something may have happened before the moment had come.
    Woken,
    /// The moment has come, and what was due by then has happened.
    Reached,
}

/// When something happens next, as far as a medium can know without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At this moment at the latest; it may be now.
    At(Instant),
    /// Never, unless the driver does something.
    Never,
    /// The medium cannot know: it has hosts that act by themselves.
    Unknown,
}

/// Why a medium does not do something, as a sentence without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a run is played on. Hosts are those of the scenario, by their positions; times count from
/// the start of the run.
pub trait Medium: fmt::Debug {
    // Time.

    /// The time.
    fn now(&self) -> Instant;

    /// Waits until a moment or until something happens, whichever comes first. A moment that has
    /// passed is reached at once. Time may end behind the moment, never before.
    fn wait(&mut self, until: Instant) -> Waited;

    /// When something happens next.
    fn due(&self) -> Due;

    /// The script is through: what is to come is what programs do by themselves. Nothing, where
    /// there are none.
    fn end_script(&mut self) {}

    /// Is shown what has been recorded so far, each time that something may have been.
    fn show(&mut self, _so_far: SoFar<'_>) {}

    /// When what the driver has done last really happened, which may be before `now`.
    fn acted(&self) -> Instant {
        self.now()
    }

    /// How much later than planned something reached a host since this was asked last, at most.
    fn take_late(&mut self) -> Duration {
        Duration::ZERO
    }

    /// Takes the next thing that has happened.
    fn next_event(&mut self) -> Option<MediumEvent>;

    /// The octets of payload that the hosts and their links hold, as far as the medium knows.
    fn held_octets(&self) -> usize {
        0
    }

    /// The frame before which all are through, so that it tells nothing more of them. None: it
    /// cannot know.
    fn settled_before(&self) -> Option<FrameId> {
        None
    }

    /// Whether hosts answer each other's packets for ever, as far as the medium knows.
    fn storm(&self) -> Option<Storm> {
        None
    }

    // Calls.

    /// Makes a call. When this returns the medium has said of the call, as one of its events, that
    /// it returned, is refused, or blocks. One that blocks returns later, as another event, but for
    /// one of a routine, which is given up.
    ///
    /// # Errors
    /// The call's routine cannot run now, or there is nobody who could make the call; nothing was
    /// done.
    fn begin(&mut self, call: &NewCall<'_>) -> Result<(), Refusal>;

    /// Gives up a call that waits, which then never returns: the program has waited long enough.
    /// Returns the ends of the socket that it is about.
    ///
    /// # Errors
    /// The call cannot be given up here.
    fn cancel(&mut self, _call: CallId) -> Result<Option<SocketEnds>, Refusal> {
        Err(Refusal("calls cannot be given up here".to_owned()))
    }

    /// Lets calls that wait return where what the driver has just done is what they waited for.
    /// Nothing, where calls return by themselves.
    fn settle(&mut self) {}

    // Sockets.

    /// The labels of a host's descriptors and the sockets behind them, in the order of the labels.
    fn labels(&self, host: HostId) -> Vec<(i64, SocketId)>;

    /// The socket behind the descriptor that a label of a host stands for.
    fn labelled(&self, host: HostId, label: i64) -> Option<SocketId> {
        let mut labels = self.labels(host).into_iter();
        let (_, socket) = labels.find(|(known, _)| *known == label)?;
        Some(socket)
    }

    /// How a socket stands, as far as the medium can see; none where it is gone.
    fn status(&self, host: HostId, socket: SocketId) -> Option<Status>;

    /// The network events that are recorded for a socket and were not asked for yet, as a script
    /// writes them; none where the host's API has no such thing.
    fn network_events(&self, host: HostId, socket: SocketId) -> Option<String>;

    /// The port of the socket of a host that waits for a connection or for datagrams, the last one
    /// where there are several.
    fn waiting_port(&self, host: HostId, protocol: Protocol) -> Option<u16>;

    /// What TCP_INFO of the host's own system says of the connection that was opened last, by the
    /// names of its fields; none where the emulation is to say it.
    fn tcp_info(&self, _host: HostId) -> Option<BTreeMap<&'static str, f64>> {
        None
    }

    // The wire.

    /// The hosts, as traces name them.
    fn hosts(&self) -> Vec<TraceHost>;

    /// The address of a host on its link.
    fn ethernet_address(&self, host: HostId) -> EthernetAddress;

    /// Puts a frame on the wire as if a host had sent it.
    ///
    /// # Errors
    /// Frames cannot be sent from there.
    fn send(&mut self, from: HostId, frame: Vec<u8>) -> Result<(), Refusal>;

    /// Changes what the link from one host to another does, from now on.
    ///
    /// # Errors
    /// The link is not the medium's to change.
    fn change_link(
        &mut self,
        from: HostId,
        to: HostId,
        changes: &[Spanned<LinkChange>],
    ) -> Result<(), Refusal>;

    /// Makes a host another system in some of its knobs. It counts for what is opened from now on;
    /// what is open stays as it is.
    ///
    /// # Errors
    /// The host is not the medium's to change.
    fn set_profile(&mut self, host: HostId, profile: &Profile) -> Result<(), Refusal>;

    /// Lets a line for the shell set what it sets of a host's own system. Where the emulation
    /// has knobs for it, [`Medium::set_profile`] turns them.
    ///
    /// # Errors
    /// The host has nothing that the line could set.
    fn set_system(&mut self, _host: HostId, _line: &str) -> Result<(), Refusal> {
        Err(Refusal("the host has no shell".to_owned()))
    }

    /// Lets the network subsystem of a host fail, or work again.
    ///
    /// # Errors
    /// The host is not the medium's to change.
    fn set_up(&mut self, host: HostId, up: bool) -> Result<(), Refusal>;

    /// Lets a host lose its power, or starts it again. Its process has ended then.
    ///
    /// # Errors
    /// The host is not the medium's to change, or has lost its power already.
    fn set_power(&mut self, _host: HostId, _change: PowerChange) -> Result<(), Refusal> {
        Err(Refusal("hosts do not crash here".to_owned()))
    }
}

//! The state of a scripted program besides its process: memory, labels for its descriptors, and
//! names for its threads.

use std::collections::{BTreeMap, BTreeSet};

use hangup_stack::blocking::ThreadId;
use hangup_stack::network::IpFamily;
use hangup_stack::socket::SocketId;

/// What a scripted program has besides its process.
#[derive(Debug, Default)]
pub struct Program {
    pub(super) descriptors: Descriptors,
    pub(super) memory: Memory,
    /// The threads that the script has named, after the one that needs no name.
    threads: Vec<String>,
    /// The family of a socket that nobody has opened; none: IPv4.
    strangers: Option<IpFamily>,
}

impl Program {
    /// Lets calls be made for their arguments alone: nothing is kept of what they send or receive,
    /// and a socket that nobody has opened is of this family.
    pub(super) fn rehearse(&mut self, family: IpFamily) {
        self.memory.holds_nothing = true;
        self.strangers = Some(family);
    }

    /// The thread that a script names; none is the one that needs no name.
    pub(super) fn thread(&mut self, name: Option<&str>) -> ThreadId {
        let Some(name) = name else {
            return ThreadId::MAIN;
        };
        let known = self.threads.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            self.threads.push(name.to_owned());
            self.threads.len() - 1
        });
        ThreadId(u32::try_from(place + 1).unwrap_or(u32::MAX))
    }

    /// Whether a thread has this name already.
    pub(super) fn has_thread(&self, name: &str) -> bool {
        self.threads.iter().any(|known| known == name)
    }

    /// The family of a socket; a stranger's for what is none.
    pub(super) fn family(&self, descriptor: u64) -> IpFamily {
        let opened = self.descriptors.get(descriptor);
        let stranger = self.strangers.unwrap_or(IpFamily::V4);
        opened.map_or(stranger, |opened| opened.family)
    }
}

/// The memory of a scripted program: what it sends from and receives into. It is kept between
/// calls, because a call that waits is made again many times.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pattern: Vec<u8>,
    zeros: bool,
    received: Vec<u8>,
    /// Whether it is of no length, whatever is asked for.
    holds_nothing: bool,
}

impl Memory {
    /// Lets the pattern be zeros.
    pub(super) fn send_zeros(&mut self) {
        self.pattern.clear();
        self.zeros = true;
    }

    /// The octets of a payload. The pattern is the alphabet over and over, so that a place in it
    /// can be recognised in a packet.
    pub(super) fn octets<'a>(&'a mut self, octets: &Octets<'a>) -> &'a [u8] {
        match octets {
            Octets::Text(text) => text,
            Octets::Nowhere(_) => &[],
            Octets::Pattern(_) if self.holds_nothing => &[],
            Octets::Pattern(length) if self.zeros => {
                if self.pattern.len() < *length {
                    self.pattern.resize(*length, 0);
                }
                &self.pattern[..*length]
            }
            Octets::Pattern(length) => {
                let known = self.pattern.len();
                self.pattern.extend(
                    (b'a'..=b'z')
                        .cycle()
                        .skip(known % 26)
                        .take(length.saturating_sub(known)),
                );
                &self.pattern[..*length]
            }
        }
    }

    /// What was received last, at most so many octets.
    pub(super) fn received(&self, octets: usize) -> &[u8] {
        &self.received[..octets.min(self.received.len())]
    }

    /// A buffer to receive into.
    pub(super) fn buffer(&mut self, length: usize) -> &mut [u8] {
        let length = if self.holds_nothing { 0 } else { length };
        if self.received.len() < length {
            self.received.resize(length, 0);
        }
        &mut self.received[..length]
    }
}

/// The labels of a script and the sockets that a table has opened.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    labels: BTreeMap<i64, u64>,
    /// The labels of each process that was forked, by its thread.
    children: BTreeMap<ThreadId, BTreeMap<i64, u64>>,
    /// The thread that makes the calls.
    thread: ThreadId,
    opened: BTreeMap<u64, Opened>,
    /// The descriptors of which it is not known yet what stands behind them.
    unknown: BTreeSet<u64>,
}

/// A socket that was opened, and is remembered after it is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    /// None: nothing stands behind it in the stack yet.
    pub(super) socket: Option<SocketId>,
    pub(super) family: IpFamily,
}

impl Descriptors {
    pub(super) fn open(&mut self, descriptor: u64, socket: Option<SocketId>, family: IpFamily) {
        self.opened.insert(descriptor, Opened { socket, family });
        if socket.is_none() {
            self.unknown.insert(descriptor);
        }
    }

    /// Learns what stands behind a descriptor now that was `called`, and behind those of which that
    /// is not known. What is not there any more is remembered.
    pub(super) fn refresh(&mut self, called: u64, socket_of: impl Fn(u64) -> Option<SocketId>) {
        let mut learn = |descriptor: u64| {
            let opened = self.opened.get_mut(&descriptor)?;
            opened.socket = socket_of(descriptor).or(opened.socket);
            opened.socket
        };
        learn(called);
        self.unknown
            .retain(|descriptor| learn(*descriptor).is_none());
    }

    pub(super) fn label(&mut self, label: i64, descriptor: u64) {
        let child = self.children.get_mut(&self.thread);
        child.unwrap_or(&mut self.labels).insert(label, descriptor);
    }

    /// Lets a thread make the next calls.
    pub(super) fn switch_to(&mut self, thread: ThreadId) {
        self.thread = thread;
    }

    /// Gives a thread, which is a process from now on, the labels of the one that has forked it,
    /// for the copies of its descriptors.
    pub(super) fn fork(&mut self, child: ThreadId, copies: &BTreeMap<u64, u64>) {
        let copy = |(label, descriptor): (&i64, &u64)| Some((*label, *copies.get(descriptor)?));
        let labels = self.here().iter().filter_map(copy).collect();
        self.children.insert(child, labels);
        for (old, new) in copies {
            if let Some(opened) = self.get(*old) {
                self.opened.insert(*new, opened);
            }
        }
    }

    /// The labels of the process that makes the calls.
    fn here(&self) -> &BTreeMap<i64, u64> {
        self.children.get(&self.thread).unwrap_or(&self.labels)
    }

    pub(super) fn labels(&self) -> Vec<(i64, SocketId)> {
        self.labels
            .iter()
            .filter_map(|(label, descriptor)| Some((*label, self.get(*descriptor)?.socket?)))
            .collect()
    }

    /// The stack socket that a label stands for.
    pub(super) fn labelled(&self, label: i64) -> Option<SocketId> {
        self.here()
            .get(&label)
            .and_then(|descriptor| self.get(*descriptor)?.socket)
    }

    /// The label that the script uses for a descriptor, the first where there are several.
    pub(super) fn label_of(&self, descriptor: u64) -> Option<i64> {
        let mut labels = self.here().iter();
        let (label, _) = labels.find(|(_, known)| **known == descriptor)?;
        Some(*label)
    }

    /// The descriptor of a stack socket.
    pub(super) fn handle_of(&self, socket: SocketId) -> Option<u64> {
        let mut opened = self.opened.iter();
        let (descriptor, _) = opened.find(|(_, opened)| opened.socket == Some(socket))?;
        Some(*descriptor)
    }

    pub(super) fn get(&self, descriptor: u64) -> Option<Opened> {
        self.opened.get(&descriptor).copied()
    }

    /// The descriptor that a label stands for; [`INVALID`] where there is none.
    pub(super) fn descriptor(&self, label: i64) -> u64 {
        self.here().get(&label).copied().unwrap_or(INVALID)
    }
}

/// A descriptor that no table gives out.
pub(super) const INVALID: u64 = u64::MAX;

/// What a send sends.
#[derive(Debug)]
pub(super) enum Octets<'a> {
    /// As many of the pattern.
    Pattern(usize),
    /// A text.
    Text(&'a [u8]),
    /// As many of memory that is none of the program.
    Nowhere(usize),
}

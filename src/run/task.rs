//! A task of a program: one connection, or the accepting of them, as a state that decides what the
//! program does next.
//!
//! A task makes no calls itself. [`Task::next`] says what it does next, and what came of that is
//! told to it; whoever asks makes the call.

use std::mem;

use hangup_stack::network::IpFamily;
use hangup_stack::profile::Api;
use smoltcp::time::Instant;

use super::chunk::{chunk, text_or_octets};
use super::intake::{Intake, Reached, at_deadline, deadline};
use crate::calls::Returned;
use crate::diagnostic::Span;
use crate::scenario::program::{
    Action, Goal, Opening, Other, Part, Reading, Sending, Step, Subject, with_labels,
};
use crate::scenario::script::{Argument, Call};

/// How many steps a task goes through without a call before it is taken for endless.
const STEPS_MOST: usize = 1_000_000;
/// The version of Winsock that a program asks for.
const VERSION: i64 = 0x0202;
/// Errors of `accept` that are about one connection and not about the listener: POSIX; Winsock.
const GOES_ON: [&str; 4] = ["ECONNABORTED", "EINTR", "WSAECONNRESET", "WSAEINTR"];

/// What a task does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed<'a> {
    /// It makes a call.
    Call(Making<'a>),
    /// It does nothing until then.
    Sleep(Instant),
    /// Nothing any more.
    End,
    /// It goes round without end.
    Endless(Span),
}

/// A call that a task makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Making<'a> {
    pub(super) name: String,
    pub(super) arguments: Vec<Argument>,
    /// Whether it opens a descriptor, for which it needs a label.
    pub(super) opens: bool,
    /// Whether the task looks at what it receives.
    pub(super) keeps: bool,
    /// When the task gives it up.
    pub(super) deadline: Option<Instant>,
    /// The call that the program has written down, where it has, with what it must return.
    pub(super) written: Option<&'a Call>,
    /// What it is for.
    pub(super) span: Span,
}

/// What a call that has returned means beside what the task itself does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing.
    Goes,
    /// A connection was accepted: it needs a task of its own.
    Accepted {
        /// Its number in the part.
        number: u64,
    },
    /// A part cannot begin, since this call failed.
    Fails(String),
}

/// Where a task belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) host: usize,
    pub(super) api: Api,
    pub(super) family: IpFamily,
    pub(super) part: &'a Part,
}

/// One task.
#[derive(Clone, Debug)]
pub(super) struct Task<'a> {
    pub(super) place: Place<'a>,
    /// The thread that makes its calls.
    pub(super) thread: String,
    /// The number of its connection; of the accepting, how many were accepted.
    number: u64,
    listener: Option<i64>,
    connection: Option<i64>,
    /// When its connection began.
    begun: Instant,
    /// The octets that it has read.
    octets: u64,
    /// What was received behind what the last step has read.
    rest: Vec<u8>,
    /// The blocks that it is in, the innermost last.
    blocks: Vec<Block<'a>>,
    doing: Doing<'a>,
    /// Where the step stands that it does.
    pub(super) span: Span,
}

/// A block, while its steps are done.
#[derive(Clone, Copy, Debug)]
struct Block<'a> {
    steps: &'a [Step],
    next: usize,
    /// How often it is done still, this time included; none: without end. 1 and not repeated is a
    /// block that ends.
    rounds: Option<u64>,
    is_repeat: bool,
}

/// What a task does.
#[derive(Clone, Debug)]
enum Doing<'a> {
    /// It begins: how many of its first calls are made.
    Opening {
        at: Instant,
        made: usize,
    },
    Accepting,
    Steps,
    Reading(Intake<'a>),
    Echoing {
        intake: Intake<'a>,
        octets: Vec<u8>,
        reached: Option<Reached>,
    },
    Sending {
        sending: &'a Sending,
        sent: u64,
        deadline: Option<Instant>,
    },
    Calling(&'a Call),
    Waiting(Instant),
    Closing,
    Over,
}

impl<'a> Task<'a> {
    /// A task that opens the sockets of a part: to listen, or for the connection of a number, which
    /// begins at a moment.
    pub(super) fn opening(place: Place<'a>, number: u64, at: Instant) -> Self {
        let thread = match place.part.opening {
            Opening::Listen { port, .. } => format!("listen {port}"),
            Opening::Connect { .. } => format!("connection {number}"),
        };
        Self {
            place,
            thread,
            number,
            listener: None,
            connection: None,
            begun: at,
            octets: 0,
            rest: Vec::new(),
            blocks: Vec::new(),
            doing: Doing::Opening { at, made: 0 },
            span: place.part.span,
        }
    }

    /// The task of a connection that this one has accepted.
    pub(super) fn accepted(&self, number: u64, label: i64, now: Instant) -> Self {
        Self {
            thread: format!("{} {number}", self.thread),
            number,
            connection: Some(label),
            begun: now,
            blocks: vec![Block::new(&self.place.part.steps)],
            doing: Doing::Steps,
            rest: Vec::new(),
            ..self.clone()
        }
    }

    /// What it does next.
    pub(super) fn next(&mut self, now: Instant) -> Deed<'a> {
        for _ in 0..STEPS_MOST {
            let deed = match mem::replace(&mut self.doing, Doing::Over) {
                Doing::Over => Some(Deed::End),
                Doing::Opening { at, made } => self.open(at, made, now),
                Doing::Accepting => self.accept(),
                Doing::Steps => {
                    self.step(now);
                    None
                }
                Doing::Waiting(until) if now < until => {
                    self.doing = Doing::Waiting(until);
                    Some(Deed::Sleep(until))
                }
                Doing::Waiting(_) => {
                    self.doing = Doing::Steps;
                    None
                }
                Doing::Reading(intake) => self.read(intake, now),
                Doing::Echoing {
                    intake,
                    octets,
                    reached,
                } => self.echo(intake, octets, reached),
                Doing::Sending {
                    sending,
                    sent,
                    deadline,
                } => self.send(sending, sent, deadline, now),
                Doing::Calling(call) => {
                    self.doing = Doing::Calling(call);
                    Some(Deed::Call(self.written(call)))
                }
                Doing::Closing => self.close(),
            };
            if let Some(deed) = deed {
                return deed;
            }
        }
        self.doing = Doing::Over;
        Deed::Endless(self.span)
    }

    /// What came of the call that it made last. `label` is what the descriptor is called that the
    /// call has opened, `received` what it has received, where the task asked for it.
    pub(super) fn returned(
        &mut self,
        returned: &Returned,
        received: &[u8],
        label: Option<i64>,
        now: Instant,
    ) -> After {
        match mem::replace(&mut self.doing, Doing::Over) {
            Doing::Opening { at, made } => return self.opened(at, made, returned, label, now),
            Doing::Accepting => return self.has_accepted(returned),
            Doing::Reading(intake) => self.has_read(intake, returned, received),
            Doing::Echoing {
                intake,
                mut octets,
                reached,
            } => match count_of(returned) {
                Some(sent) => {
                    octets.drain(..sent.min(octets.len()));
                    self.doing = Doing::Echoing {
                        intake,
                        octets,
                        reached,
                    };
                }
                None => self.reached(&intake.reading().others, intake.at_error()),
            },
            Doing::Sending {
                sending,
                sent,
                deadline,
            } => match count_of(returned) {
                Some(more) => {
                    self.doing = Doing::Sending {
                        sending,
                        sent: sent + u64::try_from(more).unwrap_or(0),
                        deadline,
                    };
                }
                None => {
                    let mut others = sending.others.iter();
                    let place = others.position(|it| it.goal == Goal::Error);
                    self.reached(&sending.others, place.map(Reached::Other));
                }
            },
            Doing::Calling(_) => self.doing = Doing::Steps,
            Doing::Steps | Doing::Waiting(_) | Doing::Closing | Doing::Over => {}
        }
        After::Goes
    }

    /// The call that it made last was given up, since its time was over.
    pub(super) fn timed_out(&mut self) {
        match mem::replace(&mut self.doing, Doing::Over) {
            Doing::Reading(intake) | Doing::Echoing { intake, .. } => {
                self.reached(&intake.reading().others, intake.at_deadline());
            }
            Doing::Sending { sending, .. } => {
                let place = at_deadline(&sending.others).map(Reached::Other);
                self.reached(&sending.others, place);
            }
            doing @ (Doing::Opening { .. }
            | Doing::Accepting
            | Doing::Steps
            | Doing::Calling(_)
            | Doing::Waiting(_)
            | Doing::Closing
            | Doing::Over) => self.doing = doing,
        }
    }

    /// The task ends, whatever it does.
    pub(super) fn end(&mut self) {
        self.doing = Doing::Over;
    }

    // The beginning.

    fn open(&mut self, at: Instant, made: usize, now: Instant) -> Option<Deed<'a>> {
        if now < at {
            self.doing = Doing::Opening { at, made };
            return Some(Deed::Sleep(at));
        }
        self.doing = Doing::Opening { at, made };
        let is_winsock = self.place.api == Api::Winsock;
        // Only Winsock has a first call of its own.
        let step = if is_winsock { made } else { made + 1 };
        let label = Argument::Integer(self.own().unwrap_or(-1));
        let word = |word: &str| Argument::Word(word.to_owned());
        let (name, arguments) = match (step, &self.place.part.opening) {
            (0, _) => ("WSAStartup", vec![Argument::Integer(VERSION)]),
            (1, _) => {
                let family = match self.place.family {
                    IpFamily::V4 => word("AF_INET"),
                    IpFamily::V6 => word("AF_INET6"),
                };
                let protocol = word("IPPROTO_TCP");
                ("socket", vec![family, word("SOCK_STREAM"), protocol])
            }
            (2, Opening::Listen { port, .. }) => {
                let all = Argument::Endpoint {
                    host: "*".to_owned(),
                    port: Some(*port),
                };
                ("bind", vec![label, all])
            }
            (2, Opening::Connect { remote, .. }) => ("connect", vec![label, remote.value.clone()]),
            (_, Opening::Listen { backlog, .. }) => {
                let backlog = Argument::Integer(i64::from(*backlog));
                ("listen", vec![label, backlog])
            }
            (_, Opening::Connect { .. }) => return Some(Deed::End),
        };
        let mut making = self.making(name, arguments);
        making.opens = name == "socket";
        Some(Deed::Call(making))
    }

    /// The descriptor that it opens itself.
    fn own(&self) -> Option<i64> {
        match self.place.part.opening {
            Opening::Listen { .. } => self.listener,
            Opening::Connect { .. } => self.connection,
        }
    }

    fn opened(
        &mut self,
        at: Instant,
        made: usize,
        returned: &Returned,
        label: Option<i64>,
        now: Instant,
    ) -> After {
        let step = match self.place.api {
            Api::Winsock => made,
            Api::Posix => made + 1,
        };
        let failed = returned.error.is_some() || (step == 0 && returned.value != "0");
        self.doing = Doing::Opening { at, made: made + 1 };
        let part = self.place.part;
        match &part.opening {
            Opening::Listen { .. } => {
                if failed {
                    self.end();
                    return After::Fails(returned.row(None));
                }
                match step {
                    1 => self.listener = label,
                    3 => {
                        self.number = 0;
                        self.doing = Doing::Accepting;
                    }
                    _ => {}
                }
            }
            Opening::Connect { .. } => {
                if failed && step < 2 {
                    self.end();
                    return After::Fails(returned.row(None));
                }
                match step {
                    1 => self.connection = label,
                    2 => {
                        self.begun = now;
                        let steps = if failed { &part.otherwise } else { &part.steps };
                        self.blocks.push(Block::new(steps));
                        self.doing = match failed && steps.is_empty() {
                            true => Doing::Closing,
                            false => Doing::Steps,
                        };
                    }
                    _ => {}
                }
            }
        }
        After::Goes
    }

    fn accept(&mut self) -> Option<Deed<'a>> {
        let Opening::Listen { most, .. } = self.place.part.opening else {
            return Some(Deed::End);
        };
        if most.is_some_and(|most| self.number >= most) {
            return Some(Deed::End);
        }
        self.doing = Doing::Accepting;
        let listener = Argument::Integer(self.listener?);
        let mut making = self.making("accept", vec![listener]);
        making.opens = true;
        Some(Deed::Call(making))
    }

    fn has_accepted(&mut self, returned: &Returned) -> After {
        self.doing = Doing::Accepting;
        match &returned.error {
            None => {
                self.number += 1;
                return After::Accepted {
                    number: self.number,
                };
            }
            Some(error) if GOES_ON.contains(&error.as_str()) => {}
            Some(_) => self.end(),
        }
        After::Goes
    }

    // The steps.

    /// Begins the next step.
    fn step(&mut self, now: Instant) {
        self.doing = Doing::Steps;
        let Some(block) = self.blocks.last_mut() else {
            return self.end();
        };
        let Some(step) = block.steps.get(block.next) else {
            if !block.begin_again() {
                self.blocks.pop();
            }
            return;
        };
        block.next += 1;
        self.span = step.span;
        match &step.action {
            Action::Read(reading) => self.doing = Doing::Reading(Intake::new(reading, now)),
            Action::Send(sending) => {
                self.doing = Doing::Sending {
                    sending,
                    sent: 0,
                    deadline: deadline(&sending.others, now),
                };
            }
            Action::Wait(time) => self.doing = Doing::Waiting(now + *time),
            Action::Close => self.doing = Doing::Closing,
            Action::Stop => self.end(),
            Action::Repeat { times, steps } => {
                if *times != Some(0) {
                    self.blocks.push(Block {
                        rounds: *times,
                        is_repeat: true,
                        ..Block::new(steps)
                    });
                }
            }
            Action::When {
                subject,
                range,
                steps,
                otherwise,
            } => {
                let actual = match subject {
                    Subject::Connection => self.number,
                    Subject::Octets => self.octets,
                    Subject::Time => (now - self.begun).total_micros(),
                };
                let is_so = range.contains(&actual);
                self.go_into(if is_so { steps } else { otherwise });
            }
            Action::Call(call) => self.doing = Doing::Calling(call),
        }
    }

    fn go_into(&mut self, steps: &'a [Step]) {
        if !steps.is_empty() {
            self.blocks.push(Block::new(steps));
        }
    }

    /// Something that a step waits for was reached; none: something that it does not ask for, which
    /// ends the innermost `repeat`, or else the connection.
    fn reached(&mut self, others: &'a [Other], reached: Option<Reached>) {
        self.doing = Doing::Steps;
        match reached {
            Some(Reached::Wanted) => {}
            Some(Reached::Other(place)) => self.go_into(&others[place].steps),
            None => loop {
                match self.blocks.pop() {
                    Some(block) if block.is_repeat => return,
                    Some(_) => {}
                    None => return self.doing = Doing::Closing,
                }
            },
        }
    }

    fn read(&mut self, mut intake: Intake<'a>, now: Instant) -> Option<Deed<'a>> {
        // What came behind the last pattern is read first.
        let rest = mem::take(&mut self.rest);
        let (taken, reached) = intake.take(&rest);
        self.rest = rest[taken..].to_vec();
        if reached.is_some() || (taken > 0 && intake.reading().echoes) {
            self.has_taken(intake, &rest[..taken], reached);
            return None;
        }
        if intake.deadline().is_some_and(|it| it <= now) {
            self.reached(&intake.reading().others, intake.at_deadline());
            return None;
        }
        let octets = i64::try_from(intake.next_call()).unwrap_or(i64::MAX);
        let Some(connection) = self.connection else {
            return Some(Deed::End);
        };
        let arguments = vec![Argument::Integer(connection), Argument::Integer(octets)];
        let mut making = self.making("recv", arguments);
        making.keeps = intake.keeps();
        making.deadline = intake.deadline();
        self.doing = Doing::Reading(intake);
        Some(Deed::Call(making))
    }

    fn has_read(&mut self, mut intake: Intake<'a>, returned: &Returned, received: &[u8]) {
        let others: &'a [_] = &intake.reading().others;
        match count_of(returned) {
            None => self.reached(others, intake.at_error()),
            Some(0) => self.reached(others, intake.at_end()),
            Some(octets) if !intake.keeps() => {
                self.octets += u64::try_from(octets).unwrap_or(0);
                match intake.count(octets) {
                    Some(reached) => self.reached(others, Some(reached)),
                    None => self.doing = Doing::Reading(intake),
                }
            }
            Some(octets) => {
                self.octets += u64::try_from(octets).unwrap_or(0);
                let (taken, reached) = intake.take(received);
                self.rest = received[taken..].to_vec();
                self.has_taken(intake, &received[..taken], reached);
            }
        }
    }

    fn has_taken(&mut self, intake: Intake<'a>, octets: &[u8], reached: Option<Reached>) {
        let reading: &'a Reading = intake.reading();
        if reading.echoes && !octets.is_empty() {
            self.doing = Doing::Echoing {
                intake,
                octets: octets.to_vec(),
                reached,
            };
        } else if reached.is_some() {
            self.reached(&reading.others, reached);
        } else {
            self.doing = Doing::Reading(intake);
        }
    }

    fn echo(
        &mut self,
        intake: Intake<'a>,
        octets: Vec<u8>,
        reached: Option<Reached>,
    ) -> Option<Deed<'a>> {
        if octets.is_empty() {
            match reached {
                Some(_) => self.reached(&intake.reading().others, reached),
                None => self.doing = Doing::Reading(intake),
            }
            return None;
        }
        let Some(connection) = self.connection else {
            return Some(Deed::End);
        };
        let data = text_or_octets(&octets);
        let mut making = self.making("send", vec![Argument::Integer(connection), data]);
        making.deadline = intake.deadline();
        self.doing = Doing::Echoing {
            intake,
            octets,
            reached,
        };
        Some(Deed::Call(making))
    }

    fn send(
        &mut self,
        sending: &'a Sending,
        sent: u64,
        deadline: Option<Instant>,
        now: Instant,
    ) -> Option<Deed<'a>> {
        let left = sending.payload.len() - sent.min(sending.payload.len());
        if left == 0 {
            self.doing = Doing::Steps;
            return None;
        }
        if deadline.is_some_and(|it| it <= now) {
            let place = at_deadline(&sending.others).map(Reached::Other);
            self.reached(&sending.others, place);
            return None;
        }
        let Some(connection) = self.connection else {
            return Some(Deed::End);
        };
        let octets = left.min(u64::try_from(sending.chunk).unwrap_or(u64::MAX));
        let data = chunk(&sending.payload, sent, octets);
        let mut making = self.making("send", vec![Argument::Integer(connection), data]);
        making.deadline = deadline;
        self.doing = Doing::Sending {
            sending,
            sent,
            deadline,
        };
        Some(Deed::Call(making))
    }

    fn close(&mut self) -> Option<Deed<'a>> {
        let Some(connection) = self.connection else {
            return Some(Deed::End);
        };
        let name = match self.place.api {
            Api::Posix => "close",
            Api::Winsock => "closesocket",
        };
        // What it does behind the call is nothing.
        self.doing = Doing::Closing;
        Some(Deed::Call(
            self.making(name, vec![Argument::Integer(connection)]),
        ))
    }

    /// A call that the program has written down.
    fn written(&self, call: &'a Call) -> Making<'a> {
        let arguments = { call.arguments.iter() }
            .map(|it| with_labels(&it.value, self.connection, self.listener))
            .collect();
        Making {
            written: Some(call),
            ..self.making(&call.name.value, arguments)
        }
    }

    fn making(&self, name: &str, arguments: Vec<Argument>) -> Making<'a> {
        Making {
            name: name.to_owned(),
            arguments,
            opens: false,
            keeps: false,
            deadline: None,
            written: None,
            span: self.span,
        }
    }
}

impl<'a> Block<'a> {
    /// A block that is done once.
    fn new(steps: &'a [Step]) -> Self {
        Self {
            steps,
            next: 0,
            rounds: Some(1),
            is_repeat: false,
        }
    }

    /// Begins the next round, where there is one.
    fn begin_again(&mut self) -> bool {
        self.rounds = self.rounds.map(|it| it.saturating_sub(1));
        self.next = 0;
        self.rounds != Some(0)
    }
}

/// The number that a call returned. None: it failed.
fn count_of(returned: &Returned) -> Option<usize> {
    match returned.error {
        None => returned.value.parse().ok(),
        Some(_) => None,
    }
}

//! The driver plays on any medium: here on a recording, whose clock is late, whose packets have
//! time stamps of their own, and whose calls return by themselves.

use std::collections::VecDeque;
use std::path::Path;

use hangup::calls::Returned;
use hangup::capture::TraceHost;
use hangup::run::{Due, Medium, MediumEvent, NewCall, Outcome, Refusal, Waited, run, run_on};
use hangup::scenario::Scenario;
use hangup::scenario::script::{LinkChange, Spanned};
use hangup_stack::event::{Event, Fact, Forged, FrameId};
use hangup_stack::network::HostId;
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId, Status};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::EthernetAddress;

const SERVER: HostId = HostId(0);

/// How late the clock of the recording wakes the driver.
const LATE: Duration = Duration::from_micros(300);

/// A server that takes a connection and resets it. What is late is late by less than a moment.
const SCRIPT: &str = "\
hosts.server.profile = 'linux'
hosts.peer.profile = 'scripted'
script = '''
0       server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0      server: bind(3, *:80) = 0
+0      server: listen(3, 1) = 0
+0      server: ...0~.2 accept(3) = 4
.1      peer > server: S 0:0(0) win 65535 <mss 1000>
+0~+.01 server > peer: S. 0:0(0) ack 1
+.01    peer > server: . 1:1(0) ack 1 win 65535
.2      peer > server: P. 1:101(100) ack 1 win 65535
+0~+.1  server > peer: . 1:1(0) ack 101
.5      server: close(4) = 0
+0~+.01 server > peer: R. 1:1(0) ack 101
+0~+1   server > peer: nothing
'''
";

fn scenario(text: &str) -> Scenario {
    Scenario::parse(Path::new("a.toml"), text.into()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// A packet of the server, and so long after which of the packets that were sent to it.
#[derive(Clone, Debug)]
struct Reply {
    sent: usize,
    after: Duration,
    bytes: Vec<u8>,
}

/// What a call of the server returned, and how long after it was made.
#[derive(Clone, Debug)]
struct Answer {
    name: String,
    value: String,
    error: Option<String>,
    after: Duration,
}

/// What a server did once, played back.
#[derive(Clone, Debug)]
struct Recording {
    hosts: Vec<TraceHost>,
    replies: VecDeque<Reply>,
    answers: VecDeque<Answer>,
    now: Instant,
    /// How many packets were sent to the server, and when the last one was.
    sent: usize,
    sent_at: Instant,
    frames: u64,
}

/// A recording in play.
#[derive(Debug)]
struct Playback {
    recording: Recording,
    /// The calls that return later.
    returning: Vec<(Instant, MediumEvent)>,
    events: VecDeque<MediumEvent>,
}

impl Recording {
    /// What the emulated server does.
    fn of(outcome: &Outcome) -> Self {
        let mut replies = VecDeque::new();
        let (mut sent, mut sent_at) = (0, Instant::ZERO);
        for event in &outcome.events {
            let Fact::Sent { bytes, forged } = &event.fact else {
                continue;
            };
            if *forged == Forged::Yes {
                (sent, sent_at) = (sent + 1, event.at);
                continue;
            }
            replies.push_back(Reply {
                sent,
                after: event.at - sent_at,
                bytes: bytes.to_vec(),
            });
        }
        let answers = outcome.account.calls.iter().map(|call| {
            let (moment, value) = call.returned.clone().expect("every call has returned");
            Answer {
                name: call.name.clone(),
                value: value.value,
                error: value.error,
                after: moment.at - call.begun.at,
            }
        });
        Self {
            hosts: outcome.hosts.clone(),
            replies,
            answers: answers.collect(),
            now: Instant::ZERO,
            sent: 0,
            sent_at: Instant::ZERO,
            frames: 0,
        }
    }

    /// Plays it back to a scenario, and says what did not hold.
    fn failures(&self, text: &str) -> Vec<String> {
        let mut playback = Playback {
            recording: self.clone(),
            returning: Vec::new(),
            events: VecDeque::new(),
        };
        let outcome = run_on(&mut playback, &scenario(text), 0);
        let failures = outcome.failures.into_iter();
        failures
            .map(|it| format!("{} {:?}", it.message, it.label))
            .collect()
    }
}

impl Playback {
    fn fact(&mut self, at: Instant, host: HostId, fact: Fact) {
        self.events.push_back(MediumEvent::Fact(Event {
            at,
            host,
            frame: Some(FrameId(self.recording.frames)),
            socket: None,
            fact,
        }));
    }

    /// When the server sends its next packet, if it need not wait for one of the peer.
    fn reply_due(&self) -> Option<Instant> {
        let next = self.recording.replies.front()?;
        (next.sent <= self.recording.sent).then_some(self.recording.sent_at + next.after)
    }
}

impl Medium for Playback {
    fn now(&self) -> Instant {
        self.recording.now
    }

    fn wait(&mut self, until: Instant) -> Waited {
        let returns = (0..self.returning.len()).min_by_key(|&index| self.returning[index].0);
        let returns = returns.filter(|&index| self.returning[index].0 <= until);
        let reply = self.reply_due().filter(|&at| at <= until);
        let now = &mut self.recording.now;
        if let Some(at) = reply {
            *now = (*now).max(at + LATE);
            let reply = self.recording.replies.pop_front().expect("it is due");
            self.recording.frames += 1;
            let bytes = reply.bytes.into();
            let forged = Forged::No;
            self.fact(at, SERVER, Fact::Sent { bytes, forged });
            Waited::Woken
        } else if let Some(index) = returns {
            let (at, event) = self.returning.remove(index);
            *now = (*now).max(at + LATE);
            self.events.push_back(event);
            Waited::Woken
        } else {
            if *now < until {
                *now = until + LATE;
            }
            Waited::Reached
        }
    }

    fn due(&self) -> Due {
        Due::Unknown
    }

    fn next_event(&mut self) -> Option<MediumEvent> {
        self.events.pop_front()
    }

    fn begin(&mut self, call: &NewCall<'_>) -> Result<(), Refusal> {
        let next = self.recording.answers.pop_front();
        let answer = next.filter(|it| it.name == call.name);
        let answer = answer.ok_or_else(|| Refusal("it was not recorded".to_owned()))?;
        let at = self.recording.now + answer.after;
        let opens = call
            .label
            .filter(|_| ["socket", "accept"].contains(&call.name));
        let event = MediumEvent::Returned {
            call: call.id,
            at,
            returned: Returned {
                opened: opens.and_then(|_| answer.value.parse().ok()),
                value: answer.value,
                error: answer.error,
                call: call.name.to_owned(),
                socket: None,
                differences: Vec::new(),
                received: Vec::new(),
            },
            ends: None,
        };
        if answer.after == Duration::ZERO {
            self.events.push_back(event);
        } else {
            self.events.push_back(MediumEvent::Blocks(call.id));
            self.returning.push((at, event));
        }
        Ok(())
    }

    fn labels(&self, _host: HostId) -> Vec<(i64, SocketId)> {
        Vec::new()
    }

    fn status(&self, _host: HostId, _socket: SocketId) -> Option<Status> {
        None
    }

    fn network_events(&self, _host: HostId, _socket: SocketId) -> Option<String> {
        None
    }

    fn waiting_port(&self, _host: HostId, _protocol: Protocol) -> Option<u16> {
        Some(80)
    }

    fn hosts(&self) -> Vec<TraceHost> {
        self.recording.hosts.clone()
    }

    fn ethernet_address(&self, host: HostId) -> EthernetAddress {
        self.recording.hosts[host.0].ethernet
    }

    fn send(&mut self, from: HostId, frame: Vec<u8>) -> Result<(), Refusal> {
        let at = self.recording.now;
        self.recording.sent += 1;
        self.recording.sent_at = at;
        self.recording.frames += 1;
        let forged = Forged::Yes;
        let bytes: bytes::Bytes = frame.into();
        let copy = bytes.clone();
        self.fact(at, from, Fact::Sent { bytes, forged });
        self.fact(at, SERVER, Fact::Received { bytes: copy });
        Ok(())
    }

    fn change_link(
        &mut self,
        _from: HostId,
        _to: HostId,
        _changes: &[Spanned<LinkChange>],
    ) -> Result<(), Refusal> {
        Err(Refusal("the wire is a recording".to_owned()))
    }

    fn set_profile(&mut self, _host: HostId, _profile: &Profile) -> Result<(), Refusal> {
        Err(Refusal("the host is a recording".to_owned()))
    }

    fn set_up(&mut self, _host: HostId, _up: bool) -> Result<(), Refusal> {
        Err(Refusal("the host is a recording".to_owned()))
    }
}

/// What the emulated server did, after [`SCRIPT`] has held with it.
fn recorded() -> Recording {
    let outcome = run(&scenario(SCRIPT), None);
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let recording = Recording::of(&outcome);
    assert_eq!((recording.replies.len(), recording.answers.len()), (3, 5));
    recording
}

#[test]
fn a_scenario_holds_on_a_recording_of_itself() {
    assert!(recorded().failures(SCRIPT).is_empty());
}

#[test]
fn what_a_recording_does_otherwise_fails_the_scenario() {
    let recording = recorded();
    let silent = Recording {
        replies: recording.replies.iter().take(2).cloned().collect(),
        ..recording.clone()
    };
    let mut slow = recording.clone();
    slow.replies[1].after = Duration::from_millis(101);
    let mut refusing = recording.clone();
    refusing.answers[4].value = "-1".to_owned();
    refusing.answers[4].error = Some("EBADF".to_owned());
    let mut waiting = recording.clone();
    waiting.answers[3].after = Duration::from_millis(250);
    let mut other = recording.clone();
    other.answers.remove(1);
    for (recording, said) in [
        (silent, "expected segment never came"),
        (slow, "expected segment never came"),
        (refusing, "`close` returned -1 EBADF"),
        (waiting, "`accept` returned at 0.250"),
        (
            other,
            "this call cannot be made here Some(\"it was not recorded\")",
        ),
    ] {
        let failures = recording.failures(SCRIPT);
        let is_said = failures.iter().any(|it| it.starts_with(said));
        assert!(is_said, "{said}: {failures:?}");
    }
}

#[test]
fn what_a_medium_does_not_do_fails_with_its_reason() {
    let recording = recorded();
    for (line, why) in [
        (".6 link loss 1\n", "the wire is a recording"),
        (".6 server: subsystem down\n", "the host is a recording"),
    ] {
        let text = SCRIPT.replace("+0~+1   server > peer: nothing\n", line);
        assert_eq!(
            recording.failures(&text),
            [format!("this cannot be done here Some({why:?})")]
        );
    }
}

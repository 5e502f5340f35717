//! One walk: two hosts, their events, and the invariants at its end.

use std::collections::BTreeSet;

use hangup::capture::{CallRow, TraceHost};
use hangup_stack::event::{Event, Fact};
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution, StackKind};
use hangup_stack::profile::{self, AnswerToUnsent, FinWait2Renewal, Profile, Transport};
use hangup_stack::tcp::State;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::IpAddress;

use crate::ladder::ladder;
use crate::model::{Model, Place};

/// What is done in a walk, at most.
const ACTIONS_MOST: usize = 80;
/// Longer than any recovery takes on a good network: what has not arrived by then never will.
const RECOVERY: Duration = Duration::from_secs(600);
/// Longer than any system keeps a connection whose application has gone.
const AFTERLIFE: Duration = Duration::from_secs(86_400);
/// More events than any walk needs.
const STEPS_MOST: usize = 200_000;
/// So many challenge ACKs in a second are no limit to hosts that are some milliseconds from each
/// other.
const CHALLENGES_OFTEN: u32 = 100;
/// Frames that may come again.
const REMEMBERED_FRAMES: usize = 32;

/// A walk and all that has happened in it.
pub(crate) struct Walk {
    seed: u64,
    random: ChaCha8Rng,
    profiles: [&'static str; 2],
    pub(crate) family: IpFamily,
    pub(crate) network: Network,
    pub(crate) model: Model,
    /// Frames of the past, by their sender.
    past: Vec<(HostId, Vec<u8>)>,
    steps: usize,
    events: Vec<Event>,
    pub(crate) calls: Vec<CallRow>,
}

impl Walk {
    /// A walk before its first step. Every pair of profiles comes up as often as any other.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let pairs = pairs();
        let profiles = pairs[seed as usize % pairs.len()];
        let family = if random.next_u32().is_multiple_of(4) {
            IpFamily::V6
        } else {
            IpFamily::V4
        };
        let mut network = Network::new(seed, Resolution::Static);
        for (number, name) in (1u8..).zip(profiles) {
            let profile = Profile::built_in(name).expect("the profile is built in");
            network.add_host(HostConfig {
                name: format!("host{number}"),
                addresses: vec![match family {
                    IpFamily::V4 => IpAddress::v4(192, 0, 2, number),
                    IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)),
                }],
                stack: StackKind::of(profile),
                mtu: 1500,
                receive_buffer: None,
                send_buffer: None,
            });
        }
        Self {
            seed,
            random,
            profiles,
            family,
            network,
            model: Model::default(),
            past: Vec::new(),
            steps: 0,
            events: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// What is walked.
    pub(crate) fn title(&self) -> String {
        let [one, other] = self.profiles;
        format!("seed {} ({one} and {other}, {:?})", self.seed, self.family)
    }

    /// The end of what has happened so far.
    pub(crate) fn ladder(&mut self, lines: usize) -> String {
        self.take_events();
        let hosts = TraceHost::all(&self.network);
        ladder(&hosts, &self.events, &self.calls, lines)
    }

    /// The transitions that the connections have made.
    pub(crate) fn transitions(&self) -> BTreeSet<(State, State)> {
        let transition = |event: &Event| match event.fact {
            Fact::StateChanged { from, to } => Some((from, to)),
            _ => None,
        };
        self.events.iter().filter_map(transition).collect()
    }

    /// Walks to the end.
    pub(crate) fn run(&mut self) {
        self.repair();
        self.degrade();
        self.begin();
        for _ in 0..1 + self.below(ACTIONS_MOST) {
            self.act();
        }
        if self.chance(2) || self.runs_reference() {
            self.repair();
        }
        if self.chance(2) {
            self.recover();
        }
        if self.network.storm().is_some() {
            return;
        }
        self.finish();
    }

    /// Whether the profiles let the hosts answer each other for ever: one answers each segment that
    /// is not acceptable, and the other each acknowledgment of what it never sent, as often as a
    /// round trip lets them come.
    fn may_storm(&self) -> bool {
        let profile = |host| self.network.host(HostId(host)).profile();
        let (Some(one), Some(other)) = (profile(0), profile(1)) else {
            return false;
        };
        let refuses = |it: &Profile| it.acknowledge.out_of_window_interval == Duration::ZERO;
        let is_often = |a_second: u32| a_second == 0 || a_second >= CHALLENGES_OFTEN;
        let challenges = |it: &Profile| {
            it.acceptance.unsent_answers == 0
                && (it.acceptance.unsent == AnswerToUnsent::Acknowledge
                    || is_often(it.acknowledge.challenges_a_second))
        };
        (refuses(one) && challenges(other)) || (refuses(other) && challenges(one))
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.random.next_u32() as usize % limit
    }

    /// True once in so many times.
    pub(crate) fn chance(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of some.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Whether one of the hosts runs smoltcp's TCP, which never gives a silent peer up.
    fn runs_reference(&self) -> bool {
        (0..2).any(|host| self.is_reference(host))
    }

    pub(crate) fn is_reference(&self, host: usize) -> bool {
        let profile = self.network.host(HostId(host)).profile();
        profile.is_some_and(|profile| profile.transport == Transport::Smoltcp)
    }

    fn act(&mut self) {
        match self.below(40) {
            0 => self.degrade(),
            1 => self.repair(),
            2 => self.repeat_past(),
            3 if self.chance(4) => {
                let host = HostId(self.below(2));
                let up = self.chance(2);
                self.network.with_host(host, |host, _| host.set_up(up));
            }
            3..18 => self.pass_time(),
            _ => self.call(),
        }
        self.take_events();
    }

    /// Lets the network go on for a while, from one event to some minutes.
    fn pass_time(&mut self) {
        let limit = self.network.now() + Duration::from_secs(10);
        let millis = match self.below(32) {
            0..12 => {
                self.step(limit);
                return;
            }
            12..20 => 1,
            20..28 => 60,
            28..31 => 2_000,
            _ => 200_000,
        };
        let until = self.network.now() + Duration::from_millis(millis);
        self.go_until(until);
    }

    /// Lets everything happen that is due until then.
    fn go_until(&mut self, until: Instant) {
        while self.step(until) {}
    }

    /// Lets the next thing happen that is due until then; returns whether there was one.
    fn step(&mut self, until: Instant) -> bool {
        self.steps += 1;
        assert!(self.steps < STEPS_MOST, "the hosts do not come to rest");
        if self.network.storm().is_some() {
            assert!(self.may_storm(), "the hosts answer each other for ever");
            return false;
        }
        let stepped = self.network.step(until);
        self.finish_lingering();
        stepped
    }

    /// Makes one direction of the link worse.
    fn degrade(&mut self) {
        let from = self.below(2);
        let mut link = LinkConfig {
            delay: Duration::from_millis(self.pick(&[0, 1, 20, 300])),
            ..LinkConfig::default()
        };
        if self.chance(2) {
            link.loss = self.pick(&[0.0, 0.02, 0.3]);
            link.reorder = self.pick(&[0.0, 0.1, 0.5]);
            link.duplicate = self.pick(&[0.0, 0.1, 0.5]);
            link.corrupt = self.pick(&[0.0, 0.05, 0.3]);
        }
        if self.chance(4) {
            link.rate = Some(self.pick(&[64_000, 1_000_000]));
            link.queue = Some(self.pick(&[1, 5, 100]));
        }
        link.down = self.chance(8);
        self.network.set_link(HostId(from), HostId(1 - from), link);
    }

    /// Makes everything work.
    fn repair(&mut self) {
        for from in 0..2 {
            let link = LinkConfig {
                delay: Duration::from_millis(5),
                ..LinkConfig::default()
            };
            self.network.set_link(HostId(from), HostId(1 - from), link);
            self.network
                .with_host(HostId(from), |host, _| host.set_up(true));
        }
    }

    /// A frame of the past comes again, as a network may delay one.
    fn repeat_past(&mut self) {
        if self.past.is_empty() {
            return;
        }
        let place = self.below(self.past.len());
        let (from, bytes) = self.past[place].clone();
        self.network.inject(from, bytes);
    }

    pub(crate) fn take_events(&mut self) {
        let events = self.network.take_events();
        for event in &events {
            if let Fact::Sent { bytes, .. } = &event.fact {
                if self.past.len() == REMEMBERED_FRAMES {
                    self.past.remove(0);
                }
                self.past.push((event.host, bytes.to_vec()));
            }
        }
        self.events.extend(events);
    }

    /// How many events there had been before the call that was just made.
    pub(crate) fn events_before_call(&mut self) -> usize {
        let before = self.events.len();
        self.take_events();
        before
    }

    /// On a good network, to an application that reads, everything arrives.
    fn recover(&mut self) {
        self.repair();
        let until = self.network.now() + RECOVERY;
        self.read_all();
        while self.step(until) {
            self.read_all();
        }
        if self.network.storm().is_some() {
            return;
        }
        let open: Vec<Place> = self.model.open().collect();
        for place in open {
            self.check_recovered(place);
        }
    }

    /// Nothing of a socket is still under way, unless its peer listens no more.
    fn check_recovered(&self, place: Place) {
        let socket = self.model.socket(place);
        let status = self.network.host(HostId(socket.host)).status(socket.id);
        let Some(status) = status.filter(|status| status.state != Some(State::Closed)) else {
            return;
        };
        // smoltcp's sender may stall, and its queue does not tell what was sent.
        let heard = |&peer: &Place| !self.model.socket(peer).deaf;
        // Through a window that is smaller than a segment one goes each time a timer expires (RFC
        // 9293 section 3.8.6.2.1), and by that time the application may have made it so small.
        let is_silly = status.send_window < status.mss as u64;
        // What is held was sent, and not acknowledged: acknowledgments that stand behind it lie
        // beyond the window.
        let holds = status.held > 0;
        let heard = self.model.senders(place).iter().all(heard);
        if self.runs_reference() || !heard || is_silly || holds {
            return;
        }
        let unfinished = matches!(
            status.state,
            Some(State::SynSent | State::SynReceived | State::FinWait1 | State::Closing)
                | Some(State::LastAck)
        );
        assert!(
            !unfinished && status.unacked == 0 && status.unsent == 0,
            "host{}, {:?}: still {} octets unsent and {} unacknowledged in {:?}",
            socket.host + 1,
            socket.id,
            status.unsent,
            status.unacked,
            status.state
        );
    }

    /// Whether the FIN-WAIT-2 of a host goes on while something comes.
    fn renews_fin_wait_2(&self, host: usize) -> bool {
        let profile = self.network.host(HostId(host)).profile();
        profile.is_some_and(|it| it.linger.fin_wait_2_renewal != FinWait2Renewal::None)
    }

    /// Once every application has gone, so has everything else.
    fn finish(&mut self) {
        let open: Vec<Place> = self.model.open().collect();
        for place in open {
            self.close(place);
        }
        let until = self.network.now() + AFTERLIFE;
        self.go_until(until);
        self.take_events();
        if self.network.storm().is_some() {
            return;
        }
        let lasts = [HostId(0), HostId(1)].into_iter().any(|id| {
            // A socket of smoltcp whose application has gone keeps its full buffer, and its peer,
            // whose probes are answered, has to stay (RFC 9293 section 3.8.6.1, MUST-37). So does
            // that of a system whose FIN-WAIT-2 goes on while probes come.
            let host = self.network.host(id);
            let waits = |socket| host.status(socket).is_some_and(|it| it.send_window == 0);
            let answers = self.is_reference(1 - id.0) || self.renews_fin_wait_2(1 - id.0);
            answers && host.sockets().any(waits)
        });
        for id in [HostId(0), HostId(1)] {
            let host = self.network.host(id);
            let left = host.sockets().next();
            assert!(
                lasts || left.is_none(),
                "{} still has {left:?}",
                host.name()
            );
        }
        let due = self.network.next_due();
        assert!(
            lasts || due.is_none(),
            "something is still to happen at {due:?}"
        );
    }
}

/// Every ordered pair of profiles in which one host at least runs our TCP.
fn pairs() -> Vec<[&'static str; 2]> {
    let names = profile::names();
    let all = names
        .iter()
        .flat_map(|&one| names.iter().map(move |&other| [one, other]));
    all.filter(|pair| *pair != ["smoltcp", "smoltcp"]).collect()
}

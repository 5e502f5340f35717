//! The end of a run before its time: a bound, too many facts, or a storm.

use hangup_stack::network::HostId;
use hangup_stack::profile;
use hangup_stack::storm::{self, Storm};

use super::driver::Driver;
use super::watch::Stop;
use crate::bounds::Held;
use crate::capture::text::seconds;
use crate::diagnostic::Diagnostic;

/// What the row of a call takes, in memory and in a trace, about.
const ROW_OCTETS: usize = 256;
/// How many packets of a storm are shown at most.
const CYCLE_MOST: usize = 6;

/// The knobs that limit how often a segment is answered that is not accepted.
const LIMITS: [&str; 4] = [
    "acknowledge.out_of_window_interval",
    "acceptance.unsent",
    "acceptance.unsent_answers",
    "acknowledge.challenges_a_second",
];

impl Driver<'_> {
    /// Stops the run where it has reached what ends it.
    pub(super) fn keep_watch(&mut self) {
        if self.watch.has_ended() || !self.watch.is_due(self.events.len()) {
            return;
        }
        let rows = self.rows.len() * ROW_OCTETS;
        let gone = self.rows_gone * ROW_OCTETS;
        // While the log has all packets, those that were seen are the same.
        let seen = match self.events.forgets() {
            true => self.packets.memory(),
            false => 0,
        };
        let kept = self.events.memory() + seen + rows;
        let held = Held {
            memory: self.medium.held_octets() + kept,
            trace: self.events.trace() + rows + gone,
        };
        let storm = self.medium.storm();
        let Some(stop) = self.watch.look(&self.events, held, storm) else {
            return;
        };
        let at = seconds(self.medium.now());
        let failure = match stop {
            Stop::Bound(reached) => self
                .stopped(format!("the run was stopped at {at} s: {reached}"))
                .help(reached.help()),
            Stop::Facts(most) => self
                .stopped(format!(
                    "the run was stopped at {at} s: more than {most} things have happened"
                ))
                .help("give `until`, or less data, or a slower link (`rate`)"),
            Stop::Storm(storm) => self.storm(storm),
            // Who ends a run there says so.
            Stop::Limit => return,
        };
        self.watch.failure = Some(failure.clone());
        self.fail(failure);
    }

    /// The failure at the statement whose turn it is; behind the script, of the file.
    fn stopped(&self, message: String) -> Diagnostic {
        match self.watch.statement {
            Some(span) => Diagnostic::new(span, message).label("the run had come here"),
            None => Diagnostic::of_file(message),
        }
    }

    fn storm(&self, storm: Storm) -> Diagnostic {
        let at = seconds(storm.at);
        let count = storm::FRAMES;
        let mut failure = self.stopped(format!(
            "the run was stopped at {at} s: two hosts answer each other's packets without end, \
             {count} times with nothing new"
        ));
        for line in self.cycle() {
            failure = failure.note("again and again", line);
        }
        let hosts = storm.hosts.into_iter().flat_map(|host| self.limits(host));
        for limit in hosts {
            failure = failure.note("limit", limit);
        }
        failure.help("where this is meant to be shown, end it: `until`, or a link that goes down")
    }

    /// The packets that come again and again, as lines of a script.
    fn cycle(&self) -> Vec<String> {
        let seen = self.packets.seen.iter().rev().take(2 * CYCLE_MOST);
        let lines: Vec<String> = seen.map(|it| self.packets.line(it)).collect();
        let packet = |index: usize| {
            let (_, line) = lines.get(index)?.split_once(' ')?;
            Some(line)
        };
        let repeats = |length: &usize| (0..*length).all(|it| packet(it) == packet(it + length));
        let length = (1..=CYCLE_MOST).find(repeats).unwrap_or(CYCLE_MOST);
        lines.into_iter().take(length).rev().collect()
    }

    /// What a host's profile says of how often it answers, with the sources.
    fn limits(&self, host: HostId) -> Vec<String> {
        let host = &self.scenario.hosts[host.0];
        let Some(knobs) = host.profile().map(|it| it.to_toml()) else {
            return Vec::new();
        };
        let (name, profile) = (&host.name.value, &host.profile_name.value);
        let origins = profile::origins(profile).unwrap_or_default();
        let line = |knob: &&str| {
            let value = value_of(&knobs, knob)?;
            let origin = origins.iter().find(|it| it.knob == **knob);
            let source = origin.map(|it| match it.source {
                "" => format!(" ({})", it.standing().name()),
                source => format!(" ({}: {source})", it.standing().name()),
            });
            let source = source.unwrap_or_default();
            Some(format!("{name}, {profile}: {knob} = {value}{source}"))
        };
        LIMITS.iter().filter_map(line).collect()
    }
}

/// The value of a knob in the text of a profile.
fn value_of<'a>(profile: &'a str, knob: &str) -> Option<&'a str> {
    let (section, key) = knob.split_once('.')?;
    let (_, behind) = profile.split_once(&format!("[{section}]"))?;
    let lines = behind.lines().skip(1).take_while(|it| !it.starts_with('['));
    let mut values = lines.filter_map(|it| it.split_once(" = "));
    let (_, value) = values.find(|(name, _)| *name == key)?;
    Some(value)
}

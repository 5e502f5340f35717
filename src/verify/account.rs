//! The account of a host in a run: the packets that it sent, and the results of its calls.

use hangup_stack::network::HostId;
use serde::{Deserialize, Serialize};
use smoltcp::time::Instant;

use crate::calls::show_argument;
use crate::capture::text::seconds;
use crate::notation::{Names, Notation, Ports, RelativeSegment};
use crate::run::Outcome;
use crate::scenario::Scenario;
use crate::scenario::script::Call;
use crate::wire::Flags;

/// How long after one segment another that continues it may come to count as one with it, and as
/// much more as the driver was late.
const TOGETHER_MICROS: i64 = 2000;

/// What a host did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What it sent, in order.
    pub packets: Vec<PacketSent>,
    /// What its calls returned, in the order in which they were made.
    pub calls: Vec<CallDone>,
    /// The first thing that did not hold, where something did not.
    pub failure: Option<String>,
    /// When its last statement had been played and its calls had returned, in microseconds.
    pub through_micros: i64,
}

/// A packet that a host sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketSent {
    /// How long after the host was last given cause to send: a packet reached it, or its program
    /// made a call. In microseconds.
    pub after_micros: i64,
    /// The packet with its time, as a script has it.
    pub line: String,
    /// What is compared of it.
    pub key: String,
    /// Which octets it carries, where it carries some: the first, the one behind the last.
    octets: Option<(u32, u32)>,
    /// What else is compared of such a segment.
    rest: String,
    /// When it was sent.
    pub(super) at_micros: i64,
}

/// A call that a host made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDone {
    /// Its line in the file.
    pub line: usize,
    /// The call, as the script has it.
    pub call: String,
    /// What it returned. None: it waits for ever.
    pub result: Option<String>,
}

impl Account {
    /// What a host did in a run of a scenario.
    pub fn of(scenario: &Scenario, outcome: &Outcome, host: HostId) -> Self {
        let failure = outcome.failures.first();
        let failure = failure.map(|it| {
            let line = it.span.map(|span| scenario.source.place(span.start).line);
            let at = line.map_or_else(String::new, |line| format!("line {line}: "));
            let label = it.label.as_deref().unwrap_or_default();
            format!("{at}{} ({label})", it.message).replace(" ()", "")
        });
        Self {
            packets: packets(outcome, host),
            calls: calls(scenario, outcome, host),
            failure,
            through_micros: match (scenario.has_programs(), outcome.account.played.last()) {
                // They are through when nothing comes any more.
                (true, _) => i64::MAX,
                (false, last) => last.map_or(0, |it| it.total_micros()),
            },
        }
    }
}

fn calls(scenario: &Scenario, outcome: &Outcome, host: HostId) -> Vec<CallDone> {
    let made = outcome.account.calls.iter().filter(|it| it.host == host);
    let done = made.filter_map(|made| {
        let statement = scenario.script.statements.get(made.statement)?;
        let call = statement.call()?;
        let result = made.returned.as_ref().map(|(_, it)| match &it.error {
            Some(error) => format!("{} {error}", it.value),
            None => it.value.clone(),
        });
        Some(CallDone {
            line: statement.line,
            call: shown(call),
            result,
        })
    });
    done.collect()
}

/// A call as a script has it, without its result.
fn shown(call: &Call) -> String {
    let arguments = call.arguments.iter().map(|it| show_argument(&it.value));
    let arguments: Vec<String> = arguments.collect();
    format!("{}({})", call.name.value, arguments.join(", "))
}

/// The packets that a host has sent, those that continue each other as one.
fn packets(outcome: &Outcome, host: HostId) -> Vec<PacketSent> {
    let hosts = outcome.hosts.iter();
    let names: Names = hosts
        .flat_map(|it| it.addresses.iter().map(|&address| (address, &*it.name)))
        .collect();
    let mut begun: Vec<Instant> = outcome.account.calls.iter().map(|it| it.begun.at).collect();
    begun.sort();
    let late = i64::try_from(outcome.lateness.longest().total_micros()).unwrap_or(i64::MAX);
    let together = TOGETHER_MICROS.saturating_add(late);
    let mut sent: Vec<PacketSent> = Vec::new();
    let mut cause = Instant::ZERO;
    for (index, event) in outcome.events.iter().enumerate() {
        let Some(frame) = outcome.events.frame(index).filter(|_| event.host == host) else {
            continue;
        };
        if !frame.is_sending {
            cause = event.at;
            continue;
        }
        let Some(sending) = frame.sending else {
            continue;
        };
        let is_known = sending
            .packet
            .to
            .ip()
            .is_some_and(|it| names.name(it).is_some());
        if !is_known {
            // What the system says to nobody in particular is not the script's.
            continue;
        }
        let called = begun.iter().rev().find(|it| **it <= event.at);
        let since = called.map_or(cause, |it| cause.max(*it));
        let notation = Notation {
            names: &names,
            ports: Ports::Hidden,
        };
        let line = notation.line(&sending.packet, sending.origins);
        let segment = sending.packet.segment();
        let segment = segment.map(|it| RelativeSegment::new(it, sending.origins));
        let octets = segment
            .as_ref()
            .filter(|it| it.len > 0 && !it.flags.contains(Flags::SYN))
            .map(|it| (it.seq, it.end));
        let key = masked(&line);
        let rest = key
            .split_once(") ")
            .map_or(String::new(), |(_, rest)| rest.to_owned());
        let packet = PacketSent {
            after_micros: (event.at.total_micros() - since.total_micros()).max(0),
            line: format!("{} {line}", seconds(event.at)),
            key,
            octets,
            rest,
            at_micros: event.at.total_micros(),
        };
        match sent.last_mut() {
            Some(last) if last.is_continued_by(&packet, together) => last.take(packet),
            _ => sent.push(packet),
        }
    }
    sent
}

impl PacketSent {
    /// Whether another one carries on where it ends, as one segment that was cut.
    fn is_continued_by(&self, next: &Self, together: i64) -> bool {
        let (Some((_, end)), Some((begin, _))) = (self.octets, next.octets) else {
            return false;
        };
        let apart = next.at_micros - self.at_micros;
        let is_together = (0..=together).contains(&apart);
        let has_ended = self.key.contains(": F");
        end == begin && is_together && self.rest == next.rest && !has_ended
    }

    /// Takes one that carries on where it ends.
    fn take(&mut self, next: Self) {
        let (Some((begin, _)), Some((_, end))) = (self.octets, next.octets) else {
            return;
        };
        self.octets = Some((begin, end));
        self.at_micros = next.at_micros;
        let head = next.key.split_once(": ").map_or("", |(head, _)| head);
        let flags = next.key.split_once(": ").map_or("", |(_, text)| text);
        let flags = flags.split(' ').next().unwrap_or_default();
        let length = end.wrapping_sub(begin);
        self.key = format!("{head}: {flags} {begin}:{end}({length}) {}", next.rest);
        let time = self.line.split(' ').next().unwrap_or_default();
        self.line = format!("{time} {}", self.key);
    }
}

/// A packet without the values of its timestamps.
fn masked(line: &str) -> String {
    let mut words = Vec::new();
    let mut left = 0;
    for word in line.split(' ') {
        if left > 0 {
            left -= 1;
            // What stands behind the last value belongs to the list of options.
            if left == 0 {
                let rest = word.trim_start_matches(|it: char| it.is_ascii_digit());
                words.push(format!("...{rest}"));
            }
            continue;
        }
        // `TS val 1 ecr 2`
        if word.ends_with("TS") {
            left = 4;
        }
        words.push(word.to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_timestamps_are_left_out() {
        for (line, expected) in [
            ("a > b: . 1:1(0) ack 1 win 5", "a > b: . 1:1(0) ack 1 win 5"),
            (
                "a > b: S 0:0(0) win 9 <mss 1460,sackOK,TS val 12 ecr 0,nop,wscale 7>",
                "a > b: S 0:0(0) win 9 <mss 1460,sackOK,TS ...,nop,wscale 7>",
            ),
            (
                "a > b: . 1:1(0) ack 1 <nop,nop,TS val 12 ecr 99>",
                "a > b: . 1:1(0) ack 1 <nop,nop,TS ...>",
            ),
        ] {
            assert_eq!(masked(line), expected);
        }
    }

    fn data(begin: u32, end: u32, at_micros: i64, flags: &str) -> PacketSent {
        let length = end - begin;
        let key = format!("a > b: {flags} {begin}:{end}({length}) ack 1 win 9");
        PacketSent {
            after_micros: 0,
            line: format!("0.1 {key}"),
            rest: "ack 1 win 9".to_owned(),
            octets: Some((begin, end)),
            key,
            at_micros,
        }
    }

    #[test]
    fn segments_that_continue_each_other_are_one() {
        let mut one = data(1, 1001, 0, ".");
        let next = data(1001, 1501, 5, "P.");
        assert!(one.is_continued_by(&next, TOGETHER_MICROS));
        one.take(next);
        assert_eq!(one.key, "a > b: P. 1:1501(1500) ack 1 win 9");
        assert!(!one.is_continued_by(&data(1001, 2001, 6, "."), TOGETHER_MICROS));
        let later = data(1501, 2001, 6000, ".");
        assert!(!one.is_continued_by(&later, TOGETHER_MICROS));
        assert!(one.is_continued_by(&later, 6000));
    }
}

//! Two hosts whose applications call at random over a network that fails at random. Whatever they
//! do, what is read is what was written, nothing waits for ever, and nothing is left behind.
//!
//! A walk is a seed and nothing else. A failure says how to replay it and shows the end of its
//! ladder. `HANGUP_SEEDS=12` walks that seed alone, `HANGUP_SEEDS=0..1000000` as many as there is
//! time for.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick what they look at"
)]

mod calls;
mod ladder;
mod model;
mod walk;

use std::any::Any;
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hangup_stack::tcp::State;
use rayon::prelude::*;
use walk::Walk;

/// The seeds of every run of the tests.
const SEEDS: Range<u64> = 0..10_000;
/// Lines of a ladder that say how it came to a failure.
const LINES: usize = 60;
/// How to walk a seed alone, before its number.
const REPLAY: &str = "replay: cargo test --test walk, with HANGUP_SEEDS=";
/// Failures that are told one by one.
const FAILURES_TOLD: usize = 40;
/// More lines than a walk has.
const LINES_ALL: usize = 100_000;

#[test]
fn whatever_two_hosts_do_nothing_is_lost_stuck_or_left_behind() {
    let seeds = seeds();
    // A seed that is walked alone is looked at, from its beginning.
    let lines = if seeds.end - seeds.start == 1 {
        LINES_ALL
    } else {
        LINES
    };
    let is_usual = seeds.start == SEEDS.start && SEEDS.end <= seeds.end;
    let walked = seeds
        .into_par_iter()
        .map(|seed| walk(seed, lines))
        .fold(Walked::default, Walked::with)
        .reduce(Walked::default, Walked::and);
    assert!(walked.failures.is_empty(), "{}", walked.report());
    let transitions = walked.transitions;
    let missing: Vec<_> = RFC_TRANSITIONS
        .iter()
        .filter(|transition| !transitions.contains(transition))
        .collect();
    assert!(
        !is_usual || missing.is_empty(),
        "the walks are too tame: none makes {missing:?}"
    );
}

/// Transitions of connections between two states.
type Transitions = BTreeSet<(State, State)>;

/// What came of some walks.
#[derive(Default)]
struct Walked {
    transitions: Transitions,
    /// The first of the walks that failed, in the order of their seeds.
    failures: Vec<Failure>,
    /// How many there were beyond these.
    more: usize,
}

impl Walked {
    fn with(mut self, one: Result<Transitions, Failure>) -> Self {
        match one {
            Ok(transitions) => self.transitions.extend(transitions),
            Err(failure) => self.failures.push(failure),
        }
        self.and(Self::default())
    }

    fn and(mut self, other: Self) -> Self {
        self.transitions.extend(other.transitions);
        self.failures.extend(other.failures);
        self.failures.sort_by_key(|failure| failure.seed);
        self.more += other.more + self.failures.len().saturating_sub(FAILURES_TOLD);
        self.failures.truncate(FAILURES_TOLD);
        self
    }

    /// Each failure in a line, and how it came to the first.
    fn report(&self) -> String {
        let titles: Vec<_> = self.failures.iter().map(|it| it.title.as_str()).collect();
        let Failure { seed, ladder, .. } = &self.failures[0];
        format!(
            "{}\n{} more walks failed.\n{ladder}\n{REPLAY}{seed}",
            titles.join("\n"),
            self.more
        )
    }
}

/// A walk that failed.
struct Failure {
    seed: u64,
    /// What was walked, and what failed.
    title: String,
    ladder: String,
}

/// The transitions of RFC 9293 section 3.3.2, figure 5, that sockets can make, and the end of each
/// state by a reset or a timeout.
const RFC_TRANSITIONS: [(State, State); 21] = {
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived,
        SynSent, TimeWait,
    };
    [
        (Closed, SynSent),
        (Listen, SynReceived),
        (SynSent, SynReceived),
        (SynSent, Established),
        (SynSent, Closed),
        (SynReceived, Established),
        (SynReceived, FinWait1),
        (SynReceived, Closed),
        (Established, FinWait1),
        (Established, CloseWait),
        (Established, Closed),
        (FinWait1, FinWait2),
        (FinWait1, Closing),
        (FinWait1, Closed),
        (FinWait2, TimeWait),
        (FinWait2, Closed),
        (CloseWait, LastAck),
        (CloseWait, Closed),
        (Closing, TimeWait),
        (LastAck, Closed),
        (TimeWait, Closed),
    ]
};

/// Walks a seed.
///
/// # Errors
/// What there is to say where that fails.
fn walk(seed: u64, lines: usize) -> Result<Transitions, Failure> {
    let mut walk = Walk::new(seed);
    let result = catch_unwind(AssertUnwindSafe(|| walk.run()));
    result
        .map(|()| walk.transitions())
        .map_err(|panic| Failure {
            seed,
            title: format!("{} failed: {}", walk.title(), message_of(&*panic)),
            ladder: walk.ladder(lines),
        })
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// The seeds to walk: those of the environment, or the usual ones.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("HANGUP_SEEDS") else {
        return SEEDS;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let range = match text.split_once("..") {
        Some((first, end)) => number(first)
            .zip(number(end))
            .map(|(first, end)| first..end),
        None => number(&text).map(|seed| seed..seed + 1),
    };
    range.unwrap_or_else(|| panic!("HANGUP_SEEDS={text}: write one seed, or FIRST..END"))
}

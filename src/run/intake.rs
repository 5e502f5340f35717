//! What a step of a program has read so far, and whether it has come to what it waits for.

use smoltcp::time::Instant;

use crate::scenario::program::{Goal, Other, Reading};

/// The most octets of one call, where only their number matters.
const CALL_MOST: u64 = 65_536;
/// The most octets of one call, where they are looked at: what is read behind a pattern is kept for
/// the next step.
const CALL_MOST_SOUGHT: u64 = 4096;

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// What it waits for.
    Wanted,
    /// One of what may come before, by its place.
    Other(usize),
}

/// A step that reads, while it does.
#[derive(Clone, Debug)]
pub(super) struct Intake<'a> {
    reading: &'a Reading,
    /// The octets that have come.
    came: u64,
    searches: Vec<Search<'a>>,
    /// When the step has waited long enough.
    deadline: Option<Instant>,
}

impl<'a> Intake<'a> {
    /// A step that begins now.
    pub(super) fn new(reading: &'a Reading, now: Instant) -> Self {
        let mut intake = Self {
            reading,
            came: 0,
            searches: Vec::new(),
            deadline: deadline(&reading.others, now),
        };
        intake.searches = intake
            .goals()
            .filter_map(|(reached, goal)| match goal {
                Goal::Pattern(pattern) => Some(Search::new(reached, pattern)),
                Goal::Octets(_) | Goal::End | Goal::Time(_) | Goal::Error => None,
            })
            .collect();
        intake
    }

    fn goals(&self) -> impl Iterator<Item = (Reached, &'a Goal)> + use<'a> {
        let others = self.reading.others.iter().enumerate();
        let others = others.map(|(place, it)| (Reached::Other(place), &it.goal));
        std::iter::once((Reached::Wanted, &self.reading.until)).chain(others)
    }

    /// The step.
    pub(super) fn reading(&self) -> &'a Reading {
        self.reading
    }

    /// When it has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the octets are looked at, and not only counted.
    pub(super) fn keeps(&self) -> bool {
        self.reading.echoes || !self.searches.is_empty()
    }

    /// The fewest octets at which a number of them is reached, and which one it is.
    fn number(&self) -> Option<(u64, Reached)> {
        let numbers = self.goals().filter_map(|(reached, goal)| match goal {
            Goal::Octets(octets) => Some((*octets, reached)),
            Goal::Pattern(_) | Goal::End | Goal::Time(_) | Goal::Error => None,
        });
        // The first of those that are equal.
        numbers.min_by_key(|(octets, _)| *octets)
    }

    /// The most octets that the next call may read.
    pub(super) fn next_call(&self) -> u64 {
        let left = self.number().map(|(octets, _)| octets - self.came);
        let most = match self.searches.is_empty() {
            true => CALL_MOST,
            false => CALL_MOST_SOUGHT,
        };
        left.unwrap_or(most).min(most)
    }

    /// Takes octets, up to where something is reached; returns how many, and what it is.
    pub(super) fn take(&mut self, octets: &[u8]) -> (usize, Option<Reached>) {
        let (most, number) = self.limit(octets.len());
        let mut found: Option<(usize, usize, Reached)> = None;
        for search in &mut self.searches {
            let Some(end) = search.take(&octets[..most]) else {
                continue;
            };
            // The longer one is also the rarer one: `QUIT\r\n` ends where `\r\n` does.
            let length = search.pattern.len();
            let is_better = found.is_none_or(|(before, shorter, _)| {
                end < before || (end == before && length > shorter)
            });
            if is_better {
                found = Some((end, length, search.reached));
            }
        }
        let (taken, reached) = match found {
            Some((end, _, reached)) => (end, Some(reached)),
            None => (most, number),
        };
        self.came += as_u64(taken);
        (taken, reached)
    }

    /// Takes octets of which only the number is known.
    pub(super) fn count(&mut self, octets: usize) -> Option<Reached> {
        let (most, number) = self.limit(octets);
        self.came += as_u64(most);
        number
    }

    /// How many of so many octets count, and what their number reaches.
    fn limit(&self, octets: usize) -> (usize, Option<Reached>) {
        match self.number() {
            Some((number, reached)) if number - self.came <= as_u64(octets) => {
                let left = usize::try_from(number - self.came).unwrap_or(octets);
                (left, Some(reached))
            }
            Some(_) | None => (octets, None),
        }
    }

    /// What the end of the data is to the step. None: nothing that it asks for.
    pub(super) fn at_end(&self) -> Option<Reached> {
        self.first(|goal| *goal == Goal::End)
    }

    /// What the failure of a call is to the step.
    pub(super) fn at_error(&self) -> Option<Reached> {
        self.first(|goal| *goal == Goal::Error)
    }

    /// What the deadline is to the step.
    pub(super) fn at_deadline(&self) -> Option<Reached> {
        at_deadline(&self.reading.others).map(Reached::Other)
    }

    fn first(&self, is_it: impl Fn(&Goal) -> bool) -> Option<Reached> {
        let (reached, _) = self.goals().find(|(_, goal)| is_it(goal))?;
        Some(reached)
    }
}

/// When a step has waited long enough: the first of the times that it has.
pub(super) fn deadline(others: &[Other], now: Instant) -> Option<Instant> {
    let place = at_deadline(others)?;
    match others[place].goal {
        Goal::Time(time) => Some(now + time),
        Goal::Octets(_) | Goal::Pattern(_) | Goal::End | Goal::Error => None,
    }
}

/// Which of what may come first is the shortest time.
pub(super) fn at_deadline(others: &[Other]) -> Option<usize> {
    let times = others.iter().enumerate();
    let times = times.filter_map(|(place, it)| match it.goal {
        Goal::Time(time) => Some((time, place)),
        Goal::Octets(_) | Goal::Pattern(_) | Goal::End | Goal::Error => None,
    });
    let (_, place) = times.min()?;
    Some(place)
}

/// The search for a pattern in a stream (Knuth, Morris and Pratt): each octet is looked at once,
/// however they come.
#[derive(Clone, Debug)]
struct Search<'a> {
    reached: Reached,
    pattern: &'a [u8],
    /// For each length of a beginning, the longest shorter one that is also its end.
    borders: Vec<usize>,
    /// How much of the pattern the octets so far end with.
    matched: usize,
}

impl<'a> Search<'a> {
    fn new(reached: Reached, pattern: &'a [u8]) -> Self {
        let mut borders = vec![0; pattern.len()];
        let mut length = 0;
        for place in 1..pattern.len() {
            while length > 0 && pattern[place] != pattern[length] {
                length = borders[length - 1];
            }
            length += usize::from(pattern[place] == pattern[length]);
            borders[place] = length;
        }
        Self {
            reached,
            pattern,
            borders,
            matched: 0,
        }
    }

    /// Looks at octets; returns how many there are up to the end of the pattern.
    fn take(&mut self, octets: &[u8]) -> Option<usize> {
        for (place, octet) in octets.iter().enumerate() {
            while self.matched > 0 && self.pattern[self.matched] != *octet {
                self.matched = self.borders[self.matched - 1];
            }
            self.matched += usize::from(self.pattern[self.matched] == *octet);
            if self.matched == self.pattern.len() {
                return Some(place + 1);
            }
        }
        None
    }
}

fn as_u64(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(until: Goal, others: &[Goal]) -> Reading {
        let others = others.iter().map(|goal| Other {
            goal: goal.clone(),
            steps: Vec::new(),
        });
        Reading {
            echoes: false,
            until,
            others: others.collect(),
        }
    }

    fn pattern(text: &str) -> Goal {
        Goal::Pattern(text.as_bytes().to_vec())
    }

    /// A pattern is found wherever it is, however the octets before and in it are cut.
    #[test]
    fn patterns_are_found_however_they_come() {
        for (sought, text, end) in [
            ("\r\n\r\n", "a\r\nb\r\n\r\nc", Some(8)),
            ("aab", "aaaab", Some(5)),
            ("abab", "abaabab", Some(7)),
            ("x", "x", Some(1)),
            ("xyz", "xyxyxy", None),
        ] {
            let reading = reading(pattern(sought), &[]);
            for size in 1..=text.len() {
                let mut intake = Intake::new(&reading, Instant::ZERO);
                let (mut taken, mut reached) = (0, None);
                for part in text.as_bytes().chunks(size) {
                    let (more, what) = intake.take(part);
                    taken += more;
                    reached = what;
                    if reached.is_some() {
                        break;
                    }
                }
                let found = reached.map(|_| taken);
                assert_eq!(found, end, "{sought:?} in {text:?} by {size}");
            }
        }
    }

    #[test]
    fn the_first_goal_is_reached() {
        let reading = reading(pattern("\r\n"), &[pattern("QUIT\r\n"), Goal::Octets(8)]);
        for (text, taken, reached) in [
            ("MAIL\r\nRCPT", 6, Some(Reached::Wanted)),
            ("QUIT\r\n", 6, Some(Reached::Other(0))),
            ("A long line\r\n", 8, Some(Reached::Other(1))),
            ("short", 5, None),
        ] {
            let mut intake = Intake::new(&reading, Instant::ZERO);
            assert_eq!(intake.take(text.as_bytes()), (taken, reached), "{text}");
        }
    }

    #[test]
    fn numbers_limit_the_next_call() {
        let numbered = reading(Goal::Octets(100), &[]);
        let mut intake = Intake::new(&numbered, Instant::ZERO);
        assert_eq!(intake.next_call(), 100);
        assert_eq!(intake.count(60), None);
        assert_eq!(intake.next_call(), 40);
        assert_eq!(intake.count(40), Some(Reached::Wanted));
        let endless = reading(Goal::End, &[]);
        assert_eq!(Intake::new(&endless, Instant::ZERO).next_call(), CALL_MOST);
        let none = reading(Goal::Octets(0), &[]);
        assert_eq!(
            Intake::new(&none, Instant::ZERO).take(&[]),
            (0, Some(Reached::Wanted))
        );
    }
}

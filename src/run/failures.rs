//! The failures of a run, and which of them follow from another.
//!
//! Behind the first failed call of a thread, what its later calls return says little, and so does
//! the state of its host. Behind a call that could not be made when the script says so, the run is
//! not the one that the script describes at all. Such failures are kept beside the others, and the
//! first one says how many there are.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;

/// A thread of a host, by its name; none is the one that needs no name.
pub(super) type Actor = (usize, Option<String>);

/// The failures so far, in the order in which they happened.
#[derive(Debug, Default)]
pub(super) struct Failures {
    all: Vec<Failure>,
    /// The first failed call of each thread.
    calls: BTreeMap<Actor, usize>,
    /// The first failure behind which the script is out of step.
    out_of_step: Option<usize>,
}

/// A failure.
#[derive(Debug)]
struct Failure {
    diagnostic: Diagnostic,
    /// The failure from which it follows.
    behind: Option<usize>,
}

/// Whether a failure is told, and not only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    No,
}

/// The failures of a run that has ended.
#[derive(Debug)]
pub(super) struct Judged {
    /// Those that are told.
    pub(super) told: Vec<Diagnostic>,
    /// Those that follow from others.
    pub(super) untold: Vec<Diagnostic>,
}

impl Failures {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the run is no longer the one that the script describes.
    pub(super) fn is_out_of_step(&self) -> bool {
        self.out_of_step.is_some()
    }

    fn add(&mut self, diagnostic: Diagnostic, behind: Option<usize>) -> Told {
        let behind = self.out_of_step.or(behind);
        self.all.push(Failure { diagnostic, behind });
        match behind {
            Some(_) => Told::No,
            None => Told::Yes,
        }
    }

    /// Something failed that is no call's.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) -> Told {
        self.add(diagnostic, None)
    }

    /// A call of a thread failed.
    pub(super) fn push_call(&mut self, actor: Actor, diagnostic: Diagnostic) -> Told {
        let first = self.calls.get(&actor).copied();
        let told = self.add(diagnostic, first);
        self.calls.entry(actor).or_insert(self.all.len() - 1);
        told
    }

    /// The state of a host is not the one that was expected.
    pub(super) fn push_state(&mut self, host: usize, diagnostic: Diagnostic) -> Told {
        let own = self.calls.iter().filter(|((it, _), _)| *it == host);
        let first = own.map(|(_, place)| *place).min();
        self.add(diagnostic, first)
    }

    /// A call could not be made, or did not end, when the script says so: whatever fails behind it
    /// follows from it.
    pub(super) fn push_out_of_step(&mut self, diagnostic: Diagnostic) -> Told {
        let told = self.add(diagnostic, None);
        self.out_of_step.get_or_insert(self.all.len() - 1);
        told
    }

    /// The failures that are told, each with how many follow from it, and those.
    pub(super) fn judged(self) -> Judged {
        let mut counts = vec![0_usize; self.all.len()];
        for behind in self.all.iter().filter_map(|it| it.behind) {
            counts[behind] += 1;
        }
        let mut judged = Judged {
            told: Vec::new(),
            untold: Vec::new(),
        };
        for (place, failure) in self.all.into_iter().enumerate() {
            let Failure { diagnostic, behind } = failure;
            if behind.is_some() {
                judged.untold.push(diagnostic);
                continue;
            }
            let why = match self.out_of_step == Some(place) {
                true => "since the script was out of step",
                false => "since they may follow from it",
            };
            judged.told.push(match counts[place] {
                0 => diagnostic,
                1 => diagnostic.note("behind it", format!("1 failure more, not told, {why}")),
                count => {
                    let text = format!("{count} failures more, not told, {why}");
                    diagnostic.note("behind it", text)
                }
            });
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages that are told with the number behind each, and those that are not.
    fn judged(failures: Failures) -> (Vec<String>, Vec<String>) {
        let Judged { told, untold } = failures.judged();
        let told = told.into_iter().map(|it| {
            let notes = it.notes.iter().map(|note| format!(" ({})", note.text));
            notes.fold(it.message.clone(), |all, note| all + &note)
        });
        let untold = untold.into_iter().map(|it| it.message);
        (told.collect(), untold.collect())
    }

    #[test]
    fn later_failures_of_a_thread_stand_behind_its_first_failed_call() {
        let mut failures = Failures::default();
        let main = || (0, None);
        failures.push(Diagnostic::of_file("packet"));
        failures.push_call(main(), Diagnostic::of_file("socket"));
        failures.push_call((0, Some("reader".to_owned())), Diagnostic::of_file("recv"));
        failures.push_call(main(), Diagnostic::of_file("bind"));
        failures.push_call((1, None), Diagnostic::of_file("connect"));
        failures.push_state(0, Diagnostic::of_file("state"));
        failures.push_state(2, Diagnostic::of_file("other state"));
        let (told, untold) = judged(failures);
        let behind = "socket (2 failures more, not told, since they may follow from it)";
        assert_eq!(told, ["packet", behind, "recv", "connect", "other state"]);
        assert_eq!(untold, ["bind", "state"]);
    }

    #[test]
    fn everything_stands_behind_a_script_that_is_out_of_step() {
        let mut failures = Failures::default();
        failures.push_call((0, None), Diagnostic::of_file("socket"));
        failures.push_out_of_step(Diagnostic::of_file("busy"));
        failures.push(Diagnostic::of_file("packet"));
        failures.push_call((1, None), Diagnostic::of_file("recv"));
        failures.push_out_of_step(Diagnostic::of_file("busy again"));
        let (told, untold) = judged(failures);
        let behind = "busy (3 failures more, not told, since the script was out of step)";
        assert_eq!(told, ["socket", behind]);
        assert_eq!(untold, ["packet", "recv", "busy again"]);
    }
}

//! TIME-WAIT: what is answered while old segments of a connection may still be in the network (RFC
//! 9293 section 3.10.7.4, RFC 1337).

use smoltcp::time::Instant;

use super::Connection;
use super::segment::Segment;
use super::segment_arrives::{Arriving, Check};
use super::state::State;
use crate::profile::{
    RefusedSyn, Reopens, RepeatedFin, TimeWaitAcknowledges, TimeWaitReset, TimeWaitRules,
};

/// A segment that arrives in TIME-WAIT and opens no new connection.
#[derive(Clone, Copy, Debug, Default)]
struct Late {
    rst: bool,
    syn: bool,
    ack: bool,
    /// Whether it begins in the window.
    in_window: bool,
    /// Whether it is the peer's FIN again.
    repeats_fin: bool,
    /// Whether it is the last acknowledgment again, and nothing else.
    is_duplicate: bool,
    /// Whether it is a bare acknowledgment with the number that is expected.
    is_bare: bool,
    /// Whether it ends behind that number.
    is_new: bool,
}

/// How it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// As in any other synchronized state.
    AsElsewhere,
    /// Not at all.
    Silence,
    /// With an acknowledgment.
    Acknowledgment,
    /// With a reset, and the connection stays.
    Reset,
}

fn answer(rules: TimeWaitRules, late: Late) -> Answer {
    let restricted = rules.acknowledges == TimeWaitAcknowledges::AllButDuplicates;
    let lets_bare_pass = rules.acknowledges == TimeWaitAcknowledges::AllButBare;
    match late {
        Late { rst: true, .. } if rules.reset == TimeWaitReset::Ignored => Answer::Silence,
        Late { rst: true, .. } => Answer::AsElsewhere,
        Late {
            syn: true,
            ack: false,
            in_window,
            ..
        } => match rules.refused_syn {
            RefusedSyn::Acknowledge => Answer::AsElsewhere,
            RefusedSyn::Silence => Answer::Silence,
            RefusedSyn::Reset if in_window => Answer::Reset,
            RefusedSyn::Reset => Answer::Acknowledgment,
        },
        Late { is_bare: true, .. } if lets_bare_pass => Answer::Silence,
        Late { is_new: true, .. } if lets_bare_pass => Answer::Acknowledgment,
        Late { ack: false, .. } if restricted => Answer::Silence,
        Late {
            is_duplicate: true, ..
        } if restricted => Answer::Silence,
        Late { .. } if restricted => Answer::Acknowledgment,
        Late { .. } => Answer::AsElsewhere,
    }
}

/// Whether a SYN with this number opens a new connection, where `next` is expected next and the
/// window ends before `edge`. Its timestamp, if it has one, is `age` later than any before it.
fn reopens(rule: Reopens, start: i64, next: i64, edge: i64, age: Option<i32>) -> bool {
    let is_later = age.is_some_and(|age| age > 0);
    let is_earlier = age.is_some_and(|age| age < 0);
    match rule {
        Reopens::BeyondNext => start > next,
        Reopens::BeyondNextOrLater => start > next || is_later,
        Reopens::BeyondNextOrLaterInTime => (start > next || is_later) && !is_earlier,
        Reopens::BeyondWindow => start > next && start >= edge,
        Reopens::Never => false,
    }
}

impl Connection {
    /// Whether a SYN opens a new connection in the place of this one.
    #[cold]
    pub fn gives_way_to(&self, syn: &Segment) -> bool {
        let next = self.recv.accepted();
        let start = Self::position(self.peer_initial_sequence, syn.sequence, next);
        let timestamps = syn.options.timestamps;
        let timestamps = timestamps.filter(|_| self.negotiated.timestamps);
        let age = timestamps.map(|it| it.value.wrapping_sub(self.recent_timestamp).cast_signed());
        let rule = self.config.profile.time_wait.reopens;
        let edge = self.acceptable_edge(start);
        self.state == State::TimeWait && reopens(rule, start, next, edge, age)
    }

    /// A segment arrives in TIME-WAIT.
    pub(super) fn check_time_wait(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        match self.state == State::TimeWait {
            true => self.take_late(arriving, now),
            false => Check::Continue,
        }
    }

    #[cold]
    fn take_late(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        self.answers_late = true;
        let flags = arriving.header.flags;
        let next = self.recv.accepted();
        let late = Late {
            rst: flags.rst,
            syn: flags.syn,
            ack: flags.ack,
            in_window: next <= arriving.start
                && arriving.start < self.acceptable_edge(arriving.start),
            repeats_fin: flags.fin && arriving.end == next,
            is_duplicate: arriving.start == next
                && arriving.end == next
                && arriving.acknowledged == self.send.next(),
            is_bare: arriving.start == next && arriving.end == next,
            is_new: arriving.end > next,
        };
        let rules = self.config.profile.time_wait;
        let answer = answer(rules, late);
        if answer == Answer::Acknowledgment
            && late.repeats_fin
            && rules.fin == RepeatedFin::Restarts
        {
            self.begin_time_wait(now);
        }
        match answer {
            Answer::AsElsewhere => return Check::Continue,
            Answer::Silence => {}
            Answer::Acknowledgment => self.acknowledger.now(),
            Answer::Reset => self.replies.push_back(arriving.header.reset_from_segment()),
        }
        Check::Done
    }

    /// The peer's FIN has come again.
    pub(super) fn repeat_time_wait(&mut self, now: Instant) {
        if self.config.profile.time_wait.fin == RepeatedFin::Restarts {
            self.begin_time_wait(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn rules(profile: &str) -> TimeWaitRules {
        Profile::built_in(profile).unwrap().time_wait
    }

    #[test]
    fn what_late_segments_are_answered_with() {
        use Answer::{Acknowledgment, AsElsewhere, Reset, Silence};
        let rst = Late {
            rst: true,
            ..Late::default()
        };
        let syn = Late {
            syn: true,
            ..Late::default()
        };
        let syn_inside = Late {
            in_window: true,
            ..syn
        };
        let syn_ack = Late { ack: true, ..syn };
        let bare_fin = Late {
            repeats_fin: true,
            ..Late::default()
        };
        let fin = Late {
            ack: true,
            ..bare_fin
        };
        let duplicate = Late {
            ack: true,
            is_duplicate: true,
            ..Late::default()
        };
        let old = Late {
            ack: true,
            ..Late::default()
        };
        let bare = Late {
            ack: true,
            is_bare: true,
            ..Late::default()
        };
        let new = Late {
            ack: true,
            is_new: true,
            ..Late::default()
        };
        let found = [bare, new].map(|late| answer(rules("linux"), late));
        assert_eq!(found, [Silence, Acknowledgment]);
        let kinds = [rst, syn, syn_inside, syn_ack, bare_fin, fin, duplicate, old];
        let rows = [
            ("linux", [AsElsewhere; 8]),
            (
                "freebsd",
                [
                    Silence,
                    Silence,
                    Silence,
                    Acknowledgment,
                    Silence,
                    Acknowledgment,
                    Silence,
                    Acknowledgment,
                ],
            ),
            (
                "lwip",
                [
                    Silence,
                    Acknowledgment,
                    Reset,
                    AsElsewhere,
                    AsElsewhere,
                    AsElsewhere,
                    AsElsewhere,
                    AsElsewhere,
                ],
            ),
        ];
        for (profile, expected) in rows {
            let found = kinds.map(|late| answer(rules(profile), late));
            assert_eq!(found, expected, "{profile}");
        }
    }

    #[test]
    fn which_syn_opens_a_new_connection() {
        // 21 is expected next, the window ends before 31: SYNs at 20, 21, 22, 31.
        let rows = [
            (Reopens::BeyondNext, [false, false, true, true]),
            (Reopens::BeyondNextOrLater, [false, false, true, true]),
            (Reopens::BeyondNextOrLaterInTime, [false, false, true, true]),
            (Reopens::BeyondWindow, [false, false, false, true]),
            (Reopens::Never, [false; 4]),
        ];
        for (rule, expected) in rows {
            let found = [20, 21, 22, 31].map(|start| reopens(rule, start, 21, 31, None));
            assert_eq!(found, expected, "{rule:?}");
            let by_time = matches!(
                rule,
                Reopens::BeyondNextOrLater | Reopens::BeyondNextOrLaterInTime
            );
            assert_eq!(reopens(rule, 20, 21, 31, Some(1)), by_time, "{rule:?}");
            let earlier = reopens(rule, 31, 21, 31, Some(-1));
            let refuses = [Reopens::BeyondNextOrLaterInTime, Reopens::Never].contains(&rule);
            assert_eq!(earlier, !refuses, "{rule:?}");
        }
    }
}

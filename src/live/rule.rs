//! The rules of a proxy: when a connection is disconnected, and how.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::language::units;

/// The longest pattern, in octets.
const PATTERN_MAX: usize = 4096;

/// When a rule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// As soon as the connection is accepted.
    Accepted,
    /// Once so many octets of the server have been passed on; the octet after them is not.
    Down(u64),
    /// Once so many octets of the client have been passed on.
    Up(u64),
    /// So long after the connection was accepted.
    After(Duration),
    /// Once the client has sent these octets, which are still passed on.
    Pattern(Vec<u8>),
    /// When somebody says so.
    Command,
}

/// What a connection meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// An abortive close: a RST at once, whatever is unsent or unread.
    Reset,
    /// An orderly close with what is unread: the profile says what it sends.
    Close,
    /// The send side ends with a FIN; what the client sends is still passed on.
    HalfClose,
    /// The receive side is shut down: the profile says what becomes of data.
    Deaf,
    /// Nothing is read or written any more: the window closes.
    Freeze,
    /// The host is gone: nothing answers, on any connection.
    Silent,
}

/// A rule: on which connections, when, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Only on the connection of this number, counted from 1.
    pub connection: Option<u64>,
    /// When.
    pub trigger: Trigger,
    /// What.
    pub behaviour: Behaviour,
}

impl Behaviour {
    const ALL: [(&'static str, Self); 6] = [
        ("reset", Self::Reset),
        ("close", Self::Close),
        ("half-close", Self::HalfClose),
        ("deaf", Self::Deaf),
        ("freeze", Self::Freeze),
        ("silent", Self::Silent),
    ];
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, it)| it == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl FromStr for Rule {
    type Err = String;

    /// `connection 3, after 2s: reset`
    fn from_str(text: &str) -> Result<Self, String> {
        let (when, what) = text
            .rsplit_once(':')
            .ok_or("a rule is `WHEN: WHAT`, such as `down 64KiB: reset`")?;
        let known = Behaviour::ALL.iter().map(|(name, _)| *name);
        let behaviour = Behaviour::ALL.iter().find(|(name, _)| *name == what.trim());
        let (_, behaviour) = behaviour.ok_or_else(|| {
            let known = known.collect::<Vec<_>>().join(", ");
            format!("`{}` is none of {known}", what.trim())
        })?;
        let mut rule = Self {
            connection: None,
            trigger: Trigger::Accepted,
            behaviour: *behaviour,
        };
        let mut has_trigger = false;
        // A pattern may have commas in it, and comes last.
        let (before, pattern) = match when.find("pattern ") {
            Some(at) => (&when[..at], Some(&when[at + "pattern ".len()..])),
            None => (when, None),
        };
        for part in before.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let (word, value) = part.split_once(' ').unwrap_or((part, ""));
            let trigger = match word {
                "connection" => {
                    let number = value.trim().parse().ok().filter(|number| *number > 0);
                    rule.connection = Some(number.ok_or("connections count from 1")?);
                    continue;
                }
                "down" => Trigger::Down(units::size(value.trim())?),
                "up" => Trigger::Up(units::size(value.trim())?),
                "after" => Trigger::After(units::duration(value.trim())?.into()),
                "command" if value.is_empty() => Trigger::Command,
                _ => {
                    return Err(format!(
                        "`{part}` is none of connection N, down SIZE, up SIZE, after TIME, \
                         pattern TEXT, command"
                    ));
                }
            };
            if std::mem::replace(&mut has_trigger, true) {
                return Err("a rule has one trigger".to_owned());
            }
            rule.trigger = trigger;
        }
        if let Some(pattern) = pattern {
            let pattern = pattern.as_bytes().to_vec();
            if has_trigger || pattern.is_empty() || pattern.len() > PATTERN_MAX {
                return Err(format!(
                    "a rule has one trigger, and a pattern 1 to {PATTERN_MAX} octets"
                ));
            }
            rule.trigger = Trigger::Pattern(pattern);
        }
        if rule.connection.is_none() && !has_trigger && rule.trigger == Trigger::Accepted {
            return Err("it does not say when".to_owned());
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let rule = |connection, trigger, behaviour| Rule {
            connection,
            trigger,
            behaviour,
        };
        let table = [
            (
                "down 64KiB: reset",
                rule(None, Trigger::Down(65_536), Behaviour::Reset),
            ),
            (
                "connection 3, after 2s: half-close",
                rule(
                    Some(3),
                    Trigger::After(Duration::from_secs(2)),
                    Behaviour::HalfClose,
                ),
            ),
            (
                "connection 1: silent",
                rule(Some(1), Trigger::Accepted, Behaviour::Silent),
            ),
            (
                "pattern SET a, b: deaf",
                rule(
                    None,
                    Trigger::Pattern(b"SET a, b".to_vec()),
                    Behaviour::Deaf,
                ),
            ),
            (
                "command:freeze",
                rule(None, Trigger::Command, Behaviour::Freeze),
            ),
            ("up 0: close", rule(None, Trigger::Up(0), Behaviour::Close)),
        ];
        for (text, wanted) in table {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_bad_rule_says_what_is_wrong() {
        for (text, said) in [
            ("reset", "WHEN: WHAT"),
            ("down 1: rest", "`rest` is none of reset, close"),
            (": reset", "does not say when"),
            ("down 1, up 2: reset", "one trigger"),
            ("connection 0: reset", "count from 1"),
            ("sometimes: reset", "`sometimes` is none of connection N"),
        ] {
            let error = text.parse::<Rule>().expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}

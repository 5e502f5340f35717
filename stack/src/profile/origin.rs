//! Where the values of the built-in profiles are from: the comments of their files, as data.

use std::collections::BTreeMap;

use super::{Profile, built_in};

/// How a value is known, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Seen on the wire or at the API of the real system, which was asked.
    Measured,
    /// Seen in captures of the real system that others have published, with counts.
    Captured,
    /// Read in its source code.
    Read,
    /// Stated by its vendor or by a standard.
    Documented,
    /// Our choice, because nothing better is known.
    Assumed,
}

impl Mark {
    /// All of them, the best first.
    pub const ALL: [Self; 5] = [
        Self::Measured,
        Self::Captured,
        Self::Read,
        Self::Documented,
        Self::Assumed,
    ];

    /// The word that begins the comment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Captured => "captured",
            Self::Read => "read",
            Self::Documented => "documented",
            Self::Assumed => "assumed",
        }
    }
}

/// Where a value of a built-in profile is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The knob's dotted name.
    pub knob: String,
    /// The profile in whose file the value stands: this one, or one that it extends.
    pub profile: &'static str,
    /// How the value is known there.
    pub mark: Mark,
    /// What stands behind it, in the words of the file; nothing where the mark says all.
    pub source: &'static str,
    /// Where the value is inherited: how it is known that this profile has what it extends.
    pub inherited: Option<Mark>,
}

impl Origin {
    /// How the value is known of this profile: one that is inherited is known no better than the
    /// reason for inheriting it.
    pub fn standing(&self) -> Mark {
        self.mark.max(self.inherited.unwrap_or(Mark::Measured))
    }
}

/// A line of a file: a value with how it is known.
struct Line {
    knob: String,
    mark: Mark,
    source: &'static str,
}

/// Where each value of a built-in profile is from, in the order of [`Profile::knobs`]. Takes
/// aliases; none where there is no such profile.
pub fn origins(name: &str) -> Option<Vec<Origin>> {
    let mut found = BTreeMap::new();
    let mut inherited = None;
    let mut next = built_in::named(name);
    next?;
    for _ in 0..=built_in::EXTENDS_LIMIT {
        let Some((profile, text)) = next else { break };
        let mut extends = None;
        for line in lines(text) {
            let Line { knob, mark, source } = line;
            if knob == "extends" {
                extends = Some(mark);
                continue;
            }
            found.entry(knob.clone()).or_insert(Origin {
                knob,
                profile,
                mark,
                source,
                inherited,
            });
        }
        inherited = inherited.max(extends);
        next = base(text).and_then(built_in::named);
    }
    let in_order = Profile::knobs()
        .into_iter()
        .filter_map(|knob| found.remove(&knob));
    Some(in_order.collect())
}

/// The dotted names of a file's values, in its order.
pub(super) fn values_in(text: &'static str) -> Vec<String> {
    lines(text).into_iter().map(|line| line.knob).collect()
}

/// The profile that a file extends.
fn base(text: &'static str) -> Option<&'static str> {
    let value = text.lines().find_map(|line| line.strip_prefix("extends"))?;
    value.split('"').nth(1)
}

/// The values of a file. They are written one a line, and each has its comment.
fn lines(text: &'static str) -> Vec<Line> {
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines() {
        let (value, comment) = line.split_once('#').unwrap_or((line, ""));
        if let Some(name) = value.trim().strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        let Some((key, _)) = value.split_once('=') else {
            continue;
        };
        let key = key.trim();
        let knob = match section {
            "" => key.to_owned(),
            section => format!("{section}.{key}"),
        };
        let comment = comment.trim();
        let known = Mark::ALL.into_iter().find_map(|mark| {
            let source = comment.strip_prefix(mark.name())?;
            Some((mark, source.trim_start_matches([':', ',', ';', ' '])))
        });
        // What does not say how it is known is known to nobody.
        let (mark, source) = known.unwrap_or((Mark::Assumed, comment));
        found.push(Line { knob, mark, source });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_profile_has_an_origin() {
        for name in Profile::names() {
            let origins = origins(name).unwrap();
            let told: Vec<&str> = origins.iter().map(|origin| origin.knob.as_str()).collect();
            let mut known = Profile::knobs();
            // What a profile may leave out.
            let profile = Profile::built_in(name).unwrap();
            if profile.options.mss.is_none() {
                known.retain(|knob| knob != "options.mss");
            }
            if profile.winsock.is_none() {
                known.retain(|knob| !knob.starts_with("winsock."));
            }
            if profile.iso.is_none() {
                known.retain(|knob| !knob.starts_with("iso."));
            }
            assert_eq!(told, known, "{name}");
        }
        assert_eq!(origins("linux"), origins("linux-6.18"));
        assert_eq!(origins("solaris"), None);
    }

    #[test]
    fn inherited_values_name_their_file_and_the_weaker_mark() {
        let of = |name: &str, knob: &str| {
            let mut origins = origins(name).unwrap();
            let place = origins.iter().position(|origin| origin.knob == knob);
            origins.swap_remove(place.unwrap())
        };
        let own = of("lwip", "options.mss");
        assert_eq!((own.profile, own.inherited), ("lwip", None));
        assert_eq!((own.standing(), own.source), (Mark::Read, "opt.h, TCP_MSS"));
        let inherited = of("openbsd", "send.collapse_retransmissions");
        assert_eq!((inherited.profile, inherited.mark), ("freebsd", Mark::Read));
        assert_eq!(inherited.inherited, Some(Mark::Assumed));
        assert_eq!(inherited.standing(), Mark::Assumed);
        // The page says the same of both.
        let documented = of("wsprecvdisconnect", "udp.queued");
        assert_eq!(documented.standing(), Mark::Documented);
    }
}

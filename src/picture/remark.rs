//! Remarks: the comments of a trace, read back as what they tell of a frame.
//!
//! The pictures of a run and of its trace read the same comments, so that they show the same.

/// What the emulator has to say about a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Its payload was taken and is not acknowledged.
    Held {
        /// How many new octets.
        octets: i64,
        /// How many octets are held with these.
        total: i64,
    },
    /// It brought payload that was held before.
    HeldAgain,
    /// Held data has reached the right edge of the window.
    Exhausted,
    /// Its payload was thrown away.
    Discarded(i64),
    /// Its payload reached beyond what the receiver takes.
    Refused(i64),
    /// It was answered by a challenge ACK.
    Challenged,
    /// It was sent again, or is a probe: why.
    Again(Again),
    /// The link lost it: why.
    Lost(String),
    /// It arrived a second time.
    Duplicated,
    /// It arrived damaged.
    Corrupted,
    /// A script made it up.
    Forged,
    /// Its datagram found no room.
    NoRoom(i64),
    /// Its datagram was queued at a socket.
    Queued(i64),
    /// Anything else, in its own words.
    Other(String),
}

/// Why a segment was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The retransmission timer.
    Timeout,
    /// Duplicate acknowledgments.
    Fast,
    /// A tail loss probe.
    TailLossProbe,
    /// A probe of a closed window.
    WindowProbe,
    /// A probe of a silent peer.
    KeepAlive,
    /// The packets alone do not tell: its octets were sent before.
    Unknown,
}

impl Again {
    /// Whether it asks something, and is not meant to bring data.
    pub fn is_probe(self) -> bool {
        matches!(self, Self::WindowProbe | Self::KeepAlive)
    }

    /// In words, beside the segment.
    pub fn words(self) -> &'static str {
        match self {
            Self::Timeout => "again: timeout",
            Self::Fast => "again: fast",
            Self::TailLossProbe => "tail loss probe",
            Self::WindowProbe => "window probe",
            Self::KeepAlive => "keep-alive",
            Self::Unknown => "again",
        }
    }
}

impl Remark {
    /// The remarks of a comment. A comment that no trace of ours has is one in its own words.
    pub fn parse(comment: &str) -> Vec<Self> {
        let parts = comment.split("; ").map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(|part| Self::known(part).unwrap_or_else(|| Self::Other(part.to_owned())))
            .collect()
    }

    fn known(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<i64>().ok();
        if let Some(rest) = text.strip_prefix("HELD AGAIN ") {
            number(rest.strip_suffix(" octets")?)?;
            return Some(Self::HeldAgain);
        }
        if let Some(rest) = text.strip_prefix("HELD ") {
            let (octets, total) = rest.split_once(" octets, not acknowledged (")?;
            return Some(Self::Held {
                octets: number(octets)?,
                total: number(total.strip_suffix(" held)")?)?,
            });
        }
        let octets = |prefix: &str| number(text.strip_prefix(prefix)?.strip_suffix(" octets")?);
        if let Some(octets) = octets("DISCARDED ") {
            return Some(Self::Discarded(octets));
        }
        if let Some(octets) = octets("REFUSED ") {
            return Some(Self::Refused(octets));
        }
        if let Some(octets) = octets("QUEUED ") {
            return Some(Self::Queued(octets));
        }
        if let Some(rest) = text.strip_prefix("DROPPED ")
            && let Some(octets) = rest.strip_suffix(" octets, buffer full")
        {
            return Some(Self::NoRoom(number(octets)?));
        }
        if let Some(why) = text.strip_prefix("DROPPED") {
            let why = why.trim_start_matches([',', ' ']).trim_start_matches("by ");
            return Some(Self::Lost(why.to_owned()));
        }
        if let Some(why) = text.strip_prefix("RETRANSMISSION (") {
            return Some(Self::Again(match why.strip_suffix(')')? {
                "timeout" => Again::Timeout,
                "fast" => Again::Fast,
                "tail loss probe" => Again::TailLossProbe,
                "window probe" => Again::WindowProbe,
                "keep-alive" => Again::KeepAlive,
                _ => return None,
            }));
        }
        Some(match text {
            "WINDOW EXHAUSTED" => Self::Exhausted,
            "CHALLENGED" => Self::Challenged,
            "PROBE of a silent peer" => Self::Again(Again::KeepAlive),
            "DUPLICATED by the link" => Self::Duplicated,
            "CORRUPTED by the link" => Self::Corrupted,
            "FORGED" => Self::Forged,
            _ => return None,
        })
    }

    /// Whether its sender says it, and not its receiver.
    pub fn is_of_sender(&self) -> bool {
        matches!(self, Self::Again(_) | Self::Forged | Self::Lost(_))
    }

    /// In words, beside its frame.
    pub fn words(&self) -> String {
        match self {
            Self::Held { total, .. } => format!("held {total}"),
            Self::HeldAgain => "held before".to_owned(),
            Self::Exhausted => "exhausted".to_owned(),
            Self::Discarded(octets) => format!("discarded {octets}"),
            Self::Refused(octets) => format!("refused {octets}"),
            Self::Challenged => "challenged".to_owned(),
            Self::Again(again) => again.words().to_owned(),
            Self::Lost(why) if why == "loss" => "lost".to_owned(),
            Self::Lost(why) => format!("lost: {why}"),
            Self::Duplicated => "duplicate".to_owned(),
            Self::Corrupted => "corrupted".to_owned(),
            Self::Forged => "forged".to_owned(),
            Self::NoRoom(octets) => format!("no room for {octets}"),
            Self::Queued(octets) => format!("queued {octets}"),
            Self::Other(text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn texts(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, found);
            } else if path.extension().is_some_and(|it| it == "txt") {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// The words of every comment in the golden traces are known, but for errors of the network,
    /// which are told as they are.
    #[test]
    fn every_comment_of_a_trace_is_understood() {
        let mut found = Vec::new();
        texts(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"),
            &mut found,
        );
        let lines = found.iter().flat_map(|text| text.lines());
        let comments = lines.filter_map(|line| line.split_once("  ; "));
        let mut count = 0;
        for (line, comment) in comments {
            for remark in Remark::parse(comment) {
                count += 1;
                let is_known = !matches!(remark, Remark::Other(_));
                assert!(
                    is_known || comment.contains("UNREACHABLE"),
                    "{line}: {remark:?}"
                );
            }
        }
        assert!(count > 1_000, "there are comments");
    }

    #[test]
    fn words_that_are_nobodys_stay_as_they_are() {
        let parsed = Remark::parse("HELD x octets, not acknowledged (5 held); DROPPED, queue full");
        let other = Remark::Other("HELD x octets, not acknowledged (5 held)".to_owned());
        assert_eq!(parsed, [other, Remark::Lost("queue full".to_owned())]);
        assert_eq!(Remark::parse(""), []);
    }
}

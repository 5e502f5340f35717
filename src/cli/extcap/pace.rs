//! The pace at which a capture goes into its pipe: at once, or with the time between packets.

use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// The choices, the first of which is the default.
pub(super) const CHOICES: [(&str, &str); 4] = [
    ("max", "all at once"),
    ("1", "in real time"),
    ("0.1", "ten times as fast"),
    ("0.01", "a hundred times as fast"),
];

/// The slowest.
const SLOWEST: f64 = 1000.0;

/// The longest block that is passed on, in octets: a packet with its comments is shorter.
const BLOCK_MOST: usize = 1 << 24;

/// The block of a packet, and where the halves of its time stand in it
/// (draft-ietf-opsawg-pcapng section 4.3).
const PACKET: u32 = 6;
const TIME: [usize; 2] = [12, 16];

/// How many seconds a second of the trace lasts; none: no time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace(Option<f64>);

impl Pace {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text == CHOICES[0].0 {
            return Ok(Self(None));
        }
        let factor: Option<f64> = text.parse().ok();
        match factor.filter(|it| it.is_finite() && (0.0..=SLOWEST).contains(it)) {
            Some(0.0) => Ok(Self(None)),
            Some(factor) => Ok(Self(Some(factor))),
            None => Err(format!(
                "{text:?} is neither `max` nor a number up to {SLOWEST}"
            )),
        }
    }

    /// Passes a trace on. Whoever reads it may go at any time.
    pub(super) fn copy(self, trace: impl Read, out: impl Write) -> io::Result<()> {
        match self.pass_on(trace, out, std::thread::sleep) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            passed => passed,
        }
    }

    fn pass_on(
        self,
        trace: impl Read,
        out: impl Write,
        sleep: impl Fn(Duration),
    ) -> io::Result<()> {
        let (mut trace, mut out) = (BufReader::new(trace), BufWriter::new(out));
        let Self(Some(factor)) = self else {
            io::copy(&mut trace, &mut out)?;
            return out.flush();
        };
        let begun = Instant::now();
        let mut first = None;
        while let Some(block) = block(&mut trace)? {
            if let Some(at) = time(&block) {
                let since = Duration::from_nanos(at.saturating_sub(*first.get_or_insert(at)));
                let due = since.mul_f64(factor);
                let early = due.saturating_sub(begun.elapsed());
                if !early.is_zero() {
                    out.flush()?;
                    sleep(early);
                }
            }
            out.write_all(&block)?;
        }
        out.flush()
    }
}

/// The next block of a pcapng file, whole; none at its end.
fn block(trace: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut block = vec![0; 8];
    match trace.read_exact(&mut block) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = number(&block, 4).unwrap_or(0) as usize;
    if !(12..=BLOCK_MOST).contains(&length) {
        let message = format!("a block of the trace has {length} octets");
        return Err(io::Error::new(ErrorKind::InvalidData, message));
    }
    block.resize(length, 0);
    trace.read_exact(&mut block[8..])?;
    Ok(Some(block))
}

/// The time of a packet in nanoseconds, which our interfaces count.
fn time(block: &[u8]) -> Option<u64> {
    if number(block, 0)? != PACKET {
        return None;
    }
    let [high, low] = TIME;
    Some(u64::from(number(block, high)?) << 32 | u64::from(number(block, low)?))
}

/// A number of a block: our files are little-endian.
fn number(block: &[u8], at: usize) -> Option<u32> {
    let octets = block.get(at..at + 4)?;
    Some(u32::from_le_bytes(octets.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn packet(nanoseconds: u64) -> Vec<u8> {
        let mut block = Vec::new();
        let words = [
            6,
            32,
            0,
            (nanoseconds >> 32) as u32,
            nanoseconds as u32,
            0,
            0,
            32,
        ];
        for word in words {
            block.extend(u32::to_le_bytes(word));
        }
        block
    }

    #[test]
    fn a_trace_is_passed_on_with_the_time_between_its_packets() {
        let second = 1_000_000_000;
        let trace = [packet(5 * second), packet(8 * second)].concat();
        let slept = RefCell::new(Duration::ZERO);
        let mut out = Vec::new();
        let pace = Pace::read("10").unwrap();
        let sleep = |time| *slept.borrow_mut() += time;
        pace.pass_on(&trace[..], &mut out, sleep).unwrap();
        assert_eq!(out, trace);
        // Nobody has really slept, so that all is still to come.
        let slept = slept.into_inner();
        assert!(
            slept > Duration::from_secs(20) && slept <= Duration::from_secs(30),
            "{slept:?}"
        );
        let mut at_once = Vec::new();
        let never = |_| panic!("no time passes");
        Pace::read("max")
            .unwrap()
            .pass_on(&trace[..], &mut at_once, never)
            .unwrap();
        assert_eq!(at_once, trace);
    }

    #[test]
    fn what_is_no_pace_or_no_trace_is_an_error() {
        for text in ["fast", "-1", "1e9", "nan"] {
            assert!(Pace::read(text).is_err(), "{text}");
        }
        assert_eq!(Pace::read("0"), Pace::read("max"));
        let copy = |octets: &[u8]| Pace(Some(1.0)).pass_on(octets, io::sink(), |_| ());
        assert!(copy(&[0xff; 16]).is_err());
        assert!(copy(&packet(1)[..20]).is_err());
        assert!(copy(&[]).is_ok());
    }
}

//! Mutated inputs: those of the corpus, changed a little at a time.
//!
//! A fuzzer follows coverage and finds more; this needs no fuzzer, finds the same things in every
//! run, and is done in seconds.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Pieces that matter to one of the languages.
const WORDS: &[&str] = &[
    "'''",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "=",
    ".",
    "..",
    "...",
    ":",
    "~",
    "+",
    "*",
    ">",
    "<",
    "\n",
    "\\",
    "#",
    "//",
    "/*",
    "*/",
    "-1",
    "0",
    "1",
    "4294967296",
    "18446744073709551616",
    "1e9",
    "0x",
    "nan",
    "10ms",
    "24h",
    "1..9",
    ":x2",
    "[sweep]\nseed = '1..3'\n",
    "server",
    "client",
    "peer",
    "nothing",
    "inject",
    "link down",
    "link up",
    "loss 1",
    "expect state == none",
    "R. 1:1(0)",
    "S 0:0(0)",
    "udp (65535)",
    "icmp unreachable",
    "<mss 0>",
    "<wscale 255>",
    "data [00 ff]",
    "0~+1",
    "+0~+99",
    "NULL",
    "close(3) = 0",
    "shutdown(4, SHUT_RD) = 0",
    "tcp",
    "&&",
    "||",
    "!",
    "ip.addr == 0.0.0.0/0",
    "in {1..2}",
    "contains",
    "\u{0}",
    "\u{fffd}",
    "ü",
];

/// Changes of a corpus, always the same ones.
pub(crate) struct Mutations<'c> {
    corpus: &'c [Vec<u8>],
    random: ChaCha8Rng,
}

impl<'c> Mutations<'c> {
    pub(crate) fn new(corpus: &'c [Vec<u8>]) -> Self {
        Self {
            corpus,
            random: ChaCha8Rng::seed_from_u64(0),
        }
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.random.next_u64() % limit).unwrap_or(0)
    }

    /// A part of a text, mostly a short one.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let longest = if self.below(4) == 0 { length } else { 16 };
        start..(start + self.below(longest + 1)).min(length)
    }

    /// One change.
    fn change(&mut self, text: &mut Vec<u8>) {
        let part = self.part(text.len());
        match self.below(6) {
            0 => drop(text.drain(part)),
            1 => {
                let again = text[part.clone()].to_vec();
                text.splice(part.start..part.start, again);
            }
            2 => {
                let octet = u8::try_from(self.below(256)).unwrap_or(0);
                text.splice(part.start..part.start, [octet]);
            }
            3 => {
                let other = &self.corpus[self.below(self.corpus.len())];
                let from = self.part(other.len());
                text.splice(part, other[from].iter().copied());
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                text.splice(part, word.bytes());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let index = self.below(self.corpus.len());
        let mut text = self.corpus.get(index)?.clone();
        for _ in 0..=self.below(4) {
            self.change(&mut text);
        }
        Some(text)
    }
}

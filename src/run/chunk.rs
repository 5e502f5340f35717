//! What a program sends with one call.

use crate::scenario::program::Payload;
use crate::scenario::script::Argument;

/// The alphabet, which is sent over and over.
const ALPHABET: u64 = 26;

/// A part of a payload, as the argument of a call.
pub(super) fn chunk(payload: &Payload, from: u64, octets: u64) -> Argument {
    match payload {
        Payload::Alphabet(_) if from.is_multiple_of(ALPHABET) => {
            Argument::Integer(i64::try_from(octets).unwrap_or(i64::MAX))
        }
        Payload::Alphabet(_) => {
            // Less than 26.
            let from = usize::try_from(from % ALPHABET).unwrap_or(0);
            let octets = usize::try_from(octets).unwrap_or(0);
            let mut alphabet: Vec<u8> = (b'a'..=b'z').collect();
            alphabet.rotate_left(from);
            // Much is sent like this: it is copied in large pieces.
            let mut letters = alphabet.repeat(octets.div_ceil(alphabet.len()));
            letters.truncate(octets);
            Argument::Octets(letters.into())
        }
        Payload::Octets(all) => {
            let rest = usize::try_from(from).ok().and_then(|it| all.get(it..));
            let rest = rest.unwrap_or_default();
            let octets = usize::try_from(octets).unwrap_or(rest.len());
            text_or_octets(&rest[..octets.min(rest.len())])
        }
    }
}

/// Octets as the argument of a call: as a text, where they are one.
pub(super) fn text_or_octets(octets: &[u8]) -> Argument {
    match std::str::from_utf8(octets) {
        Ok(text) => Argument::Text(text.to_owned()),
        Err(_) => Argument::Octets(octets.into()),
    }
}

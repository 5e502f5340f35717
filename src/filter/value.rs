//! The values of fields, and the literals that they are compared with.

use std::cmp::Ordering;
use std::net::{Ipv4Addr, Ipv6Addr};

use smoltcp::wire::IpAddress;

use crate::language::number;

/// What kind of values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A protocol, or an option without a value: it is there or it is not.
    Presence,
    /// An unsigned number of so many bits.
    Number(u8),
    /// True or false.
    Boolean,
    /// A text.
    Text,
    /// Octets.
    Bytes,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A time in seconds, with a fraction.
    Time,
}

impl FieldKind {
    /// The kind in words.
    pub(super) fn name(self) -> String {
        match self {
            Self::Presence => "presence".to_owned(),
            Self::Number(bits) => format!("number of {bits} bits"),
            Self::Boolean => "boolean".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Bytes => "octets".to_owned(),
            Self::Ipv4 => "IPv4 address".to_owned(),
            Self::Ipv6 => "IPv6 address".to_owned(),
            Self::Time => "seconds".to_owned(),
        }
    }

    /// Whether values of both kinds can be compared with each other.
    pub(super) fn is_comparable(self, other: Self) -> bool {
        match (self, other) {
            (Self::Presence, _) => false,
            (Self::Number(_), Self::Number(_)) => true,
            _ => self == other,
        }
    }
}

/// A value: of a field, or written in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The field is there. Nothing else is known of it.
    Present,
    Number(u64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    Ipv4(Prefix<u32>),
    Ipv6(Prefix<u128>),
    /// Nanoseconds.
    Time(i128),
}

impl Value {
    /// A whole address.
    pub(super) fn address(address: IpAddress) -> Self {
        match address {
            IpAddress::Ipv4(address) => Self::Ipv4(Prefix {
                bits: address.to_bits(),
                len: 32,
            }),
            IpAddress::Ipv6(address) => Self::Ipv6(Prefix {
                bits: address.to_bits(),
                len: 128,
            }),
        }
    }

    /// How two values of one kind are ordered. None for values of different kinds.
    ///
    /// Addresses are compared as far as the shorter prefix goes, so that an address equals each
    /// network that it is in.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let order = match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            // Wireshark compares their numbers first.
            (Self::Bytes(a), Self::Bytes(b)) => (a.len(), a).cmp(&(b.len(), b)),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Ipv4(a), Self::Ipv4(b)) => {
                let shift = 32 - u32::from(a.len.min(b.len));
                let shifted = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
                shifted(a.bits).cmp(&shifted(b.bits))
            }
            (Self::Ipv6(a), Self::Ipv6(b)) => {
                let shift = 128 - u32::from(a.len.min(b.len));
                let shifted = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
                shifted(a.bits).cmp(&shifted(b.bits))
            }
            _ => return None,
        };
        Some(order)
    }
}

/// An address, and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix<T> {
    pub(super) bits: T,
    pub(super) len: u8,
}

/// What is wrong with a literal: a message and what to do.
pub(super) type LiteralFault = (String, Option<String>);

/// Reads what is written without quotes, to be compared with a field of some kind.
///
/// # Errors
/// Why it cannot be.
pub(super) fn literal(text: &str, kind: FieldKind) -> Result<Value, LiteralFault> {
    let fault = |message: String, help: &str| (message, Some(help.to_owned()));
    match kind {
        FieldKind::Presence => Err((format!("`{text}` cannot be compared with a presence"), None)),
        FieldKind::Number(bits) => {
            number(text, u64::MAX >> (64 - u32::from(bits))).map(Value::Number)
        }
        FieldKind::Boolean => match text {
            "True" | "TRUE" => Ok(Value::Boolean(true)),
            "False" | "FALSE" => Ok(Value::Boolean(false)),
            _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
                number(text, u64::MAX).map(|it| Value::Boolean(it != 0))
            }
            _ => Err(fault(
                format!("`{text}` is no boolean"),
                "write `1`, `0`, `True` or `False`",
            )),
        },
        FieldKind::Text => Err(fault(
            format!("`{text}` needs quotes to be a text"),
            &format!("write `\"{text}\"`"),
        )),
        FieldKind::Bytes => bytes(text).map(Value::Bytes).ok_or_else(|| {
            let help = "such as `48:45:4c:44`, `48454c44` or `\"HELD\"`";
            fault(format!("`{text}` is no octets"), help)
        }),
        FieldKind::Ipv4 => {
            let (address, len) = prefix(text, 32)?;
            let address: Ipv4Addr = address.parse().map_err(|_| {
                let help = "such as `192.0.2.1`, or `192.0.2.0/24`; names are not looked up";
                fault(format!("`{text}` is no IPv4 address"), help)
            })?;
            let bits = address.to_bits();
            Ok(Value::Ipv4(Prefix { bits, len }))
        }
        FieldKind::Ipv6 => {
            let (address, len) = prefix(text, 128)?;
            let address: Ipv6Addr = address.parse().map_err(|_| {
                let help = "such as `2001:db8::1`, or `2001:db8::/32`; names are not looked up";
                fault(format!("`{text}` is no IPv6 address"), help)
            })?;
            let bits = address.to_bits();
            Ok(Value::Ipv6(Prefix { bits, len }))
        }
        FieldKind::Time => time(text).map(Value::Time).ok_or_else(|| {
            let help = "such as `2`, or `0.25`, with at most nine places after the point";
            fault(format!("`{text}` is no time in seconds"), help)
        }),
    }
}

/// A number as C writes them: `20`, `0x14`, `0b10100`, and `024`, which is octal.
fn number(text: &str, max: u64) -> Result<u64, LiteralFault> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    const PREFIXES: [(&str, u32); 5] = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0", 8)];
    let (radix, digits) = number::based(unsigned, &PREFIXES);
    if digits.is_empty() || !digits.chars().all(|it| it.is_digit(radix)) {
        let help = match radix {
            8 => "a number that begins with `0` is octal".to_owned(),
            _ => format!("write a whole number, 0 to {max}"),
        };
        return Err((format!("`{text}` is no number"), Some(help)));
    }
    u64::from_str_radix(digits, radix)
        .ok()
        .filter(|it| *it <= max)
        .ok_or_else(|| {
            let help = format!("it goes up to {max}");
            (
                format!("`{text}` is more than the field can be"),
                Some(help),
            )
        })
}

/// Octets of two hexadecimal digits each, with the same separator between them, or with none.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let separator = text.get(2..3).filter(|it| [":", "-", "."].contains(it));
    let digits = match separator {
        Some(separator) => text.split(separator).collect::<Vec<_>>(),
        None => {
            let pairs = (0..text.len()).step_by(2);
            pairs
                .map(|at| text.get(at..at + 2))
                .collect::<Option<_>>()?
        }
    };
    let octet = |pair: &str| {
        let is_pair = pair.len() == 2 && pair.bytes().all(|it| it.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| is_pair)
    };
    digits.into_iter().map(octet).collect()
}

/// Takes the length of a prefix off an address. Without one, all bits count.
fn prefix(text: &str, max: u8) -> Result<(&str, u8), LiteralFault> {
    let Some((address, len)) = text.split_once('/') else {
        return Ok((text, max));
    };
    let is_number = !len.is_empty() && len.bytes().all(|it| it.is_ascii_digit());
    let len = len.parse().ok().filter(|it| is_number && *it <= max);
    let help = format!("after `/` stands how many bits count, 0 to {max}");
    len.map(|len| (address, len))
        .ok_or_else(|| (format!("`{text}` has no such prefix"), Some(help)))
}

/// Seconds with a fraction, in nanoseconds.
fn time(text: &str) -> Option<i128> {
    const PLACES: usize = 9;
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let are_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    // Ten digits are three centuries, and nothing overflows.
    if !are_digits(whole) || !are_digits(fraction) || whole.len() > 10 || fraction.len() > PLACES {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let nanos: i128 = format!("{fraction:0<PLACES$}").parse().ok()?;
    Some(sign * (whole * 1_000_000_000 + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_those_of_wireshark() {
        let rows: [(&str, FieldKind, Option<Value>); 36] = [
            ("80", FieldKind::Number(16), Some(Value::Number(80))),
            ("+80", FieldKind::Number(16), Some(Value::Number(80))),
            ("0x50", FieldKind::Number(16), Some(Value::Number(80))),
            ("0X50", FieldKind::Number(16), Some(Value::Number(80))),
            ("0b101", FieldKind::Number(8), Some(Value::Number(5))),
            ("010", FieldKind::Number(8), Some(Value::Number(8))),
            ("0", FieldKind::Number(8), Some(Value::Number(0))),
            ("255", FieldKind::Number(8), Some(Value::Number(255))),
            ("256", FieldKind::Number(8), None),
            ("99999999999999999999999", FieldKind::Number(32), None),
            ("08", FieldKind::Number(8), None),
            ("0x", FieldKind::Number(8), None),
            ("++1", FieldKind::Number(8), None),
            ("-1", FieldKind::Number(8), None),
            ("1_0", FieldKind::Number(8), None),
            ("7", FieldKind::Boolean, Some(Value::Boolean(true))),
            ("False", FieldKind::Boolean, Some(Value::Boolean(false))),
            ("true", FieldKind::Boolean, None),
            ("1.5", FieldKind::Time, Some(Value::Time(1_500_000_000))),
            ("-1", FieldKind::Time, Some(Value::Time(-1_000_000_000))),
            (".5", FieldKind::Time, None),
            ("1.", FieldKind::Time, None),
            ("99999999999", FieldKind::Time, None),
            (
                "48:65",
                FieldKind::Bytes,
                Some(Value::Bytes(b"He".to_vec())),
            ),
            ("4865", FieldKind::Bytes, Some(Value::Bytes(b"He".to_vec()))),
            ("0a", FieldKind::Bytes, Some(Value::Bytes(vec![10]))),
            ("48-65:6c", FieldKind::Bytes, None),
            ("486", FieldKind::Bytes, None),
            ("+8", FieldKind::Bytes, None),
            ("", FieldKind::Bytes, Some(Value::Bytes(Vec::new()))),
            ("192.0.2", FieldKind::Ipv4, None),
            ("192.0.2.1/33", FieldKind::Ipv4, None),
            ("192.0.2.1/", FieldKind::Ipv4, None),
            ("2001:db8::1/129", FieldKind::Ipv6, None),
            ("server", FieldKind::Ipv6, None),
            ("server", FieldKind::Text, None),
        ];
        for (text, kind, expected) in rows {
            assert_eq!(literal(text, kind).ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_address_equals_the_networks_that_it_is_in() {
        let rows = [
            ("192.0.2.1", "192.0.2.1", Ordering::Equal),
            ("192.0.2.1", "192.0.2.2", Ordering::Less),
            ("192.0.2.1", "192.0.2.254/24", Ordering::Equal),
            ("192.0.3.1", "192.0.2.254/24", Ordering::Greater),
            ("192.0.3.1", "10.0.0.0/0", Ordering::Equal),
        ];
        for (address, network, expected) in rows {
            let [address, network] =
                [address, network].map(|it| literal(it, FieldKind::Ipv4).unwrap());
            assert_eq!(address.compare(&network), Some(expected), "{network:?}");
            assert_eq!(network.compare(&address), Some(expected.reverse()));
        }
        let [host, network] =
            ["2001:db8::1", "2001:db8:1::/32"].map(|it| literal(it, FieldKind::Ipv6).unwrap());
        assert_eq!(host.compare(&network), Some(Ordering::Equal));
    }
}

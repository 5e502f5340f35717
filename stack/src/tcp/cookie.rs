//! Cookies of Fast Open, and the option that carries them (RFC 7413 section 4.1).

use std::hash::Hasher;

use siphasher::sip::SipHasher24;
use smoltcp::wire::IpAddress;

use crate::profile::CookieOf;

/// The kind of the option, and of options of experiments (RFC 7413 section 4.1.1, RFC 4727).
pub(crate) const FAST_OPEN: u8 = 34;
pub(crate) const EXPERIMENT: u8 = 254;

/// What experiments with Fast Open begin with, as long as the option had no kind of its own.
pub(crate) const EXPERIMENT_ID: [u8; 2] = [0xf9, 0x89];

/// The octets of the longest cookie and of the shortest (RFC 7413 section 4.1.1).
const MOST: usize = 16;
const LEAST: usize = 4;

/// Which option carries a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CookieOption {
    /// The one that has a kind of its own.
    Standard,
    /// The one of the experiment before it.
    Experimental,
}

/// A cookie: 4 to 16 octets, an even number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    octets: [u8; MOST],
    length: u8,
}

impl Cookie {
    /// None where octets are no cookie.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let length = octets.len();
        if !(LEAST..=MOST).contains(&length) || !length.is_multiple_of(2) {
            return None;
        }
        let mut cookie = Self {
            octets: [0; MOST],
            length: length as u8,
        };
        cookie.octets[..length].copy_from_slice(octets);
        Some(cookie)
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// What an option says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieField {
    /// It asks for a cookie.
    Request,
    /// It brings one.
    Cookie(Cookie),
    /// It has octets that are none.
    Malformed,
}

/// The option of Fast Open in a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastOpen {
    /// Which of the two it is.
    pub option: CookieOption,
    /// What it says.
    pub field: CookieField,
}

impl FastOpen {
    /// Reads an option of a kind whose data is `data`; none where it is another.
    pub(crate) fn parse(kind: u8, data: &[u8]) -> Option<Self> {
        let (option, octets) = match kind {
            FAST_OPEN => (CookieOption::Standard, data),
            EXPERIMENT => (
                CookieOption::Experimental,
                data.strip_prefix(&EXPERIMENT_ID)?,
            ),
            _ => return None,
        };
        let field = match Cookie::new(octets) {
            _ if octets.is_empty() => CookieField::Request,
            Some(cookie) => CookieField::Cookie(cookie),
            None => CookieField::Malformed,
        };
        Some(Self { option, field })
    }

    /// The octets of its cookie.
    pub(crate) fn octets(&self) -> &[u8] {
        match &self.field {
            CookieField::Cookie(cookie) => cookie.octets(),
            CookieField::Request | CookieField::Malformed => &[],
        }
    }

    /// How many octets the option takes.
    pub(crate) fn length(&self) -> usize {
        let prefix = match self.option {
            CookieOption::Standard => 0,
            CookieOption::Experimental => EXPERIMENT_ID.len(),
        };
        2 + prefix + self.octets().len()
    }
}

/// The cookie that a server of such an address gives a client: SipHash-2-4 of what the rule says,
/// as eight octets, the lowest first.
pub(crate) fn cookie_for(
    rule: CookieOf,
    key: [u8; 16],
    client: IpAddress,
    server: IpAddress,
) -> Cookie {
    let mut hasher = SipHasher24::new_with_key(&key);
    let mut write = |address: IpAddress| match address {
        IpAddress::Ipv4(address) => hasher.write(&address.octets()),
        IpAddress::Ipv6(address) => hasher.write(&address.octets()),
    };
    write(client);
    if rule == CookieOf::BothAddresses {
        write(server);
    }
    Cookie::new(&hasher.finish().to_le_bytes()).expect("eight octets are a cookie")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::CookieSecret;

    #[test]
    fn which_octets_are_cookies() {
        let lengths = (0..40).filter(|&length| Cookie::new(&vec![7; length]).is_some());
        assert_eq!(lengths.collect::<Vec<_>>(), [4, 6, 8, 10, 12, 14, 16]);
        let field = |kind, data: &[u8]| FastOpen::parse(kind, data).map(|it| it.field);
        assert_eq!(field(FAST_OPEN, &[]), Some(CookieField::Request));
        assert_eq!(field(FAST_OPEN, &[1; 5]), Some(CookieField::Malformed));
        assert_eq!(field(EXPERIMENT, &[0xf9, 0x89]), Some(CookieField::Request));
        assert_eq!(field(EXPERIMENT, &[0xac, 0xc0]), None);
        assert_eq!(field(8, &[]), None);
    }

    #[test]
    fn a_cookie_is_the_hash_of_addresses() {
        // What Google's suite expects of Linux: its key, its client and its server.
        let secret: CookieSecret = String::from("a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4")
            .try_into()
            .unwrap();
        let key = secret.octets().unwrap();
        let client = IpAddress::v4(192, 0, 2, 1);
        let server = IpAddress::v4(192, 168, 0, 1);
        let of = |rule| cookie_for(rule, key, client, server);
        let octets = [0x30, 0x21, 0xb9, 0xd8, 0x89, 0x01, 0x7e, 0xeb];
        assert_eq!(of(CookieOf::BothAddresses).octets(), octets);
        assert_ne!(of(CookieOf::Client), of(CookieOf::BothAddresses));
    }
}

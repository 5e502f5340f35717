//! Fast Open (RFC 7413): data in SYNs.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::duration;

/// Fast Open: data in SYNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FastOpenRules {
    /// How programs ask for it.
    pub asked: FastOpenCall,
    /// Whether programs may open connections with data in their SYNs.
    pub client: bool,
    /// Whether listening sockets take such data where they ask for it.
    pub server: bool,
    /// Whether a SYN brings data without a cookie, where it has none.
    pub without_cookie: bool,
    /// Whether listening sockets take such data that do not ask for it.
    pub server_without_option: bool,
    /// Whether they take it without a right cookie.
    pub server_without_cookie: bool,
    /// What a server is taken for that answers without a cookie.
    pub unanswered: Unanswered,
    /// How long no SYN to it brings data or asks again then; zero: each does.
    #[serde(with = "duration")]
    pub disabled: Duration,
    /// How much data goes with a SYN.
    pub room: SynRoom,
    /// Of what a server's cookies are made.
    pub cookie_of: CookieOf,
    /// The secret in it: 32 hexadecimal digits, in whose words the lowest octet is the first, as
    /// Linux has them. Nothing: one by chance.
    pub key: CookieSecret,
}

/// The secret of a server's cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CookieSecret(Option<[u8; 16]>);

impl CookieSecret {
    /// Its octets, where it is no secret by chance.
    pub fn octets(self) -> Option<[u8; 16]> {
        self.0
    }
}

impl TryFrom<String> for CookieSecret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits: String = text.chars().filter(|&it| it != '-').collect();
        if digits.is_empty() {
            return Ok(Self(None));
        }
        let wrong = || format!("{text:?} is no key of 32 hexadecimal digits");
        let plain = digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        let number = plain.then(|| u128::from_str_radix(&digits, 16).ok());
        let mut octets = number.flatten().ok_or_else(wrong)?.to_be_bytes();
        for word in octets.chunks_exact_mut(4) {
            word.reverse();
        }
        Ok(Self(Some(octets)))
    }
}

impl From<CookieSecret> for String {
    fn from(secret: CookieSecret) -> Self {
        let words = secret.0.map(|octets| {
            let (words, _) = octets.as_chunks::<4>();
            let words = words
                .iter()
                .map(|&word| format!("{:08x}", u32::from_le_bytes(word)));
            words.collect::<Vec<_>>().join("-")
        });
        words.unwrap_or_default()
    }
}

/// How programs ask for Fast Open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FastOpenCall {
    /// They cannot.
    None,
    /// By the option TCP_FASTOPEN, and a sendto with an address where no connect came before.
    Sendto,
    /// By MSG_FASTOPEN in such a sendto, or by the option TCP_FASTOPEN_CONNECT before connect.
    Flag,
}

/// What a server is taken for that answers a SYN of Fast Open without a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unanswered {
    /// One on whose path it does not work; so is one whose cookie is malformed.
    Disables,
    /// One that may know the option of the experiment, where it was asked for a cookie.
    TriesExperiment,
}

/// How much data goes with a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SynRoom {
    /// What the server's last maximum segment size leaves beside the options of the SYN.
    BesideOptions,
    /// What it leaves beside the most that options can take; of a server that is not known, what
    /// the path takes.
    BesideMostOptions,
}

/// Of what a server's cookies are made, by SipHash with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CookieOf {
    /// The client's address.
    Client,
    /// The client's address and the server's.
    BothAddresses,
}

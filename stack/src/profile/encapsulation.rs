//! What segments are in besides IP, and what proves who sent them: TCP in UDP, and signatures.

use serde::{Deserialize, Serialize};

/// TCP in UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncapsulationRules {
    /// Whether programs can ask for it, by the UDP port of the peer (TCP_REMOTE_UDP_ENCAPS_PORT).
    pub asked: bool,
    /// The UDP port that TCP has here; 0: there is no TCP in UDP.
    pub udp_port: u16,
    /// By how much segments are shorter for it, in octets; 8 is the header of UDP.
    pub overhead: usize,
}

/// Signatures by MD5 (RFC 2385).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureRules {
    /// Whether programs turn them on with an integer (TCP_MD5SIG), and the secret is the system's.
    pub asked: bool,
    /// The secret that the system has for all peers; nothing: none.
    pub secret: String,
}

//! Signatures of TCP segments by MD5 and a secret that both ends know (RFC 2385).

use md5::{Digest, Md5};
use smoltcp::wire::{IpAddress, IpProtocol};

/// The octets of a signature.
pub const SIGNATURE_OCTETS: usize = 16;

/// The TCP header without options, and where its checksum stands in it.
const HEADER: usize = 20;
const CHECKSUM: std::ops::Range<usize> = 16..18;

/// The signature of a segment between two addresses of one family: over the pseudo-header, the TCP
/// header without its options and with a checksum of zero, the payload, and the secret (RFC 2385
/// section 2). None: the octets are no TCP segment.
pub fn signature(
    octets: &[u8],
    (source, destination): (IpAddress, IpAddress),
    secret: &[u8],
) -> Option<[u8; SIGNATURE_OCTETS]> {
    let mut header = *octets.first_chunk::<HEADER>()?;
    let payload = octets.get(4 * usize::from(header[12] >> 4)..)?;
    header[CHECKSUM].fill(0);
    let length = octets.len() as u32;
    let protocol = u8::from(IpProtocol::Tcp);
    let mut digest = Md5::new();
    match (source, destination) {
        (IpAddress::Ipv4(source), IpAddress::Ipv4(destination)) => {
            digest.update(source.octets());
            digest.update(destination.octets());
            digest.update([0, protocol]);
            digest.update((length as u16).to_be_bytes());
        }
        (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
            digest.update(source.octets());
            digest.update(destination.octets());
            digest.update(length.to_be_bytes());
            digest.update([0, 0, 0, protocol]);
        }
        (IpAddress::Ipv4(_), IpAddress::Ipv6(_)) | (IpAddress::Ipv6(_), IpAddress::Ipv4(_)) => {
            return None;
        }
    }
    digest.update(header);
    digest.update(payload);
    digest.update(secret);
    Some(digest.finalize().into())
}

/// What is known of the signature of a segment that has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signed {
    /// It has none, or one that nobody here can check.
    #[default]
    No,
    /// It has one, of our secret.
    Well,
    /// It has another.
    Badly,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: (IpAddress, IpAddress) = (IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2));

    #[test]
    fn a_signature_depends_on_all_but_the_checksum_and_the_options() {
        let mut octets = [7; 30];
        octets[12] = 6 << 4;
        let before = signature(&octets, ENDS, b"secret").unwrap();
        for place in 0..octets.len() {
            let mut changed = octets;
            changed[place] ^= if place == 12 { 1 } else { 0xff };
            let same = signature(&changed, ENDS, b"secret") == Some(before);
            let covered = !CHECKSUM.contains(&place) && !(HEADER..24).contains(&place);
            assert_eq!(same, !covered, "octet {place}");
        }
        assert_ne!(signature(&octets, ENDS, b"secreT"), Some(before));
        assert_ne!(
            signature(&octets, (ENDS.1, ENDS.0), b"secret"),
            Some(before)
        );
        assert_eq!(signature(&octets[..19], ENDS, b"secret"), None);
        octets[12] = 15 << 4;
        assert_eq!(signature(&octets, ENDS, b"secret"), None);
    }
}

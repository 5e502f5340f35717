//! The Internet checksum of TCP segments (RFC 1071).
//!
//! Each octet of a transfer is summed twice, so that this is the hottest loop there is. smoltcp's
//! adds two octets at a time; eight at a time, in four sums that do not wait for each other, are
//! several times as fast.

use smoltcp::wire::{IpAddress, IpProtocol};

/// Octets a round of the loop.
const ROUND: usize = 32;

/// The checksum of a TCP segment with its pseudo-header (RFC 9293 section 3.1). Over a segment
/// whose checksum field is zero this is what belongs there; over a whole one it is zero where the
/// segment is undamaged.
pub(crate) fn of_segment(octets: &[u8], source: IpAddress, destination: IpAddress) -> u16 {
    !folded(pseudo_header(octets.len(), source, destination) + sum(octets))
}

/// The sum of the pseudo-header of a segment of so many octets, not complemented: what a device
/// that completes checksums finds in their place.
pub(crate) fn of_pseudo_header(length: usize, source: IpAddress, destination: IpAddress) -> u16 {
    folded(pseudo_header(length, source, destination))
}

fn pseudo_header(length: usize, source: IpAddress, destination: IpAddress) -> u128 {
    let addresses = match (source, destination) {
        (IpAddress::Ipv4(source), IpAddress::Ipv4(destination)) => {
            sum(&source.octets()) + sum(&destination.octets())
        }
        (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
            sum(&source.octets()) + sum(&destination.octets())
        }
        (IpAddress::Ipv4(_), IpAddress::Ipv6(_)) | (IpAddress::Ipv6(_), IpAddress::Ipv4(_)) => {
            unreachable!("both ends of a segment are of one family")
        }
    };
    let length = (length as u32).to_be_bytes();
    addresses + sum(&length) + sum(&[0, u8::from(IpProtocol::Tcp)])
}

/// The sum of all pairs of octets, with the octets of each pair as they lie in memory: RFC 1071
/// section 2 (B), the order does not matter until the end.
fn sum(octets: &[u8]) -> u128 {
    let (rounds, rest) = octets.as_chunks::<ROUND>();
    let mut sums = [0u128; ROUND / 8];
    for round in rounds {
        let (words, _) = round.as_chunks::<8>();
        for (sum, word) in sums.iter_mut().zip(words) {
            *sum += u128::from(u64::from_ne_bytes(*word));
        }
    }
    let (pairs, last) = rest.as_chunks::<2>();
    let pairs: u128 = pairs
        .iter()
        .map(|pair| u128::from(u16::from_ne_bytes(*pair)))
        .sum();
    let last: u128 = last
        .iter()
        .map(|&octet| u128::from(u16::from_ne_bytes([octet, 0])))
        .sum();
    sums.iter().sum::<u128>() + pairs + last
}

/// Adds what does not fit sixteen bits back in, until all does.
fn folded(sum: u128) -> u16 {
    let halves = (sum >> 64) + (sum & u128::from(u64::MAX));
    let mut sum = (halves >> 64) as u64;
    for word in [
        halves as u64 >> 48,
        halves as u64 >> 32,
        halves as u64 >> 16,
        halves as u64,
    ] {
        sum += word & 0xffff;
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::from_be(sum as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smoltcp::wire::{Ipv4Address, Ipv6Address, TcpPacket};

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_checksum_that_smoltcp_computes(
            mut octets in proptest::collection::vec(prop_oneof![Just(0xff), any::<u8>()], 20..1600),
            ends: [u32; 2], longer: [u128; 2],
        ) {
            let short = ends.map(|end| IpAddress::Ipv4(Ipv4Address::from_bits(end)));
            let long = longer.map(|end| IpAddress::Ipv6(Ipv6Address::from_bits(end)));
            for [source, destination] in [short, long] {
                octets[16..18].fill(0);
                let ours = of_segment(&octets, source, destination);
                let mut packet = TcpPacket::new_unchecked(&mut octets);
                packet.fill_checksum(&source, &destination);
                prop_assert_eq!(ours, packet.checksum());
                prop_assert_eq!(of_segment(&octets, source, destination), 0);
            }
        }
    }
}

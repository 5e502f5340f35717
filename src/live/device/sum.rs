//! The Internet checksum (RFC 1071), for packets whose checksums the kernel has left to us.

use smoltcp::wire::IpAddress;

/// The sum of all pairs of octets.
pub(super) fn sum(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<4>();
    let words: u64 = words
        .iter()
        .map(|it| u64::from(u32::from_be_bytes(*it)))
        .sum();
    let (pairs, last) = rest.as_chunks::<2>();
    let pairs: u64 = pairs
        .iter()
        .map(|it| u64::from(u16::from_be_bytes(*it)))
        .sum();
    let last: u64 = last.iter().map(|&octet| u64::from(octet) << 8).sum();
    words + pairs + last
}

/// Adds what does not fit sixteen bits back in, until all does.
pub(super) fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

/// The sum of a pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1).
pub(super) fn pseudo_header(
    source: IpAddress,
    destination: IpAddress,
    protocol: u8,
    length: usize,
) -> u64 {
    let addresses = [source, destination].map(|address| match address {
        IpAddress::Ipv4(address) => sum(&address.octets()),
        IpAddress::Ipv6(address) => sum(&address.octets()),
    });
    addresses[0] + addresses[1] + u64::from(protocol) + length as u64
}

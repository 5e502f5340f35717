//! How Linux accounts for receive buffers: by the memory that packets occupy, not by their payload.

/// The least buffer, in octets of memory (SOCK_MIN_RCVBUF).
const LEAST: usize = 2304;

/// The buffer that a socket has inside when its application asks for so many octets (socket(7):
/// SO_RCVBUF is doubled to allow space for bookkeeping overhead).
pub(crate) fn space(octets: usize) -> usize {
    octets.saturating_mul(2).max(LEAST)
}

/// The memory that an IP packet of so many octets occupies: it and the driver's headroom in a slab
/// of a power of two, and the packet's own descriptor.
pub(crate) fn charge(packet_octets: usize) -> usize {
    const HEADROOM: usize = 64;
    const SHARED_INFO: usize = 320;
    const DESCRIPTOR: usize = 256;
    let head = (packet_octets + HEADROOM).next_multiple_of(64) + SHARED_INFO;
    head.next_power_of_two() + DESCRIPTOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_those_that_windows_and_queues_were_measured_to_follow() {
        // Measured: after segments of 1000 an emptied buffer of 131,072 offers 56,000, so that each
        // of them cost 2304; a buffer of 8192 that counts down 2920, 2680 ... 0 charges a segment
        // of 536 between 1280 and 1416; two datagrams of 1000 fill 4608.
        let rows = [
            (1040, 2304),
            (1028, 2304),
            (576, 1280),
            (1500, 2304),
            (20_040, 33_024),
        ];
        for (packet, expected) in rows {
            assert_eq!(charge(packet), expected, "{packet}");
        }
    }

    #[test]
    fn buffers_are_doubled_and_never_too_small_for_a_packet() {
        assert_eq!([space(4096), space(2304), space(1)], [8192, 4608, 2304]);
        assert_eq!(space(usize::MAX), usize::MAX);
    }
}

//! How Linux accounts for buffers: by the memory that packets occupy, not by their payload.

/// The least buffer, in octets of memory (SOCK_MIN_RCVBUF).
const LEAST: usize = 2304;
/// The same of a send buffer (SOCK_MIN_SNDBUF).
const LEAST_TO_SEND: usize = 4608;
/// What stands free before the octets of a packet that is sent (MAX_TCP_HEADER).
const HEADERS: usize = 256;
/// The unit in which sockets have memory to hand out.
pub(crate) const PAGE: usize = 4096;
/// What a driver leaves free before a packet.
const HEADROOM: usize = 64;
/// What stands behind the octets of a packet in its memory (struct skb_shared_info).
const SHARED_INFO: usize = 320;
/// The packet's own descriptor (struct sk_buff).
const DESCRIPTOR: usize = 256;
/// What the heads of small packets hold (skb_small_head_cache).
const SMALL: usize = 256;
/// The most octets of packets that are packed anew (SKB_MAX_ORDER(0, 0)).
pub(crate) const PACKED_MOST: usize = PAGE - SHARED_INFO;

/// The buffer that a socket has inside when its application asks for so many octets (socket(7):
/// SO_RCVBUF is doubled to allow space for bookkeeping overhead).
pub(crate) fn space(octets: usize) -> usize {
    octets.saturating_mul(2).max(LEAST)
}

/// The same of a buffer for what is to be sent (SO_SNDBUF).
pub(crate) fn space_to_send(octets: usize) -> usize {
    octets.saturating_mul(2).max(LEAST_TO_SEND)
}

/// The memory that a full segment may occupy which is to be sent (tcp_sndbuf_expand: `per_mss`).
pub(crate) fn of_segment(octets: usize) -> usize {
    (octets + HEADERS + SHARED_INFO).next_power_of_two() + DESCRIPTOR
}

/// The memory of a packet whose octets stand behind their headers alone (SKB_TRUESIZE).
pub(crate) fn of_head(octets: usize) -> usize {
    (octets + HEADERS).next_multiple_of(64) + SHARED_INFO + DESCRIPTOR
}

/// The memory of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// All that it occupies.
    pub(crate) charge: usize,
    /// The octets that would find room behind it.
    pub(crate) room: usize,
}

/// The memory of so many octets: they stand in a slab of a power of two, or in one for small
/// packets, before the shared information.
pub(crate) fn packed(octets: usize) -> Memory {
    let octets_up = octets.next_multiple_of(64);
    let slab = if octets_up <= SMALL {
        SMALL + SHARED_INFO
    } else {
        (octets_up + SHARED_INFO).next_power_of_two()
    };
    Memory {
        charge: slab + DESCRIPTOR,
        room: slab - SHARED_INFO - octets,
    }
}

/// The memory of an IP packet of so many octets, as a driver has taken it from the wire.
pub(crate) fn of_packet(packet_octets: usize) -> Memory {
    packed(packet_octets + HEADROOM)
}

/// The memory that an IP packet of so many octets occupies.
pub(crate) fn charge(packet_octets: usize) -> usize {
    of_packet(packet_octets).charge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_those_that_windows_and_queues_were_measured_to_follow() {
        // Measured: after segments of 1000 an emptied buffer of 131,072 offers 56,000, so that each
        // of them cost 2304; a buffer of 8192 that counts down 2920, 2680 ... 0 charges a segment
        // of 536 between 1280 and 1416; two datagrams of 1000 fill 4608. SO_MEMINFO says 832 of
        // segments of 40 and of 100, and 1280 of one of 200.
        let rows = [
            (80, 832),
            (140, 832),
            (240, 1280),
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
    fn small_packets_share_memory() {
        // Measured: three segments of 40 are charged as one, and three of 200.
        assert_eq!([of_packet(80).room / 40, of_packet(240).room / 200], [2, 2]);
    }

    #[test]
    fn buffers_are_doubled_and_never_too_small_for_a_packet() {
        assert_eq!([space(4096), space(2304), space(1)], [8192, 4608, 2304]);
        assert_eq!(space(usize::MAX), usize::MAX);
        assert_eq!([space_to_send(30_000), space_to_send(1)], [60_000, 4608]);
    }

    #[test]
    fn ten_segments_twice_are_the_buffer_of_a_new_connection() {
        // Measured: 46,080 where the peer takes 1460, 1000 and 536; 2,626,560 on the loopback.
        let rows = [
            (1460, 46_080),
            (1000, 46_080),
            (536, 46_080),
            (65_495, 2_626_560),
        ];
        for (segment, expected) in rows {
            assert_eq!(20 * of_segment(segment), expected, "{segment}");
        }
    }
}

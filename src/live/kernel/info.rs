//! TCP_INFO of the kernel, read by the names of its fields.

use std::collections::BTreeMap;

/// A field: its name, where it lies, and how many octets it has.
type Field = (&'static str, usize, usize);

/// The fields of `struct tcp_info` that are whole octets (include/uapi/linux/tcp.h of 6.18).
const FIELDS: [Field; 56] = [
    ("tcpi_state", 0, 1),
    ("tcpi_ca_state", 1, 1),
    ("tcpi_retransmits", 2, 1),
    ("tcpi_probes", 3, 1),
    ("tcpi_backoff", 4, 1),
    ("tcpi_options", 5, 1),
    ("tcpi_rto", 8, 4),
    ("tcpi_ato", 12, 4),
    ("tcpi_snd_mss", 16, 4),
    ("tcpi_rcv_mss", 20, 4),
    ("tcpi_unacked", 24, 4),
    ("tcpi_sacked", 28, 4),
    ("tcpi_lost", 32, 4),
    ("tcpi_retrans", 36, 4),
    ("tcpi_fackets", 40, 4),
    ("tcpi_last_data_sent", 44, 4),
    ("tcpi_last_ack_sent", 48, 4),
    ("tcpi_last_data_recv", 52, 4),
    ("tcpi_last_ack_recv", 56, 4),
    ("tcpi_pmtu", 60, 4),
    ("tcpi_rcv_ssthresh", 64, 4),
    ("tcpi_rtt", 68, 4),
    ("tcpi_rttvar", 72, 4),
    ("tcpi_snd_ssthresh", 76, 4),
    ("tcpi_snd_cwnd", 80, 4),
    ("tcpi_advmss", 84, 4),
    ("tcpi_reordering", 88, 4),
    ("tcpi_rcv_rtt", 92, 4),
    ("tcpi_rcv_space", 96, 4),
    ("tcpi_total_retrans", 100, 4),
    ("tcpi_pacing_rate", 104, 8),
    ("tcpi_max_pacing_rate", 112, 8),
    ("tcpi_bytes_acked", 120, 8),
    ("tcpi_bytes_received", 128, 8),
    ("tcpi_segs_out", 136, 4),
    ("tcpi_segs_in", 140, 4),
    ("tcpi_notsent_bytes", 144, 4),
    ("tcpi_min_rtt", 148, 4),
    ("tcpi_data_segs_in", 152, 4),
    ("tcpi_data_segs_out", 156, 4),
    ("tcpi_delivery_rate", 160, 8),
    ("tcpi_busy_time", 168, 8),
    ("tcpi_rwnd_limited", 176, 8),
    ("tcpi_sndbuf_limited", 184, 8),
    ("tcpi_delivered", 192, 4),
    ("tcpi_delivered_ce", 196, 4),
    ("tcpi_bytes_sent", 200, 8),
    ("tcpi_bytes_retrans", 208, 8),
    ("tcpi_dsack_dups", 216, 4),
    ("tcpi_reord_seen", 220, 4),
    ("tcpi_rcv_ooopack", 224, 4),
    ("tcpi_snd_wnd", 228, 4),
    ("tcpi_rcv_wnd", 232, 4),
    ("tcpi_rehash", 236, 4),
    ("tcpi_total_rto", 240, 2),
    ("tcpi_total_rto_recoveries", 242, 2),
];

/// The fields by their names, as numbers.
pub(super) fn fields(octets: &[u8]) -> BTreeMap<&'static str, f64> {
    let mut read = BTreeMap::new();
    for &(name, at, length) in &FIELDS {
        let Some(field) = octets.get(at..at + length) else {
            continue;
        };
        let mut wide = [0; 8];
        wide[..length].copy_from_slice(field);
        if cfg!(target_endian = "big") {
            wide.rotate_right(8 - length);
        }
        // A float holds what scripts compare; the rates that do not fit are no numbers to compare.
        read.insert(name, u64::from_ne_bytes(wide) as f64);
    }
    if let Some(&scales) = octets.get(6) {
        let (low, high) = (scales & 0xf, scales >> 4);
        let (sent, received) = match cfg!(target_endian = "big") {
            true => (high, low),
            false => (low, high),
        };
        read.insert("tcpi_snd_wscale", sent.into());
        read.insert("tcpi_rcv_wscale", received.into());
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_header_has_them() {
        let mut octets = vec![0; 248];
        octets[0] = 8;
        octets[80..84].copy_from_slice(&10_u32.to_ne_bytes());
        octets[176..184].copy_from_slice(&100_000_u64.to_ne_bytes());
        octets[242..244].copy_from_slice(&3_u16.to_ne_bytes());
        let read = fields(&octets);
        for (name, value) in [
            ("tcpi_state", 8.0),
            ("tcpi_snd_cwnd", 10.0),
            ("tcpi_rwnd_limited", 100_000.0),
            ("tcpi_total_rto_recoveries", 3.0),
        ] {
            assert_eq!(read.get(name), Some(&value), "{name}");
        }
        assert!(!fields(&octets[..232]).contains_key("tcpi_rcv_wnd"));
        // No two fields overlap.
        for pair in FIELDS.windows(2) {
            assert!(pair[0].1 + pair[0].2 <= pair[1].1, "{pair:?}");
        }
    }
}

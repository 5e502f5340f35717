//! The fields that display filters can name.

use super::value::FieldKind;
use crate::language::names;

/// A field, by its place in [`FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Frame,
    FrameNumber,
    FrameLen,
    FrameCapLen,
    FrameTimeRelative,
    FrameComment,
    FrameInterfaceName,
    FrameInterfaceId,
    FrameDirection,
    Eth,
    Arp,
    ArpOpcode,
    Ip,
    IpSrc,
    IpDst,
    IpAddr,
    Ipv6,
    Ipv6Src,
    Ipv6Dst,
    Ipv6Addr,
    Tcp,
    TcpSrcport,
    TcpDstport,
    TcpPort,
    TcpStream,
    TcpSeq,
    TcpSeqRaw,
    TcpNxtseq,
    TcpAck,
    TcpAckRaw,
    TcpLen,
    TcpHdrLen,
    TcpFlags,
    TcpFlagsAe,
    TcpFlagsCwr,
    TcpFlagsEce,
    TcpFlagsUrg,
    TcpFlagsAck,
    TcpFlagsPush,
    TcpFlagsReset,
    TcpFlagsSyn,
    TcpFlagsFin,
    TcpWindowSizeValue,
    TcpWindowSize,
    TcpUrgentPointer,
    TcpOptions,
    TcpOptionsNop,
    TcpOptionsEol,
    TcpOptionsMss,
    TcpOptionsMssVal,
    TcpOptionsWscale,
    TcpOptionsWscaleShift,
    TcpOptionsSackPerm,
    TcpOptionsSack,
    TcpOptionsSackCount,
    TcpOptionsTimestamp,
    TcpOptionsTsval,
    TcpOptionsTsecr,
    Tpkt,
    TpktVersion,
    TpktReserved,
    TpktLength,
    Cotp,
    CotpLi,
    CotpType,
    CotpDestref,
    CotpSrcref,
    CotpClass,
    CotpExtendedFormats,
    CotpNoExplicitFlowControl,
    CotpTpduNumber,
    CotpEot,
    CotpCause,
    CotpRejectCause,
    CotpParameterCode,
    CotpParameterLength,
    CotpTpduSize,
    CotpPreferredMaximum,
    CotpSrcTsap,
    CotpDstTsap,
    Udp,
    UdpSrcport,
    UdpDstport,
    UdpPort,
    UdpLength,
    Icmp,
    IcmpType,
    IcmpCode,
    Icmpv6,
    Icmpv6Type,
    Icmpv6Code,
    ExportedPdu,
    ExportedPduSrcPort,
    ExportedPduDstPort,
    Syslog,
    SyslogMsg,
}

/// The name of each field, its kind and its meaning, in the order of [`Field`].
const FIELDS: [(Field, &str, FieldKind, &str); 96] = {
    use Field as F;
    use FieldKind::{Boolean, Ipv4, Ipv6, Number, Presence, Text, Time};
    [
        (F::Frame, "frame", Presence, "every frame and call"),
        (
            F::FrameNumber,
            "frame.number",
            Number(32),
            "its place in the trace, from 1; calls are counted too",
        ),
        (F::FrameLen, "frame.len", Number(32), "its length in octets"),
        (
            F::FrameCapLen,
            "frame.cap_len",
            Number(32),
            "how many of its octets are in the file",
        ),
        (
            F::FrameTimeRelative,
            "frame.time_relative",
            Time,
            "when, since the first frame or call of the trace",
        ),
        (
            F::FrameComment,
            "frame.comment",
            Text,
            "what the emulator says about it: HELD, DROPPED ...",
        ),
        (
            F::FrameInterfaceName,
            "frame.interface_name",
            Text,
            "the host whose trace it is, or `api` for a call",
        ),
        (
            F::FrameInterfaceId,
            "frame.interface_id",
            Number(32),
            "0 for the host's link, 1 for calls",
        ),
        (
            F::FrameDirection,
            "frame.packet_flags_direction",
            Number(32),
            "1 for received by the trace's host, 2 for sent",
        ),
        (F::Eth, "eth", Presence, "an Ethernet frame: no call"),
        (F::Arp, "arp", Presence, "ARP"),
        (F::ArpOpcode, "arp.opcode", Number(16), "1 asks, 2 answers"),
        (F::Ip, "ip", Presence, "IPv4"),
        (
            F::IpSrc,
            "ip.src",
            Ipv4,
            "the source address; of a call, where its arrow starts",
        ),
        (
            F::IpDst,
            "ip.dst",
            Ipv4,
            "the destination address; of a call, where its arrow ends",
        ),
        (F::IpAddr, "ip.addr", Ipv4, "either address"),
        (F::Ipv6, "ipv6", Presence, "IPv6"),
        (
            F::Ipv6Src,
            "ipv6.src",
            Ipv6,
            "the source address, as ip.src",
        ),
        (
            F::Ipv6Dst,
            "ipv6.dst",
            Ipv6,
            "the destination address, as ip.dst",
        ),
        (F::Ipv6Addr, "ipv6.addr", Ipv6, "either address"),
        (
            F::Tcp,
            "tcp",
            Presence,
            "TCP, also as quoted by an ICMP error",
        ),
        (
            F::TcpSrcport,
            "tcp.srcport",
            Number(16),
            "the sender's port",
        ),
        (
            F::TcpDstport,
            "tcp.dstport",
            Number(16),
            "the receiver's port",
        ),
        (F::TcpPort, "tcp.port", Number(16), "either port"),
        (
            F::TcpStream,
            "tcp.stream",
            Number(32),
            "the connection, from 0 in the order of appearance",
        ),
        (
            F::TcpSeq,
            "tcp.seq",
            Number(32),
            "the sequence number, relative: the SYN is 0",
        ),
        (
            F::TcpSeqRaw,
            "tcp.seq_raw",
            Number(32),
            "the sequence number on the wire",
        ),
        (
            F::TcpNxtseq,
            "tcp.nxtseq",
            Number(32),
            "the relative number after the segment; SYN or FIN count one",
        ),
        (
            F::TcpAck,
            "tcp.ack",
            Number(32),
            "the acknowledgment number, relative; without ACK the raw field",
        ),
        (
            F::TcpAckRaw,
            "tcp.ack_raw",
            Number(32),
            "the acknowledgment number on the wire",
        ),
        (F::TcpLen, "tcp.len", Number(32), "octets of payload"),
        (
            F::TcpHdrLen,
            "tcp.hdr_len",
            Number(8),
            "octets of header, with options",
        ),
        (
            F::TcpFlags,
            "tcp.flags",
            Number(16),
            "all control bits: SYN is 0x2, ACK 0x10",
        ),
        (F::TcpFlagsAe, "tcp.flags.ae", Boolean, "Accurate ECN"),
        (
            F::TcpFlagsCwr,
            "tcp.flags.cwr",
            Boolean,
            "Congestion Window Reduced",
        ),
        (F::TcpFlagsEce, "tcp.flags.ece", Boolean, "ECN-Echo"),
        (F::TcpFlagsUrg, "tcp.flags.urg", Boolean, "URG"),
        (F::TcpFlagsAck, "tcp.flags.ack", Boolean, "ACK"),
        (F::TcpFlagsPush, "tcp.flags.push", Boolean, "PSH"),
        (F::TcpFlagsReset, "tcp.flags.reset", Boolean, "RST"),
        (F::TcpFlagsSyn, "tcp.flags.syn", Boolean, "SYN"),
        (F::TcpFlagsFin, "tcp.flags.fin", Boolean, "FIN"),
        (
            F::TcpWindowSizeValue,
            "tcp.window_size_value",
            Number(16),
            "the window field",
        ),
        (
            F::TcpWindowSize,
            "tcp.window_size",
            Number(32),
            "the window in octets, scaled where both sides agreed to",
        ),
        (
            F::TcpUrgentPointer,
            "tcp.urgent_pointer",
            Number(16),
            "the urgent pointer field",
        ),
        (F::TcpOptions, "tcp.options", Presence, "any option"),
        (F::TcpOptionsNop, "tcp.options.nop", Presence, "padding"),
        (
            F::TcpOptionsEol,
            "tcp.options.eol",
            Presence,
            "the end of the options",
        ),
        (
            F::TcpOptionsMss,
            "tcp.options.mss",
            Presence,
            "the maximum segment size option",
        ),
        (
            F::TcpOptionsMssVal,
            "tcp.options.mss_val",
            Number(16),
            "the maximum segment size in octets",
        ),
        (
            F::TcpOptionsWscale,
            "tcp.options.wscale",
            Presence,
            "the window scale option",
        ),
        (
            F::TcpOptionsWscaleShift,
            "tcp.options.wscale.shift",
            Number(8),
            "by how many bits windows are shifted",
        ),
        (
            F::TcpOptionsSackPerm,
            "tcp.options.sack_perm",
            Presence,
            "the SACK-permitted option",
        ),
        (
            F::TcpOptionsSack,
            "tcp.options.sack",
            Presence,
            "the SACK option",
        ),
        (
            F::TcpOptionsSackCount,
            "tcp.options.sack.count",
            Number(8),
            "how many SACK blocks",
        ),
        (
            F::TcpOptionsTimestamp,
            "tcp.options.timestamp",
            Presence,
            "the timestamps option",
        ),
        (
            F::TcpOptionsTsval,
            "tcp.options.timestamp.tsval",
            Number(32),
            "the sender's timestamp",
        ),
        (
            F::TcpOptionsTsecr,
            "tcp.options.timestamp.tsecr",
            Number(32),
            "the timestamp it echoes",
        ),
        (
            F::Tpkt,
            "tpkt",
            Presence,
            "a packet of ISO transport over TCP, at the segment that completes it",
        ),
        (F::TpktVersion, "tpkt.version", Number(8), "3"),
        (
            F::TpktReserved,
            "tpkt.reserved",
            Number(8),
            "the octet without a meaning",
        ),
        (
            F::TpktLength,
            "tpkt.length",
            Number(16),
            "octets of the packet, its header (4) included",
        ),
        (
            F::Cotp,
            "cotp",
            Presence,
            "a TPDU of ISO transport (ISO 8073, X.224)",
        ),
        (
            F::CotpLi,
            "cotp.li",
            Number(8),
            "octets of its header, this one not counted",
        ),
        (
            F::CotpType,
            "cotp.type",
            Number(8),
            "0xe CR, 0xd CC, 0x8 DR, 0xc DC, 0xf DT, 0x7 ER",
        ),
        (
            F::CotpDestref,
            "cotp.destref",
            Number(16),
            "the receiver's number of the connection",
        ),
        (
            F::CotpSrcref,
            "cotp.srcref",
            Number(16),
            "the sender's number of the connection",
        ),
        (F::CotpClass, "cotp.class", Number(8), "the protocol class"),
        (
            F::CotpExtendedFormats,
            "cotp.opts.extended_formats",
            Boolean,
            "whether TPDU numbers have 31 bits",
        ),
        (
            F::CotpNoExplicitFlowControl,
            "cotp.opts.no_explicit_flow_control",
            Boolean,
            "whether class 2 goes without credit",
        ),
        (
            F::CotpTpduNumber,
            "cotp.tpdu-number",
            Number(8),
            "the number of a data TPDU",
        ),
        (
            F::CotpEot,
            "cotp.eot",
            Boolean,
            "whether a data TPDU ends its message",
        ),
        (
            F::CotpCause,
            "cotp.cause",
            Number(8),
            "the reason of a disconnect request: 128 is a normal one",
        ),
        (
            F::CotpRejectCause,
            "cotp.reject_cause",
            Number(8),
            "why a TPDU was refused",
        ),
        (
            F::CotpParameterCode,
            "cotp.parameter_code",
            Number(8),
            "the code of a parameter",
        ),
        (
            F::CotpParameterLength,
            "cotp.parameter_length",
            Number(8),
            "octets of its value",
        ),
        (
            F::CotpTpduSize,
            "cotp.tpdu_size",
            Number(8),
            "the longest TPDU in octets; Wireshark compares it with up to 255 only",
        ),
        (
            F::CotpPreferredMaximum,
            "cotp.preferred_maximum_tpdu_size",
            Number(32),
            "the longest TPDU in octets, where it is said in units",
        ),
        (
            F::CotpSrcTsap,
            "cotp.src-tsap",
            Text,
            "the calling selector",
        ),
        (F::CotpDstTsap, "cotp.dst-tsap", Text, "the called selector"),
        (
            F::Udp,
            "udp",
            Presence,
            "UDP, also as quoted by an ICMP error",
        ),
        (
            F::UdpSrcport,
            "udp.srcport",
            Number(16),
            "the sender's port",
        ),
        (
            F::UdpDstport,
            "udp.dstport",
            Number(16),
            "the receiver's port",
        ),
        (F::UdpPort, "udp.port", Number(16), "either port"),
        (
            F::UdpLength,
            "udp.length",
            Number(16),
            "octets of header (8) and payload",
        ),
        (F::Icmp, "icmp", Presence, "ICMP over IPv4"),
        (F::IcmpType, "icmp.type", Number(8), "its type"),
        (F::IcmpCode, "icmp.code", Number(8), "its code"),
        (F::Icmpv6, "icmpv6", Presence, "ICMPv6"),
        (F::Icmpv6Type, "icmpv6.type", Number(8), "its type"),
        (F::Icmpv6Code, "icmpv6.code", Number(8), "its code"),
        (F::ExportedPdu, "exported_pdu", Presence, "a socket call"),
        (
            F::ExportedPduSrcPort,
            "exported_pdu.src_port",
            Number(32),
            "of a call on a socket: the port where its arrow starts",
        ),
        (
            F::ExportedPduDstPort,
            "exported_pdu.dst_port",
            Number(32),
            "of a call on a socket: the port where its arrow ends",
        ),
        (F::Syslog, "syslog", Presence, "a socket call"),
        (
            F::SyslogMsg,
            "syslog.msg",
            Text,
            "the call and its result, as the row shows it",
        ),
    ]
};

impl Field {
    /// The field of a name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let found = FIELDS.iter().find(|(_, known, ..)| *known == name);
        found.map(|(field, ..)| *field)
    }

    /// What kind of values it has.
    pub(super) const fn kind(self) -> FieldKind {
        FIELDS[self as usize].2
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    /// Whether a value of `found` is one of this field: `tcp.port` is both ports.
    pub(super) fn covers(self, found: Self) -> bool {
        let either = EITHER.iter().find(|(either, _)| *either == self);
        match either {
            Some((_, both)) => both.contains(&found),
            None => self == found,
        }
    }
}

/// The fields that stand for two others. No frame has them by themselves.
const EITHER: [(Field, [Field; 2]); 4] = [
    (Field::IpAddr, [Field::IpSrc, Field::IpDst]),
    (Field::Ipv6Addr, [Field::Ipv6Src, Field::Ipv6Dst]),
    (Field::TcpPort, [Field::TcpSrcport, Field::TcpDstport]),
    (Field::UdpPort, [Field::UdpSrcport, Field::UdpDstport]),
];

/// The name of the field that was probably meant.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let known: Vec<&str> = FIELDS.iter().map(|(_, known, ..)| *known).collect();
    names::nearest(name, &known)
}

/// The protocols that have fields.
pub(super) fn protocols() -> Vec<&'static str> {
    let names = FIELDS.iter().map(|(_, name, ..)| *name);
    names.filter(|name| !name.contains('.')).collect()
}

/// A field as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportedField {
    /// Its name, which is Wireshark's.
    pub name: &'static str,
    /// What it can be compared with: `number of 16 bits`, `IPv4 address`, or with nothing
    /// (`presence`).
    pub kind: String,
    /// What it says about a frame, on one line.
    pub meaning: &'static str,
}

/// Every field that a filter can name, by protocol.
pub fn supported_fields() -> impl Iterator<Item = SupportedField> {
    FIELDS
        .iter()
        .map(|(_, name, kind, meaning)| SupportedField {
            name,
            kind: kind.name(),
            meaning,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_stands_at_its_place() {
        for (place, (field, name, kind, _)) in FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, place, "{name}");
            assert_eq!((field.name(), field.kind()), (*name, *kind));
            assert_eq!(Field::find(name), Some(*field), "{name} is there twice");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let rows = [
            ("tcp.flags.rst", Some("tcp.flags.reset")),
            ("tcp.windowsize", Some("tcp.window_size")),
            ("TCP.Port", Some("tcp.port")),
            ("ipp", Some("ip")),
            ("http.request.method", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(nearest(name), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(5000)), None);
    }
}

//! The fields that display filters can name.

use super::value::FieldKind;
use super::value::FieldKind::{Boolean, Bytes, Ipv4, Ipv6, Number, Presence, Text, Time};
use crate::language::names;

/// Makes [`Field`] and [`FIELDS`] of one list.
macro_rules! fields {
    ($($field:ident $name:literal $kind:expr, $meaning:literal;)*) => {
        /// A field, by its place in [`FIELDS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Field {
            $($field,)*
        }

        /// The name of each field, its kind and its meaning, in the order of [`Field`].
        const FIELDS: &[(Field, &str, FieldKind, &str)] = &[
            $((Field::$field, $name, $kind, $meaning),)*
        ];
    };
}

fields! {
    Frame "frame" Presence, "every frame and call";
    FrameNumber "frame.number" Number(32), "its place in the trace, from 1; calls are counted too";
    FrameLen "frame.len" Number(32), "its length in octets";
    FrameCapLen "frame.cap_len" Number(32), "how many of its octets are in the file";
    FrameTimeRelative "frame.time_relative" Time,
        "when, since the first frame or call of the trace";
    FrameTimeDelta "frame.time_delta" Time, "how long after the frame or call before it";
    FrameComment "frame.comment" Text, "what the emulator says about it: HELD, DROPPED ...";
    FrameInterfaceName "frame.interface_name" Text,
        "the host whose trace it is, or `api` for a call";
    FrameInterfaceId "frame.interface_id" Number(32), "0 for the host's link, 1 for calls";
    FrameDirection "frame.packet_flags_direction" Number(32),
        "1 for received by the trace's host, 2 for sent";
    Eth "eth" Presence, "an Ethernet frame: no call";
    Arp "arp" Presence, "ARP";
    ArpOpcode "arp.opcode" Number(16), "1 asks, 2 answers";
    Ip "ip" Presence, "IPv4";
    IpFlagsDf "ip.flags.df" Boolean, "whether routers must not take it apart";
    IpSrc "ip.src" Ipv4, "the source address; of a call, where its arrow starts";
    IpDst "ip.dst" Ipv4, "the destination address; of a call, where its arrow ends";
    IpAddr "ip.addr" Ipv4, "either address";
    IpSrcHost "ip.src_host" Text,
        "the name of the source, if Wireshark resolves addresses; of frames alone";
    IpDstHost "ip.dst_host" Text, "the name of the destination, as ip.src_host";
    IpHost "ip.host" Text, "either name";
    Ipv6 "ipv6" Presence, "IPv6";
    Ipv6Src "ipv6.src" Ipv6, "the source address, as ip.src";
    Ipv6Dst "ipv6.dst" Ipv6, "the destination address, as ip.dst";
    Ipv6Addr "ipv6.addr" Ipv6, "either address";
    Ipv6SrcHost "ipv6.src_host" Text, "the name of the source, as ip.src_host";
    Ipv6DstHost "ipv6.dst_host" Text, "the name of the destination, as ip.src_host";
    Ipv6Host "ipv6.host" Text, "either name";
    Tcp "tcp" Presence, "TCP, also as quoted by an ICMP error";
    TcpSrcport "tcp.srcport" Number(16), "the sender's port";
    TcpDstport "tcp.dstport" Number(16), "the receiver's port";
    TcpPort "tcp.port" Number(16), "either port";
    TcpStream "tcp.stream" Number(32), "the connection, from 0 in the order of appearance";
    TcpSeq "tcp.seq" Number(32), "the sequence number, relative: the SYN is 0";
    TcpSeqRaw "tcp.seq_raw" Number(32), "the sequence number on the wire";
    TcpNxtseq "tcp.nxtseq" Number(32),
        "the relative number after the segment; SYN or FIN count one";
    TcpAck "tcp.ack" Number(32), "the acknowledgment number, relative; without ACK the raw field";
    TcpAckRaw "tcp.ack_raw" Number(32), "the acknowledgment number on the wire";
    TcpLen "tcp.len" Number(32), "octets of payload";
    TcpHdrLen "tcp.hdr_len" Number(8), "octets of header, with options";
    TcpFlags "tcp.flags" Number(16), "all control bits: SYN is 0x2, ACK 0x10";
    TcpFlagsAe "tcp.flags.ae" Boolean, "Accurate ECN";
    TcpFlagsCwr "tcp.flags.cwr" Boolean, "Congestion Window Reduced";
    TcpFlagsEce "tcp.flags.ece" Boolean, "ECN-Echo";
    TcpFlagsUrg "tcp.flags.urg" Boolean, "URG";
    TcpFlagsAck "tcp.flags.ack" Boolean, "ACK";
    TcpFlagsPush "tcp.flags.push" Boolean, "PSH";
    TcpFlagsReset "tcp.flags.reset" Boolean, "RST";
    TcpFlagsSyn "tcp.flags.syn" Boolean, "SYN";
    TcpFlagsFin "tcp.flags.fin" Boolean, "FIN";
    TcpWindowSizeValue "tcp.window_size_value" Number(16), "the window field";
    TcpWindowSize "tcp.window_size" Number(32),
        "the window in octets, scaled where both sides agreed to";
    TcpUrgentPointer "tcp.urgent_pointer" Number(16), "the urgent pointer field";
    TcpOptions "tcp.options" Presence, "any option";
    TcpOptionsNop "tcp.options.nop" Presence, "padding";
    TcpOptionsEol "tcp.options.eol" Presence, "the end of the options";
    TcpOptionsMss "tcp.options.mss" Presence, "the maximum segment size option";
    TcpOptionsMssVal "tcp.options.mss_val" Number(16), "the maximum segment size in octets";
    TcpOptionsWscale "tcp.options.wscale" Presence, "the window scale option";
    TcpOptionsWscaleShift "tcp.options.wscale.shift" Number(8),
        "by how many bits windows are shifted";
    TcpOptionsSackPerm "tcp.options.sack_perm" Presence, "the SACK-permitted option";
    TcpOptionsSack "tcp.options.sack" Presence, "the SACK option";
    TcpOptionsSackCount "tcp.options.sack.count" Number(8), "how many SACK blocks";
    TcpOptionsTimestamp "tcp.options.timestamp" Presence, "the timestamps option";
    TcpOptionsTsval "tcp.options.timestamp.tsval" Number(32), "the sender's timestamp";
    TcpOptionsTsecr "tcp.options.timestamp.tsecr" Number(32), "the timestamp it echoes";
    TcpTimeRelative "tcp.time_relative" Time, "when, since the first segment of its stream";
    TcpTimeDelta "tcp.time_delta" Time, "how long after the segment of its stream before it";
    TcpAnalysis "tcp.analysis" Presence,
        "Wireshark's analysis has something to say, as it reads the trace in one pass";
    TcpAnalysisFlags "tcp.analysis.flags" Presence,
        "something odd, or a window update: one of the fields below that have no value";
    TcpAnalysisRetransmission "tcp.analysis.retransmission" Presence,
        "octets that the trace has already; fast and spurious ones too";
    TcpAnalysisFastRetransmission "tcp.analysis.fast_retransmission" Presence,
        "octets again within 20 ms of two duplicate acknowledgments that ask for them";
    TcpAnalysisSpuriousRetransmission "tcp.analysis.spurious_retransmission" Presence,
        "octets again that are acknowledged already";
    TcpAnalysisOutOfOrder "tcp.analysis.out_of_order" Presence,
        "earlier octets within the initial round trip (or 3 ms) of later ones";
    TcpAnalysisLostSegment "tcp.analysis.lost_segment" Presence,
        "a gap before it: an earlier segment is not in the trace";
    TcpAnalysisAckLostSegment "tcp.analysis.ack_lost_segment" Presence,
        "acknowledges octets that are not in the trace";
    TcpAnalysisReusedPorts "tcp.analysis.reused_ports" Presence,
        "a SYN between ports that the trace has had a connection of";
    TcpAnalysisDuplicateAck "tcp.analysis.duplicate_ack" Presence,
        "the acknowledgment before again, with the same window";
    TcpAnalysisDuplicateAckNum "tcp.analysis.duplicate_ack_num" Number(32),
        "how often it came again, from 1";
    TcpAnalysisDuplicateAckFrame "tcp.analysis.duplicate_ack_frame" Number(32),
        "the frame where it came first";
    TcpAnalysisZeroWindow "tcp.analysis.zero_window" Presence, "a window of zero";
    TcpAnalysisZeroWindowProbe "tcp.analysis.zero_window_probe" Presence,
        "the next octet, while the other side's window is zero";
    TcpAnalysisZeroWindowProbeAck "tcp.analysis.zero_window_probe_ack" Presence,
        "its answer: the window is still zero";
    TcpAnalysisWindowFull "tcp.analysis.window_full" Presence,
        "data up to the last octet of the other side's window";
    TcpAnalysisWindowUpdate "tcp.analysis.window_update" Presence, "nothing new but the window";
    TcpAnalysisKeepAlive "tcp.analysis.keep_alive" Presence, "no octet or one, before the next one";
    TcpAnalysisKeepAliveAck "tcp.analysis.keep_alive_ack" Presence, "its answer";
    TcpAnalysisAcksFrame "tcp.analysis.acks_frame" Number(32),
        "the frame whose octets it acknowledges";
    TcpAnalysisAckRtt "tcp.analysis.ack_rtt" Time, "how long after that frame";
    TcpAnalysisInitialRtt "tcp.analysis.initial_rtt" Time,
        "from the SYN to the first acknowledgment, in the frames behind them";
    TcpAnalysisRto "tcp.analysis.rto" Time,
        "how long after the octets were sent before, for a retransmission by timer";
    TcpAnalysisRtoFrame "tcp.analysis.rto_frame" Number(32), "the frame that had them before";
    TcpAnalysisBytesInFlight "tcp.analysis.bytes_in_flight" Number(32),
        "octets that are sent and not acknowledged, with its own";
    TcpAnalysisPushBytesSent "tcp.analysis.push_bytes_sent" Number(32),
        "octets since the last PSH, with its own";
    TcpPayload "tcp.payload" Bytes, "its payload";
    Tpkt "tpkt" Presence, "a packet of ISO transport over TCP, at the segment that completes it";
    TpktVersion "tpkt.version" Number(8), "3";
    TpktReserved "tpkt.reserved" Number(8), "the octet without a meaning";
    TpktLength "tpkt.length" Number(16), "octets of the packet, its header (4) included";
    Cotp "cotp" Presence, "a TPDU of ISO transport (ISO 8073, X.224)";
    CotpLi "cotp.li" Number(8), "octets of its header, this one not counted";
    CotpType "cotp.type" Number(8), "0xe CR, 0xd CC, 0x8 DR, 0xc DC, 0xf DT, 0x7 ER";
    CotpDestref "cotp.destref" Number(16), "the receiver's number of the connection";
    CotpSrcref "cotp.srcref" Number(16), "the sender's number of the connection";
    CotpClass "cotp.class" Number(8), "the protocol class";
    CotpExtendedFormats "cotp.opts.extended_formats" Boolean, "whether TPDU numbers have 31 bits";
    CotpNoExplicitFlowControl "cotp.opts.no_explicit_flow_control" Boolean,
        "whether class 2 goes without credit";
    CotpTpduNumber "cotp.tpdu-number" Number(8), "the number of a data TPDU";
    CotpEot "cotp.eot" Boolean, "whether a data TPDU ends its message";
    CotpCause "cotp.cause" Number(8), "the reason of a disconnect request: 128 is a normal one";
    CotpRejectCause "cotp.reject_cause" Number(8), "why a TPDU was refused";
    CotpParameterCode "cotp.parameter_code" Number(8), "the code of a parameter";
    CotpParameterLength "cotp.parameter_length" Number(8), "octets of its value";
    CotpTpduSize "cotp.tpdu_size" Number(8),
        "the longest TPDU in octets; Wireshark compares it with up to 255 only";
    CotpPreferredMaximum "cotp.preferred_maximum_tpdu_size" Number(32),
        "the longest TPDU in octets, where it is said in units";
    CotpSrcTsap "cotp.src-tsap" Text, "the calling selector";
    CotpDstTsap "cotp.dst-tsap" Text, "the called selector";
    Udp "udp" Presence, "UDP, also as quoted by an ICMP error";
    UdpSrcport "udp.srcport" Number(16), "the sender's port";
    UdpDstport "udp.dstport" Number(16), "the receiver's port";
    UdpPort "udp.port" Number(16), "either port";
    UdpLength "udp.length" Number(16), "octets of header (8) and payload";
    Icmp "icmp" Presence, "ICMP over IPv4";
    IcmpType "icmp.type" Number(8), "its type";
    IcmpCode "icmp.code" Number(8), "its code";
    Icmpv6 "icmpv6" Presence, "ICMPv6";
    Icmpv6Type "icmpv6.type" Number(8), "its type";
    Icmpv6Code "icmpv6.code" Number(8), "its code";
    ExportedPdu "exported_pdu" Presence, "a socket call";
    ExportedPduSrcPort "exported_pdu.src_port" Number(32),
        "of a call on a socket: the port where its arrow starts";
    ExportedPduDstPort "exported_pdu.dst_port" Number(32),
        "of a call on a socket: the port where its arrow ends";
    Syslog "syslog" Presence, "a socket call";
    SyslogMsg "syslog.msg" Text, "the call and its result, as the row shows it";
}

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
const EITHER: [(Field, [Field; 2]); 6] = [
    (Field::IpAddr, [Field::IpSrc, Field::IpDst]),
    (Field::IpHost, [Field::IpSrcHost, Field::IpDstHost]),
    (Field::Ipv6Addr, [Field::Ipv6Src, Field::Ipv6Dst]),
    (Field::Ipv6Host, [Field::Ipv6SrcHost, Field::Ipv6DstHost]),
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

//! A TCP segment's header, parsed from and emitted to the wire through `smoltcp::wire`.
//!
//! smoltcp's `TcpRepr` fixes the order of the options; which options stand in which order is what
//! this crate is about, so the header is emitted field by field.

use smoltcp::wire::{IpAddress, TcpOption, TcpPacket, TcpSeqNumber};

use super::cookie::{self, CookieOption, FastOpen};
use crate::checksum;
use crate::profile::{Padding, SynOption};
use crate::signature::{SIGNATURE_OCTETS, signature};

/// The control bits that we send and look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Synchronize sequence numbers.
    pub syn: bool,
    /// The acknowledgment number is significant.
    pub ack: bool,
    /// No more data from the sender.
    pub fin: bool,
    /// Reset the connection.
    pub rst: bool,
    /// Push function.
    pub psh: bool,
    /// ECN-echo (RFC 3168 section 6.1).
    pub ece: bool,
    /// Congestion window reduced (RFC 3168 section 6.1).
    pub cwr: bool,
    /// The urgent pointer, where URG is set.
    pub urgent: Option<u16>,
}

/// A timestamps option (RFC 7323 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval
    pub value: u32,
    /// TSecr
    pub echo: u32,
}

/// At most this many SACK blocks fit (RFC 2018 section 3).
pub const SACK_BLOCKS: usize = 4;

/// The options of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale.
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// SACK blocks: left and right edge.
    pub sack: [Option<(u32, u32)>; SACK_BLOCKS],
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// Fast Open, in SYNs alone.
    pub fast_open: Option<FastOpen>,
    /// Whether there is a signature (RFC 2385). What is sent has it filled in when its octets are
    /// written; what has arrived is in the octets of the segment.
    pub signed: bool,
}

/// A segment without its payload. Sequence numbers are those of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// SEG.SEQ
    pub sequence: u32,
    /// SEG.ACK; significant where the ACK bit is set.
    pub acknowledgment: u32,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// The options.
    pub options: TcpOptions,
    /// How many octets of payload follow.
    pub payload_octets: usize,
}

impl Segment {
    /// SEG.LEN: the octets of payload, plus one each for SYN and FIN.
    pub fn length(&self) -> u32 {
        self.payload_octets as u32 + u32::from(self.flags.syn) + u32::from(self.flags.fin)
    }

    /// Reads a segment. The checksum is verified.
    ///
    /// Returns none where the segment is malformed or damaged: such a segment is dropped without a
    /// word.
    pub fn parse(
        octets: &[u8],
        source: IpAddress,
        destination: IpAddress,
    ) -> Option<(Self, &[u8])> {
        let read = Self::parse_in_datagram(octets)?;
        (checksum::of_segment(octets, source, destination) == 0).then_some(read)
    }

    /// Reads a segment whose checksum says nothing, since that of the datagram that it is in has
    /// been verified.
    pub(crate) fn parse_in_datagram(octets: &[u8]) -> Option<(Self, &[u8])> {
        let packet = TcpPacket::new_checked(octets).ok()?;
        let segment = Self {
            source: packet.src_port(),
            destination: packet.dst_port(),
            sequence: packet.seq_number().0 as u32,
            acknowledgment: if packet.ack() {
                packet.ack_number().0 as u32
            } else {
                0
            },
            flags: Flags {
                syn: packet.syn(),
                ack: packet.ack(),
                fin: packet.fin(),
                rst: packet.rst(),
                psh: packet.psh(),
                ece: packet.ece(),
                cwr: packet.cwr(),
                urgent: packet.urg().then(|| packet.urgent_at()),
            },
            window: packet.window_len(),
            options: TcpOptions::parse(packet.options()),
            payload_octets: packet.payload().len(),
        };
        Some((segment, packet.payload()))
    }

    /// How many octets the header of a segment that is no SYN takes, options included.
    pub fn header_octets(&self) -> usize {
        let is_short = self.options.sack[0].is_none() && !self.options.signed;
        if is_short {
            return TCP_HEADER + self.options.timestamps.map_or(0, |_| 12);
        }
        let mut timestamps = self.options.timestamps.map_or(0, |_| 12);
        if self.options.signed {
            timestamps += SIGNED_OPTION_OCTETS;
        }
        let blocks = self.options.sack.iter().flatten().count();
        let blocks = blocks.min((OPTION_OCTETS - timestamps - 4) / 8);
        let sack = if blocks == 0 { 0 } else { 4 + 8 * blocks };
        TCP_HEADER + timestamps + sack
    }

    /// Lays out the header, without the checksum.
    pub fn header(&self, layout: &Layout<'_>) -> Header {
        let mut octets = [0; TCP_HEADER + OPTION_OCTETS];
        let (fixed, options) = octets.split_at_mut(TCP_HEADER);
        let laid = self.options.emit(options, layout, self.flags.ack);
        let length = TCP_HEADER + laid.octets;
        let mut packet = TcpPacket::new_unchecked(fixed);
        packet.set_src_port(self.source);
        packet.set_dst_port(self.destination);
        packet.set_seq_number(TcpSeqNumber(self.sequence as i32));
        packet.set_ack_number(TcpSeqNumber(self.acknowledgment as i32));
        packet.set_header_len(length as u8);
        packet.set_syn(self.flags.syn);
        packet.set_ack(self.flags.ack);
        packet.set_fin(self.flags.fin);
        packet.set_rst(self.flags.rst);
        packet.set_psh(self.flags.psh);
        packet.set_ece(self.flags.ece);
        packet.set_cwr(self.flags.cwr);
        if let Some(pointer) = self.flags.urgent {
            packet.set_urg(true);
            packet.set_urgent_at(pointer);
        }
        packet.set_window_len(self.window);
        Header {
            octets,
            length,
            signature: laid.signature.map(|at| TCP_HEADER + at),
        }
    }
}

/// A segment's header as it goes on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    octets: [u8; TCP_HEADER + OPTION_OCTETS],
    length: usize,
    /// Where the signature goes.
    signature: Option<usize>,
}

impl Header {
    /// How many octets it takes, options included.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether it is these octets of a header but for the checksum.
    pub(crate) fn is_but_for_checksum(&self, header: &[u8]) -> bool {
        let (before, behind) = (TCP_CHECKSUM.start, TCP_CHECKSUM.end);
        self.length == header.len()
            && self.octets[..before] == header[..before]
            && self.octets[behind..self.length] == header[behind..]
    }

    /// Writes the header to the front of `octets`, where the payload already stands behind it, and
    /// fills in the signature and the checksum.
    pub fn emit(
        &self,
        octets: &mut [u8],
        source: IpAddress,
        destination: IpAddress,
        layout: &Layout<'_>,
    ) {
        self.emit_in_datagram(octets, source, destination, layout);
        let checksum = checksum::of_segment(octets, source, destination);
        TcpPacket::new_unchecked(octets).set_checksum(checksum);
    }

    /// Writes the header of a segment whose payload is elsewhere. For a checksum it has the sum of
    /// the pseudo header. There is no signature.
    pub(crate) fn emit_without_payload(
        &self,
        octets: &mut [u8],
        (source, destination): (IpAddress, IpAddress),
        payload: usize,
    ) {
        octets[..self.length].copy_from_slice(&self.octets[..self.length]);
        let sum = checksum::of_pseudo_header(self.length + payload, source, destination);
        TcpPacket::new_unchecked(octets).set_checksum(sum);
    }

    /// As [`Header::emit`], with a checksum of zero: that of the datagram is enough.
    pub(crate) fn emit_in_datagram(
        &self,
        octets: &mut [u8],
        source: IpAddress,
        destination: IpAddress,
        layout: &Layout<'_>,
    ) {
        octets[..self.length].copy_from_slice(&self.octets[..self.length]);
        if let Some(at) = self.signature
            && let Some(signed) = signature(octets, (source, destination), layout.secret)
        {
            octets[at..][..SIGNATURE_OCTETS].copy_from_slice(&signed);
        }
    }
}

/// A TCP header without options, in octets.
pub const TCP_HEADER: usize = 20;

/// Where the checksum is in it.
const TCP_CHECKSUM: std::ops::Range<usize> = 16..18;

/// The most that options can take, in octets.
pub const OPTION_OCTETS: usize = 40;

/// How options are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// The order of the options of a SYN, in groups that fill whole words.
    pub syn: &'a [Vec<SynOption>],
    /// The same of a SYN-ACK.
    pub syn_ack: &'a [Vec<SynOption>],
    /// Where padding goes.
    pub padding: Padding,
    /// The secret of signatures.
    pub secret: &'a [u8],
}

impl Layout<'_> {
    /// The layout of a segment that is no SYN, which is the same everywhere.
    pub const WITHOUT_SYN: Self = Self {
        syn: &[],
        syn_ack: &[],
        padding: Padding::Before,
        secret: &[],
    };
}

impl TcpOptions {
    fn parse(mut octets: &[u8]) -> Self {
        let mut options = Self::default();
        while !octets.is_empty() {
            let Ok((rest, option)) = TcpOption::parse(octets) else {
                // RFC 9293 section 3.2 (MUST-7): an option of illegal length must not crash; what
                // stood before it counts.
                break;
            };
            match option {
                TcpOption::EndOfList => break,
                TcpOption::NoOperation => {}
                TcpOption::Unknown { kind: MD5, data } => {
                    options.signed = data.len() == SIGNATURE_OCTETS;
                }
                TcpOption::Unknown { kind, data } => {
                    options.fast_open = options.fast_open.or(FastOpen::parse(kind, data));
                }
                TcpOption::MaxSegmentSize(octets) => options.mss = Some(octets),
                TcpOption::WindowScale(shift) => options.window_scale = Some(shift),
                TcpOption::SackPermitted => options.sack_permitted = true,
                // smoltcp gives three of the four blocks that fit.
                TcpOption::SackRange(_) => {
                    let blocks = blocks(&octets[..octets.len() - rest.len()]);
                    for (place, block) in options.sack.iter_mut().zip(blocks) {
                        *place = Some(block);
                    }
                }
                TcpOption::TimeStamp { tsval, tsecr } => {
                    options.timestamps = Some(Timestamps {
                        value: tsval,
                        echo: tsecr,
                    });
                }
            }
            octets = rest;
        }
        options
    }

    /// Writes the options as the layout says, padded to whole words. A SYN that `answers` another
    /// is a SYN-ACK.
    fn emit(&self, octets: &mut [u8], layout: &Layout<'_>, answers: bool) -> Laid {
        if *self == Self::default() {
            return Laid::default();
        }
        let mut writer = OptionWriter { octets, used: 0 };
        let is_syn = self.mss.is_some() || self.window_scale.is_some() || self.sack_permitted;
        if is_syn {
            let groups = if answers { layout.syn_ack } else { layout.syn };
            for group in groups {
                self.emit_group(group, layout.padding, &mut writer);
            }
            self.emit_fast_open(layout.padding, &mut writer);
        } else if let Some(timestamps) = self.timestamps {
            writer.no_operations(2);
            writer.timestamps(timestamps);
        }
        let signature = self.emit_signature(&mut writer);
        self.emit_sack(&mut writer);
        while !writer.used.is_multiple_of(4) {
            writer.write(&TcpOption::EndOfList);
        }
        Laid {
            octets: writer.used,
            signature,
        }
    }

    /// The signature stands so that it ends with a word. Returns where it begins.
    fn emit_signature(&self, writer: &mut OptionWriter<'_>) -> Option<usize> {
        if !self.signed {
            return None;
        }
        let before = (SIGNATURE_AT + 4 - writer.used % 4) % 4;
        if writer.used + before + 2 + SIGNATURE_OCTETS > OPTION_OCTETS {
            return None;
        }
        writer.no_operations(before);
        writer.raw(&[MD5, 2 + SIGNATURE_OCTETS as u8]);
        let at = writer.used;
        writer.raw(&[0; SIGNATURE_OCTETS]);
        Some(at)
    }

    fn emit_group(&self, group: &[SynOption], padding: Padding, writer: &mut OptionWriter<'_>) {
        let present = |option: &&SynOption| match option {
            SynOption::Mss => self.mss.is_some(),
            SynOption::WindowScale => self.window_scale.is_some(),
            SynOption::SackPermitted => self.sack_permitted,
            SynOption::Timestamps => self.timestamps.is_some(),
        };
        let octets: usize = group
            .iter()
            .filter(present)
            .map(|option| option.octets())
            .sum();
        let filling = octets.next_multiple_of(4) - octets;
        let is_sack = group.iter().filter(present).eq(&[SynOption::SackPermitted]);
        let behind = padding == Padding::BehindSackPermitted && is_sack;
        let before = match padding {
            Padding::BehindSackPermitted if behind => 0,
            Padding::Before | Padding::BehindSackPermitted => filling,
            // What follows the group must find its own alignment: the shift stands at the end of a
            // word, and the values of timestamps fill whole words.
            Padding::After => match group.iter().find(present) {
                Some(SynOption::WindowScale) => 1,
                Some(SynOption::Timestamps) => 2,
                Some(SynOption::Mss | SynOption::SackPermitted) | None => 0,
            },
        };
        writer.no_operations(before);
        for option in group {
            match option {
                SynOption::Mss => writer.write_some(self.mss.map(TcpOption::MaxSegmentSize)),
                SynOption::WindowScale => {
                    writer.write_some(self.window_scale.map(TcpOption::WindowScale));
                }
                SynOption::SackPermitted => {
                    writer.write_some(self.sack_permitted.then_some(TcpOption::SackPermitted));
                }
                SynOption::Timestamps => {
                    if let Some(timestamps) = self.timestamps {
                        writer.timestamps(timestamps);
                    }
                }
            }
        }
        if behind {
            writer.no_operations(filling);
        }
    }

    /// The option of Fast Open is the last, and what fills its last word follows.
    fn emit_fast_open(&self, padding: Padding, writer: &mut OptionWriter<'_>) {
        let Some(fast_open) = self.fast_open else {
            return;
        };
        let length = fast_open.length();
        if writer.used + length > OPTION_OCTETS {
            return;
        }
        match fast_open.option {
            CookieOption::Standard => writer.raw(&[cookie::FAST_OPEN, length as u8]),
            CookieOption::Experimental => {
                writer.raw(&[cookie::EXPERIMENT, length as u8]);
                writer.raw(&cookie::EXPERIMENT_ID);
            }
        }
        writer.raw(fast_open.octets());
        if padding != Padding::After {
            writer.no_operations(writer.used.next_multiple_of(4) - writer.used);
        }
    }

    fn emit_sack(&self, writer: &mut OptionWriter<'_>) {
        // Kind and length, then eight octets a block, behind two no-operations (RFC 2018 section
        // 3).
        let room = (OPTION_OCTETS - writer.used).saturating_sub(4) / 8;
        let blocks: Vec<(u32, u32)> = self.sack.iter().flatten().copied().take(room).collect();
        if blocks.is_empty() {
            return;
        }
        writer.no_operations(2);
        writer.raw(&[5, (2 + 8 * blocks.len()) as u8]);
        for (left, right) in blocks {
            writer.raw(&left.to_be_bytes());
            writer.raw(&right.to_be_bytes());
        }
    }
}

/// Options as they were laid out.
#[derive(Clone, Copy, Debug, Default)]
struct Laid {
    /// How many octets they take.
    octets: usize,
    /// Where among them the signature begins.
    signature: Option<usize>,
}

/// The kind of the option of a signature (RFC 2385 section 3.0).
const MD5: u8 = 19;

/// Where in a word the option of a signature begins.
const SIGNATURE_AT: usize = 2;

/// What a signature takes of a segment that is no SYN, no-operations included.
pub(crate) const SIGNED_OPTION_OCTETS: usize = 20;

/// The signature in the octets of a segment (RFC 2385 section 3.0), the last if there are several.
pub(crate) fn signature_in(octets: &[u8]) -> Option<[u8; SIGNATURE_OCTETS]> {
    let packet = TcpPacket::new_checked(octets).ok()?;
    let mut rest = packet.options();
    let mut found = None;
    while let Ok((behind, option)) = TcpOption::parse(rest) {
        match option {
            TcpOption::EndOfList => break,
            TcpOption::Unknown { kind: MD5, data } => found = data.try_into().ok(),
            TcpOption::NoOperation
            | TcpOption::MaxSegmentSize(_)
            | TcpOption::WindowScale(_)
            | TcpOption::SackPermitted
            | TcpOption::SackRange(_)
            | TcpOption::TimeStamp { .. }
            | TcpOption::Unknown { .. } => {}
        }
        rest = behind;
    }
    found
}

/// The blocks of a SACK option (RFC 2018 section 3).
fn blocks(option: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let (edges, _) = option[2..].as_chunks::<4>();
    let (blocks, _) = edges.as_chunks::<2>();
    blocks
        .iter()
        .map(|[left, right]| (u32::from_be_bytes(*left), u32::from_be_bytes(*right)))
}

impl SynOption {
    fn octets(self) -> usize {
        match self {
            Self::Mss => 4,
            Self::WindowScale => 3,
            Self::SackPermitted => 2,
            Self::Timestamps => 10,
        }
    }
}

struct OptionWriter<'a> {
    octets: &'a mut [u8],
    used: usize,
}

impl OptionWriter<'_> {
    /// Writes an option where it fits; a layout that asks for more than forty octets loses its
    /// tail.
    fn write(&mut self, option: &TcpOption<'_>) {
        let octets = option.buffer_len();
        if self.used + octets <= OPTION_OCTETS {
            option.emit(&mut self.octets[self.used..]);
            self.used += octets;
        }
    }

    fn write_some(&mut self, option: Option<TcpOption<'_>>) {
        if let Some(option) = option {
            self.write(&option);
        }
    }

    fn timestamps(&mut self, timestamps: Timestamps) {
        self.write(&TcpOption::TimeStamp {
            tsval: timestamps.value,
            tsecr: timestamps.echo,
        });
    }

    fn no_operations(&mut self, count: usize) {
        for _ in 0..count {
            self.write(&TcpOption::NoOperation);
        }
    }

    fn raw(&mut self, octets: &[u8]) {
        self.octets[self.used..][..octets.len()].copy_from_slice(octets);
        self.used += octets.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smoltcp::wire::Ipv4Address;

    use super::*;
    use crate::profile::Profile;

    const SOURCE: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 1));
    const DESTINATION: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 2));

    fn emitted(segment: &Segment, profile: &str, payload: &[u8]) -> Vec<u8> {
        let rules = Profile::built_in(profile).unwrap().options;
        let layout = Layout {
            syn: &rules.syn,
            syn_ack: rules.answer(),
            padding: rules.padding,
            secret: b"",
        };
        let header = segment.header(&layout);
        let mut octets = vec![0; header.length() + payload.len()];
        octets[header.length()..].copy_from_slice(payload);
        header.emit(&mut octets, SOURCE, DESTINATION, &layout);
        octets
    }

    fn segment(options: TcpOptions) -> Segment {
        Segment {
            source: 40000,
            destination: 80,
            sequence: 7,
            acknowledgment: 0,
            flags: Flags {
                syn: true,
                ..Flags::default()
            },
            window: 64240,
            options,
            payload_octets: 0,
        }
    }

    /// The kinds of the options as they stand on the wire, no-operations included.
    fn kinds(octets: &[u8]) -> Vec<u8> {
        let mut rest = &octets[TCP_HEADER..];
        let mut kinds = Vec::new();
        while let Some(&kind) = rest.first() {
            kinds.push(kind);
            rest = if kind < 2 {
                &rest[1..]
            } else {
                &rest[usize::from(rest[1])..]
            };
        }
        kinds
    }

    #[test]
    fn each_system_lays_its_options_out_in_its_own_way() {
        let all = TcpOptions {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some(Timestamps { value: 1, echo: 0 }),
            ..TcpOptions::default()
        };
        let without = |options: TcpOptions| TcpOptions {
            timestamps: None,
            ..options
        };
        let rows: [(&str, TcpOptions, &[u8]); 6] = [
            ("linux", all, &[2, 4, 8, 1, 3]),
            ("linux", without(all), &[2, 1, 1, 4, 1, 3]),
            (
                "linux",
                TcpOptions {
                    sack_permitted: false,
                    ..all
                },
                &[2, 1, 1, 8, 1, 3],
            ),
            ("freebsd", all, &[2, 1, 3, 4, 8]),
            ("freebsd", without(all), &[2, 1, 3, 4, 0, 0]),
            ("winsock", without(all), &[2, 1, 3, 1, 1, 4]),
        ];
        for (profile, options, expected) in rows {
            assert_eq!(
                kinds(&emitted(&segment(options), profile, &[])),
                expected,
                "{profile}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_emitted_segment_parses_back_to_itself(
            sequence: u32, acknowledgment: u32, window: u16,
            payload in proptest::collection::vec(any::<u8>(), 0..64),
            fin: bool, psh: bool, timestamps: Option<(u32, u32)>,
            left: u32, blocks in 0usize..=SACK_BLOCKS,
        ) {
            let mut options = TcpOptions {
                timestamps: timestamps.map(|(value, echo)| Timestamps { value, echo }),
                ..TcpOptions::default()
            };
            let most = if timestamps.is_some() { SACK_BLOCKS - 1 } else { SACK_BLOCKS };
            for (index, place) in options.sack.iter_mut().take(blocks.min(most)).enumerate() {
                *place = Some((left.wrapping_add(index as u32), left));
            }
            let segment = Segment {
                source: 1, destination: 2, sequence, acknowledgment, window, options,
                flags: Flags { ack: true, fin, psh, ..Flags::default() },
                payload_octets: payload.len(),
            };
            let octets = emitted(&segment, "linux", &payload);
            let parsed = Segment::parse(&octets, SOURCE, DESTINATION);
            prop_assert_eq!(parsed, Some((segment, &payload[..])));
        }

        #[test]
        fn no_octets_make_the_parser_panic(
            octets in proptest::collection::vec(any::<u8>(), 0..80)
        ) {
            let _ = Segment::parse(&octets, SOURCE, DESTINATION);
            let _ = TcpOptions::parse(&octets);
        }
    }
}

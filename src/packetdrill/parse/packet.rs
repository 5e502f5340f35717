//! Packets: `< S 0:0(0) win 32792 <mss 1000>`, `> udp (100)`, `< icmp unreachable`.

use super::Parser;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::packetdrill::lexer::Token;
use crate::packetdrill::{HOST, PEER};
use crate::scenario::icmp::{CODES, IcmpCode, IcmpType, TYPES};
use crate::scenario::script::{Flags, Options, Packet, PacketLine, Segment, Sequence, TcpOption};

/// Which way a packet goes, as seen from the host under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::packetdrill) enum Way {
    Inbound,
    Outbound,
}

/// The ports of a packet, where they are written.
type WrittenPorts = (Option<Spanned<u16>>, Option<Spanned<u16>>);

/// The octets that options have room for in a header.
const OPTIONS_MAX: usize = 40;

impl Parser<'_> {
    /// What follows `<` or `>`.
    pub(super) fn packet(&mut self, way: Way) -> Result<PacketLine, Box<Diagnostic>> {
        self.encapsulation()?;
        self.ip_info()?;
        if self.is_word("encap") {
            let start = self.span();
            while !matches!(self.peek(), Some(Token::Integer(_)) | None) {
                self.at += 1;
            }
            self.at += 1;
            self.refuse(self.since(start), "encapsulation is not played");
        }
        let (mut from_port, mut to_port) = self.ports()?;
        let packet = if self.take_word("udp") {
            let behind = self.ports()?;
            from_port = from_port.or(behind.0);
            to_port = to_port.or(behind.1);
            self.sign('(')?;
            let length = self.number("the octets of the datagram")?;
            self.sign(')')?;
            Packet::Udp { length }
        } else if self.take_word("icmp") {
            self.icmp()?
        } else {
            Packet::Segment(self.segment(way)?)
        };
        let (from, to) = match way {
            Way::Inbound => (PEER, HOST),
            Way::Outbound => (HOST, PEER),
        };
        let named = |name: &str| Spanned::new(name.to_owned(), Span::default());
        Ok(PacketLine {
            from: named(from),
            from_port,
            to: named(to),
            to_port,
            packet,
        })
    }

    /// `ipv4 A > B:`, `gre ...:`, `mpls (...):` before the packet itself.
    fn encapsulation(&mut self) -> Result<(), Box<Diagnostic>> {
        while let Some(Token::Word(word)) = self.peek() {
            if !["ipv4", "ipv6", "gre", "GREv0", "mpls"].contains(&word.as_ref()) {
                break;
            }
            let start = self.span();
            while !self.is_sign(':') {
                if self.peek().is_none() {
                    return Err(self.unexpected("`:` behind the outer header"));
                }
                self.at += 1;
            }
            self.at += 1;
            self.refuse(self.since(start), "encapsulation is not played");
        }
        Ok(())
    }

    /// `[ect0]`, `(ttl 64)` and the like.
    fn ip_info(&mut self) -> Result<(), Box<Diagnostic>> {
        let close = match self.peek() {
            Some(Token::Sign('(')) => ')',
            Some(Token::Sign('[')) => ']',
            _ => return Ok(()),
        };
        let start = self.span();
        while !self.is_sign(close) {
            if self.peek().is_none() {
                return Err(self.unexpected(&format!("`{close}`")));
            }
            self.at += 1;
        }
        self.at += 1;
        let message = "fields of the IP header (ECN, TOS, TTL, flow label) are not played";
        self.refuse(self.since(start), message);
        Ok(())
    }

    /// `1234 > 80`
    fn ports(&mut self) -> Result<WrittenPorts, Box<Diagnostic>> {
        let are = matches!(self.peek(), Some(Token::Integer(_)))
            && self.peek_at(1) == Some(&Token::Sign('>'));
        if !are {
            return Ok((None, None));
        }
        let from = self.number("a port")?;
        self.sign('>')?;
        Ok((Some(from), Some(self.number("a port")?)))
    }

    fn segment(&mut self, way: Way) -> Result<Segment, Box<Diagnostic>> {
        let flags = self.flags()?;
        let sequence = self.sequence()?;
        let acknowledgment = self.field("ack")?;
        let window = self.field("win")?;
        if way == Way::Inbound && window.is_none() {
            return Err(self.unexpected("`win`: an inbound segment says its window"));
        }
        let start = self.span();
        if self.field::<u16>("urg")?.is_some() {
            self.refuse(self.since(start), "urgent data is not played");
        }
        let options = self.options(way)?;
        Ok(Segment {
            flags,
            sequence: Some(sequence),
            acknowledgment,
            window,
            options: Some(options),
            data: None,
        })
    }

    /// `S.`, `P.`, `.`, `-`
    fn flags(&mut self) -> Result<Spanned<Flags>, Box<Diagnostic>> {
        let start = self.span();
        let mut flags = Flags::default();
        if self.take_sign('-') {
            return Ok(Spanned::new(flags, start));
        }
        let mut any = false;
        if let Some(Token::Word(letters)) = self.peek() {
            let letters = letters.clone();
            for letter in letters.chars() {
                match Flags::from_letter(letter) {
                    Some(flag) => flags = flags.union(flag),
                    None if letter == 'A' || ('0'..='7').contains(&letter) => {
                        self.refuse(start, "accurate ECN is not played");
                    }
                    None => {
                        return Err(Box::new(
                            Diagnostic::new(start, "these are no flags")
                                .label("F, S, R, P, E, W, A, U, then `.` for ACK; `-` for none"),
                        ));
                    }
                }
            }
            self.at += 1;
            any = true;
        }
        if self.take_sign('.') {
            flags = flags.union(Flags::ACK);
            any = true;
        } else if let Some(Token::Float(ace)) = self.peek() {
            if !ace.starts_with('.') {
                return Err(self.unexpected("flags"));
            }
            self.at += 1;
            any = true;
            flags = flags.union(Flags::ACK);
            self.refuse(self.since(start), "accurate ECN is not played");
        }
        if any {
            Ok(Spanned::new(flags, self.since(start)))
        } else {
            Err(self.unexpected("flags, `udp` or `icmp`"))
        }
    }

    /// `1:1001(1000)`
    fn sequence(&mut self) -> Result<Spanned<Sequence>, Box<Diagnostic>> {
        let start = self.span();
        if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
            self.sign('(')?;
            let length = self.number::<u16>("the octets of payload")?.value;
            self.sign(')')?;
            let span = self.since(start);
            self.refuse(
                span,
                "a sequence number that is not looked at is not played",
            );
            return Ok(Spanned::new(Sequence { start: 0, length }, span));
        }
        let first = self.number::<u32>("a sequence number")?.value;
        self.absolute(start);
        self.sign(':')?;
        let end = self.number::<u32>("a sequence number")?.value;
        self.absolute(start);
        self.sign('(')?;
        let length = self.number::<u16>("the octets of payload")?.value;
        self.sign(')')?;
        let span = self.since(start);
        let sequence = Sequence {
            start: first,
            length,
        };
        if sequence.end() != end {
            let message = format!("the end is not {first} + {length}");
            return Err(Box::new(
                Diagnostic::new(span, message)
                    .label("START:END(LENGTH), where SYN and FIN do not count"),
            ));
        }
        Ok(Spanned::new(sequence, span))
    }

    /// The `!` behind a number that is not relative.
    fn absolute(&mut self, start: Span) {
        if self.take_sign('!') {
            self.refuse(
                self.since(start),
                "an absolute sequence number is not played",
            );
        }
    }

    /// `ack 1`, `win 65535`
    fn field<N: TryFrom<i64>>(
        &mut self,
        name: &str,
    ) -> Result<Option<Spanned<N>>, Box<Diagnostic>> {
        if !self.take_word(name) {
            return Ok(None);
        }
        let start = self.span();
        let value = self.number(&format!("the number of `{name}`"))?;
        self.absolute(start);
        Ok(Some(value))
    }

    /// `<mss 1460,nop,nop,sackOK>`; what is not written is no option at all.
    fn options(&mut self, way: Way) -> Result<Spanned<Options>, Box<Diagnostic>> {
        let start = self.span();
        if !self.take_sign('<') {
            return Ok(Spanned::new(
                Options::Exact(Vec::new()),
                Span::at(start.start),
            ));
        }
        if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
            self.sign('>')?;
            let span = self.since(start);
            if way == Way::Inbound {
                let message = "only a packet that is expected (>) can have <...>";
                return Err(Box::new(Diagnostic::new(span, message)));
            }
            return Ok(Spanned::new(Options::Any, span));
        }
        let mut list = Vec::new();
        let mut room: usize = 0;
        while !self.take_sign('>') {
            if !list.is_empty() || room > 0 {
                self.sign(',')?;
            }
            let place = self.span();
            match self.option()? {
                Some(option) => {
                    room += option.length();
                    list.push(Spanned::new(option, self.since(place)));
                }
                // One of another kind takes some room.
                None => room += 1,
            }
            if room > OPTIONS_MAX {
                let message = format!("options take at most {OPTIONS_MAX} octets");
                return Err(Box::new(Diagnostic::new(self.since(start), message)));
            }
        }
        Ok(Spanned::new(Options::Exact(list), self.since(start)))
    }

    /// One option; none where it is of a kind that is not played.
    fn option(&mut self) -> Result<Option<TcpOption>, Box<Diagnostic>> {
        let kind = self.word("an option: mss, wscale, sackOK, sack, TS, nop, eol")?;
        Ok(Some(match kind.value.as_str() {
            "nop" => TcpOption::NoOperation,
            "eol" => TcpOption::EndOfList,
            "sackOK" => TcpOption::SackPermitted,
            "mss" => TcpOption::MaximumSegmentSize(self.number("octets")?.value),
            "wscale" => TcpOption::WindowScale(self.number("a count of bits")?.value),
            "sack" => {
                let mut blocks = Vec::new();
                while let Some(Token::Integer(_)) = self.peek() {
                    let left = self.number("a sequence number")?.value;
                    self.sign(':')?;
                    blocks.push((left, self.number("a sequence number")?.value));
                }
                TcpOption::Sack(blocks)
            }
            "TS" => return self.timestamps(kind.span),
            "FO" | "FOEXP" | "md5" | "ECN" | "AccECN0" | "AccECN1" | "EXP" => {
                while !self.is_sign(',') && !self.is_sign('>') {
                    if self.peek().is_none() {
                        return Err(self.unexpected("`>`"));
                    }
                    self.at += 1;
                }
                let what = format!("the option {} is not played", kind.value);
                self.refuse(self.since(kind.span), what);
                return Ok(None);
            }
            _ => {
                return Err(Box::new(
                    Diagnostic::new(kind.span, "this is no option")
                        .label("mss, wscale, sackOK, sack, TS, nop or eol"),
                ));
            }
        }))
    }

    /// `TS val N ecr N`
    fn timestamps(&mut self, start: Span) -> Result<Option<TcpOption>, Box<Diagnostic>> {
        let mut number = |name: &str| {
            if !self.take_word(name) {
                return Err(self.unexpected(&format!("`{name}`")));
            }
            if self.peek() == Some(&Token::Ellipsis) {
                self.at += 1;
                return Ok(None);
            }
            let value = self.number::<u32>("a number")?.value;
            Ok((!self.take_sign('!')).then_some(value))
        };
        let (value, echo_reply) = (number("val")?, number("ecr")?);
        if let (Some(value), Some(echo_reply)) = (value, echo_reply) {
            return Ok(Some(TcpOption::Timestamps { value, echo_reply }));
        }
        let message = "timestamps that are absolute or not looked at are not played";
        self.refuse(self.since(start), message);
        Ok(None)
    }

    /// `unreachable port_unreachable`, `unreachable frag_needed mtu 1200 [1:1461(1460)]`
    fn icmp(&mut self) -> Result<Packet, Box<Diagnostic>> {
        let kind = self.word("the type of the message")?;
        let name = TYPES.iter().find(|it| it.name == kind.value);
        if name.is_none() {
            self.refuse(kind.span, format!("icmp {} is not played", kind.value));
        }
        let kind = Spanned::new(name.map_or(IcmpType::Number(0), IcmpType::Name), kind.span);
        let mut code = None;
        if let Some(Token::Word(_)) = self.peek()
            && !self.is_word("mtu")
            && !self.is_word("id")
        {
            let written = self.word("the code of the message")?;
            match CODES.iter().find(|it| it.name == written.value) {
                Some(name) => code = Some(Spanned::new(IcmpCode::Name(name), written.span)),
                None => {
                    self.refuse(
                        written.span,
                        format!("icmp code {} is not played", written.value),
                    );
                }
            }
        }
        for name in ["mtu", "id"] {
            let start = self.span();
            if self.field::<u32>(name)?.is_some() {
                self.refuse(self.since(start), format!("`{name}` of ICMP is not played"));
            }
        }
        let start = self.span();
        if self.take_sign('[') {
            while !self.is_sign(']') {
                if self.peek().is_none() {
                    return Err(self.unexpected("`]`"));
                }
                self.at += 1;
            }
            self.at += 1;
            self.refuse(
                self.since(start),
                "what an ICMP message quotes is not played",
            );
        }
        Ok(Packet::Icmp { kind, code })
    }
}

//! Packets: `< S 0:0(0) win 32792 <mss 1000>`, `> [ect0] P. 1:11(10) ack 1`, `> udp (100)`.

use std::borrow::Cow;

use super::Parser;
use super::option::only_expected;
use super::way::Way;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::packetdrill::lexer::Token;
use crate::packetdrill::{HOST, PEER};
use crate::scenario::detail::Detail;
use crate::scenario::script::{Flags, Packet, PacketLine, Segment, Sequence};

/// The ports of a packet, where they are written.
type WrittenPorts = (Option<Spanned<u16>>, Option<Spanned<u16>>);

impl Parser<'_> {
    /// What follows `<` or `>`.
    pub(super) fn packet(&mut self, way: Way) -> Result<PacketLine, Box<Diagnostic>> {
        self.encapsulation()?;
        let mut detail = Detail::default();
        self.quoted_before(&mut detail)?;
        detail.ip = self.ip_info(way)?;
        self.quoted_before(&mut detail)?;
        if detail.icmp.quoted.is_some() && !self.is_word("icmp") {
            return Err(self.unexpected("`icmp` behind what it quotes"));
        }
        self.protection()?;
        let (mut from_port, mut to_port) = self.ports()?;
        let packet = if self.take_word("udp") {
            let behind = self.ports()?;
            from_port = from_port.or(behind.0);
            to_port = to_port.or(behind.1);
            Packet::Udp {
                length: self.payload()?,
            }
        } else if self.take_word("icmp") {
            self.icmp(&mut detail)?
        } else {
            Packet::Segment(self.segment(way, &mut detail)?)
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
            detail,
        })
    }

    /// `(1000)`
    pub(super) fn payload(&mut self) -> Result<Spanned<u16>, Box<Diagnostic>> {
        self.sign('(')?;
        let length = self.number("the octets of payload")?;
        self.sign(')')?;
        Ok(length)
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

    fn segment(&mut self, way: Way, detail: &mut Detail) -> Result<Segment, Box<Diagnostic>> {
        let flags = self.flags()?;
        let sequence = self.sequence(way, detail)?;
        let acknowledgment = self.field("ack")?;
        detail.absolute_acknowledgment = acknowledgment.is_some() && self.take_sign('!');
        let window = self.field("win")?;
        if way == Way::Inbound && window.is_none() {
            return Err(self.unexpected("`win`: an inbound segment says its window"));
        }
        detail.urgent = self.field("urg")?;
        let options = self.options(way, detail)?;
        detail.carrier = self.inside_datagram()?;
        Ok(Segment {
            flags,
            sequence,
            acknowledgment,
            window,
            options: Some(options),
            data: None,
        })
    }

    /// `S.`, `P.`, `.`, `-`; of accurate ECN `SEWA`, `P5.`, `5.`, `S.5`, `.5`
    fn flags(&mut self) -> Result<Spanned<Flags>, Box<Diagnostic>> {
        let start = self.span();
        let mut flags = Flags::default();
        if self.take_sign('-') {
            return Ok(Spanned::new(flags, start));
        }
        let letters = match self.peek() {
            Some(Token::Word(letters)) => letters.clone(),
            // A counter alone looks like a number, and is followed by a dot or by another number.
            Some(Token::Integer(digits)) if digits.len() == 1 => match self.peek_at(1) {
                Some(Token::Sign('.') | Token::Integer(_)) => digits.clone(),
                _ => Cow::default(),
            },
            _ => Cow::default(),
        };
        self.at += usize::from(!letters.is_empty());
        let mut any = !letters.is_empty();
        let mut counter = None;
        for letter in letters.chars() {
            match (Flags::from_letter(letter), letter) {
                (Some(flag), _) => flags = flags.union(flag),
                (None, '0'..='7') if counter.is_none() => counter = letter.to_digit(8),
                (None, _) => {
                    return Err(Box::new(
                        Diagnostic::new(start, "these are no flags").label(
                            "F, S, R, P, E, W, A, U, one of 0 to 7, then `.` for ACK; `-` for none",
                        ),
                    ));
                }
            }
        }
        if self.take_sign('.') {
            flags = flags.union(Flags::ACK);
            any = true;
        } else if let Some(Token::Float(text)) = self.peek() {
            let digit = text.strip_prefix('.').filter(|_| counter.is_none());
            let digit = digit.and_then(|it| it.parse().ok()).filter(|it| *it < 8);
            let Some(digit) = digit else {
                return Err(self.unexpected("flags: behind the dot a counter from 0 to 7"));
            };
            counter = Some(digit);
            self.at += 1;
            flags = flags.union(Flags::ACK);
            any = true;
        }
        let span = self.since(start);
        if !any {
            return Err(self.unexpected("flags, `udp` or `icmp`"));
        }
        if let Some(counter) = counter {
            // RFC 9768 section 3.1: AE, CWR and ECE are the three bits of one counter.
            let bits = [(4, Flags::AE), (2, Flags::CWR), (1, Flags::ECE)];
            if bits.iter().any(|(_, flag)| flags.contains(*flag)) {
                let message = "a counter takes the place of E, W and A";
                return Err(Box::new(Diagnostic::new(span, message)));
            }
            for (bit, flag) in bits {
                if counter & bit != 0 {
                    flags = flags.union(flag);
                }
            }
        }
        Ok(Spanned::new(flags, span))
    }

    /// `1:1001(1000)`, or `...(1000)` where only the payload is looked at.
    fn sequence(
        &mut self,
        way: Way,
        detail: &mut Detail,
    ) -> Result<Option<Spanned<Sequence>>, Box<Diagnostic>> {
        let start = self.span();
        if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
            detail.length = Some(self.payload()?);
            if way == Way::Inbound {
                return Err(only_expected(self.since(start), "`...` for its numbers"));
            }
            return Ok(None);
        }
        let (sequence, is_absolute) = self.numbers()?;
        detail.absolute_sequence = is_absolute;
        Ok(Some(sequence))
    }

    /// `1:1001(1000)`, and whether a `!` says that the numbers are those on the wire.
    pub(super) fn numbers(&mut self) -> Result<(Spanned<Sequence>, bool), Box<Diagnostic>> {
        let start = self.span();
        let first = self.number::<u32>("a sequence number")?.value;
        let mut is_absolute = self.take_sign('!');
        self.sign(':')?;
        let end = self.number::<u32>("a sequence number")?.value;
        is_absolute |= self.take_sign('!');
        let length = self.payload()?.value;
        is_absolute |= self.take_sign('!');
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
        Ok((Spanned::new(sequence, span), is_absolute))
    }

    /// `ack 1`, `win 65535`
    fn field<N: TryFrom<i64>>(
        &mut self,
        name: &str,
    ) -> Result<Option<Spanned<N>>, Box<Diagnostic>> {
        if !self.take_word(name) {
            return Ok(None);
        }
        self.number(&format!("the number of `{name}`")).map(Some)
    }
}

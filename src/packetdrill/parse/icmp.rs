//! ICMP messages: `icmp unreachable frag_needed mtu 1200 [1:1461(1460)]`, and in FreeBSD's dialect
//! `[1:1461(1460)] icmp unreachable frag_needed mtu 1200`.

use super::Parser;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::packetdrill::lexer::Token;
use crate::scenario::detail::{Detail, QuotedPacket};
use crate::scenario::icmp::{IcmpCode, IcmpType};
use crate::scenario::script::Packet;
use crate::wire::IcmpName;

/// The octets of the header of a message (RFC 792, RFC 4443 section 2.1).
const HEADER: u16 = 8;

impl Parser<'_> {
    /// `[1:1461(1460)]` before `icmp`, which no field of an IP header begins like.
    pub(super) fn quoted_before(&mut self, detail: &mut Detail) -> Result<(), Box<Diagnostic>> {
        let begins = match (self.peek_at(1), self.peek_at(2)) {
            (Some(Token::Integer(_)), _) => true,
            (Some(Token::Word(word)), Some(Token::Sign('('))) => {
                ["udp", "raw"].contains(&word.as_ref())
            }
            _ => false,
        };
        if self.is_sign('[') && begins {
            self.quotation(detail)?;
        }
        Ok(())
    }

    /// What follows `icmp`.
    pub(super) fn icmp(&mut self, detail: &mut Detail) -> Result<Packet, Box<Diagnostic>> {
        let kind = self.word("the type of the message")?;
        let known = IcmpName::packetdrill_type(&kind.value).map(IcmpType::Name);
        let kind = match known.or_else(|| numbered(&kind.value, "type_").map(IcmpType::Number)) {
            Some(known) => Spanned::new(known, kind.span),
            None => {
                self.refuse(kind.span, format!("icmp {} is not played", kind.value));
                Spanned::new(IcmpType::Number(0), kind.span)
            }
        };
        // A code that is not written is 0.
        let mut code = Spanned::new(IcmpCode::Number(0), kind.span);
        if let Some(Token::Word(_)) = self.peek()
            && !self.is_word("mtu")
            && !self.is_word("id")
        {
            let written = self.word("the code of the message")?;
            let known = IcmpName::packetdrill_code(&written.value).map(IcmpCode::Name);
            let known = known.or_else(|| numbered(&written.value, "code_").map(IcmpCode::Number));
            match known {
                Some(known) => code = Spanned::new(known, written.span),
                None => {
                    let message = format!("icmp code {} is not played", written.value);
                    self.refuse(written.span, message);
                }
            }
        }
        if self.take_word("mtu") {
            detail.icmp.mtu = Some(self.number("the number of `mtu`")?);
        }
        if self.take_word("id") {
            detail.icmp.identifier = Some(self.number("the number of `id`")?);
        }
        if self.is_sign('[') {
            if let Some(before) = &detail.icmp.quoted {
                let message = "the message quotes a packet already";
                let here = self.span();
                return Err(Box::new(
                    Diagnostic::new(here, message).context(before.span, "it is here"),
                ));
            }
            self.quotation(detail)?;
        }
        Ok(Packet::Icmp {
            kind,
            code: Some(code),
        })
    }

    /// `[1:1461(1460)]`
    fn quotation(&mut self, detail: &mut Detail) -> Result<(), Box<Diagnostic>> {
        let start = self.span();
        self.sign('[')?;
        let quoted = self.quoted()?;
        detail.icmp.carrier = self.inside_datagram()?.map(|it| it.value);
        self.sign(']')?;
        detail.icmp.quoted = Some(Spanned::new(quoted, self.since(start)));
        Ok(())
    }

    /// `1:1461(1460)`, `udp (100)`, `raw (100)`
    fn quoted(&mut self) -> Result<QuotedPacket, Box<Diagnostic>> {
        if self.take_word("udp") {
            return Ok(QuotedPacket::Udp {
                length: self.payload()?.value,
            });
        }
        if self.take_word("raw") {
            let length = self.payload()?;
            if length.value < HEADER {
                let message = format!("a message has at least {HEADER} octets");
                return Err(Box::new(Diagnostic::new(length.span, message)));
            }
            return Ok(QuotedPacket::Raw {
                length: length.value,
            });
        }
        let (sequence, is_absolute) = self.numbers()?;
        Ok(QuotedPacket::Segment {
            start: sequence.value.start,
            length: sequence.value.length,
            is_absolute,
        })
    }
}

/// `type_13`, `code_2`
fn numbered(word: &str, prefix: &str) -> Option<u8> {
    word.strip_prefix(prefix)?.parse().ok()
}

//! ICMP messages: `icmp unreachable frag_needed mtu 1200 [1:1461(1460)]`.

use super::Parser;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::packetdrill::lexer::Token;
use crate::scenario::detail::{Detail, QuotedPacket};
use crate::scenario::icmp::{CODES, IcmpCode, IcmpType, TYPES};
use crate::scenario::script::Packet;

impl Parser<'_> {
    /// What follows `icmp`.
    pub(super) fn icmp(&mut self, detail: &mut Detail) -> Result<Packet, Box<Diagnostic>> {
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
        let start = self.span();
        if self.take_sign('[') {
            let quoted = self.quoted()?;
            self.inside_datagram()?;
            self.sign(']')?;
            detail.icmp.quoted = Some(Spanned::new(quoted, self.since(start)));
        }
        Ok(Packet::Icmp { kind, code })
    }

    /// `1:1461(1460)`, `udp (100)`, `raw (100)`
    fn quoted(&mut self) -> Result<QuotedPacket, Box<Diagnostic>> {
        if self.take_word("udp") {
            return Ok(QuotedPacket::Udp {
                length: self.payload()?.value,
            });
        }
        if self.take_word("raw") {
            return Ok(QuotedPacket::Raw {
                length: self.payload()?.value,
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

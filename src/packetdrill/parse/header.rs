//! The part of a line in front of its packet: `ipv4 A > B:`, `[ect0]`, `(tos 0x10, ttl 64)`.

use super::Parser;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::packetdrill::lexer::Token;
use crate::scenario::detail::{IpFields, Service};
use crate::wire::Carrier;

use super::way::Way;

/// Names of codepoints of differentiated services, and their numbers (RFC 2474 section 4.2.2, RFC
/// 2597 section 6, RFC 3246, RFC 5865, RFC 8622).
const CODEPOINTS: [(&str, u8); 23] = [
    ("cs0", 0),
    ("cs1", 8),
    ("cs2", 16),
    ("cs3", 24),
    ("cs4", 32),
    ("cs5", 40),
    ("cs6", 48),
    ("cs7", 56),
    ("af11", 10),
    ("af12", 12),
    ("af13", 14),
    ("af21", 18),
    ("af22", 20),
    ("af23", 22),
    ("af31", 26),
    ("af32", 28),
    ("af33", 30),
    ("af41", 34),
    ("af42", 36),
    ("af43", 38),
    ("ef", 46),
    ("voice-admit", 44),
    ("le", 1),
];

/// The codepoints of ECN (RFC 3168 section 5).
const ECN: [(&str, u8); 4] = [
    ("noecn", 0b00),
    ("ect1", 0b01),
    ("ect0", 0b10),
    ("ce", 0b11),
];

/// The largest flow label (RFC 8200 section 3).
const FLOW_LABEL_MAX: u32 = (1 << 20) - 1;

impl Parser<'_> {
    /// `ipv4 A > B:`, `gre ...:`, `mpls (...):` before the packet itself, and `encap psp spi N`.
    pub(super) fn encapsulation(&mut self) -> Result<(), Box<Diagnostic>> {
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
            self.refuse(self.since(start), "packets in other packets are not played");
        }
        Ok(())
    }

    /// `encap psp spi N`
    pub(super) fn protection(&mut self) -> Result<(), Box<Diagnostic>> {
        let start = self.span();
        if !self.take_word("encap") {
            return Ok(());
        }
        for word in ["psp", "spi"] {
            if !self.take_word(word) {
                return Err(self.unexpected(&format!("`{word}`")));
            }
        }
        self.number::<u32>("the index of the association")?;
        self.refuse(self.since(start), "PSP is not played");
        Ok(())
    }

    /// `/udp(9899 > 9899)` behind a segment.
    pub(super) fn inside_datagram(&mut self) -> Result<Option<Spanned<Carrier>>, Box<Diagnostic>> {
        let start = self.span();
        if !self.take_sign('/') {
            return Ok(None);
        }
        if !self.take_word("udp") {
            return Err(self.unexpected("`udp`"));
        }
        self.sign('(')?;
        let source_port = self.number("a port")?.value;
        self.sign('>')?;
        let destination_port = self.number("a port")?.value;
        self.sign(')')?;
        let carrier = Carrier {
            source_port,
            destination_port,
        };
        Ok(Some(Spanned::new(carrier, self.since(start))))
    }

    /// `[ect0]`, `(tos 0x10)`, `(tos 0x10, ttl 64)`, `(dscp ef, ecn ce, hlim 1)`
    pub(super) fn ip_info(&mut self, way: Way) -> Result<IpFields, Box<Diagnostic>> {
        let mut fields = IpFields::default();
        let close = match self.peek() {
            Some(Token::Sign('(')) => ')',
            Some(Token::Sign('[')) => ']',
            _ => return Ok(fields),
        };
        self.at += 1;
        loop {
            self.ip_field(way, &mut fields)?;
            if self.take_sign(close) {
                return Ok(fields);
            }
            self.sign(',')?;
        }
    }

    fn ip_field(&mut self, way: Way, fields: &mut IpFields) -> Result<(), Box<Diagnostic>> {
        let wanted = "a field of the IP header: noecn, ect0, ect1, ce, ect01, tos, dscp, ttl, \
                      flowlabel";
        let name = self.word(wanted)?;
        match name.value.as_str() {
            "ttl" | "hlim" => {
                let hop_limit = self.number("0 to 255")?;
                said_once(name.span, fields.hop_limit.is_some())?;
                fields.hop_limit = Some(hop_limit);
            }
            "flowlabel" => {
                said_once(name.span, fields.flow_label.is_some())?;
                let label = self.number::<u32>("a flow label")?;
                if label.value > FLOW_LABEL_MAX {
                    let message = format!("a flow label is at most {FLOW_LABEL_MAX:#x}");
                    return Err(Box::new(Diagnostic::new(label.span, message)));
                }
                fields.flow_label = Some(label);
            }
            _ => {
                let said = self.service(&name, way)?;
                let span = self.since(name.span);
                let before = fields
                    .service
                    .as_ref()
                    .map_or(Service::default(), |it| it.value);
                if before.mask & said.mask != 0 {
                    let message = "this part of the octet was said already";
                    return Err(Box::new(Diagnostic::new(span, message)));
                }
                let both = Service {
                    octet: before.octet | said.octet,
                    mask: before.mask | said.mask,
                    is_capable: before.is_capable || said.is_capable,
                };
                fields.service = Some(Spanned::new(both, span));
            }
        }
        Ok(())
    }

    /// `ect0`, `ecn ect0`, `tos 0x10`, `class 0x10`, `dscp ef`
    fn service(&mut self, name: &Spanned<String>, way: Way) -> Result<Service, Box<Diagnostic>> {
        let said = |octet, mask| Service {
            octet,
            mask,
            is_capable: false,
        };
        match name.value.as_str() {
            "tos" | "class" => {
                let octet = self.number::<u8>("an octet: 0x00 to 0xff")?;
                return Ok(said(octet.value, u8::MAX));
            }
            "dscp" => return Ok(said(self.codepoint()? << 2, !Service::ECN)),
            _ => {}
        }
        let ecn = match name.value.as_str() {
            "ecn" | "ECN" => self.word("noecn, ect0, ect1, ce or ect01")?,
            _ => name.clone(),
        };
        if ecn.value == "ect01" {
            if way == Way::Inbound {
                let message = "only a packet that is expected (>) can have `ect01`";
                return Err(Box::new(Diagnostic::new(ecn.span, message)));
            }
            return Ok(Service {
                is_capable: true,
                ..Service::default()
            });
        }
        match ECN.iter().find(|(known, _)| *known == ecn.value) {
            Some((_, codepoint)) => Ok(said(*codepoint, Service::ECN)),
            None => Err(Box::new(
                Diagnostic::new(ecn.span, "this is no field of the IP header")
                    .label("noecn, ect0, ect1, ce, ect01, tos, class, dscp, ttl, hlim, flowlabel"),
            )),
        }
    }

    /// A codepoint of differentiated services: six bits.
    fn codepoint(&mut self) -> Result<u8, Box<Diagnostic>> {
        let span = self.span();
        let number = match self.integer()? {
            Some(number) => u8::try_from(number).ok().filter(|it| *it < 64),
            None => {
                let mut name = self
                    .word("a codepoint: 0x2e, ef")?
                    .value
                    .to_ascii_lowercase();
                if name == "voice" && self.take_sign('-') {
                    name = format!("{name}-{}", self.word("`admit`")?.value);
                }
                let known = CODEPOINTS.iter().find(|(known, _)| *known == name);
                known.map(|(_, number)| *number)
            }
        };
        let span = self.since(span);
        number.ok_or_else(|| Box::new(Diagnostic::new(span, "this is no codepoint: 0 to 0x3f, ef")))
    }
}

/// A field of the IP header has one value.
fn said_once(span: Span, before: bool) -> Result<(), Box<Diagnostic>> {
    if before {
        let message = "this field was said already";
        return Err(Box::new(Diagnostic::new(span, message)));
    }
    Ok(())
}

//! TCP options: `<mss 1460,nop,nop,sackOK,TS val 1 ecr 2,FO 1234abcd>`.

use super::Parser;
use super::way::Way;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::packetdrill::lexer::Token;
use crate::scenario::detail::{Detail, Signing, Stamp};
use crate::scenario::script::{OptionsPattern, TcpOption};
use crate::wire::option::kind;

/// The octets that options have room for in a header.
const OPTIONS_MAX: usize = 40;

/// The identifiers of experiments (IANA's registry).
mod experiment {
    pub(super) const FAST_OPEN: u16 = 0xf989;
    pub(super) const ACCURATE_ECN_0: u16 = 0xacc0;
    pub(super) const ACCURATE_ECN_1: u16 = 0xacc1;
    pub(super) const ACK_RATE_REQUEST: u16 = 0x00ac;
}

/// The octets of a signature (RFC 2385 section 3).
const SIGNATURE: usize = 16;

/// The largest counter of accurate ECN (RFC 9768 section 3.2.3).
const COUNTER_MAX: u32 = (1 << 24) - 1;

/// The largest ratio of an acknowledgment rate request.
const RATIO_MAX: u16 = (1 << 11) - 1;

impl Parser<'_> {
    /// `<mss 1460,nop,nop,sackOK>`; what is not written is no option at all.
    pub(super) fn options(
        &mut self,
        way: Way,
        detail: &mut Detail,
    ) -> Result<Spanned<OptionsPattern>, Box<Diagnostic>> {
        let start = self.span();
        if !self.take_sign('<') {
            return Ok(Spanned::new(
                OptionsPattern::Exact(Vec::new()),
                Span::at(start.start),
            ));
        }
        if self.peek() == Some(&Token::Ellipsis) {
            self.at += 1;
            self.sign('>')?;
            let span = self.since(start);
            if way == Way::Inbound {
                return Err(only_expected(span, "<...>"));
            }
            return Ok(Spanned::new(OptionsPattern::Any, span));
        }
        let mut list: Vec<Spanned<TcpOption>> = Vec::new();
        let mut room: usize = 0;
        while !self.take_sign('>') {
            if !list.is_empty() {
                self.sign(',')?;
            }
            let place = self.span();
            let option = self.option(way, detail)?;
            room += option.length();
            list.push(Spanned::new(option, self.since(place)));
            if room > OPTIONS_MAX {
                let message = format!("options take at most {OPTIONS_MAX} octets");
                return Err(Box::new(Diagnostic::new(self.since(start), message)));
            }
        }
        Ok(Spanned::new(OptionsPattern::Exact(list), self.since(start)))
    }

    fn option(&mut self, way: Way, detail: &mut Detail) -> Result<TcpOption, Box<Diagnostic>> {
        let name = self.word("an option: mss, wscale, sackOK, sack, TS, nop, eol")?;
        let other = |kind: u8, data: Vec<u8>| TcpOption::Other { kind, data };
        Ok(match name.value.as_str() {
            "nop" => TcpOption::NoOperation,
            "eol" => TcpOption::EndOfList,
            "sackOK" => TcpOption::SackPermitted,
            "mss" => TcpOption::MaximumSegmentSize(self.number("octets")?.value),
            "wscale" => TcpOption::WindowScale(self.number("a count of bits")?.value),
            "sack" => self.blocks()?,
            "TS" => self.timestamps(way, detail)?,
            "FO" => other(kind::FAST_OPEN, self.hexadecimal()?),
            "FOEXP" => experimental(experiment::FAST_OPEN, self.hexadecimal()?),
            // The secret is one of the settings.
            "md5" if self.is_word("valid") || self.is_word("invalid") => {
                detail.signature = Some(Signing {
                    is_valid: self.is_word("valid"),
                    secret: Vec::new(),
                });
                self.at += 1;
                other(kind::MD5, vec![0; SIGNATURE])
            }
            "md5" => {
                let data = self.hexadecimal()?;
                if data.len() > SIGNATURE {
                    let message = format!("a signature has {SIGNATURE} octets");
                    return Err(Box::new(Diagnostic::new(self.since(name.span), message)));
                }
                other(kind::MD5, data)
            }
            "ECN" => {
                let first = if self.is_word("e1b") {
                    kind::ACCURATE_ECN_1
                } else {
                    kind::ACCURATE_ECN_0
                };
                other(first, self.counters(first, ["e0b", "ceb", "e1b"])?)
            }
            "AccECN0" => {
                let first = kind::ACCURATE_ECN_0;
                other(first, self.counters(first, ["ee0b", "eceb", "ee1b"])?)
            }
            "AccECN1" => {
                let first = kind::ACCURATE_ECN_1;
                other(first, self.counters(first, ["ee0b", "eceb", "ee1b"])?)
            }
            "EXP" | "exp" => {
                self.sign('-')?;
                self.experiment()?
            }
            _ => {
                return Err(Box::new(
                    Diagnostic::new(name.span, "this is no option").label(
                        "mss, wscale, sackOK, sack, TS, nop, eol, FO, FOEXP, md5, ECN, AccECN0, \
                         AccECN1 or exp-",
                    ),
                ));
            }
        })
    }

    /// `FO`, `AccECN0`, `AccECN1`, `TARR` behind `exp-`.
    fn experiment(&mut self) -> Result<TcpOption, Box<Diagnostic>> {
        let name = self.word("an experiment: FO, AccECN0, AccECN1 or TARR")?;
        let names = ["ee0b", "eceb", "ee1b"];
        Ok(match name.value.to_ascii_lowercase().as_str() {
            "fo" => experimental(experiment::FAST_OPEN, self.hexadecimal()?),
            "accecn0" => {
                let data = self.counters(kind::ACCURATE_ECN_0, names)?;
                experimental(experiment::ACCURATE_ECN_0, data)
            }
            "accecn1" => {
                let data = self.counters(kind::ACCURATE_ECN_1, names)?;
                experimental(experiment::ACCURATE_ECN_1, data)
            }
            "tarr" => {
                let mut data = Vec::new();
                if let Some(Token::Integer(_)) = self.peek() {
                    let ratio = self.number::<u16>("a ratio")?;
                    if ratio.value > RATIO_MAX {
                        let message = format!("a ratio is at most {RATIO_MAX}");
                        return Err(Box::new(Diagnostic::new(ratio.span, message)));
                    }
                    data.extend((ratio.value << 5).to_be_bytes());
                }
                experimental(experiment::ACK_RATE_REQUEST, data)
            }
            _ => {
                return Err(Box::new(
                    Diagnostic::new(name.span, "this is no experiment")
                        .label("FO, AccECN0, AccECN1 or TARR"),
                ));
            }
        })
    }

    /// `1:1001 2001:3001`
    fn blocks(&mut self) -> Result<TcpOption, Box<Diagnostic>> {
        let mut blocks = Vec::new();
        while let Some(Token::Integer(_)) = self.peek() {
            let left = self.number("a sequence number")?.value;
            self.sign(':')?;
            blocks.push((left, self.number("a sequence number")?.value));
        }
        if blocks.is_empty() {
            return Err(self.unexpected("a block: LEFT:RIGHT"));
        }
        Ok(TcpOption::Sack(blocks))
    }

    /// Octets in hexadecimal digits, which may look like a number, and perhaps none.
    fn hexadecimal(&mut self) -> Result<Vec<u8>, Box<Diagnostic>> {
        let span = self.span();
        let text = match self.peek() {
            Some(Token::Word(text) | Token::Integer(text)) => text.clone().into_owned(),
            _ => return Ok(Vec::new()),
        };
        self.at += 1;
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|it| Some(u8::try_from(it.to_digit(16)?).unwrap_or_default()))
            .collect();
        match digits {
            Some(digits) if digits.len().is_multiple_of(2) => {
                let pairs = digits.chunks_exact(2);
                Ok(pairs.map(|it| it[0] << 4 | it[1]).collect())
            }
            Some(_) => {
                let message = "an octet has two hexadecimal digits, and one is left here";
                Err(Box::new(Diagnostic::new(span, message)))
            }
            // The suites' own runner defines such a symbol.
            None => {
                let message = format!("these octets are not known: --define {text}=...");
                self.refuse(span, message);
                Ok(Vec::new())
            }
        }
    }

    /// Counters of octets: of those marked ECT(0) first, or of those marked ECT(1) first. `names`
    /// are those of ECT(0), CE and ECT(1); one cannot be there without those before it.
    fn counters(&mut self, kind: u8, names: [&str; 3]) -> Result<Vec<u8>, Box<Diagnostic>> {
        let [zero, congested, one] = names;
        let order = if kind == kind::ACCURATE_ECN_0 {
            [zero, congested, one]
        } else {
            [one, congested, zero]
        };
        let mut data = Vec::new();
        for name in order {
            if !self.take_word(name) {
                break;
            }
            let counter = self.number::<u32>("a count of octets")?;
            if counter.value > COUNTER_MAX {
                let message = format!("a counter is at most {COUNTER_MAX}");
                return Err(Box::new(Diagnostic::new(counter.span, message)));
            }
            data.extend(&counter.value.to_be_bytes()[1..]);
        }
        if names.iter().any(|it| self.is_word(it)) {
            let [first, second, third] = order;
            let message = format!("the counters are {first}, {second}, {third}, in this order");
            return Err(Box::new(Diagnostic::new(self.span(), message)));
        }
        Ok(data)
    }

    /// `TS val N ecr N`; what is expected may have `...` for a number, and `N!` is the number on
    /// the wire.
    fn timestamps(&mut self, way: Way, detail: &mut Detail) -> Result<TcpOption, Box<Diagnostic>> {
        let mut number = |name: &str| {
            if !self.take_word(name) {
                return Err(self.unexpected(&format!("`{name}`")));
            }
            let span = self.span();
            if self.peek() == Some(&Token::Ellipsis) {
                self.at += 1;
                if way == Way::Inbound {
                    return Err(only_expected(span, "`...` for a number"));
                }
                return Ok((0, Stamp::Any));
            }
            let value = self.number::<u32>("a number")?.value;
            let is_absolute = self.take_sign('!');
            Ok(match is_absolute {
                true => (value, Stamp::Absolute),
                false => (value, Stamp::Script),
            })
        };
        let (value, clock) = number("val")?;
        let (echo_reply, echo) = number("ecr")?;
        (detail.clock, detail.echo) = (clock, echo);
        Ok(TcpOption::Timestamps { value, echo_reply })
    }
}

/// An option of an experiment.
fn experimental(identifier: u16, data: Vec<u8>) -> TcpOption {
    let data = identifier.to_be_bytes().into_iter().chain(data).collect();
    TcpOption::Other {
        kind: kind::EXPERIMENT,
        data,
    }
}

/// Something that only a packet which is expected can have.
pub(super) fn only_expected(span: Span, what: &str) -> Box<Diagnostic> {
    let message = format!("only a packet that is expected (>) can have {what}");
    Box::new(Diagnostic::new(span, message))
}

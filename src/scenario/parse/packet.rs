//! Packets: `HOST[:PORT] > HOST[:PORT]: ...`.

use winnow::Parser;
use winnow::combinator::{alt, opt, peek, preceded, terminated};
use winnow::token::{literal, take_while};

use super::dialect::{TEXT, name};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::input::{
    Fault, Input, Parse, error_at, expected, expected_here, here, required, spanned,
};
use crate::language::names::{self, quote};
use crate::language::number::unsigned;
use crate::language::words::{after_blank, blank, blank1, gap, keyword, word};
use crate::scenario::script::{
    Detail, Flags, HostPair, IcmpCode, IcmpType, OptionsPattern, Packet, PacketLine, Segment,
    Sequence, Subject, TcpOption,
};
use crate::wire::IcmpName;

/// The room for options in a TCP header, in octets (RFC 9293 section 3.1).
const OPTIONS_MAX: usize = 40;
/// The most blocks of a SACK option that fit there.
const BLOCKS_MAX: usize = 4;

/// A host and, perhaps, a port, up to and with the `>`. Backtracks where no `>` follows.
pub(super) fn sender(input: &mut Input<'_>) -> Parse<(Spanned<String>, Option<Spanned<u16>>)> {
    terminated(host_and_port, (blank, '>')).parse_next(input)
}

/// `server` or `server:80`
fn host_and_port(input: &mut Input<'_>) -> Parse<(Spanned<String>, Option<Spanned<u16>>)> {
    let host = spanned(name.map(str::to_owned)).parse_next(input)?;
    // A port directly follows the colon; after the colon that ends the hosts comes a blank.
    let starts_port = (':', take_while(1, |c: char| c.is_ascii_digit()));
    if opt(peek(starts_port)).parse_next(input)?.is_none() {
        return Ok((host, None));
    }
    let port = preceded(':', spanned(unsigned(u16::MAX))).parse_next(input)?;
    Ok((host, Some(port)))
}

/// What stands after `HOST[:PORT] >`: the other host, and what goes there.
pub(super) fn packet_or_nothing(
    input: &mut Input<'_>,
    (from, from_port): (Spanned<String>, Option<Spanned<u16>>),
) -> Parse<Subject> {
    blank(input)?;
    let Some((to, to_port)) = opt(host_and_port).parse_next(input)? else {
        return Err(expected(input, "a host after `>`"));
    };
    blank(input)?;
    required(input, ':', "`:` after the second host")?;
    blank(input)?;
    if opt(keyword("nothing")).parse_next(input)?.is_some() {
        if let Some(port) = from_port.or(to_port) {
            let diagnostic = Diagnostic::new(port.span, "`nothing` is about hosts, not ports");
            return Err(Fault::cut(diagnostic));
        }
        return Ok(Subject::Nothing(HostPair { from, to }));
    }
    let packet = if opt(keyword("udp")).parse_next(input)?.is_some() {
        udp(input)?
    } else if opt(keyword("icmp")).parse_next(input)?.is_some() {
        icmp(input)?
    } else {
        Packet::Segment(segment(input)?)
    };
    Ok(Subject::Packet(PacketLine {
        from,
        from_port,
        to,
        to_port,
        packet,
        detail: Detail::default(),
    }))
}

/// `(LEN)`
fn udp(input: &mut Input<'_>) -> Parse<Packet> {
    let length = after_blank(preceded(('(', blank), spanned(unsigned(u16::MAX))));
    let Some(length) = { length }.parse_next(input)? else {
        return Err(expected(
            input,
            "the payload of the datagram in octets: `udp (100)`",
        ));
    };
    blank(input)?;
    if opt(')').parse_next(input)?.is_none() {
        return Err(expected(input, "`)` after the length"));
    }
    Ok(Packet::Udp { length })
}

/// `TYPE [CODE]`
fn icmp(input: &mut Input<'_>) -> Parse<Packet> {
    blank(input)?;
    let Some(kind) = number_or_name(input)? else {
        return Err(expected(
            input,
            "the type of the message: `icmp unreachable`, `icmp 3`",
        ));
    };
    let find = |known: Vec<&'static IcmpName>, what: &str, name: &str, span: Span| {
        let found = known.iter().copied().find(|it| it.name == name);
        found.ok_or_else(|| {
            let known = known.iter().map(|it| it.name);
            Fault::cut(names::unknown(span, what, name, known))
        })
    };
    let kind_value = match kind.value {
        Ok(number) => IcmpType::Number(number),
        Err(name) => IcmpType::Name(find(
            IcmpName::types().collect(),
            "ICMP type",
            name,
            kind.span,
        )?),
    };
    let before = *input;
    blank(input)?;
    let code = match number_or_name(input)? {
        None => {
            *input = before;
            None
        }
        Some(Spanned {
            value: Ok(number),
            span,
        }) => Some(Spanned::new(IcmpCode::Number(number), span)),
        Some(Spanned {
            value: Err(name),
            span,
        }) => {
            let code = find(IcmpName::codes().collect(), "ICMP code", name, span)?;
            Some(Spanned::new(IcmpCode::Name(code), span))
        }
    };
    Ok(Packet::Icmp {
        kind: Spanned::new(kind_value, kind.span),
        code,
    })
}

/// The type or the code of an ICMP message: a number, or else a name.
fn number_or_name<'a>(input: &mut Input<'a>) -> Parse<Option<Spanned<Result<u8, &'a str>>>> {
    let number = unsigned(u8::MAX).map(Ok);
    opt(spanned(alt((number, word.map(Err))))).parse_next(input)
}

/// `FLAGS [seq:end(len)] [ack N] [win N] [<options>] [data "..."]`
fn segment(input: &mut Input<'_>) -> Parse<Segment> {
    let flags = flags(input)?;
    let sequence = after_blank(spanned(sequence)).parse_next(input)?;
    let acknowledgment = numbered(input, "ack", u32::MAX)?;
    let window = numbered(input, "win", u16::MAX)?;
    let options = after_blank(spanned(options)).parse_next(input)?;
    let data = match after_blank(keyword("data")).parse_next(input)? {
        Some(_) => Some(data(input, sequence.as_ref())?),
        None => None,
    };
    Ok(Segment {
        flags,
        sequence,
        acknowledgment,
        window,
        options,
        data,
    })
}

/// `"text"`, or `[03 00 0a]`: octets in hexadecimal. As many as the sequence numbers say.
fn data(input: &mut Input<'_>, sequence: Option<&Spanned<Sequence>>) -> Parse<Spanned<Vec<u8>>> {
    blank(input)?;
    let data = if input.starts_with('"') {
        spanned(|input: &mut Input<'_>| TEXT.read(input).map(String::into_bytes))
            .parse_next(input)?
    } else if input.starts_with('[') {
        spanned(octets).parse_next(input)?
    } else {
        return Err(expected(
            input,
            "a \"text\" or octets after `data`: `[03 00 0a]`",
        ));
    };
    let said = sequence.map(|sequence| usize::from(sequence.value.length));
    if said == Some(data.value.len()) {
        return Ok(data);
    }
    let message = match said {
        Some(said) => format!("these are {} octets, not {said}", data.value.len()),
        None => "a segment with data needs its sequence numbers".to_owned(),
    };
    let length = data.value.len();
    let diagnostic = Diagnostic::new(data.span, message);
    Err(Fault::cut(
        diagnostic.help(format!("such as `1:{}({length})`", 1 + length)),
    ))
}

/// `[03 00 0a]`, with or without blanks between the octets. May go over lines.
pub(super) fn octets(input: &mut Input<'_>) -> Parse<Vec<u8>> {
    let open = here(input);
    ('[', gap).parse_next(input)?;
    let mut octets = Vec::new();
    while opt(']').parse_next(input)?.is_none() {
        let octet = take_while(2, |c: char| c.is_ascii_hexdigit());
        let octet: Option<&str> = opt(octet).parse_next(input)?;
        let Some(octet) = octet.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            let diagnostic = expected_here(input, "an octet of two hexadecimal digits, or `]`")
                .context(Span::new(open..open + 1), "opened here");
            return Err(Fault::cut(diagnostic));
        };
        octets.push(octet);
        gap(input)?;
    }
    Ok(octets)
}

/// `ack N`, `win N`. None where the word is not there.
fn numbered<T: TryFrom<u64> + std::fmt::Display>(
    input: &mut Input<'_>,
    word: &'static str,
    max: T,
) -> Parse<Option<Spanned<T>>> {
    if after_blank(keyword(word)).parse_next(input)?.is_none() {
        return Ok(None);
    }
    blank(input)?;
    match opt(spanned(unsigned(max))).parse_next(input)? {
        Some(number) => Ok(Some(number)),
        None => Err(expected(input, &format!("a number after `{word}`"))),
    }
}

/// `S.`, `FP.`, `-`
fn flags(input: &mut Input<'_>) -> Parse<Spanned<Flags>> {
    let is_flag = |c: char| c.is_ascii_alphabetic() || c == '.' || c == '-';
    let Some(letters) = opt(spanned(take_while(1.., is_flag))).parse_next(input)? else {
        let diagnostic = expected_here(input, "the flags of a segment, `udp`, `icmp` or `nothing`")
            .help("as in `client > server: P. 1:1001(1000) ack 1`");
        return Err(Fault::cut(diagnostic));
    };
    if letters.value == "-" {
        return Ok(letters.map(|_| Flags::default()));
    }
    let mut flags = Flags::default();
    for letter in letters.value.chars() {
        // Accurate ECN is for scripts of packetdrill.
        let bit =
            Flags::from_letter(letter).filter(|bit| !flags.contains(*bit) && *bit != Flags::AE);
        let Some(bit) = bit else {
            let shown = quote(letters.value);
            let diagnostic = Diagnostic::new(letters.span, format!("{shown} are no flags"))
                .help("flags are S F R P U E W and `.` for ACK, each once; `-` is none of them");
            return Err(Fault::cut(diagnostic));
        };
        flags = flags.union(bit);
    }
    Ok(letters.map(|_| flags))
}

/// `1:1001(1000)`
fn sequence(input: &mut Input<'_>) -> Parse<Sequence> {
    let start = unsigned(u32::MAX).parse_next(input)?;
    required(
        input,
        ':',
        "`:` and the end of the sequence numbers: `1:1001(1000)`",
    )?;
    let end = required(
        input,
        spanned(unsigned(u32::MAX)),
        "the end of the sequence numbers: `1:1001(1000)`",
    )?;
    let length = opt(preceded('(', unsigned(u16::MAX))).parse_next(input)?;
    let Some(length) = length else {
        return Err(expected(input, "the length in brackets: `1:1001(1000)`"));
    };
    if opt(')').parse_next(input)?.is_none() {
        return Err(expected(input, "`)` after the length"));
    }
    let sequence = Sequence { start, length };
    if sequence.end() != end.value {
        let message = format!(
            "{start} and {length} octets is {}, not {}",
            sequence.end(),
            end.value
        );
        let diagnostic = Diagnostic::new(end.span, message)
            .help("SYN and FIN do not count: a SYN is `S 0:0(0)`, a FIN `F. 1:1(0)`");
        return Err(Fault::cut(diagnostic));
    }
    Ok(sequence)
}

/// `<mss 1460,nop,wscale 7>`, `<...>`, `<>`. May go over lines.
fn options(input: &mut Input<'_>) -> Parse<OptionsPattern> {
    let open = here(input);
    ('<', gap).parse_next(input)?;
    if opt((literal("..."), gap, '>')).parse_next(input)?.is_some() {
        return Ok(OptionsPattern::Any);
    }
    let mut all = Vec::new();
    if opt('>').parse_next(input)?.is_some() {
        return Ok(OptionsPattern::Exact(all));
    }
    let mut length = 0;
    loop {
        let option = spanned(option).parse_next(input)?;
        length += option.value.length();
        if length > OPTIONS_MAX {
            let message = format!("options take at most {OPTIONS_MAX} octets, these {length}");
            return Err(error_at(option.span, message));
        }
        all.push(option);
        gap(input)?;
        if opt('>').parse_next(input)?.is_some() {
            return Ok(OptionsPattern::Exact(all));
        }
        if opt(',').parse_next(input)?.is_none() {
            let diagnostic = expected_here(input, "`,` or `>`")
                .context(Span::new(open..open + 1), "opened here");
            return Err(Fault::cut(diagnostic));
        }
        gap(input)?;
    }
}

/// One option.
fn option(input: &mut Input<'_>) -> Parse<TcpOption> {
    const KNOWN: [&str; 7] = ["mss", "nop", "eol", "wscale", "sackOK", "sack", "TS"];
    let name = required(
        input,
        spanned(word),
        "an option: mss N, nop, eol, wscale N, sackOK, sack L:R, TS",
    )?;
    match name.value {
        "nop" => Ok(TcpOption::NoOperation),
        "eol" => Ok(TcpOption::EndOfList),
        "sackOK" => Ok(TcpOption::SackPermitted),
        "mss" => number(input, "mss", u16::MAX).map(TcpOption::MaximumSegmentSize),
        "wscale" => number(input, "wscale", u8::MAX).map(TcpOption::WindowScale),
        "sack" => blocks(input).map(TcpOption::Sack),
        "TS" => {
            let value = option_field(input, "val")?;
            let echo_reply = option_field(input, "ecr")?;
            Ok(TcpOption::Timestamps { value, echo_reply })
        }
        other => Err(Fault::cut(names::unknown(
            name.span, "option", other, KNOWN,
        ))),
    }
}

/// `val N`, `ecr N`
fn option_field(input: &mut Input<'_>, name: &'static str) -> Parse<u32> {
    if opt(preceded(blank1, keyword(name)))
        .parse_next(input)?
        .is_none()
    {
        blank(input)?;
        return Err(expected(input, &format!("`{name}` of `TS val N ecr N`")));
    }
    number(input, name, u32::MAX)
}

/// The number after the name of an option.
fn number<T: TryFrom<u64> + std::fmt::Display>(
    input: &mut Input<'_>,
    name: &str,
    max: T,
) -> Parse<T> {
    blank(input)?;
    opt(unsigned(max))
        .parse_next(input)?
        .ok_or_else(|| expected(input, &format!("a number after `{name}`")))
}

/// `L:R L:R`
fn blocks(input: &mut Input<'_>) -> Parse<Vec<(u32, u32)>> {
    let mut blocks = Vec::new();
    while let Some(left) = after_blank(unsigned(u32::MAX)).parse_next(input)? {
        let right = opt(preceded(':', unsigned(u32::MAX))).parse_next(input)?;
        let Some(right) = right else {
            return Err(expected(input, "`:` and the right edge of the block"));
        };
        if blocks.len() == BLOCKS_MAX {
            let message = format!("a sack option has at most {BLOCKS_MAX} blocks");
            return Err(error_at(Span::at(here(input)), message));
        }
        blocks.push((left, right));
    }
    if blocks.is_empty() {
        blank(input)?;
        return Err(expected(input, "a block: `sack 1001:2001`"));
    }
    Ok(blocks)
}

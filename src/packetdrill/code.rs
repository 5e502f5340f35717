//! Code in packetdrill scripts, `%{ assert tcpi_state == TCPI_CLOSE_WAIT, tcpi_state }%`:
//! comparisons with the fields of TCP_INFO.
//!
//! packetdrill hands such code to Python. Here it is a language of its own, as large as scripts
//! need it: names for values, and `assert` with numbers, names, `+ - * / // % & |`, comparisons,
//! `and`, `or`, `not` and parentheses, with Python's meaning. `print` says nothing of the host and
//! is left out. Any other code is unsupported, and none is ever executed.

use std::collections::{BTreeMap, BTreeSet};

use winnow::stream::Stream;

use super::limits;
use crate::language::input::{Dialect, Input, Parse, cursor, here};
use crate::language::words::{blank, peek_word, takes};
use crate::language::{Relation, number, text};

/// The language of code. A word may have points in it: `tcpi_state`, `1.5`, `os.system`.
static CODE: Dialect = Dialect {
    name: "code",
    is_blank: char::is_whitespace,
    is_word: |c| c.is_ascii_alphanumeric() || c == '_' || c == '.',
    has_comments: false,
};

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `assert EXPRESSION`
    Assert(Assertion),
    /// `kept = tcpi_rtt`, `kept += 10`
    Keep {
        /// The name.
        name: String,
        /// What it stands for from then on.
        value: Assertion,
    },
}

/// What the names in code stand for when it is run.
pub type Variables = BTreeMap<String, f64>;

/// An expression with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Its text, without a message behind it.
    pub text: String,
    pub(super) expression: Expression,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    /// A name that was given to a value before.
    Name(String),
    Info(Info),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Compare(Relation),
    BitOr,
    BitAnd,
    Add,
    Subtract,
    Multiply,
    DivideWhole,
    Divide,
    Remainder,
}

/// What is said of the connection, by Linux's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Info {
    /// `tcpi_state`: Linux's number of the state.
    State,
    /// `tcpi_options`: 1 timestamps, 2 SACK, 4 window scaling.
    Options,
    /// `tcpi_snd_mss`: the largest segment that is sent, in octets.
    SendMss,
    /// `tcpi_snd_cwnd`: the congestion window, in segments where the system counts these.
    CongestionWindow,
    /// `tcpi_snd_ssthresh`: in segments likewise; 2³¹ - 1 where there is none yet.
    SlowStartThreshold,
    /// `tcpi_unacked`: how many full segments what is in flight would take.
    Unacked,
    /// `tcpi_notsent_bytes`: octets that were written and not sent.
    NotSent,
    /// `tcpi_snd_wnd`: the window of the peer, in octets.
    SendWindow,
    /// `tcpi_rcv_wnd`: our window, in octets.
    ReceiveWindow,
    /// `tcpi_rto`: in microseconds.
    RetransmissionTimeout,
    /// `tcpi_rtt`: in microseconds; 0 where it was not measured.
    RoundTripTime,
    /// `tcpi_total_retrans`: segments that were sent again.
    Retransmissions,
    /// `tcpi_ca_state`: Linux's number of what the sender takes the path for.
    CongestionState,
    /// `tcpi_sacked`: segments that the peer has reported beyond what it acknowledges.
    Reported,
    /// `tcpi_snd_wscale`: by how many bits the peer's windows are shifted.
    SendScale,
    /// `tcpi_rcv_wscale`: by how many bits ours are.
    ReceiveScale,
    /// `tcpi_advmss`: the largest segment that we take, as our SYN says.
    AdvertisedMss,
    /// `tcpi_data_segs_out`: segments with payload that were sent, also again.
    SegmentsSent,
    /// `tcpi_data_segs_in`: segments with payload that came.
    SegmentsReceived,
    /// `tcpi_bytes_sent`: their payload that was sent, also again, in octets.
    OctetsSent,
    /// `tcpi_bytes_retrans`: what of it was sent again, in octets.
    OctetsAgain,
    /// `tcpi_retrans`: segments that were sent again and not acknowledged or reported since.
    Repeated,
    /// `tcpi_lost`: segments that count as lost, those that were sent again included.
    Lost,
    /// `tcpi_reordering`: by how many segments some have arrived behind later ones, at most.
    Reordering,
    /// `tcpi_reord_seen`: how often that was seen.
    ReorderingSeen,
    /// `tcpi_delivered`: segments that the peer was said or reported to have.
    Delivered,
    /// `tcpi_retransmits`: timeouts since anything new was acknowledged.
    Timeouts,
    /// `tcpi_probes`: probes without an answer.
    Probes,
    /// `tcpi_backoff`: how often the retransmission timeout has doubled.
    Doublings,
    /// `tcpi_last_data_sent`: milliseconds since something was sent.
    SinceSent,
    /// `tcpi_last_data_recv`: milliseconds since data came.
    SinceData,
    /// `tcpi_last_ack_recv`: milliseconds since an acknowledgment came.
    SinceAcknowledgment,
    /// `tcpi_busy_time`: for how long there was something to send, in microseconds.
    Busy,
    /// `tcpi_rwnd_limited`: how much of it the window of the peer has held back.
    WindowLimited,
    /// `tcpi_sndbuf_limited`: how much of it everything in a full buffer was sent.
    BufferLimited,
    /// `tcpi_rttvar`: its smoothed deviation in microseconds; 0 where it was not measured.
    Deviation,
    /// `tcpi_min_rtt`: the shortest round-trip time, in microseconds; all ones where there is none.
    LeastRoundTrip,
    /// A field of Linux's structure that no emulated host says, by its name.
    Measured(&'static str),
}

/// What only the system itself says.
const MEASURED: [&str; 16] = [
    "tcpi_ato",
    "tcpi_bytes_acked",
    "tcpi_bytes_received",
    "tcpi_delivered_ce",
    "tcpi_delivery_rate",
    "tcpi_dsack_dups",
    "tcpi_fackets",
    "tcpi_pacing_rate",
    "tcpi_pmtu",
    "tcpi_rcv_mss",
    "tcpi_rcv_ooopack",
    "tcpi_rcv_rtt",
    "tcpi_rcv_space",
    "tcpi_rcv_ssthresh",
    "tcpi_segs_in",
    "tcpi_segs_out",
];

impl Info {
    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        if let Self::Measured(name) = self {
            return name;
        }
        let known = INFOS.iter().find(|(_, info)| *info == self);
        known.map_or("", |(name, _)| name)
    }
}

const INFOS: [(&str, Info); 37] = [
    ("tcpi_state", Info::State),
    ("tcpi_options", Info::Options),
    ("tcpi_snd_mss", Info::SendMss),
    ("tcpi_snd_cwnd", Info::CongestionWindow),
    ("tcpi_snd_ssthresh", Info::SlowStartThreshold),
    ("tcpi_unacked", Info::Unacked),
    ("tcpi_notsent_bytes", Info::NotSent),
    ("tcpi_snd_wnd", Info::SendWindow),
    ("tcpi_rcv_wnd", Info::ReceiveWindow),
    ("tcpi_rto", Info::RetransmissionTimeout),
    ("tcpi_rtt", Info::RoundTripTime),
    ("tcpi_rttvar", Info::Deviation),
    ("tcpi_total_retrans", Info::Retransmissions),
    ("tcpi_ca_state", Info::CongestionState),
    ("tcpi_sacked", Info::Reported),
    ("tcpi_delivered", Info::Delivered),
    ("tcpi_retrans", Info::Repeated),
    ("tcpi_lost", Info::Lost),
    ("tcpi_reordering", Info::Reordering),
    ("tcpi_reord_seen", Info::ReorderingSeen),
    ("tcpi_snd_wscale", Info::SendScale),
    ("tcpi_rcv_wscale", Info::ReceiveScale),
    ("tcpi_advmss", Info::AdvertisedMss),
    ("tcpi_data_segs_out", Info::SegmentsSent),
    ("tcpi_data_segs_in", Info::SegmentsReceived),
    ("tcpi_bytes_sent", Info::OctetsSent),
    ("tcpi_bytes_retrans", Info::OctetsAgain),
    ("tcpi_retransmits", Info::Timeouts),
    ("tcpi_probes", Info::Probes),
    ("tcpi_backoff", Info::Doublings),
    ("tcpi_last_data_sent", Info::SinceSent),
    ("tcpi_last_data_recv", Info::SinceData),
    ("tcpi_last_ack_recv", Info::SinceAcknowledgment),
    ("tcpi_busy_time", Info::Busy),
    ("tcpi_rwnd_limited", Info::WindowLimited),
    ("tcpi_sndbuf_limited", Info::BufferLimited),
    ("tcpi_min_rtt", Info::LeastRoundTrip),
];

/// The states, without the `TCP_` or `TCPI_` before them, each at Linux's number less one.
/// FreeBSD's names are among them.
const STATES: [&[&str]; 11] = [
    &["ESTABLISHED"],
    &["SYN_SENT"],
    &["SYN_RECV", "SYN_RECEIVED"],
    &["FIN_WAIT1", "FIN_WAIT_1"],
    &["FIN_WAIT2", "FIN_WAIT_2"],
    &["TIME_WAIT"],
    &["CLOSE", "CLOSED"],
    &["CLOSE_WAIT"],
    &["LAST_ACK"],
    &["LISTEN"],
    &["CLOSING"],
];

/// Other names of numbers.
const CONSTANTS: [(&str, f64); 13] = [
    ("TCPI_OPT_TIMESTAMPS", 1.0),
    ("TCPI_OPT_SACK", 2.0),
    ("TCPI_OPT_WSCALE", 4.0),
    ("TCPI_OPT_ECN", 8.0),
    ("TCPI_OPT_ECN_SEEN", 16.0),
    ("TCPI_OPT_SYN_DATA", 32.0),
    ("TCP_CA_Open", 0.0),
    ("TCP_CA_Disorder", 1.0),
    ("TCP_CA_CWR", 2.0),
    ("TCP_CA_Recovery", 3.0),
    ("TCP_CA_Loss", 4.0),
    ("True", 1.0),
    ("False", 0.0),
];

/// How deep expressions stand in each other.
const DEPTH_MAX: usize = 32;

/// Reads the code between `%{` and `}%`.
///
/// # Errors
/// What of it is more than comparisons.
pub(super) fn parse(code: &str, names: &mut Names) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    // A backslash at the end of a line lets it go on in the next.
    let joined = code.replace("\\\n", "  ");
    for statement in statements(&joined)? {
        // What is printed is for people, and says nothing of the host.
        if is_print(statement) {
            continue;
        }
        if steps.len() == limits::ASSERTIONS_MAX {
            return Err(format!(
                "code has at most {} statements",
                limits::ASSERTIONS_MAX
            ));
        }
        let mut input = cursor(statement, &CODE);
        if !takes(&mut input, "assert") {
            if let Some(step) = keep(statement, names)? {
                steps.push(step);
                continue;
            }
            return Err(format!(
                "code other than `assert` is not played: {}",
                shown(statement)
            ));
        }
        let begin = here(&input);
        let expression = binary(&mut input, 0, 0, names)?;
        // A message is Python's own affair: the failure says the values.
        let rest = input.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(format!(
                "this part of an `assert` is not played: {}",
                shown(rest)
            ));
        }
        let text = &statement[begin..statement.len() - rest.len()];
        steps.push(Step::Assert(Assertion {
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            expression,
        }));
    }
    Ok(steps)
}

/// The names that code has given to values. They last to the end of the script.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: BTreeSet<String>,
    /// Whether the host is asked itself, and says more than an emulated one.
    are_measured: bool,
}

impl Names {
    /// None yet. `are_measured` says whether the host is asked itself.
    pub(super) fn new(are_measured: bool) -> Self {
        Self {
            are_measured,
            ..Self::default()
        }
    }
}

/// A statement that gives a name to a value, `kept = tcpi_rtt`, or another one to it, `kept += 10`.
/// None: it is another.
fn keep(statement: &str, names: &mut Names) -> Result<Option<Step>, String> {
    let Some((left, right)) = statement.split_once('=') else {
        return Ok(None);
    };
    let operators = LEVELS.iter().flat_map(|level| level.iter());
    let changed = { operators }.find_map(|&(sign, operator)| {
        let is_sign = !sign.starts_with(|c: char| c.is_ascii_alphabetic());
        Some((left.strip_suffix(sign).filter(|_| is_sign)?, operator))
    });
    // `//` ends with `/`.
    let changed = match changed {
        Some((name, Operator::Divide)) if name.ends_with('/') => {
            Some((&name[..name.len() - 1], Operator::DivideWhole))
        }
        other => other,
    };
    let name = changed.map_or(left, |(name, _)| name).trim_end();
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(begins) || !name.chars().all(goes_on) || right.starts_with('=') {
        return Ok(None);
    }
    let mut input = cursor(right, &CODE);
    let mut expression = binary(&mut input, 0, 0, names)?;
    if !input.trim_start().is_empty() {
        return Ok(None);
    }
    if let Some((_, operator)) = changed {
        if !names.known.contains(name) {
            return Err(format!("the host does not know {}", shown(name)));
        }
        let before = Expression::Name(name.to_owned());
        expression = Expression::Binary(operator, Box::new(before), Box::new(expression));
    }
    if names.known.len() == limits::ASSERTIONS_MAX {
        return Err(format!("code has at most {} names", limits::ASSERTIONS_MAX));
    }
    names.known.insert(name.to_owned());
    let text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Some(Step::Keep {
        name: name.to_owned(),
        value: Assertion { text, expression },
    }))
}

/// Whether a statement only prints, as Python 2 or as Python 3 writes it.
fn is_print(statement: &str) -> bool {
    let rest = statement.strip_prefix("print").map(str::trim_start);
    rest.is_some_and(|it| it.is_empty() || it.starts_with(['(', '"', '\'']))
}

/// As much of a text as a message shows.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    let text: String = text.trim().chars().take(SHOWN).collect();
    format!("`{text}`")
}

/// The statements of code, at line ends and `;` outside of brackets and texts, without comments.
fn statements(code: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    let mut input = cursor(code, &CODE);
    loop {
        let end = input.find(|c| "\"'()[]{}#\n;".contains(c));
        input.next_slice(end.unwrap_or(input.len()));
        let at = here(&input);
        if let Some(quote @ ('"' | '\'')) = input.chars().next() {
            let text = text::raw(&mut input, quote, "text");
            if text.is_ok_and(|it| !it.contains('\n')) {
                continue;
            }
            return Err("a text in the code is never closed".to_owned());
        }
        let end = match input.next_token() {
            Some('(' | '[' | '{') => {
                depth += 1;
                continue;
            }
            Some(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Some('#') => {
                let end = input.find('\n').unwrap_or(input.len());
                input.next_slice(end);
                true
            }
            Some(_) => depth == 0,
            None => true,
        };
        if end {
            found.push(code[begin..at].trim());
            begin = here(&input);
        }
        if input.is_empty() {
            break;
        }
    }
    if depth > 0 {
        return Err("a bracket in the code is never closed".to_owned());
    }
    found.retain(|it| !it.is_empty());
    Ok(found)
}

/// What binds less stands before what binds more. Between `and` and `|` stand comparisons.
const LEVELS: [&[(&str, Operator)]; 7] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[],
    &[("|", Operator::BitOr)],
    &[("&", Operator::BitAnd)],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[
        ("*", Operator::Multiply),
        ("//", Operator::DivideWhole),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
    ],
];

/// The level of comparisons, of which several in a row are a chain.
const COMPARISONS: usize = 2;

/// The operator of a level that is next. `<<` and its like are no operators.
fn operator(input: &mut Input<'_>, level: usize) -> Option<Operator> {
    let before = *input;
    let signs = LEVELS[level].iter().copied();
    let found = if level == COMPARISONS {
        Relation::read(input).map(Operator::Compare)
    } else {
        { signs }.find_map(|(sign, operator)| takes(input, sign).then_some(operator))
    };
    let sign = before[..here(input) - here(&before)].trim_start();
    if found.is_some() && ["<", ">", "*", "|", "&"].contains(&sign) && input.starts_with(sign) {
        *input = before;
        return None;
    }
    found
}

fn binary(
    input: &mut Input<'_>,
    level: usize,
    depth: usize,
    names: &Names,
) -> Result<Expression, String> {
    if level == LEVELS.len() {
        return unary(input, depth, names);
    }
    if level == COMPARISONS && takes(input, "not") {
        let inner = binary(input, level, deeper(depth)?, names)?;
        return Ok(Expression::Not(Box::new(inner)));
    }
    let mut left = binary(input, level + 1, depth, names)?;
    // What stands between two comparisons of a chain: `a < b < c` is `a < b and b < c`.
    let mut middle = None;
    let mut count = 0;
    while let Some(operator) = operator(input, level) {
        count += 1;
        if count > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} operations in a row"));
        }
        let right = binary(input, level + 1, depth, names)?;
        let next = (level == COMPARISONS).then(|| right.clone());
        left = match std::mem::replace(&mut middle, next) {
            Some(middle) => {
                let link = Expression::Binary(operator, Box::new(middle), Box::new(right));
                Expression::Binary(Operator::And, Box::new(left), Box::new(link))
            }
            None => Expression::Binary(operator, Box::new(left), Box::new(right)),
        };
    }
    Ok(left)
}

fn unary(input: &mut Input<'_>, depth: usize, names: &Names) -> Result<Expression, String> {
    if takes(input, "-") {
        let inner = unary(input, deeper(depth)?, names)?;
        return Ok(Expression::Negative(Box::new(inner)));
    }
    let is_parenthesis = takes(input, "(");
    if is_parenthesis {
        let inner = binary(input, 0, deeper(depth)?, names)?;
        if takes(input, ")") {
            return Ok(inner);
        }
    }
    // Code has no comments here, so that blanks are always read.
    let _: Parse<()> = blank(input);
    let word = peek_word(input);
    if is_parenthesis || word.is_empty() {
        return Err(format!("this is not played: {}", shown(input)));
    }
    input.next_slice(word.len());
    if word.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
        return number(word).map(Expression::Number);
    }
    if let Some((_, info)) = INFOS.iter().find(|(name, _)| *name == word) {
        return Ok(Expression::Info(*info));
    }
    if names.known.contains(word) {
        return Ok(Expression::Name(word.to_owned()));
    }
    if names.are_measured
        && let Some(name) = MEASURED.iter().find(|name| **name == word)
    {
        return Ok(Expression::Info(Info::Measured(name)));
    }
    let state = ["TCPI_", "TCP_"].iter().find_map(|prefix| {
        let name = word.strip_prefix(prefix)?;
        STATES.iter().position(|names| names.contains(&name))
    });
    let constant = CONSTANTS.iter().find(|(name, _)| *name == word);
    match (state, constant) {
        (Some(index), _) => Ok(Expression::Number(index as f64 + 1.0)),
        (None, Some((_, number))) => Ok(Expression::Number(*number)),
        (None, None) => Err(format!("the host does not know {}", shown(word))),
    }
}

/// One level deeper.
fn deeper(depth: usize) -> Result<usize, String> {
    if depth < DEPTH_MAX {
        return Ok(depth + 1);
    }
    Err(format!(
        "expressions stand at most {DEPTH_MAX} deep in each other"
    ))
}

fn number(word: &str) -> Result<f64, String> {
    let number = match number::based(word, &[("0x", 16)]) {
        (10, digits) => digits.parse().ok(),
        (base, digits) => u32::from_str_radix(digits, base).ok().map(f64::from),
    };
    number.ok_or_else(|| format!("this is no number: {}", shown(word)))
}

impl Assertion {
    /// Its value, where `info` says what is asked for, and `kept` what names stand for. None of
    /// `info`: the host does not know.
    ///
    /// # Errors
    /// A value that is not known, or a division by zero.
    pub fn value(
        &self,
        kept: &Variables,
        info: &dyn Fn(Info) -> Option<f64>,
    ) -> Result<f64, String> {
        value(&self.expression, &Known { kept, info })
    }

    /// The names in it with their values, for the failure.
    pub fn values(&self, kept: &Variables, info: &dyn Fn(Info) -> Option<f64>) -> String {
        let mut found = Vec::new();
        collect(&self.expression, &mut found);
        let known = found.iter().filter_map(|it| {
            Some(match it {
                Found::Info(it) => (it.name(), info(*it)?),
                Found::Name(name) => (*name, *kept.get(*name)?),
            })
        });
        let shown = known.map(|(name, value)| format!("{name} is {value}"));
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// A name in an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found<'a> {
    Info(Info),
    Name(&'a str),
}

fn collect<'a>(expression: &'a Expression, found: &mut Vec<Found<'a>>) {
    let mut add = |it: Found<'a>| {
        if !found.contains(&it) {
            found.push(it);
        }
    };
    match expression {
        Expression::Number(_) => {}
        Expression::Info(info) => add(Found::Info(*info)),
        Expression::Name(name) => add(Found::Name(name)),
        Expression::Not(inner) | Expression::Negative(inner) => collect(inner, found),
        Expression::Binary(_, left, right) => {
            collect(left, found);
            collect(right, found);
        }
    }
}

/// What is known when code is run.
struct Known<'a> {
    kept: &'a Variables,
    info: &'a dyn Fn(Info) -> Option<f64>,
}

fn is_true(value: f64) -> bool {
    value != 0.0
}

fn value(expression: &Expression, known: &Known<'_>) -> Result<f64, String> {
    match expression {
        Expression::Number(number) => Ok(*number),
        Expression::Info(wanted) => {
            (known.info)(*wanted).ok_or_else(|| "no connection of this host says so".to_owned())
        }
        Expression::Name(name) => {
            let kept = known.kept.get(name).copied();
            kept.ok_or_else(|| format!("nothing was kept as {}", shown(name)))
        }
        Expression::Not(inner) => Ok(f64::from(!is_true(value(inner, known)?))),
        Expression::Negative(inner) => Ok(-value(inner, known)?),
        Expression::Binary(Operator::Or, left, right) => match value(left, known)? {
            left if is_true(left) => Ok(left),
            _ => value(right, known),
        },
        Expression::Binary(Operator::And, left, right) => match value(left, known)? {
            left if is_true(left) => value(right, known),
            left => Ok(left),
        },
        Expression::Binary(operator, left, right) => {
            apply(*operator, value(left, known)?, value(right, known)?)
        }
    }
}

fn apply(operator: Operator, left: f64, right: f64) -> Result<f64, String> {
    let divides = [Operator::Divide, Operator::DivideWhole, Operator::Remainder];
    if divides.contains(&operator) && right == 0.0 {
        return Err("division by zero".to_owned());
    }
    Ok(match operator {
        Operator::Or | Operator::And => f64::from(is_true(left) || is_true(right)),
        // What is no number differs from everything, and is neither more nor less.
        Operator::Compare(relation) => {
            let order = left.partial_cmp(&right);
            let unordered = relation == Relation::NotEqual;
            f64::from(order.map_or(unordered, |order| relation.holds(order)))
        }
        Operator::BitOr => (left as i64 | right as i64) as f64,
        Operator::BitAnd => (left as i64 & right as i64) as f64,
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::DivideWhole => (left / right).floor(),
        // Python's remainder has the sign of the divisor.
        Operator::Remainder => left - right * (left / right).floor(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each statement holds where the window is 10 and the state CLOSE-WAIT.
    fn held(code: &str) -> Result<Vec<bool>, String> {
        let known = [
            (Info::State, 8.0),
            (Info::CongestionWindow, 10.0),
            (Info::Options, 6.0),
        ];
        let info = |info: Info| {
            let mut known = known.iter();
            known.find(|(it, _)| *it == info).map(|(_, value)| *value)
        };
        let (mut names, mut kept) = (Names::default(), Variables::new());
        let mut held = Vec::new();
        for step in parse(code, &mut names)? {
            match step {
                Step::Assert(wanted) => held.push(is_true(wanted.value(&kept, &info)?)),
                Step::Keep { name, value } => {
                    let value = value.value(&kept, &info)?;
                    kept.insert(name, value);
                }
            }
        }
        Ok(held)
    }

    #[test]
    fn what_holds() {
        for (code, expected) in [
            ("assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd", true),
            (
                "assert tcpi_snd_cwnd == 11, 'it is %d' % tcpi_snd_cwnd",
                false,
            ),
            ("assert tcpi_state == TCPI_CLOSE_WAIT", true),
            ("assert TCP_CLOSE_WAIT != tcpi_state", false),
            ("assert(tcpi_snd_cwnd >= 10 and tcpi_snd_cwnd < 11)", true),
            ("assert not tcpi_snd_cwnd > 10 or False", true),
            ("assert 2 + 3 * 4 - 1 == 13", true),
            ("assert (2 + 3) * 4 // 3 == 6", true),
            ("assert 7 / 2 == 3.5 and 7 % 2 == 1 and -7 % 2 == 1", true),
            ("assert tcpi_options & TCPI_OPT_SACK != 0", true),
            ("assert (tcpi_options & 0x1) | 4 == 4", true),
            ("assert -tcpi_snd_cwnd == -10", true),
            ("assert 0 and tcpi_rtt", false),
            ("assert 9 <= tcpi_snd_cwnd <= 11", true),
            ("assert 1 < 2 < 2", false),
            ("assert 3 > 2 > 1 > 0 == 0", true),
            ("assert (1 < 2) < 2", true),
        ] {
            assert_eq!(held(code), Ok(vec![expected]), "{code}");
        }
        let several =
            "\n# first\nassert True; assert False # one\n  assert (tcpi_snd_cwnd\n == 10)\n";
        assert_eq!(held(several), Ok(vec![true, false, true]));
        let named =
            "most = 0x10 - 6; assert tcpi_snd_cwnd == most; most = most + 1; assert most == 11";
        assert_eq!(held(named), Ok(vec![true, true]));
        let kept = "kept = tcpi_snd_cwnd + 1; kept += 2 * 3; kept //= 2; assert kept == 8";
        assert_eq!(held(kept), Ok(vec![true]));
        let prints = "print \"{}\".format(tcpi_rtt)\nprint(tcpi_rtt); assert True\nprint";
        assert_eq!(held(prints), Ok(vec![true]));
    }

    #[test]
    fn what_is_more_than_a_comparison_is_named() {
        for (code, said) in [
            ("printer(tcpi_state)", "other than `assert`"),
            ("if tcpi_state:\n  print('x')", "other than `assert`"),
            ("import os", "other than `assert`"),
            ("kept = tcpi_rtt", "no connection"),
            ("kept += 1", "does not know `kept`"),
            ("kept **= 1", "other than `assert`"),
            ("a.b = 1", "other than `assert`"),
            ("a == 1", "other than `assert`"),
            ("a = 1 if b else 2", "other than `assert`"),
            ("a = b", "does not know `b`"),
            ("assert os.system('true') == 0", "`os.system`"),
            ("assert tcpi_pacing_rate == 3", "`tcpi_pacing_rate`"),
            ("assert 1 << 2", "`<< 2`"),
            ("assert 2 ** 2", "`** 2`"),
            ("assert", "not played"),
            ("assert (1", "bracket"),
            ("assert 1 / 0", "division by zero"),
            ("assert tcpi_rtt > 0", "no connection"),
            ("assert 1x == 1", "no number"),
        ] {
            let message = held(code).unwrap_err();
            assert!(message.contains(said), "{code}: {message}");
        }
        let deep = format!("assert {}1{}", "(".repeat(100), ")".repeat(100));
        assert!(held(&deep).unwrap_err().contains("deep"));
        let minus = format!("assert {}1", "-".repeat(100_000));
        assert!(held(&minus).unwrap_err().contains("deep"));
    }
}

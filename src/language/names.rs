//! Names in messages: their quotation, and the nearest known name for one that is unknown.

use crate::diagnostic::{Diagnostic, Span};

/// The longest name that has a suggestion, in octets.
const NAME_MAX: usize = 63;

/// A name from a file as messages show it: cut where it is very long.
pub(crate) fn quote(name: &str) -> String {
    const SHOWN_MAX: usize = 40;
    if name.chars().nth(SHOWN_MAX).is_none() {
        return format!("`{name}`");
    }
    let start: String = name.chars().take(SHOWN_MAX).collect();
    format!("`{start}...`")
}

/// An error about a name that nobody knows, with the nearest known one, or all where they are few.
/// `what` is what it should name; a word after a bar says where: `key| of [network]`.
pub(crate) fn unknown<'a>(
    span: Span,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let (what, place) = what.split_once('|').unwrap_or((what, ""));
    let diagnostic = Diagnostic::new(span, format!("unknown {what} {}{place}", quote(name)));
    suggest(diagnostic, name, &known)
}

/// What people write, from other tools and systems, and what it is called here.
const ALSO_CALLED: [(&str, &str); 23] = [
    ("bandwidth", "rate"),
    ("bw", "rate"),
    ("latency", "delay"),
    ("rtt", "delay"),
    ("drop", "loss"),
    ("rcvbuf", "receive_buffer"),
    ("recv_buffer", "receive_buffer"),
    ("sndbuf", "send_buffer"),
    ("ip", "address"),
    ("os", "profile"),
    ("system", "profile"),
    ("sleep", "wait"),
    ("delay", "wait"),
    ("write", "send"),
    ("recv", "read"),
    ("if", "when"),
    ("loop", "repeat"),
    ("while", "repeat"),
    ("exit", "stop"),
    ("closesocket", "close"),
    ("close", "closesocket"),
    ("WSARecvDisconnect", "shutdown"),
    // XNU's name.
    ("TCP_KEEPALIVE", "TCP_KEEPIDLE"),
];

/// The known name for what is called otherwise elsewhere.
fn otherwise_called<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut here = ALSO_CALLED.iter().filter(|(said, _)| *said == name);
    here.find_map(|(_, meant)| known.iter().find(|it| *it == meant).copied())
}

/// The known name whose last part, behind a dot, is or is nearly the name.
fn with_last_part<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let last = |name: &'a str| name.rsplit_once('.').map(|(_, last)| last);
    let lasts: Vec<&str> = known.iter().filter_map(|it| last(it)).collect();
    let meant = nearest(name.rsplit_once('.').map_or(name, |(_, last)| last), &lasts)?;
    known.iter().find(|it| last(it) == Some(meant)).copied()
}

/// The diagnostic with the nearest known name, or with all of them where they are few.
pub(crate) fn suggest(diagnostic: Diagnostic, name: &str, known: &[&str]) -> Diagnostic {
    const LISTED_MAX: usize = 24;
    let group = group(name, known);
    if !group.is_empty() {
        diagnostic.help(format!("it has {}", group.join(", ")))
    } else if let Some(meant) = otherwise_called(name, known)
        .or_else(|| nearest(name, known))
        .or_else(|| with_last_part(name, known))
    {
        diagnostic.help(format!("did you mean `{meant}`?"))
    } else if known.is_empty() {
        diagnostic
    } else if known.len() <= LISTED_MAX {
        diagnostic.help(format!("known: {}", known.join(", ")))
    } else {
        diagnostic.help(format!("known: {}, ...", known[..LISTED_MAX].join(", ")))
    }
}

/// The known names that begin with a name and a dot.
pub(crate) fn group<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let begins = |it: &&&str| {
        let rest = it.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    known.iter().filter(begins).copied().collect()
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // The distance costs the product of the lengths, and a hostile name may have a megabyte.
    if name.len() > NAME_MAX {
        return None;
    }
    let lower = name.to_ascii_lowercase().replace('-', "_");
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    known
        .iter()
        .map(|it| {
            let distance = strsim::osa_distance(&lower, &it.to_ascii_lowercase().replace('-', "_"));
            (distance, *it)
        })
        .filter(|(distance, it)| *distance <= allowed && *distance < it.chars().count())
        // The first of the nearest: min_by_key keeps the order of the list.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
        .or_else(|| beginning_with(&lower, known))
}

/// The first known name that begins with three letters or more.
fn beginning_with<'a>(lower: &str, known: &[&'a str]) -> Option<&'a str> {
    const LETTERS_LEAST: usize = 3;
    let begins = |it: &&&str| it.to_ascii_lowercase().starts_with(lower);
    let begins = known.iter().find(begins).copied();
    begins.filter(|_| lower.len() >= LETTERS_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = [
            "server",
            "client",
            "WSARecvDisconnect",
            "WSASendDisconnect",
            "recv",
            "send",
        ];
        for (name, expected) in [
            ("servre", Some("server")),
            ("Client", Some("client")),
            ("WSARecvDisconect", Some("WSARecvDisconnect")),
            ("wsarecvdisconnect", Some("WSARecvDisconnect")),
            ("rcv", Some("recv")),
            ("ser", Some("server")),
            ("router", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), expected, "{name}");
        }
    }
}

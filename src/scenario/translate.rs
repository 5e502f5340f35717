//! The translation of a call from one family of interfaces to the other, Winsock and POSIX.
//!
//! Only what means the same is translated. A call that exists for the sake of its family alone
//! (WSAStartup, WSAGetLastError) vanishes; what the other family does not have is an error, since a
//! comparison that left it out would compare two different programs.

use hangup_stack::profile::Api;

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::scenario::script::{Argument, Call, ExpectedResult};

/// A call in the words of another family: the calls that do the same, none where there is nothing
/// to do.
///
/// # Errors
/// The other family has no such call, or not with these arguments.
pub(crate) fn translate(call: &Call, to: Api) -> Result<Vec<Call>, Box<Diagnostic>> {
    if let Some(routine) = &call.routine {
        return Err(cannot(
            call,
            routine.span,
            to,
            "only Winsock has such routines",
        ));
    }
    match to {
        Api::Posix => to_posix(call),
        Api::Winsock => to_winsock(call),
    }
}

/// That a call has no counterpart, and why.
fn cannot(call: &Call, span: Span, to: Api, why: &str) -> Box<Diagnostic> {
    let family = match to {
        Api::Posix => "POSIX",
        Api::Winsock => "Winsock",
    };
    let message = format!("`{}` has no counterpart in {family}", call.name.value);
    Box::new(Diagnostic::new(span, message).label(why))
}

/// The same call under another name.
fn renamed(call: &Call, name: &str) -> Call {
    Call {
        name: Spanned::new(name.to_owned(), call.name.span),
        ..call.clone()
    }
}

/// The call under another name, with only the first of its arguments.
fn shortened(call: &Call, name: &str, count: usize) -> Call {
    let mut call = renamed(call, name);
    call.arguments.truncate(count);
    call
}

/// The call under another name, with one word behind its socket.
fn with_word(call: &Call, name: &str, word: &str) -> Call {
    let mut call = shortened(call, name, 1);
    let span = call.name.span;
    let word = Argument::Word(word.to_owned());
    call.arguments.push(Spanned::new(word, span));
    call
}

/// Replaces words in an argument.
fn reword(call: &mut Call, index: usize, words: &[(&str, &str)]) {
    fn reword_in(argument: &mut Argument, words: &[(&str, &str)]) {
        match argument {
            Argument::Word(word) => {
                if let Some((_, new)) = words.iter().find(|(old, _)| old == word) {
                    *word = (*new).to_owned();
                }
            }
            Argument::Flags(flags) => flags.iter_mut().for_each(|it| reword_in(it, words)),
            Argument::Integer(_)
            | Argument::Text(_)
            | Argument::Octets(_)
            | Argument::List(_)
            | Argument::Struct(_)
            | Argument::Ellipsis
            | Argument::Endpoint { .. }
            | Argument::Address(_) => {}
        }
    }
    if let Some(argument) = call.arguments.get_mut(index) {
        reword_in(&mut argument.value, words);
    }
}

/// Whether an argument is a word, or flags with it.
fn has_word(call: &Call, index: usize, wanted: &str) -> bool {
    let is_wanted = |it: &Argument| matches!(it, Argument::Word(word) if word == wanted);
    match call.arguments.get(index).map(|it| &it.value) {
        Some(Argument::Flags(flags)) => flags.iter().any(is_wanted),
        Some(argument) => is_wanted(argument),
        None => false,
    }
}

/// Takes a word out of flags. What is left of none is 0.
fn without_word(call: &mut Call, index: usize, unwanted: &str) {
    let Some(argument) = call.arguments.get_mut(index) else {
        return;
    };
    let is_unwanted = |it: &Argument| matches!(it, Argument::Word(word) if word == unwanted);
    if is_unwanted(&argument.value) {
        argument.value = Argument::Integer(0);
    } else if let Argument::Flags(flags) = &mut argument.value {
        flags.retain(|it| !is_unwanted(it));
        if let [only] = &mut flags[..] {
            argument.value = only.clone();
        }
    }
}

/// Whether an argument is missing, NULL or 0: nothing is given.
fn is_nothing(call: &Call, index: usize) -> bool {
    match call.arguments.get(index).map(|it| &it.value) {
        None | Some(Argument::Integer(0)) => true,
        Some(Argument::Word(word)) => word == "NULL",
        Some(
            Argument::Integer(_)
            | Argument::Text(_)
            | Argument::Octets(_)
            | Argument::Flags(_)
            | Argument::List(_)
            | Argument::Struct(_)
            | Argument::Ellipsis
            | Argument::Endpoint { .. }
            | Argument::Address(_),
        ) => false,
    }
}

/// The place of an argument, or that of the call.
fn span_of(call: &Call, index: usize) -> Span {
    let argument = call.arguments.get(index);
    argument.map_or(call.name.span, |it| it.span)
}

/// The words for the directions of a shutdown.
const HOWS: [(&str, &str); 3] = [
    ("SD_RECEIVE", "SHUT_RD"),
    ("SD_SEND", "SHUT_WR"),
    ("SD_BOTH", "SHUT_RDWR"),
];

fn to_posix(call: &Call) -> Result<Vec<Call>, Box<Diagnostic>> {
    let refuse = |index: usize, why: &str| Err(cannot(call, span_of(call, index), Api::Posix, why));
    let nothing_from =
        |first: usize| (first..call.arguments.len()).find(|&at| !is_nothing(call, at));
    let translated = match call.name.value.as_str() {
        "WSAStartup" | "WSACleanup" | "WSAGetLastError" | "WSASetLastError" => {
            return Ok(Vec::new());
        }
        "socket" | "WSASocket" if has_word(call, 0, "AF_ISO") => {
            return refuse(0, "only Winsock hosts have ISO transport");
        }
        "WSASocket" => shortened(call, "socket", 3),
        "socket" | "bind" | "listen" | "accept" | "connect" | "send" | "sendto" | "recv"
        | "recvfrom" | "getpeername" | "getsockname" | "select" => call.clone(),
        "setsockopt" if is_timeout(call) => timeout_of_other(call),
        "setsockopt" if is_patience(call) => patience_of_other(call),
        "WSAAccept" => match nothing_from(1) {
            Some(at) if !has_word(call, at, "CF_ACCEPT") => {
                return refuse(at, "there are no condition functions");
            }
            Some(_) | None => shortened(call, "accept", 1),
        },
        "WSAConnect" => match nothing_from(2) {
            Some(at) => return refuse(at, "there is no connect data"),
            None => shortened(call, "connect", 2),
        },
        "WSASend" | "WSARecv" => {
            if let Some(at) = nothing_from(3) {
                return refuse(at, "there are no overlapped operations");
            }
            let name = if call.name.value == "WSASend" {
                "send"
            } else {
                "recv"
            };
            shortened(call, name, 3)
        }
        "shutdown" | "WSPShutdown" => {
            let mut call = shortened(call, "shutdown", 2);
            reword(&mut call, 1, &HOWS);
            call
        }
        "WSARecvDisconnect" | "WSPRecvDisconnect" | "WSASendDisconnect" | "WSPSendDisconnect" => {
            if !is_nothing(call, 1) {
                return refuse(1, "there is no disconnect data");
            }
            let receives = call.name.value.ends_with("RecvDisconnect");
            let how = if receives { "SHUT_RD" } else { "SHUT_WR" };
            with_word(call, "shutdown", how)
        }
        "closesocket" => renamed(call, "close"),
        "ExitProcess" => renamed(call, "exit"),
        "TerminateProcess" => Call {
            arguments: vec![Spanned::new(
                Argument::Word("SIGKILL".to_owned()),
                call.name.span,
            )],
            ..renamed(call, "raise")
        },
        "setsockopt" if has_word(call, 2, "SO_DONTLINGER") => {
            let mut call = shortened(call, "setsockopt", 4);
            reword(&mut call, 2, &[("SO_DONTLINGER", "SO_LINGER")]);
            if let Some(value) = call.arguments.get_mut(3) {
                let off = (None, Argument::Integer(0));
                value.value = Argument::Struct(vec![off.clone(), off]);
            }
            call
        }
        "setsockopt" => numbered(call),
        "getsockopt" => shortened(call, "getsockopt", 3),
        "ioctlsocket" => renamed(call, "ioctl"),
        "WSAPoll" => {
            let mut call = renamed(call, "poll");
            let words = [("POLLRDNORM", "POLLIN"), ("POLLWRNORM", "POLLOUT")];
            reword(&mut call, 1, &words);
            call
        }
        _ => return refuse(usize::MAX, "the same program cannot be written without it"),
    };
    Ok(vec![translated])
}

fn to_winsock(call: &Call) -> Result<Vec<Call>, Box<Diagnostic>> {
    let refuse =
        |index: usize, why: &str| Err(cannot(call, span_of(call, index), Api::Winsock, why));
    let translated = match call.name.value.as_str() {
        "socket" => return Ok(socket_to_winsock(call)),
        "bind" | "listen" | "accept" | "connect" | "getpeername" | "getsockname" => call.clone(),
        "select" => {
            let mut call = call.clone();
            // The number of descriptors before the sets, which Winsock ignores.
            if call.arguments.len() == 5 {
                call.arguments.remove(0);
            }
            call
        }
        "setsockopt" if is_timeout(call) => timeout_of_other(call),
        "setsockopt" if is_patience(call) => patience_of_other(call),
        "getsockopt" => shortened(call, "getsockopt", 3),
        "setsockopt" if has_word(call, 2, "SO_REUSEADDR") => return Ok(Vec::new()),
        "setsockopt" => call.clone(),
        "send" | "sendto" | "recv" | "recvfrom" => return Ok(transfer_to_winsock(call)),
        "write" => renamed(call, "send"),
        "read" => renamed(call, "recv"),
        "shutdown" if has_word(call, 1, "SHUT_RD") => with_word(call, "WSARecvDisconnect", "NULL"),
        "shutdown" if has_word(call, 1, "SHUT_WR") => with_word(call, "WSASendDisconnect", "NULL"),
        "shutdown" => {
            let mut call = call.clone();
            reword(&mut call, 1, &HOWS.map(|(winsock, posix)| (posix, winsock)));
            call
        }
        "close" => renamed(call, "closesocket"),
        "exit" | "_exit" => renamed(call, "ExitProcess"),
        "abort" | "raise" => terminated(call),
        "poll" => renamed(call, "WSAPoll"),
        "fcntl" if has_word(call, 1, "F_GETFL") => return Ok(Vec::new()),
        "fcntl" => non_blocking(call, has_word(call, 2, "O_NONBLOCK")),
        "ioctl" if has_word(call, 1, "SIOCOUTQ") => {
            return refuse(1, "no call says how much is unsent");
        }
        "ioctl" => {
            let mut call = renamed(call, "ioctlsocket");
            reword(&mut call, 1, &[("SIOCINQ", "FIONREAD")]);
            call
        }
        _ => return refuse(usize::MAX, "the same program cannot be written without it"),
    };
    Ok(vec![translated])
}

/// The end of the process by somebody else, of which no signal tells.
fn terminated(call: &Call) -> Call {
    let number = |number| Spanned::new(Argument::Integer(number), call.name.span);
    Call {
        arguments: vec![number(-1), number(1)],
        result: Spanned::new(ExpectedResult::Any, call.result.span),
        ..renamed(call, "TerminateProcess")
    }
}

/// A new socket, and where its type says so, that it does not block.
fn socket_to_winsock(call: &Call) -> Vec<Call> {
    let mut made = call.clone();
    let is_non_blocking = has_word(call, 1, "SOCK_NONBLOCK");
    for flag in ["SOCK_NONBLOCK", "SOCK_CLOEXEC"] {
        without_word(&mut made, 1, flag);
    }
    let protocol = match has_word(&made, 1, "SOCK_DGRAM") {
        true => "IPPROTO_UDP",
        false => "IPPROTO_TCP",
    };
    if is_nothing(&made, 2)
        && let Some(argument) = made.arguments.get_mut(2)
    {
        argument.value = Argument::Word(protocol.to_owned());
    }
    let mut calls = vec![made];
    if is_non_blocking && let ExpectedResult::Integer(label) = call.result.value {
        let mut own = shortened(call, "ioctlsocket", 0);
        let label = Argument::Integer(label);
        own.arguments.push(Spanned::new(label, call.result.span));
        calls.push(non_blocking(&own, true));
    }
    calls
}

/// `ioctlsocket(s, FIONBIO, [1])` of the socket of a call.
fn non_blocking(call: &Call, on: bool) -> Call {
    let mut call = with_word(call, "ioctlsocket", "FIONBIO");
    let value = Argument::List(vec![Argument::Integer(on.into())]);
    call.arguments.push(Spanned::new(value, call.name.span));
    call.result = Spanned::new(ExpectedResult::Any, call.result.span);
    call.error = None;
    call
}

/// A call that sends or receives. Nobody gets a signal on Winsock, so that nothing has to say so;
/// and whether a call waits is a matter of the socket, which is changed for this one call.
fn transfer_to_winsock(call: &Call) -> Vec<Call> {
    let mut made = call.clone();
    let flags = 2..call.arguments.len();
    let waits = !flags.clone().any(|it| has_word(call, it, "MSG_DONTWAIT"));
    for index in flags {
        without_word(&mut made, index, "MSG_NOSIGNAL");
        without_word(&mut made, index, "MSG_DONTWAIT");
    }
    match waits {
        true => vec![made],
        false => vec![non_blocking(call, true), made, non_blocking(call, false)],
    }
}

/// Whether an option is SO_RCVTIMEO or SO_SNDTIMEO.
fn is_timeout(call: &Call) -> bool {
    has_word(call, 2, "SO_RCVTIMEO") || has_word(call, 2, "SO_SNDTIMEO")
}

/// A time limit in the form of the other family: a struct timeval for a number of milliseconds, and
/// the other way round.
fn timeout_of_other(call: &Call) -> Call {
    let mut call = call.clone();
    call.arguments.truncate(4);
    let Some(value) = call.arguments.get_mut(3) else {
        return call;
    };
    if let Argument::Struct(fields) = &value.value
        && let [(_, seconds), (_, micros)] = fields.as_slice()
        && let (Some(seconds), Some(micros)) = (number(seconds), number(micros))
    {
        let milliseconds = seconds.saturating_mul(1000).saturating_add(micros / 1000);
        value.value = Argument::Integer(milliseconds);
    } else if let Some(milliseconds) = number(&value.value) {
        let parts = [milliseconds / 1000, milliseconds % 1000 * 1000];
        value.value = Argument::Struct(parts.map(|it| (None, Argument::Integer(it))).to_vec());
    }
    call
}

/// The number of an argument, or of the memory that it points to.
fn number(argument: &Argument) -> Option<i64> {
    let mut inner = argument;
    if let Argument::List(list) = argument
        && let [only] = list.as_slice()
    {
        inner = only;
    }
    if let Argument::Integer(number) = inner {
        Some(*number)
    } else {
        None
    }
}

/// Whether an option says for how long data may stay without an acknowledgment.
fn is_patience(call: &Call) -> bool {
    has_word(call, 2, "TCP_USER_TIMEOUT") || has_word(call, 2, "TCP_MAXRT")
}

/// TCP_USER_TIMEOUT in milliseconds for TCP_MAXRT in whole seconds, and the other way round.
fn patience_of_other(call: &Call) -> Call {
    let mut call = shortened(call, "setsockopt", 4);
    let is_winsock = has_word(&call, 2, "TCP_MAXRT");
    let words = [
        ("TCP_MAXRT", "TCP_USER_TIMEOUT"),
        ("TCP_USER_TIMEOUT", "TCP_MAXRT"),
    ];
    reword(&mut call, 2, &words);
    if let Some(value) = call.arguments.get_mut(3)
        && let Some(time) = number(&value.value)
    {
        value.value = Argument::Integer(if is_winsock {
            time.saturating_mul(1000)
        } else {
            // Half a second would be no limit at all.
            time.saturating_add(999) / 1000
        });
    }
    call
}

/// An option that is set, with its truth as a number.
fn numbered(call: &Call) -> Call {
    let mut call = call.clone();
    if let Some(value) = call.arguments.get_mut(3)
        && let Argument::Word(word) = &value.value
    {
        match word.as_str() {
            "TRUE" => value.value = Argument::Integer(1),
            "FALSE" => value.value = Argument::Integer(0),
            _ => {}
        }
    }
    call
}

/// Which of the calls that stand for one has its result: what is not there to prepare another.
pub(crate) fn main_call(calls: &[Call]) -> usize {
    let prepares = |it: &Call| it.name.value == "ioctlsocket";
    calls.iter().position(|it| !prepares(it)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::known;
    use crate::scenario::Scenario;
    use crate::scenario::script::Subject;

    /// A call as a script has it.
    fn parsed(profile: &str, text: &str) -> Call {
        let text = format!("script = '''\n0 a: {text}\n'''\n[hosts.a]\nprofile = '{profile}'\n");
        let scenario = Scenario::parse("a.toml".as_ref(), text.into());
        let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}"));
        let Subject::Call(call) = &scenario.script.statements[0].subject else {
            panic!("it is a call");
        };
        call.clone()
    }

    fn call_shown(call: &Call) -> String {
        let arguments = call.arguments.iter();
        let arguments = arguments.map(|it| crate::calls::show_argument(&it.value));
        let arguments: Vec<String> = arguments.collect();
        format!("{}({})", call.name.value, arguments.join(", "))
    }

    fn shown(calls: &[Call]) -> String {
        let shown = calls.iter().map(call_shown);
        shown.collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn check(from: &str, to: Api, rows: &[(&str, &str)]) {
        for (call, expected) in rows {
            let found = match translate(&parsed(from, call), to) {
                Ok(calls) => {
                    let all_known = calls.iter().all(|it| known(to, &it.name.value));
                    assert!(all_known, "{call}: {calls:?}");
                    shown(&calls)
                }
                Err(diagnostic) => {
                    assert!(diagnostic.message.contains("has no counterpart"), "{call}");
                    diagnostic.label.unwrap_or_default()
                }
            };
            assert_eq!(found, *expected, "{call}");
        }
    }

    #[test]
    fn winsock_in_posix() {
        let rows = [
            ("WSAStartup(0x0202) = 0", ""),
            ("WSAGetLastError() = 0", ""),
            (
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)",
            ),
            (
                "WSASocket(AF_INET, SOCK_DGRAM, 0, NULL, 0, 1) = 3",
                "socket(AF_INET, SOCK_DGRAM, 0)",
            ),
            (
                "socket(AF_ISO, SOCK_SEQPACKET, ISOPROTO_TP2) = 3",
                "only Winsock hosts have ISO transport",
            ),
            ("WSAAccept(3) = 4", "accept(3)"),
            ("WSAAccept(3, NULL, NULL, CF_ACCEPT) = 4", "accept(3)"),
            (
                "WSAAccept(3, NULL, NULL, CF_REJECT) = 4",
                "there are no condition functions",
            ),
            ("WSAConnect(3, a:80) = 0", "connect(3, a:80)"),
            ("WSAConnect(3, a:80, NULL, NULL) = 0", "connect(3, a:80)"),
            (
                "WSAConnect(3, a:80, \"hi\", NULL) = 0",
                "there is no connect data",
            ),
            ("WSASend(3, 100) = 100", "send(3, 100)"),
            ("WSARecv(3, 100, MSG_PEEK) = 100", "recv(3, 100, MSG_PEEK)"),
            (
                "WSARecv(3, 100, 0, ov1) = 100",
                "there are no overlapped operations",
            ),
            ("shutdown(3, SD_RECEIVE) = 0", "shutdown(3, SHUT_RD)"),
            ("shutdown(3, SD_BOTH) = 0", "shutdown(3, SHUT_RDWR)"),
            (
                "WSPShutdown(3, SD_SEND, lpErrno) = 0",
                "shutdown(3, SHUT_WR)",
            ),
            ("WSARecvDisconnect(3, NULL) = 0", "shutdown(3, SHUT_RD)"),
            (
                "WSPRecvDisconnect(3, NULL, lpErrno) = 0",
                "shutdown(3, SHUT_RD)",
            ),
            ("WSASendDisconnect(3, NULL) = 0", "shutdown(3, SHUT_WR)"),
            (
                "WSASendDisconnect(3, \"bye\") = 0",
                "there is no disconnect data",
            ),
            ("closesocket(3) = 0", "close(3)"),
            (
                "setsockopt(3, SOL_SOCKET, SO_LINGER, {1, 5}) = 0",
                "setsockopt(3, SOL_SOCKET, SO_LINGER, {1, 5})",
            ),
            (
                "setsockopt(3, SOL_SOCKET, SO_DONTLINGER, 1) = 0",
                "setsockopt(3, SOL_SOCKET, SO_LINGER, {0, 0})",
            ),
            (
                "setsockopt(3, IPPROTO_TCP, TCP_NODELAY, TRUE) = 0",
                "setsockopt(3, IPPROTO_TCP, TCP_NODELAY, 1)",
            ),
            (
                "getsockopt(3, SOL_SOCKET, SO_ERROR, [0]) = 0",
                "getsockopt(3, SOL_SOCKET, SO_ERROR)",
            ),
            ("ioctlsocket(3, FIONBIO, [1]) = 0", "ioctl(3, FIONBIO, [1])"),
            (
                "WSAPoll(3, POLLRDNORM|POLLWRNORM) = 0",
                "poll(3, POLLIN|POLLOUT)",
            ),
            (
                "WSACreateEvent() = 10",
                "the same program cannot be written without it",
            ),
            ("getpeername(3) = 0", "getpeername(3)"),
            (
                "setsockopt(3, IPPROTO_TCP, TCP_MAXRT, [4], 4) = 0",
                "setsockopt(3, IPPROTO_TCP, TCP_USER_TIMEOUT, 4000)",
            ),
            (
                "CancelIoEx(3, NULL) = TRUE",
                "the same program cannot be written without it",
            ),
        ];
        check("winsock", Api::Posix, &rows);
    }

    #[test]
    fn posix_in_winsock() {
        let rows = [
            (
                "socket(AF_INET, SOCK_STREAM, 0) = 3",
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)",
            ),
            (
                "socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0) = 3",
                "socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)",
            ),
            (
                "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3",
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP); ioctlsocket(3, FIONBIO, [1])",
            ),
            ("accept(3, ..., ...) = 4", "accept(3, ..., ...)"),
            ("send(3, 100, MSG_NOSIGNAL) = 100", "send(3, 100, 0)"),
            (
                "send(3, 100, MSG_NOSIGNAL|MSG_DONTROUTE) = 100",
                "send(3, 100, MSG_DONTROUTE)",
            ),
            (
                "recv(3, 100, MSG_DONTWAIT) = 100",
                "ioctlsocket(3, FIONBIO, [1]); recv(3, 100, 0); ioctlsocket(3, FIONBIO, [0])",
            ),
            ("write(3, ..., 100) = 100", "send(3, ..., 100)"),
            (
                "getsockopt(3, SOL_SOCKET, SO_ERROR, [EPIPE]) = 0",
                "getsockopt(3, SOL_SOCKET, SO_ERROR)",
            ),
            ("read(3, 100) = 100", "recv(3, 100)"),
            ("shutdown(3, SHUT_RD) = 0", "WSARecvDisconnect(3, NULL)"),
            ("shutdown(3, SHUT_WR) = 0", "WSASendDisconnect(3, NULL)"),
            ("shutdown(3, SHUT_RDWR) = 0", "shutdown(3, SD_BOTH)"),
            ("close(3) = 0", "closesocket(3)"),
            ("poll(3) = POLLIN", "WSAPoll(3)"),
            ("fcntl(3, F_GETFL) = 2", ""),
            (
                "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
                "ioctlsocket(3, FIONBIO, [1])",
            ),
            (
                "fcntl(3, F_SETFL, O_RDWR) = 0",
                "ioctlsocket(3, FIONBIO, [0])",
            ),
            ("ioctl(3, SIOCINQ) = 5", "ioctlsocket(3, FIONREAD)"),
            ("ioctl(3, SIOCOUTQ) = 5", "no call says how much is unsent"),
            ("setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", ""),
            (
                "setsockopt(3, SOL_SOCKET, SO_RCVTIMEO, {1, 500000}) = 0",
                "setsockopt(3, SOL_SOCKET, SO_RCVTIMEO, 1500)",
            ),
            (
                "setsockopt(3, IPPROTO_TCP, TCP_USER_TIMEOUT, [3500], 4) = 0",
                "setsockopt(3, IPPROTO_TCP, TCP_MAXRT, 4)",
            ),
            (
                "select(4, [3], [], NULL, NULL) = 1",
                "select([3], [], NULL, NULL)",
            ),
        ];
        check("linux", Api::Winsock, &rows);
    }

    #[test]
    fn calls_of_both_families_are_always_translated() {
        for (from, to) in [(Api::Winsock, Api::Posix), (Api::Posix, Api::Winsock)] {
            let common: Vec<&str> = crate::calls::known_names(from)
                .iter()
                .copied()
                .filter(|name| known(to, name))
                .collect();
            assert!(common.len() > 8, "{common:?}");
            for name in common {
                let call = parsed("linux", "close(3) = 0");
                let translated = translate(&renamed(&call, name), to);
                assert!(translated.is_ok(), "{name} is in both families");
            }
        }
    }
}

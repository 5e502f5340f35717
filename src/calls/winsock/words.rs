//! The names of Winsock's numbers, as winsock2.h spells them.

use hangup_winsock::WsaError;
use hangup_winsock::api::data::{MSG_DONTROUTE, MSG_OOB, MSG_PEEK, MSG_WAITALL};
use hangup_winsock::api::disconnect::{SD_BOTH, SD_RECEIVE, SD_SEND};
use hangup_winsock::api::{options, sockets};

use crate::calls::argument::Words;

pub(super) const FAMILIES: &Words = &[
    ("AF_UNSPEC", sockets::AF_UNSPEC as i64),
    ("AF_INET", sockets::AF_INET as i64),
    ("AF_INET6", sockets::AF_INET6 as i64),
];
pub(super) const TYPES: &Words = &[
    ("SOCK_STREAM", sockets::SOCK_STREAM as i64),
    ("SOCK_DGRAM", sockets::SOCK_DGRAM as i64),
];
pub(super) const PROTOCOLS: &Words = &[
    ("IPPROTO_TCP", sockets::IPPROTO_TCP as i64),
    ("IPPROTO_UDP", sockets::IPPROTO_UDP as i64),
];
pub(super) const SOCKET_FLAGS: &Words = &[
    ("WSA_FLAG_OVERLAPPED", sockets::WSA_FLAG_OVERLAPPED as i64),
    (
        "WSA_FLAG_NO_HANDLE_INHERIT",
        sockets::WSA_FLAG_NO_HANDLE_INHERIT as i64,
    ),
];
pub(super) const BACKLOGS: &Words = &[("SOMAXCONN", sockets::SOMAXCONN as i64)];
pub(super) const FLAGS: &Words = &[
    ("MSG_OOB", MSG_OOB as i64),
    ("MSG_PEEK", MSG_PEEK as i64),
    ("MSG_DONTROUTE", MSG_DONTROUTE as i64),
    ("MSG_WAITALL", MSG_WAITALL as i64),
];
pub(super) const HOWS: &Words = &[
    ("SD_RECEIVE", SD_RECEIVE as i64),
    ("SD_SEND", SD_SEND as i64),
    ("SD_BOTH", SD_BOTH as i64),
];
pub(super) const LEVELS: &Words = &[
    ("SOL_SOCKET", options::SOL_SOCKET as i64),
    ("IPPROTO_TCP", options::IPPROTO_TCP as i64),
];
pub(super) const OPTIONS: &Words = &[
    ("SO_LINGER", options::SO_LINGER as i64),
    ("SO_DONTLINGER", options::SO_DONTLINGER as i64),
    ("SO_SNDBUF", options::SO_SNDBUF as i64),
    ("SO_RCVBUF", options::SO_RCVBUF as i64),
    ("SO_ERROR", options::SO_ERROR as i64),
    ("SO_TYPE", options::SO_TYPE as i64),
    ("TCP_NODELAY", options::TCP_NODELAY as i64),
];
pub(super) const COMMANDS: &Words = &[
    ("FIONBIO", options::FIONBIO as i64),
    ("FIONREAD", options::FIONREAD as i64),
];
pub(super) const BOOLEANS: &Words = &[("TRUE", 1), ("FALSE", 0)];

/// The codes that `SO_ERROR` and WSASetLastError are given by name.
pub(super) const ERRORS: [(&str, i64); WsaError::ALL.len()] = {
    let mut words = [("", 0); WsaError::ALL.len()];
    let mut index = 0;
    while index < words.len() {
        let error = WsaError::ALL[index];
        words[index] = (error.name(), error.code() as i64);
        index += 1;
    }
    words
};

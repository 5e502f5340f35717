//! The names of Winsock's numbers, as winsock2.h spells them.

use hangup_stack::sockopt;
use hangup_winsock::WsaError;
use hangup_winsock::api::data::{
    MSG_DONTROUTE, MSG_OOB, MSG_PARTIAL, MSG_PEEK, MSG_PUSH_IMMEDIATE, MSG_WAITALL,
};
use hangup_winsock::api::disconnect::{
    SD_BOTH, SD_RECEIVE, SD_SEND, TF_DISCONNECT, TF_REUSE_SOCKET,
};
use hangup_winsock::api::{options, ready, sockets};
use hangup_winsock::catalog;
use hangup_winsock::notify;

use crate::calls::argument::Words;

pub(super) const FAMILIES: &Words = &[
    ("AF_UNSPEC", sockets::AF_UNSPEC as i64),
    ("AF_INET", sockets::AF_INET as i64),
    ("AF_INET6", sockets::AF_INET6 as i64),
    ("AF_ISO", sockets::AF_ISO as i64),
    ("FROM_PROTOCOL_INFO", sockets::FROM_PROTOCOL_INFO as i64),
];
pub(super) const TYPES: &Words = &[
    ("SOCK_STREAM", sockets::SOCK_STREAM as i64),
    ("SOCK_DGRAM", sockets::SOCK_DGRAM as i64),
    ("SOCK_SEQPACKET", sockets::SOCK_SEQPACKET as i64),
    ("FROM_PROTOCOL_INFO", sockets::FROM_PROTOCOL_INFO as i64),
];
pub(super) const PROTOCOLS: &Words = &[
    ("IPPROTO_TCP", sockets::IPPROTO_TCP as i64),
    ("IPPROTO_UDP", sockets::IPPROTO_UDP as i64),
    ("ISOPROTO_TP0", sockets::ISOPROTO_TP0 as i64),
    ("ISOPROTO_TP2", sockets::ISOPROTO_TP2 as i64),
    ("FROM_PROTOCOL_INFO", sockets::FROM_PROTOCOL_INFO as i64),
];
pub(super) const SOCKET_FLAGS: &Words = &[
    ("WSA_FLAG_OVERLAPPED", sockets::WSA_FLAG_OVERLAPPED as i64),
    (
        "WSA_FLAG_NO_HANDLE_INHERIT",
        sockets::WSA_FLAG_NO_HANDLE_INHERIT as i64,
    ),
];
/// dwServiceFlags1 of a catalog entry.
pub(super) const SERVICE_FLAGS: &Words = &[
    ("XP1_CONNECTIONLESS", catalog::XP1_CONNECTIONLESS as i64),
    (
        "XP1_GUARANTEED_DELIVERY",
        catalog::XP1_GUARANTEED_DELIVERY as i64,
    ),
    ("XP1_GUARANTEED_ORDER", catalog::XP1_GUARANTEED_ORDER as i64),
    ("XP1_MESSAGE_ORIENTED", catalog::XP1_MESSAGE_ORIENTED as i64),
    ("XP1_PSEUDO_STREAM", catalog::XP1_PSEUDO_STREAM as i64),
    ("XP1_GRACEFUL_CLOSE", catalog::XP1_GRACEFUL_CLOSE as i64),
    ("XP1_EXPEDITED_DATA", catalog::XP1_EXPEDITED_DATA as i64),
    ("XP1_CONNECT_DATA", catalog::XP1_CONNECT_DATA as i64),
    ("XP1_DISCONNECT_DATA", catalog::XP1_DISCONNECT_DATA as i64),
    (
        "XP1_SUPPORT_BROADCAST",
        catalog::XP1_SUPPORT_BROADCAST as i64,
    ),
    (
        "XP1_SUPPORT_MULTIPOINT",
        catalog::XP1_SUPPORT_MULTIPOINT as i64,
    ),
    ("XP1_IFS_HANDLES", catalog::XP1_IFS_HANDLES as i64),
];
pub(super) const BACKLOGS: &Words = &[("SOMAXCONN", sockets::SOMAXCONN as i64)];
pub(super) const FLAGS: &Words = &[
    ("MSG_OOB", MSG_OOB as i64),
    ("MSG_PEEK", MSG_PEEK as i64),
    ("MSG_DONTROUTE", MSG_DONTROUTE as i64),
    ("MSG_WAITALL", MSG_WAITALL as i64),
    ("MSG_PUSH_IMMEDIATE", MSG_PUSH_IMMEDIATE as i64),
    ("MSG_PARTIAL", MSG_PARTIAL as i64),
];
pub(super) const HOWS: &Words = &[
    ("SD_RECEIVE", SD_RECEIVE as i64),
    ("SD_SEND", SD_SEND as i64),
    ("SD_BOTH", SD_BOTH as i64),
];
/// Flags of DisconnectEx and TransmitFile.
pub(super) const ENDINGS: &Words = &[
    ("TF_DISCONNECT", TF_DISCONNECT as i64),
    ("TF_REUSE_SOCKET", TF_REUSE_SOCKET as i64),
];
pub(super) const LEVELS: &Words = &[
    ("SOL_SOCKET", options::SOL_SOCKET as i64),
    ("IPPROTO_TCP", options::IPPROTO_TCP as i64),
];
pub(super) const OPTIONS: &Words = &sockopt::words(&options::OPTIONS);
pub(super) const COMMANDS: &Words = &[
    ("FIONBIO", options::FIONBIO as i64),
    ("FIONREAD", options::FIONREAD as i64),
    ("SIO_UDP_CONNRESET", options::SIO_UDP_CONNRESET as i64),
    ("SIO_UDP_NETRESET", options::SIO_UDP_NETRESET as i64),
    ("SIO_KEEPALIVE_VALS", options::SIO_KEEPALIVE_VALS as i64),
    (
        "SIO_LOOPBACK_FAST_PATH",
        options::SIO_LOOPBACK_FAST_PATH as i64,
    ),
];
pub(super) const BOOLEANS: &Words = &[("TRUE", 1), ("FALSE", 0)];
pub(super) const DECISIONS: &Words = &[("CF_ACCEPT", 0), ("CF_REJECT", 1), ("CF_DEFER", 2)];
pub(super) const TIMEOUTS: &Words = &[("WSA_INFINITE", -1), ("INFINITE", -1)];
pub(super) const NETWORK_EVENTS: &Words = &[
    ("FD_READ", notify::FD_READ as i64),
    ("FD_WRITE", notify::FD_WRITE as i64),
    ("FD_OOB", notify::FD_OOB as i64),
    ("FD_ACCEPT", notify::FD_ACCEPT as i64),
    ("FD_CONNECT", notify::FD_CONNECT as i64),
    ("FD_CLOSE", notify::FD_CLOSE as i64),
    ("FD_ALL_EVENTS", notify::FD_ALL_EVENTS as i64),
];
/// The events of WSAPoll. Those of two names are shown by the first of them.
pub(super) const EVENTS: &Words = &[
    ("POLLRDNORM", ready::POLLRDNORM as i64),
    ("POLLRDBAND", ready::POLLRDBAND as i64),
    ("POLLWRNORM", ready::POLLWRNORM as i64),
    ("POLLWRBAND", ready::POLLWRBAND as i64),
    ("POLLPRI", ready::POLLPRI as i64),
    ("POLLERR", ready::POLLERR as i64),
    ("POLLHUP", ready::POLLHUP as i64),
    ("POLLNVAL", ready::POLLNVAL as i64),
    ("POLLIN", (ready::POLLRDNORM | ready::POLLRDBAND) as i64),
    ("POLLOUT", ready::POLLWRNORM as i64),
];

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

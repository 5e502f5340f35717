//! closesocket under SO_LINGER.

use crate::pair::{Pair, Who};
use hangup_stack::host::Host;
use hangup_stack::link::LinkConfig;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_winsock::api::disconnect::SD_SEND;
use hangup_winsock::api::options::{OptionValue, SO_DONTLINGER, SOL_SOCKET};
use hangup_winsock::{Winsock, WsaError};

/// A row of the table of closesocket.
struct Row {
    name: &'static str,
    /// l_onoff and l_linger, where they are set.
    linger: Option<(u16, u16)>,
    mode: Mode,
    peer: Peer,
    /// What closesocket says, after how many milliseconds.
    says: Result<(), WsaError>,
    after_ms: u64,
    /// What the peer reads after the data that arrived.
    peer_reads: Result<usize, WsaError>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Blocking,
    NonBlocking,
}

/// Whether what the peer sends arrives.
#[derive(Clone, Copy, PartialEq)]
enum Peer {
    Answers,
    Silent,
}

const RESET: Result<usize, WsaError> = Err(WsaError::ConnectionReset);
/// There is nothing to read and the connection is there.
const NOTHING: Result<usize, WsaError> = Err(WsaError::WouldBlock);
const WOULD_BLOCK: Result<(), WsaError> = Err(WsaError::WouldBlock);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { name: "default", linger: None, mode: Mode::Blocking, peer: Peer::Answers,
          says: Ok(()), after_ms: 0, peer_reads: Ok(0) },
    Row { name: "hard", linger: Some((1, 0)), mode: Mode::Blocking, peer: Peer::Answers,
          says: Ok(()), after_ms: 0, peer_reads: RESET },
    Row { name: "hard, non-blocking", linger: Some((1, 0)), mode: Mode::NonBlocking,
          peer: Peer::Answers, says: Ok(()), after_ms: 0, peer_reads: RESET },
    Row { name: "in time", linger: Some((1, 5)), mode: Mode::Blocking, peer: Peer::Answers,
          says: Ok(()), after_ms: 20, peer_reads: Ok(0) },
    Row { name: "too late", linger: Some((1, 5)), mode: Mode::Blocking, peer: Peer::Silent,
          says: Ok(()), after_ms: 5000, peer_reads: RESET },
    Row { name: "non-blocking", linger: Some((1, 5)), mode: Mode::NonBlocking,
          peer: Peer::Answers, says: WOULD_BLOCK, after_ms: 0, peer_reads: NOTHING },
    Row { name: "off, non-blocking", linger: Some((0, 5)), mode: Mode::NonBlocking,
          peer: Peer::Answers, says: Ok(()), after_ms: 0, peer_reads: Ok(0) },
];

#[test]
fn the_table() {
    for row in TABLE {
        let name = row.name;
        let mut pair = Pair::new("winsock", 0x0202);
        let (_, s, client) = pair.connected();
        pair.run_for(Duration::from_secs(1));
        if let Some((onoff, seconds)) = row.linger {
            pair.linger(Who::Server, s, onoff, seconds);
        }
        if row.mode == Mode::NonBlocking {
            pair.non_blocking(Who::Server, s);
        }
        let (from, to) = (pair.client.host, pair.server.host);
        let link = pair.network.link(from, to).clone();
        if row.peer == Peer::Silent {
            pair.network.set_link(
                from,
                to,
                LinkConfig {
                    down: true,
                    ..link.clone()
                },
            );
        }
        let begin = pair.network.now();
        assert_eq!(pair.send(Who::Server, s, 100), Ok(100), "{name}");
        let closed = pair.wait(Who::Server, |process, host, now| {
            process.closesocket(host, now, s)
        });
        assert_eq!(closed, row.says, "{name}");
        assert_eq!(
            (pair.network.now() - begin).total_millis(),
            row.after_ms,
            "{name}"
        );
        pair.network.set_link(from, to, link);
        pair.non_blocking(Who::Client, client);
        pair.run_for(Duration::from_secs(1));
        let mut reads = pair.recv(Who::Client, client);
        if reads == Ok(100) {
            reads = pair.recv(Who::Client, client);
        }
        assert_eq!(reads, row.peer_reads, "{name}");
        let again = pair.call(Who::Server, |process, host, now| {
            process.shutdown(host, now, s, SD_SEND)
        });
        let expected = if row.says.is_ok() {
            Err(WsaError::NotSocket)
        } else {
            Ok(())
        };
        assert_eq!(again, expected, "{name}: whether the socket is still there");
    }
}

/// A non-blocking socket that lingers can be closed once its own shutdown has run its course, or
/// when it no longer lingers.
#[test]
fn a_non_blocking_socket_that_lingers() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    pair.linger(Who::Server, s, 1, 5);
    pair.non_blocking(Who::Server, s);
    let close =
        |process: &mut Winsock, host: &mut Host, now: Instant| process.closesocket(host, now, s);
    assert_eq!(pair.wait(Who::Server, close), Err(WsaError::WouldBlock));
    pair.call(Who::Server, |process, host, now| {
        process.shutdown(host, now, s, SD_SEND)
    })
    .unwrap();
    assert_eq!(pair.wait(Who::Server, close), Err(WsaError::WouldBlock));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.wait(Who::Server, close), Ok(()));
    assert_eq!(pair.recv(Who::Client, client), Ok(0));

    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    pair.linger(Who::Server, s, 1, 5);
    pair.non_blocking(Who::Server, s);
    let dont = pair.call(Who::Server, |process, host, now| {
        process.setsockopt(
            host,
            now,
            s,
            SOL_SOCKET,
            SO_DONTLINGER,
            OptionValue::Integer(1),
        )
    });
    assert_eq!(dont, Ok(()));
    let close =
        |process: &mut Winsock, host: &mut Host, now: Instant| process.closesocket(host, now, s);
    assert_eq!(pair.wait(Who::Server, close), Ok(()));
    assert_eq!(pair.recv(Who::Client, client), Ok(0));
}

//! How connections end, as the two processes see it.

use crate::pair::{Pair, Who};
use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_winsock::api::data::MSG_PEEK;
use hangup_winsock::api::disconnect::{SD_BOTH, SD_RECEIVE, SD_SEND};
use hangup_winsock::api::options::FIONREAD;
use hangup_winsock::{Pointer, Progress, Socket, Winsock, WsaError};

/// A way to end receiving.
type End = fn(&mut Winsock, &mut Host, Instant, Socket) -> Result<(), WsaError>;

const RECEIVE_SHUTDOWNS: &[(&str, End)] = &[
    ("WSARecvDisconnect", |w, h, t, s| {
        w.wsa_recv_disconnect(h, t, s, Pointer::Null)
    }),
    ("WSPRecvDisconnect", |w, h, t, s| {
        w.wsp_recv_disconnect(h, t, s, Pointer::Null)
    }),
    ("shutdown", |w, h, t, s| w.shutdown(h, t, s, SD_RECEIVE)),
    ("shutdown both", |w, h, t, s| w.shutdown(h, t, s, SD_BOTH)),
    ("WSPShutdown", |w, h, t, s| {
        w.wsp_shutdown(h, t, s, SD_RECEIVE)
    }),
];

/// After a receive shutdown: receives are disallowed whatever the peer does, repeating it is fine,
/// the socket stays the process's and connected, and cannot connect again.
#[test]
fn after_a_receive_shutdown() {
    for profile in ["wsprecvdisconnect", "winsock"] {
        for (name, end) in RECEIVE_SHUTDOWNS {
            let mut pair = Pair::new(profile, 0x0202);
            let (_, s, client) = pair.connected();
            for _ in 0..2 {
                let ended = pair.call(Who::Server, |process, host, now| end(process, host, now, s));
                assert_eq!(ended, Ok(()), "{profile}, {name}");
                assert_eq!(
                    pair.recv(Who::Server, s),
                    Err(WsaError::Shutdown),
                    "{profile}, {name}"
                );
            }
            pair.call(Who::Client, |process, host, now| {
                process.shutdown(host, now, client, SD_SEND)
            })
            .unwrap();
            pair.run_for(Duration::from_secs(1));
            assert_eq!(
                pair.recv(Who::Server, s),
                Err(WsaError::Shutdown),
                "{profile}, {name}"
            );
            let peek = pair.call(Who::Server, |process, host, now| {
                process.recv(host, now, s, &mut [0; 9], MSG_PEEK)
            });
            assert_eq!(
                peek,
                Progress::Done(Err(WsaError::Shutdown)),
                "{profile}, {name}"
            );
            let peer = pair.call(Who::Server, |process, host, now| {
                process.getpeername(host, now, s, Pointer::To(()))
            });
            assert_eq!(
                peer.map(|peer| peer.endpoint().addr),
                Ok(pair.client.address),
                "{profile}, {name}"
            );
            let to = pair.server_address();
            let connect = pair.wait(Who::Server, |process, host, now| {
                process.connect(host, now, s, to)
            });
            assert_eq!(connect, Err(WsaError::IsConnected), "{profile}, {name}");
            let closed = pair.wait(Who::Server, |process, host, now| {
                process.closesocket(host, now, s)
            });
            assert_eq!(closed, Ok(()), "{profile}, {name}");
            let again = pair.call(Who::Server, |process, host, now| end(process, host, now, s));
            assert_eq!(again, Err(WsaError::NotSocket), "{profile}, {name}");
        }
    }
}

/// The buffer of a protocol without disconnect data comes back empty.
#[test]
fn disconnect_data_of_tcp_is_empty() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, _) = pair.connected();
    let mut buffer = vec![1; 64];
    let ended = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::To(&mut buffer))
    });
    assert_eq!((ended, buffer.len()), (Ok(()), 0));
}

/// Both contracts seen from the applications: under one the peer is reset by its own data, under
/// the other it sends into silence until it gives up.
#[test]
fn data_after_a_receive_shutdown() {
    for (profile, expected) in [
        ("winsock", WsaError::ConnectionReset),
        ("wsprecvdisconnect", WsaError::TimedOut),
    ] {
        let mut pair = Pair::new(profile, 0x0202);
        let (_, s, client) = pair.connected();
        let ended = pair.call(Who::Server, |process, host, now| {
            process.wsa_recv_disconnect(host, now, s, Pointer::Null)
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(
            pair.send(Who::Server, s, 7),
            Ok(7),
            "{profile}: sending still works"
        );
        assert_eq!(pair.recv(Who::Client, client), Ok(7), "{profile}");
        assert_eq!(pair.send(Who::Client, client, 1000), Ok(1000), "{profile}");
        for _ in 0..2 {
            assert_eq!(pair.recv(Who::Client, client), Err(expected), "{profile}");
        }
        assert_eq!(
            pair.send(Who::Client, client, 1),
            Err(expected),
            "{profile}"
        );
        let again = pair.call(Who::Client, |process, host, now| {
            process.wsa_recv_disconnect(host, now, client, Pointer::Null)
        });
        assert_eq!(
            again,
            Ok(()),
            "{profile}: the call comes after the error that announces it"
        );
        let shutdown = pair.call(Who::Client, |process, host, now| {
            process.shutdown(host, now, client, SD_BOTH)
        });
        assert_eq!(shutdown, Err(expected), "{profile}");
        assert_eq!(
            pair.recv(Who::Server, s),
            Err(WsaError::Shutdown),
            "{profile}"
        );
        assert_eq!(
            pair.recv(Who::Client, client),
            Err(WsaError::Shutdown),
            "{profile}"
        );
    }
}

/// WSARecvDisconnect and WSASendDisconnect never wait, whatever SO_LINGER says and however much is
/// unsent, and free nothing.
#[test]
fn the_disconnect_calls_do_not_linger() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    pair.linger(Who::Server, s, 1, 5);
    let before = pair.network.now();
    assert_eq!(pair.send(Who::Server, s, 20_000), Ok(20_000));
    let ended = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::Null)?;
        process.wsa_send_disconnect(host, now, s, Pointer::Null)
    });
    assert_eq!((ended, pair.network.now()), (Ok(()), before));
    assert_eq!(pair.send(Who::Server, s, 1), Err(WsaError::Shutdown));
    let mut received = 0;
    loop {
        match pair.recv(Who::Client, client) {
            Ok(0) => break,
            result => received += result.expect("the close is graceful"),
        }
    }
    assert_eq!(received, 20_000);
}

/// Datagrams after a receive shutdown are accepted and queued, and never read; the peer never hears
/// of it. It needs no connection, and sending goes on.
#[test]
fn datagrams_after_a_receive_shutdown() {
    for profile in ["wsprecvdisconnect", "winsock"] {
        for (name, end) in RECEIVE_SHUTDOWNS {
            let mut pair = Pair::new(profile, 0x0202);
            let (s, client) = pair.datagrams();
            let ended = pair.call(Who::Server, |process, host, now| end(process, host, now, s));
            assert_eq!(ended, Ok(()), "{profile}, {name}");
            let to = pair.server_address();
            for _ in 0..3 {
                let sent = pair.wait(Who::Client, |process, host, now| {
                    process.sendto(host, now, client, &[7; 100], 0, Some(to))
                });
                assert_eq!(sent, Ok(100), "{profile}, {name}");
            }
            pair.run_for(Duration::from_secs(1));
            let received = pair.wait(Who::Server, |process, host, now| {
                process.recvfrom(host, now, s, &mut [0; 1000], 0)
            });
            assert_eq!(received, Err(WsaError::Shutdown), "{profile}, {name}");
            let mut queued = 0;
            pair.call(Who::Server, |process, host, now| {
                process.ioctlsocket(host, now, s, FIONREAD, &mut queued)
            })
            .unwrap();
            assert_eq!(queued, 300, "{profile}, {name}");
        }
    }
}

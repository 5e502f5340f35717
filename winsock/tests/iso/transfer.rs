//! Messages, releases and overlapped operations.

use hangup_stack::link::LinkConfig;
use hangup_stack::smoltcp::time::Duration;
use hangup_winsock::api::options::{FIONBIO, OptionValue, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET};
use hangup_winsock::overlapped::{Overlap, Overlapped};
use hangup_winsock::provider::Wait;
use hangup_winsock::{Pointer, Progress, Socket, WsaError};

use crate::pair::{Pair, Who};

/// A link that does everything to frames but corrupt them.
fn bad() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(10),
        loss: 0.05,
        duplicate: 0.05,
        reorder: 0.05,
        ..LinkConfig::default()
    }
}

fn good() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    }
}

fn send(pair: &mut Pair, who: Who, s: Socket, message: &[u8]) -> Result<usize, WsaError> {
    pair.wait(who, |process, host, now| {
        process.send(host, now, s, message, 0)
    })
}

fn recv(pair: &mut Pair, who: Who, s: Socket) -> Result<Vec<u8>, WsaError> {
    let mut buffer = vec![0; 200_000];
    let octets = pair.wait(who, |process, host, now| {
        process.recv(host, now, s, &mut buffer, 0)
    })?;
    buffer.truncate(octets);
    Ok(buffer)
}

/// The disconnect data that has come.
fn last_word(pair: &mut Pair, who: Who, s: Socket) -> Vec<u8> {
    let mut buffer = vec![0; 64];
    pair.call(who, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::To(&mut buffer))
    })
    .unwrap();
    buffer
}

/// Whatever the link does, messages arrive whole and in order, and the last word behind them all.
#[test]
fn a_bad_link_loses_nothing() {
    for seed in 0..12 {
        let mut pair = Pair::new(&bad(), seed);
        let listener = pair.listening();
        let (server, client) = pair.connected(listener);
        let message = |index: usize| vec![b'A' + index as u8; index * index * 97];
        for index in 0..20 {
            let sent = send(&mut pair, Who::Client, client, &message(index));
            assert_eq!(sent, Ok(message(index).len()), "seed {seed}");
        }
        pair.call(Who::Client, |process, host, now| {
            process.wsa_send_disconnect(host, now, client, Pointer::To(b"done"))
        })
        .unwrap();
        for index in 0..20 {
            let received = recv(&mut pair, Who::Server, server);
            assert_eq!(received, Ok(message(index)), "seed {seed}");
        }
        let end = recv(&mut pair, Who::Server, server);
        assert_eq!(end, Err(WsaError::Disconnecting), "seed {seed}");
        assert_eq!(last_word(&mut pair, Who::Server, server), b"done");
        pair.call(Who::Server, |process, host, now| {
            process.wsa_send_disconnect(host, now, server, Pointer::To(b"thanks"))
        })
        .unwrap();
        let end = recv(&mut pair, Who::Client, client);
        assert_eq!(end, Err(WsaError::Disconnecting), "seed {seed}");
        assert_eq!(last_word(&mut pair, Who::Client, client), b"thanks");
    }
}

/// Many connections at once do not mix: each has its references, though all go to one port.
#[test]
fn connections_do_not_mix() {
    let mut pair = Pair::new(&good(), 0);
    let listener = pair.listening();
    let ends: Vec<_> = (0..40).map(|_| pair.connected(listener)).collect();
    for (index, (_, client)) in ends.iter().enumerate() {
        let message = format!("message {index}");
        send(&mut pair, Who::Client, *client, message.as_bytes()).unwrap();
        let data = format!("end {index}");
        pair.call(Who::Client, |process, host, now| {
            process.wsa_send_disconnect(host, now, *client, Pointer::To(data.as_bytes()))
        })
        .unwrap();
    }
    for (index, (server, client)) in ends.iter().enumerate().rev() {
        let message = format!("message {index}").into_bytes();
        assert_eq!(recv(&mut pair, Who::Server, *server), Ok(message));
        let ended = recv(&mut pair, Who::Server, *server);
        assert_eq!(ended, Err(WsaError::Disconnecting));
        let end = format!("end {index}").into_bytes();
        assert_eq!(last_word(&mut pair, Who::Server, *server), end);
        for (who, s) in [(Who::Server, *server), (Who::Client, *client)] {
            let closed = pair.wait(who, |process, host, now| process.closesocket(host, now, s));
            assert_eq!(closed, Ok(()));
        }
    }
    // What is left is the listening socket and TCP's own TIME-WAIT.
    pair.run_for(Duration::from_secs(600));
    for who in [Who::Server, Who::Client] {
        let waiting = pair.call(who, |process, _, _| process.poll_at());
        assert_eq!(waiting, None, "{who:?}");
    }
}

/// A receiver that does not read stops the sender, by TCP's window, and reading lets it go on.
#[test]
fn a_full_receiver_stops_the_sender() {
    let mut pair = Pair::new(&good(), 0);
    let listener = pair.listening();
    pair.call(Who::Server, |process, host, now| {
        let size = OptionValue::Integer(5000);
        process.setsockopt(host, now, listener, SOL_SOCKET, SO_RCVBUF, size)
    })
    .unwrap();
    let (server, client) = pair.connected(listener);
    pair.call(Who::Client, |process, host, now| {
        let size = OptionValue::Integer(5000);
        process.setsockopt(host, now, client, SOL_SOCKET, SO_SNDBUF, size)?;
        process.ioctlsocket(host, now, client, FIONBIO, &mut 1)
    })
    .unwrap();
    let message = vec![b'M'; 3000];
    let full = Progress::Done(Err(WsaError::WouldBlock));
    let mut sent = 0;
    // What is on its way makes room again, until it does not.
    let mut refused = 0;
    while refused < 3 {
        let outcome = pair.call(Who::Client, |process, host, now| {
            process.send(host, now, client, &message, 0)
        });
        if outcome == Progress::Done(Ok(3000)) {
            (sent, refused) = (sent + 1, 0);
        } else {
            assert_eq!(outcome, full);
            refused += 1;
            pair.run_for(Duration::from_secs(5));
        }
        assert!(sent < 1000, "nothing stops it");
    }
    // Two buffers of TCP and two of the provider, and no more.
    assert!((20..100).contains(&sent), "{sent}");
    for _ in 0..sent {
        assert_eq!(recv(&mut pair, Who::Server, server), Ok(message.clone()));
    }
    pair.run_for(Duration::from_secs(100));
    let outcome = pair.call(Who::Client, |process, host, now| {
        process.send(host, now, client, &message, 0)
    });
    assert_eq!(outcome, Progress::Done(Ok(3000)));
    assert_eq!(recv(&mut pair, Who::Server, server), Ok(message));
}

/// Overlapped receives are served in their order, and the rest of them by the end.
#[test]
fn overlapped_receives_end_in_order() {
    let mut pair = Pair::new(&good(), 0);
    let listener = pair.listening();
    let (server, client) = pair.connected(listener);
    let operation = |number| Overlap {
        overlapped: Overlapped(number),
        routine: None,
    };
    for number in 1..=3 {
        let begun = pair.call(Who::Server, |process, host, now| {
            let overlap = Some(operation(number));
            process.wsa_recv(host, now, server, &mut [&mut [0; 100]], 0, overlap)
        });
        assert_eq!(begun, Progress::Done(Err(WsaError::IoPending)));
    }
    // It is there, and three have a claim before it.
    let mut buffer = [0; 100];
    let waits = pair.call(Who::Server, |process, host, now| {
        process.recv(host, now, server, &mut buffer, 0)
    });
    assert_eq!(waits, Progress::WAITS);
    send(&mut pair, Who::Client, client, b"first").unwrap();
    send(&mut pair, Who::Client, client, b"second").unwrap();
    pair.call(Who::Client, |process, host, now| {
        process.wsa_send_disconnect(host, now, client, Pointer::Null)
    })
    .unwrap();
    let expected: [Result<&[u8], WsaError>; 3] =
        [Ok(b"first"), Ok(b"second"), Err(WsaError::Disconnecting)];
    for (number, expected) in (1..).zip(expected) {
        let result = pair.wait(Who::Server, |process, host, now| {
            let overlapped = Overlapped(number);
            process.wsa_get_overlapped_result(host, now, server, overlapped, Wait::Yes)
        });
        let data = result.map(|transferred| transferred.data);
        assert_eq!(
            data.as_deref().map_err(|error| *error),
            expected,
            "{number}"
        );
    }
    let last = pair.wait(Who::Server, |process, host, now| {
        process.recv(host, now, server, &mut buffer, 0)
    });
    assert_eq!(last, Err(WsaError::Disconnecting));
}

/// Closing a socket cancels what is overlapped on it, and WSACleanup leaves nothing behind.
#[test]
fn what_is_closed_leaves_nothing() {
    let mut pair = Pair::new(&good(), 0);
    let listener = pair.listening();
    let (server, client) = pair.connected(listener);
    let (other, peer) = pair.connected(listener);
    let overlap = Overlap {
        overlapped: Overlapped(1),
        routine: None,
    };
    let begun = pair.call(Who::Server, |process, host, now| {
        process.wsa_recv(host, now, server, &mut [&mut [0; 100]], 0, Some(overlap))
    });
    assert_eq!(begun, Progress::Done(Err(WsaError::IoPending)));
    let cleaned = pair.call(Who::Server, |process, host, now| {
        process.wsa_cleanup(host, now)
    });
    assert_eq!(cleaned, Ok(()));
    for s in [client, peer] {
        let end = recv(&mut pair, Who::Client, s);
        assert_eq!(end, Err(WsaError::ConnectionReset));
    }
    let gone = pair.call(Who::Server, |process, host, now| {
        process.wsa_startup(host, 0x0202).unwrap();
        process.recv(host, now, other, &mut [0; 10], 0)
    });
    assert_eq!(gone, Progress::Done(Err(WsaError::NotSocket)));
    // The port is free again.
    let again = pair.listening();
    let _ = pair.connected(again);
}

/// An overlapped structure that an operation uses cannot be used for a second one.
#[test]
fn a_structure_in_use_is_refused() {
    let mut pair = Pair::new(&good(), 0);
    let listener = pair.listening();
    let (server, _) = pair.connected(listener);
    let overlap = Overlap {
        overlapped: Overlapped(1),
        routine: None,
    };
    for error in [WsaError::IoPending, WsaError::Invalid] {
        let begun = pair.call(Who::Server, |process, host, now| {
            process.wsa_recv(host, now, server, &mut [&mut [0; 100]], 0, Some(overlap))
        });
        assert_eq!(begun, Progress::Done(Err(error)));
    }
}

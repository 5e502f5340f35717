//! The life of a process and of its sockets: WSAStartup to WSACleanup, connect, send.

use crate::pair::{Pair, Who};
use hangup_stack::smoltcp::time::Duration;
use hangup_winsock::api::options::{OptionValue, SO_ERROR, SO_SNDBUF, SOL_SOCKET};
use hangup_winsock::api::sockets::{AF_INET, AF_INET6, SOCK_STREAM};
use hangup_winsock::{Progress, WsaError};

/// WSAStartup counts; the last WSACleanup resets what is open and takes every socket away.
#[test]
fn cleanup() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    pair.call(Who::Server, |process, host, _| {
        process.wsa_startup(host, 0x0202)
    })
    .unwrap();
    pair.call(Who::Server, |process, host, now| {
        process.wsa_cleanup(host, now)
    })
    .unwrap();
    assert_eq!(
        pair.send(Who::Server, s, 5),
        Ok(5),
        "one WSACleanup is still missing"
    );
    assert_eq!(pair.recv(Who::Client, client), Ok(5));
    pair.call(Who::Server, |process, host, now| {
        process.wsa_cleanup(host, now)
    })
    .unwrap();
    assert_eq!(
        pair.recv(Who::Client, client),
        Err(WsaError::ConnectionReset)
    );
    assert_eq!(pair.send(Who::Server, s, 5), Err(WsaError::NotInitialised));
    let cleanup = pair.call(Who::Server, |process, host, now| {
        process.wsa_cleanup(host, now)
    });
    assert_eq!(cleanup, Err(WsaError::NotInitialised));
    pair.call(Who::Server, |process, host, _| {
        process.wsa_startup(host, 0x0202)
    })
    .unwrap();
    assert_eq!(pair.send(Who::Server, s, 5), Err(WsaError::NotSocket));
}

/// Handles are multiples of four and never given out twice.
#[test]
fn handles() {
    let mut pair = Pair::new("winsock", 0x0202);
    let mut seen = Vec::new();
    for _ in 0..20 {
        let s = pair.socket(Who::Client, SOCK_STREAM);
        assert_eq!(s.raw() % 4, 0);
        assert!(!seen.contains(&s));
        seen.push(s);
        pair.wait(Who::Client, |process, host, now| {
            process.closesocket(host, now, s)
        })
        .unwrap();
    }
}

/// A blocking send waits until everything is queued; a non-blocking one takes what fits.
#[test]
fn sending_more_than_the_buffer() {
    let mut pair = Pair::new("winsock", 0x0202);
    let (_, s, client) = pair.connected();
    let set = pair.call(Who::Server, |process, host, now| {
        process.setsockopt(
            host,
            now,
            s,
            SOL_SOCKET,
            SO_SNDBUF,
            OptionValue::Integer(10_000),
        )
    });
    assert_eq!(set, Ok(()));
    let data: Vec<u8> = (0..100_000_u32)
        .map(|place| place.to_le_bytes()[0])
        .collect();
    let mut received = Vec::new();
    let mut sent = None;
    while received.len() < data.len() {
        if sent.is_none() {
            let outcome = pair.call(Who::Server, |process, host, now| {
                process.send(host, now, s, &data, 0)
            });
            if let Progress::Done(result) = outcome {
                sent = Some(result);
            }
        }
        let mut buffer = [0; 5000];
        let outcome = pair.call(Who::Client, |process, host, now| {
            process.recv(host, now, client, &mut buffer, 0)
        });
        match outcome {
            Progress::Done(octets) => received.extend_from_slice(&buffer[..octets.unwrap()]),
            Progress::Blocks { .. } => {
                let limit = pair.network.now() + Duration::from_secs(60);
                assert!(
                    pair.network.step(limit),
                    "{} octets arrived",
                    received.len()
                );
            }
        }
    }
    assert_eq!(sent, Some(Ok(data.len())));
    assert!(received == data, "every octet once and in order");

    pair.non_blocking(Who::Server, s);
    let part = pair.send(Who::Server, s, 100_000).expect("a part fits");
    assert!((1..100_000).contains(&part), "{part}");
    assert_eq!(pair.send(Who::Server, s, 1), Err(WsaError::WouldBlock));
}

/// connect on a blocking and on a non-blocking socket, to a port that listens and to one that does
/// not.
#[test]
fn connecting() {
    let mut pair = Pair::new("winsock", 0x0202);
    pair.listening();
    let (open, mut closed) = (pair.server_address(), pair.server_address());
    closed.port += 1;

    let s = pair.socket(Who::Client, SOCK_STREAM);
    let refused = pair.wait(Who::Client, |process, host, now| {
        process.connect(host, now, s, closed)
    });
    assert_eq!(refused, Err(WsaError::ConnectionRefused));

    let s = pair.socket(Who::Client, SOCK_STREAM);
    pair.non_blocking(Who::Client, s);
    let connect = |pair: &mut Pair, name| {
        pair.wait(Who::Client, |process, host, now| {
            process.connect(host, now, s, name)
        })
    };
    assert_eq!(connect(&mut pair, open), Err(WsaError::WouldBlock));
    assert_eq!(connect(&mut pair, open), Err(WsaError::Already));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(connect(&mut pair, open), Err(WsaError::IsConnected));
    assert_eq!(pair.send(Who::Client, s, 3), Ok(3));

    let s = pair.socket(Who::Client, SOCK_STREAM);
    pair.non_blocking(Who::Client, s);
    let begun = pair.wait(Who::Client, |process, host, now| {
        process.connect(host, now, s, closed)
    });
    assert_eq!(begun, Err(WsaError::WouldBlock));
    pair.run_for(Duration::from_secs(60));
    let mut so_error = || {
        pair.call(Who::Client, |process, host, now| {
            process.getsockopt(host, now, s, SOL_SOCKET, SO_ERROR)
        })
    };
    assert_eq!(
        so_error(),
        Ok(OptionValue::Integer(WsaError::ConnectionRefused.code()))
    );
    assert_eq!(
        so_error(),
        Ok(OptionValue::Integer(0)),
        "reading takes it away"
    );
}

/// Addresses as text and back, each by the provider of its family.
#[test]
fn addresses_as_text() {
    let mut pair = Pair::new("winsock", 0x0202);
    for (text, family, known) in [
        ("192.0.2.1:80", AF_INET, true),
        ("[2001:db8::1]:80", AF_INET6, true),
        ("192.0.2.1:80", AF_INET6, false),
        ("192.0.2.1", AF_INET, false),
        ("anywhere", AF_INET, false),
        ("192.0.2.1:80", 99, false),
    ] {
        let found = pair.call(Who::Server, |process, host, _| {
            process.wsa_string_to_address(host, text, family, None)
        });
        let again = found.and_then(|address| {
            pair.call(Who::Server, |process, host, _| {
                process.wsa_address_to_string(host, &address, None)
            })
        });
        let expected = if known {
            Ok(text.to_owned())
        } else {
            Err(WsaError::Invalid)
        };
        assert_eq!(again, expected, "{text}, {family}");
    }
}

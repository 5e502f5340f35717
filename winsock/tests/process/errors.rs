//! Which error each call returns in each situation, as one table.

use crate::pair::{Pair, Who};
use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_winsock::api::data::MSG_OOB;
use hangup_winsock::api::disconnect::{SD_BOTH, SD_RECEIVE, SD_SEND};
use hangup_winsock::api::options::{
    FIONREAD, Linger, OptionValue, SO_LINGER, SO_RCVBUF, SOL_SOCKET,
};
use hangup_winsock::api::sockets::{SOCK_DGRAM, SOCK_STREAM};
use hangup_winsock::{Pointer, Progress, Socket, Winsock, WsaError};

/// A call, and what a row of the table calls it.
type Call = (
    &'static str,
    fn(&mut Winsock, &mut Host, Instant, Socket) -> Progress<()>,
);

fn done<T>(outcome: Progress<T>) -> Progress<()> {
    outcome.map(drop)
}

#[rustfmt::skip]
const CALLS: &[Call] = &[
    ("WSARecvDisconnect NULL", |w, h, t, s| w.wsa_recv_disconnect(h, t, s, Pointer::Null).into()),
    ("WSARecvDisconnect buffer", |w, h, t, s| {
        w.wsa_recv_disconnect(h, t, s, Pointer::To(&mut vec![0; 64])).into()
    }),
    ("WSARecvDisconnect bad", |w, h, t, s| w.wsa_recv_disconnect(h, t, s, Pointer::Bad).into()),
    ("WSPRecvDisconnect NULL", |w, h, t, s| w.wsp_recv_disconnect(h, t, s, Pointer::Null).into()),
    ("WSPRecvDisconnect buffer", |w, h, t, s| {
        w.wsp_recv_disconnect(h, t, s, Pointer::To(&mut vec![0; 64])).into()
    }),
    ("WSPRecvDisconnect bad", |w, h, t, s| w.wsp_recv_disconnect(h, t, s, Pointer::Bad).into()),
    ("WSASendDisconnect NULL", |w, h, t, s| w.wsa_send_disconnect(h, t, s, Pointer::Null).into()),
    ("WSASendDisconnect data", |w, h, t, s| {
        w.wsa_send_disconnect(h, t, s, Pointer::To(b"bye")).into()
    }),
    ("WSASendDisconnect bad", |w, h, t, s| w.wsa_send_disconnect(h, t, s, Pointer::Bad).into()),
    ("WSPSendDisconnect NULL", |w, h, t, s| w.wsp_send_disconnect(h, t, s, Pointer::Null).into()),
    ("shutdown SD_RECEIVE", |w, h, t, s| w.shutdown(h, t, s, SD_RECEIVE).into()),
    ("shutdown SD_SEND", |w, h, t, s| w.shutdown(h, t, s, SD_SEND).into()),
    ("shutdown SD_BOTH", |w, h, t, s| w.shutdown(h, t, s, SD_BOTH).into()),
    ("shutdown 3", |w, h, t, s| w.shutdown(h, t, s, 3).into()),
    ("WSPShutdown SD_RECEIVE", |w, h, t, s| w.wsp_shutdown(h, t, s, SD_RECEIVE).into()),
    ("WSPShutdown -1", |w, h, t, s| w.wsp_shutdown(h, t, s, -1).into()),
    ("send", |w, h, t, s| done(w.send(h, t, s, b"x", 0))),
    ("send MSG_OOB", |w, h, t, s| done(w.send(h, t, s, b"x", MSG_OOB))),
    ("recv", |w, h, t, s| done(w.recv(h, t, s, &mut [0; 9], 0))),
    ("recv nothing", |w, h, t, s| done(w.recv(h, t, s, &mut [], 0))),
    ("recv 0x100", |w, h, t, s| done(w.recv(h, t, s, &mut [0; 9], 0x100))),
    ("listen", |w, h, t, s| w.listen(h, t, s, 5).into()),
    ("accept", |w, h, t, s| done(w.accept(h, t, s))),
    ("getpeername", |w, h, t, s| w.getpeername(h, t, s, Pointer::To(())).map(drop).into()),
    ("setsockopt SO_LINGER", |w, h, t, s| {
        let linger = OptionValue::Linger(Linger { onoff: 1, seconds: 1 });
        w.setsockopt(h, t, s, SOL_SOCKET, SO_LINGER, linger).into()
    }),
    ("setsockopt SO_LINGER int", |w, h, t, s| {
        w.setsockopt(h, t, s, SOL_SOCKET, SO_LINGER, OptionValue::Integer(1)).into()
    }),
    ("setsockopt SO_RCVBUF -1", |w, h, t, s| {
        w.setsockopt(h, t, s, SOL_SOCKET, SO_RCVBUF, OptionValue::Integer(-1)).into()
    }),
    ("setsockopt 99", |w, h, t, s| {
        w.setsockopt(h, t, s, SOL_SOCKET, 99, OptionValue::Integer(1)).into()
    }),
    ("getsockopt level 99", |w, h, t, s| w.getsockopt(h, t, s, 99, SO_RCVBUF).map(drop).into()),
    ("ioctlsocket FIONREAD", |w, h, t, s| w.ioctlsocket(h, t, s, FIONREAD, &mut 0).into()),
    ("ioctlsocket 1", |w, h, t, s| w.ioctlsocket(h, t, s, 1, &mut 0).into()),
    ("closesocket", |w, h, t, s| done(w.closesocket(h, t, s))),
];

/// A situation: which side calls, and on which socket.
type Situation = (&'static str, fn(&mut Pair) -> Socket);

const SITUATIONS: &[Situation] = &[
    ("unconnected", |pair| pair.socket(Who::Server, SOCK_STREAM)),
    ("listening", |pair| pair.listening()),
    ("UDP", |pair| pair.bound(SOCK_DGRAM)),
    ("connected", |pair| pair.connected().1),
];

/// The errors are written without their "WSA".
const EXPECTED: &str = "\
call                     | unconnected  | listening    | UDP          | connected
WSARecvDisconnect NULL   | ENOTCONN     | ENOTCONN     | 0            | 0
WSARecvDisconnect buffer | ENOTCONN     | ENOTCONN     | 0            | 0
WSARecvDisconnect bad    | ENOTCONN     | ENOTCONN     | EFAULT       | EFAULT
WSPRecvDisconnect NULL   | ENOTCONN     | ENOTCONN     | 0            | 0
WSPRecvDisconnect buffer | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT
WSPRecvDisconnect bad    | ENOTCONN     | ENOTCONN     | EFAULT       | EFAULT
WSASendDisconnect NULL   | ENOTCONN     | ENOTCONN     | 0            | 0
WSASendDisconnect data   | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT
WSASendDisconnect bad    | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT
WSPSendDisconnect NULL   | ENOTCONN     | ENOTCONN     | 0            | 0
shutdown SD_RECEIVE      | ENOTCONN     | ENOTCONN     | 0            | 0
shutdown SD_SEND         | ENOTCONN     | ENOTCONN     | 0            | 0
shutdown SD_BOTH         | ENOTCONN     | ENOTCONN     | 0            | 0
shutdown 3               | EINVAL       | EINVAL       | EINVAL       | EINVAL
WSPShutdown SD_RECEIVE   | ENOTCONN     | ENOTCONN     | 0            | 0
WSPShutdown -1           | EINVAL       | EINVAL       | EINVAL       | EINVAL
send                     | ENOTCONN     | ENOTCONN     | ENOTCONN     | 0
send MSG_OOB             | EOPNOTSUPP   | EOPNOTSUPP   | EOPNOTSUPP   | EOPNOTSUPP
recv                     | ENOTCONN     | ENOTCONN     | waits        | waits
recv nothing             | EINVAL       | EINVAL       | waits        | EINVAL
recv 0x100               | EINVAL       | EINVAL       | EINVAL       | EINVAL
listen                   | EINVAL       | 0            | EOPNOTSUPP   | EISCONN
accept                   | EINVAL       | waits        | EOPNOTSUPP   | EINVAL
getpeername              | ENOTCONN     | ENOTCONN     | ENOTCONN     | 0
setsockopt SO_LINGER     | 0            | 0            | ENOPROTOOPT  | 0
setsockopt SO_LINGER int | EFAULT       | EFAULT       | ENOPROTOOPT  | EFAULT
setsockopt SO_RCVBUF -1  | EINVAL       | EINVAL       | EINVAL       | EINVAL
setsockopt 99            | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT  | ENOPROTOOPT
getsockopt level 99      | EINVAL       | EINVAL       | EINVAL       | EINVAL
ioctlsocket FIONREAD     | 0            | 0            | 0            | 0
ioctlsocket 1            | EOPNOTSUPP   | EOPNOTSUPP   | EOPNOTSUPP   | EOPNOTSUPP
closesocket              | 0            | 0            | 0            | 0
";

fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!(" | {cell:<12}")).collect();
    format!("{name:<24}{cells}").trim_end().to_owned() + "\n"
}

fn cell(outcome: &Progress<()>) -> String {
    match outcome {
        Progress::Blocks { .. } => "waits".to_owned(),
        Progress::Done(Ok(())) => "0".to_owned(),
        Progress::Done(Err(error)) => error.name().trim_start_matches("WSA").to_owned(),
    }
}

#[test]
fn every_call_in_every_situation() {
    let mut table = row(
        "call",
        SITUATIONS.iter().map(|(name, _)| (*name).to_owned()),
    );
    for (name, call) in CALLS {
        table += &row(
            name,
            SITUATIONS.iter().map(|(_, situation)| {
                let mut pair = Pair::new("winsock", 0x0202);
                let s = situation(&mut pair);
                cell(&pair.call(Who::Server, |process, host, now| {
                    call(process, host, now, s)
                }))
            }),
        );
    }
    assert!(table == EXPECTED, "the table is now\n{table}");
}

/// What is wrong with the process, the handle or the network comes before anything else. A call of
/// the provider does not ask for WSAStartup.
#[test]
fn before_the_socket() {
    for (name, call) in CALLS {
        let mut pair = Pair::new("winsock", 0x0202);
        let (_, s, _) = pair.connected();
        let outcome = |pair: &mut Pair, s| {
            pair.call(Who::Server, |process, host, now| {
                call(process, host, now, s)
            })
        };
        let no_socket = Err(WsaError::NotSocket);
        let odd = Socket::from_raw(s.raw() + 1);
        assert_eq!(outcome(&mut pair, odd), Progress::Done(no_socket), "{name}");
        pair.call(Who::Server, |_, host, _| host.set_up(false));
        assert_eq!(
            outcome(&mut pair, s),
            Progress::Done(Err(WsaError::NetworkDown)),
            "{name}"
        );
        pair.call(Who::Server, |_, host, _| host.set_up(true));
        pair.call(Who::Server, |process, host, now| {
            process.wsa_cleanup(host, now)
        })
        .unwrap();
        let provider = name.starts_with("WSP");
        let not_started = if provider {
            no_socket
        } else {
            Err(WsaError::NotInitialised)
        };
        assert_eq!(outcome(&mut pair, s), Progress::Done(not_started), "{name}");
    }
}

/// While a process of version 1.1 waits in one call, every other call says WSAEINPROGRESS, on any
/// socket and through the provider as well; the one it waits in can go on.
#[test]
fn a_1_1_process_makes_one_call_at_a_time() {
    for version in [0x0101, 0x0202] {
        for (name, call) in CALLS {
            let mut pair = Pair::new("winsock", version);
            let (_, s, client) = pair.connected();
            let other = pair.socket(Who::Server, SOCK_STREAM);
            let recv = |process: &mut Winsock, host: &mut Host, now: Instant| {
                process.recv(host, now, s, &mut [0; 9], 0)
            };
            assert_eq!(
                pair.call(Who::Server, recv),
                Progress::Blocks { until: None }
            );
            let outcome = pair.call(Who::Server, |process, host, now| {
                call(process, host, now, other)
            });
            let nested = outcome == Progress::Done(Err(WsaError::InProgress));
            assert_eq!(nested, version == 0x0101, "{name}: {outcome:?}");
            assert_eq!(pair.send(Who::Client, client, 5), Ok(5));
            assert_eq!(pair.wait(Who::Server, recv), Ok(5), "{name}");
            let outcome = pair.call(Who::Server, |process, host, now| {
                call(process, host, now, other)
            });
            assert_ne!(outcome, Progress::Done(Err(WsaError::InProgress)), "{name}");
        }
    }
}

/// The provider's calls return their error themselves; those of Ws2_32.dll leave it with the
/// thread as well.
#[test]
fn only_the_api_has_a_last_error() {
    for (name, call) in CALLS {
        let mut pair = Pair::new("winsock", 0x0202);
        pair.call(Who::Server, |process, _, _| process.wsa_set_last_error(1));
        let outcome = pair.call(Who::Server, |process, host, now| {
            call(process, host, now, Socket::INVALID)
        });
        assert_eq!(outcome, Progress::Done(Err(WsaError::NotSocket)), "{name}");
        let expected = if name.starts_with("WSP") {
            1
        } else {
            WsaError::NotSocket.code()
        };
        assert_eq!(pair.server.process.wsa_get_last_error(), expected, "{name}");
    }
}

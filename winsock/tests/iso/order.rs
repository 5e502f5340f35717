//! Which error wins when several apply.

use hangup_stack::link::LinkConfig;
use hangup_winsock::address::AF_ISO;
use hangup_winsock::api::disconnect::SD_SEND;
use hangup_winsock::catalog::{ISOPROTO_TP0, SOCK_SEQPACKET};
use hangup_winsock::{Pointer, Socket, WsaError};

use crate::pair::{Pair, Who};

/// A call that is made with everything wrong that a row says.
type Call = fn(&mut Pair, Socket) -> Result<(), WsaError>;

const SEND_BAD: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.wsa_send_disconnect(host, now, s, Pointer::Bad)
    })
};
const SEND_LONG: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.wsa_send_disconnect(host, now, s, Pointer::To(&[0; 65]))
    })
};
const RECV_BAD: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::Bad)
    })
};
const RECV: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.wsa_recv_disconnect(host, now, s, Pointer::To(&mut vec![0; 64]))
    })
};
const SHUTDOWN: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.shutdown(host, now, s, SD_SEND)
    })
};
const SHUTDOWN_WRONG: Call = |pair, s| {
    pair.call(Who::Server, |process, host, now| {
        process.shutdown(host, now, s, 3)
    })
};

/// The calls of an end on sockets in four conditions: none, class 2 unconnected, class 0
/// unconnected, class 2 connected; and the same with the network down.
#[test]
fn the_first_error_in_the_order_wins() {
    use WsaError::{Fault, Invalid, NetworkDown, NoProtocolOption, NotConnected, NotSocket};
    type Row = (&'static str, Call, [Result<(), WsaError>; 4]);
    let rows: [Row; 6] = [
        (
            "WSASendDisconnect(BAD_POINTER)",
            SEND_BAD,
            [
                Err(NotSocket),
                Err(NotConnected),
                Err(NoProtocolOption),
                Err(Fault),
            ],
        ),
        (
            "WSASendDisconnect(65 octets)",
            SEND_LONG,
            [
                Err(NotSocket),
                Err(NotConnected),
                Err(NoProtocolOption),
                Err(Fault),
            ],
        ),
        (
            "WSARecvDisconnect(BAD_POINTER)",
            RECV_BAD,
            [
                Err(NotSocket),
                Err(NotConnected),
                Err(NotConnected),
                Err(Fault),
            ],
        ),
        (
            "WSARecvDisconnect(64)",
            RECV,
            [
                Err(NotSocket),
                Err(NotConnected),
                Err(NoProtocolOption),
                Ok(()),
            ],
        ),
        (
            "shutdown(3)",
            SHUTDOWN_WRONG,
            [Err(NotSocket), Err(Invalid), Err(Invalid), Err(Invalid)],
        ),
        (
            "shutdown(SD_SEND)",
            SHUTDOWN,
            [Err(NotSocket), Err(NotConnected), Err(NotConnected), Ok(())],
        ),
    ];
    let mut pair = Pair::new(&LinkConfig::default(), 0);
    let listener = pair.listening();
    let class_0 = pair.call(Who::Server, |process, host, now| {
        process.socket(host, now, AF_ISO, SOCK_SEQPACKET, ISOPROTO_TP0)
    });
    let unconnected = pair.socket(Who::Server);
    for (name, call, expected) in rows {
        let (connected, _) = pair.connected(listener);
        let sockets = [
            Socket::from_raw(7),
            unconnected,
            class_0.unwrap(),
            connected,
        ];
        pair.call(Who::Server, |_, host, _| host.set_up(false));
        for (s, expected) in sockets.into_iter().zip(expected) {
            let down = match expected {
                Err(NotSocket) => NotSocket,
                Ok(()) | Err(_) => NetworkDown,
            };
            assert_eq!(
                call(&mut pair, s),
                Err(down),
                "{name} on {s:?}, network down"
            );
        }
        pair.call(Who::Server, |_, host, _| host.set_up(true));
        for (s, expected) in sockets.into_iter().zip(expected) {
            assert_eq!(call(&mut pair, s), expected, "{name} on {s:?}");
        }
    }
}

//! Which error wins, function by function, and what the catalog says of itself: as snapshots to
//! review.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a row names the situations that it treats in its own way"
)]

use std::fmt::Write as _;

use crate::pair::{Pair, Who};
use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_winsock::api::data::MSG_OOB;
use hangup_winsock::api::disconnect::SD_SEND;
use hangup_winsock::api::options::{
    FIONREAD, OptionValue, SO_CONNDATA, SO_DISCDATA, SO_LINGER, SO_RCVBUF, SOL_SOCKET,
};
use hangup_winsock::api::ready::{POLLPRI, POLLRDNORM, PollFd};
use hangup_winsock::api::sockets::{SOCK_DGRAM, SOCK_STREAM};
use hangup_winsock::notify::FD_CLOSE;
use hangup_winsock::overlapped::{Overlap, Overlapped};
use hangup_winsock::provider::upcalls::EventHandle;
use hangup_winsock::provider::{ConnectData, Sets, Wait};
use hangup_winsock::{Pointer, Progress, Socket, Winsock};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Uninitialised,
    BadSocket,
    Unconnected,
    OtherType,
    NetDown,
    BadPointer,
    UnsupportedData,
}

const SITUATIONS: [(&str, Wrong); 7] = [
    ("uninitialised", Wrong::Uninitialised),
    ("bad socket", Wrong::BadSocket),
    ("unconnected", Wrong::Unconnected),
    ("wrong type", Wrong::OtherType),
    ("net down", Wrong::NetDown),
    ("bad pointer", Wrong::BadPointer),
    ("unsupported data", Wrong::UnsupportedData),
];

/// A function with otherwise valid arguments. None: it has no such argument to get wrong.
type Call = fn(&mut Winsock, &mut Host, Instant, Socket, Wrong) -> Option<Progress<()>>;

fn of<T>(result: Result<T, hangup_winsock::WsaError>) -> Option<Progress<()>> {
    Some(result.map(drop).into())
}

fn out<T>(outcome: Progress<T>) -> Option<Progress<()>> {
    Some(outcome.map(drop))
}

/// For functions without a pointer that this crate could make a bad one, and without data that a
/// protocol may not support.
fn plain(wrong: Wrong, call: impl FnOnce() -> Option<Progress<()>>) -> Option<Progress<()>> {
    match wrong {
        Wrong::BadPointer | Wrong::UnsupportedData => None,
        Wrong::Uninitialised
        | Wrong::BadSocket
        | Wrong::Unconnected
        | Wrong::OtherType
        | Wrong::NetDown => call(),
    }
}

/// For functions without data that a protocol may not support.
fn none_of(wrong: Wrong, call: impl FnOnce() -> Option<Progress<()>>) -> Option<Progress<()>> {
    if wrong == Wrong::UnsupportedData {
        None
    } else {
        call()
    }
}

fn memory(wrong: Wrong) -> Pointer<()> {
    if wrong == Wrong::BadPointer {
        Pointer::Bad
    } else {
        Pointer::To(())
    }
}

fn inbound(buffer: &mut Vec<u8>, wrong: Wrong) -> Pointer<&mut Vec<u8>> {
    match wrong {
        Wrong::BadPointer => Pointer::Bad,
        Wrong::UnsupportedData => Pointer::To(buffer),
        Wrong::Uninitialised
        | Wrong::BadSocket
        | Wrong::Unconnected
        | Wrong::OtherType
        | Wrong::NetDown => Pointer::Null,
    }
}

fn outbound(wrong: Wrong) -> Pointer<&'static [u8]> {
    match wrong {
        Wrong::BadPointer => Pointer::Bad,
        Wrong::UnsupportedData => Pointer::To(b"total"),
        Wrong::Uninitialised
        | Wrong::BadSocket
        | Wrong::Unconnected
        | Wrong::OtherType
        | Wrong::NetDown => Pointer::Null,
    }
}

/// A port of the server (1) or of the client (2).
fn at(host: u8, port: u16) -> IpEndpoint {
    IpEndpoint::new(IpAddress::v4(192, 0, 2, host), port)
}

const OVERLAP: Option<Overlap> = Some(Overlap {
    overlapped: Overlapped(1),
    routine: None,
});

#[rustfmt::skip]
const CALLS: &[(&str, Call)] = &[
    ("WSARecvDisconnect", |w, h, t, s, wrong| {
        of(w.wsa_recv_disconnect(h, t, s, inbound(&mut vec![0; 64], wrong)))
    }),
    ("WSPRecvDisconnect", |w, h, t, s, wrong| {
        of(w.wsp_recv_disconnect(h, t, s, inbound(&mut vec![0; 64], wrong)))
    }),
    ("WSASendDisconnect", |w, h, t, s, wrong| {
        of(w.wsa_send_disconnect(h, t, s, outbound(wrong)))
    }),
    ("WSPSendDisconnect", |w, h, t, s, wrong| {
        of(w.wsp_send_disconnect(h, t, s, outbound(wrong)))
    }),
    ("shutdown", |w, h, t, s, wrong| plain(wrong, || of(w.shutdown(h, t, s, SD_SEND)))),
    ("WSPShutdown", |w, h, t, s, wrong| plain(wrong, || of(w.wsp_shutdown(h, t, s, SD_SEND)))),
    ("closesocket", |w, h, t, s, wrong| plain(wrong, || out(w.closesocket(h, t, s)))),
    ("bind", |w, h, t, s, wrong| plain(wrong, || of(w.bind(h, t, s, at(1, 81))))),
    ("listen", |w, h, t, s, wrong| plain(wrong, || of(w.listen(h, t, s, 1)))),
    ("accept", |w, h, t, s, wrong| plain(wrong, || out(w.accept(h, t, s)))),
    ("WSAConnect", |w, h, t, s, wrong| {
        let mut buffer = vec![0; 64];
        let mut data = ConnectData {
            caller: outbound(wrong),
            callee: inbound(&mut buffer, wrong),
        };
        out(w.wsa_connect(h, t, s, at(2, 80), &mut data))
    }),
    ("getpeername", |w, h, t, s, wrong| {
        none_of(wrong, || of(w.getpeername(h, t, s, memory(wrong))))
    }),
    ("getsockname", |w, h, t, s, wrong| {
        none_of(wrong, || of(w.getsockname(h, t, s, memory(wrong))))
    }),
    ("send", |w, h, t, s, wrong| match wrong {
        Wrong::UnsupportedData => out(w.send(h, t, s, b"x", MSG_OOB)),
        _ => plain(wrong, || out(w.send(h, t, s, b"x", 0))),
    }),
    ("recv", |w, h, t, s, wrong| match wrong {
        Wrong::UnsupportedData => out(w.recv(h, t, s, &mut [0; 9], MSG_OOB)),
        _ => plain(wrong, || out(w.recv(h, t, s, &mut [0; 9], 0))),
    }),
    ("WSASend overlapped", |w, h, t, s, wrong| plain(wrong, || {
        out(w.wsa_send(h, t, s, &[b"x"], 0, OVERLAP))
    })),
    ("WSARecv overlapped", |w, h, t, s, wrong| plain(wrong, || {
        out(w.wsa_recv(h, t, s, &mut [&mut [0; 9]], 0, OVERLAP))
    })),
    ("WSAGetOverlappedResult", |w, h, t, s, wrong| plain(wrong, || {
        out(w.wsa_get_overlapped_result(h, t, s, Overlapped(1), Wait::No))
    })),
    ("setsockopt SO_LINGER", |w, h, t, s, wrong| match wrong {
        Wrong::BadPointer => of(w.setsockopt(h, t, s, SOL_SOCKET, SO_LINGER, OptionValue::Bad)),
        Wrong::UnsupportedData => {
            let data = OptionValue::Octets(b"total".to_vec());
            of(w.setsockopt(h, t, s, SOL_SOCKET, SO_DISCDATA, data))
        }
        _ => {
            let linger = OptionValue::Linger(hangup_winsock::options::Linger::default());
            of(w.setsockopt(h, t, s, SOL_SOCKET, SO_LINGER, linger))
        }
    }),
    ("getsockopt SO_RCVBUF", |w, h, t, s, wrong| match wrong {
        Wrong::UnsupportedData => of(w.getsockopt(h, t, s, SOL_SOCKET, SO_CONNDATA)),
        _ => plain(wrong, || of(w.getsockopt(h, t, s, SOL_SOCKET, SO_RCVBUF))),
    }),
    ("ioctlsocket FIONREAD", |w, h, t, s, wrong| plain(wrong, || {
        of(w.ioctlsocket(h, t, s, FIONREAD, &mut 0))
    })),
    ("WSAEventSelect", |w, h, t, s, wrong| match wrong {
        Wrong::BadPointer => of(w.wsa_event_select(h, t, s, Some(EventHandle::from_raw(1)),
                                                   FD_CLOSE)),
        _ => plain(wrong, || of(w.wsa_event_select(h, t, s, None, 0))),
    }),
    ("WSAEnumNetworkEvents", |w, h, t, s, wrong| match wrong {
        Wrong::BadPointer => of(w.wsa_enum_network_events(h, t, s,
                                                          Some(EventHandle::from_raw(1)))),
        _ => plain(wrong, || of(w.wsa_enum_network_events(h, t, s, None))),
    }),
    ("select", |w, h, t, s, wrong| plain(wrong, || {
        let mut sets = Sets { read: vec![s], ..Sets::default() };
        out(w.select(h, t, &mut sets, Some(Duration::ZERO)))
    })),
    ("WSAPoll", |w, h, t, s, wrong| match wrong {
        Wrong::UnsupportedData => {
            out(w.wsa_poll(h, t, &mut [PollFd { s, events: POLLPRI, revents: 0 }], None))
        }
        _ => plain(wrong, || out(w.wsa_poll(
            h, t, &mut [PollFd { s, events: POLLRDNORM, revents: 0 }], Some(Duration::ZERO)))),
    }),
];

/// One function in one situation, on a socket of a connection unless that is what is wrong.
fn cell(call: Call, wrong: Wrong) -> String {
    let mut pair = Pair::new("winsock", 0x0202);
    let s = match wrong {
        Wrong::Unconnected => pair.socket(Who::Server, SOCK_STREAM),
        Wrong::OtherType => pair.bound(SOCK_DGRAM),
        Wrong::BadSocket => Socket::from_raw(3),
        Wrong::Uninitialised | Wrong::NetDown | Wrong::BadPointer | Wrong::UnsupportedData => {
            pair.connected().1
        }
    };
    match wrong {
        Wrong::Uninitialised => pair
            .call(Who::Server, |process, host, now| {
                process.wsa_cleanup(host, now)
            })
            .expect("it was started up"),
        Wrong::NetDown => pair.call(Who::Server, |_, host, _| host.set_up(false)),
        Wrong::BadSocket
        | Wrong::Unconnected
        | Wrong::OtherType
        | Wrong::BadPointer
        | Wrong::UnsupportedData => {}
    }
    let outcome = pair.call(Who::Server, |process, host, now| {
        call(process, host, now, s, wrong)
    });
    match outcome {
        None => "-".to_owned(),
        Some(Progress::Blocks { .. }) => "waits".to_owned(),
        Some(Progress::Done(Ok(()))) => "ok".to_owned(),
        Some(Progress::Done(Err(error))) => error.name().trim_start_matches("WSA").to_owned(),
    }
}

/// The errors are written without their "WSA". "Wrong type" is a bound datagram socket,
/// "unsupported data" a buffer for disconnect or connect data, or what stands nearest to it
/// (MSG_OOB, SO_DISCDATA, POLLPRI). A bad event object counts as a bad pointer.
#[test]
fn the_error_that_wins() {
    let mut table = String::new();
    let mut row = |cells: &[String]| {
        let padded: String = cells
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                format!("{cell:<width$}", width = if index == 0 { 24 } else { 18 })
            })
            .collect();
        writeln!(table, "{}", padded.trim_end()).unwrap();
    };
    let names = SITUATIONS.iter().map(|(name, _)| (*name).to_owned());
    row(&std::iter::once(String::new())
        .chain(names)
        .collect::<Vec<_>>());
    for &(name, call) in CALLS {
        let cells = SITUATIONS.iter().map(|&(_, wrong)| cell(call, wrong));
        row(&std::iter::once(name.to_owned())
            .chain(cells)
            .collect::<Vec<_>>());
    }
    insta::assert_snapshot!(table);
}

/// Everything that WSAEnumProtocols tells.
#[test]
fn protocols() {
    let mut pair = Pair::new("winsock", 0x0202);
    let mut length = usize::MAX;
    let protocols = pair.call(Who::Server, |process, host, _| {
        process.wsa_enum_protocols(host, None, &mut length)
    });
    let mut text = String::new();
    for info in protocols.unwrap() {
        writeln!(text, "{}", info.name).unwrap();
        let (flags, provider_flags) = (info.service_flags, info.provider_flags);
        writeln!(text, "  entry {}, provider {}", info.entry.0, info.provider).unwrap();
        writeln!(text, "  service {flags:#x}, provider {provider_flags:#x}").unwrap();
        let (family, kind, protocol) = (info.family, info.kind, info.protocol);
        writeln!(text, "  family {family}, type {kind}, protocol {protocol}").unwrap();
        let (least, most) = (info.address_min, info.address_max);
        writeln!(
            text,
            "  address {least} to {most}, message {:#x}",
            info.message_size
        )
        .unwrap();
        writeln!(text, "  chain {:?}", info.chain).unwrap();
    }
    insta::assert_snapshot!(text);
}

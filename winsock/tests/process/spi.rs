//! The service provider interface: how a provider is found, started and stacked.

use crate::pair::{Pair, Who};
use crate::stub::Stub;
use hangup_stack::event::{Event, Fact};
use hangup_stack::smoltcp::time::Duration;
use hangup_winsock::api::disconnect::SD_BOTH;
use hangup_winsock::api::sockets::{AF_INET, AF_ISO, SOCK_SEQPACKET, SOCK_STREAM};
use hangup_winsock::api::startup::Version;
use hangup_winsock::catalog::{Chain, EntryId, Guid, ProtocolInfo};
use hangup_winsock::provider::registry::{PROVIDERS, Present};
use hangup_winsock::provider::tcpip::TcpIp;
use hangup_winsock::provider::tracing::Tracing;
use hangup_winsock::{Pointer, Progress, WsaError};

/// A catalog entry of a protocol that nobody else has, provided by `provider`.
fn entry(pair: &Pair, provider: Guid) -> ProtocolInfo {
    let catalog = pair.server.process.catalog();
    ProtocolInfo {
        provider,
        entry: catalog.free_entry(),
        chain: Chain::Base,
        family: AF_ISO,
        kind: SOCK_SEQPACKET,
        protocol: 99,
        ..catalog.entries()[0].clone()
    }
}

/// What WSPStartup says decides whether a provider can be used, and a version that Ws2_32.dll has
/// not asked for is refused by it.
#[test]
fn wspstartup_is_negotiated() {
    let own = Guid(7);
    let rows = [
        (Some(Version { major: 2, minor: 2 }), None),
        (Some(Version { major: 2, minor: 0 }), None),
        (
            Some(Version { major: 1, minor: 1 }),
            Some(WsaError::InvalidProvider),
        ),
        (
            Some(Version { major: 3, minor: 0 }),
            Some(WsaError::InvalidProvider),
        ),
        (None, Some(WsaError::ProviderFailedInit)),
    ];
    for (answer, expected) in rows {
        let mut pair = Pair::new("winsock", 0x0202);
        let info = entry(&pair, own);
        let provider = Stub::new(answer);
        pair.server
            .process
            .install(vec![info], Box::new(provider))
            .unwrap();
        let made = pair.call(Who::Server, |process, host, now| {
            process.socket(host, now, AF_ISO, SOCK_SEQPACKET, 99)
        });
        assert_eq!(made.err(), expected, "{answer:?}");
    }
}

/// An entry without a provider, and one whose number is taken.
#[test]
fn installing() {
    let mut pair = Pair::new("winsock", 0x0202);
    let taken = ProtocolInfo {
        entry: EntryId(1001),
        ..entry(&pair, Guid(7))
    };
    let installed = pair
        .server
        .process
        .install(vec![taken], Box::new(TcpIp::new()));
    assert_eq!(installed, Err(WsaError::Invalid));
    let before = pair.server.process.catalog().entries().len();
    pair.server.process.wsc_install_provider("tracing").unwrap();
    let catalog = pair.server.process.catalog();
    let over: Vec<usize> = catalog
        .entries()
        .iter()
        .map(|it| it.chain.length())
        .collect();
    assert_eq!(&over[..5], [2, 2, 2, 2, 0], "chains first, then the layer");
    assert_eq!(catalog.entries().len(), before + 5);
    assert_eq!(
        catalog.visible(None).count(),
        before + 4,
        "the layer is hidden"
    );
    // A layer over a layer is a layer.
    let (entries, layer) = Tracing::over(catalog, Box::new(TcpIp::new()));
    let again = pair.server.process.install(entries, Box::new(layer));
    assert_eq!(again, Ok(()));
}

/// WSCInstallProvider knows the providers by name; those whose entries every process has cannot be
/// installed a second time.
#[test]
fn installing_by_name() {
    for registration in &PROVIDERS {
        let mut pair = Pair::new("winsock", 0x0202);
        let before = pair.server.process.catalog().entries().len();
        let installed = pair.server.process.wsc_install_provider(registration.name);
        let after = pair.server.process.catalog().entries().len();
        let (expected, is_more) = match registration.present {
            Present::Always => (Err(WsaError::Invalid), false),
            Present::Installed => (Ok(()), true),
        };
        assert_eq!(installed, expected, "{}", registration.name);
        assert_eq!(after > before, is_more, "{}", registration.name);
    }
    let mut pair = Pair::new("winsock", 0x0202);
    let unknown = pair.server.process.wsc_install_provider("tracer");
    assert_eq!(unknown, Err(WsaError::Invalid));
}

/// Frames that were sent, without their places in the order of events.
fn frames(events: Vec<Event>) -> Vec<(i64, Vec<u8>)> {
    let sent = |event: Event| {
        let Fact::Sent { bytes, .. } = event.fact else {
            return None;
        };
        Some((event.at.total_micros(), bytes.to_vec()))
    };
    events.into_iter().filter_map(sent).collect()
}

/// A connection that is made, used and ended through the layer leaves the same frames as one that
/// is not, and every function that was called has passed it.
#[test]
fn a_layer_changes_nothing_on_the_wire() {
    let run = |layered: bool| {
        let mut pair = Pair::new("winsock", 0x0202);
        if layered {
            pair.server.process.wsc_install_provider("tracing").unwrap();
        }
        let (_, s, client) = pair.connected();
        assert_eq!(pair.send(Who::Client, client, 3000), Ok(3000));
        assert_eq!(pair.recv(Who::Server, s), Ok(1460));
        pair.linger(Who::Server, s, 1, 3);
        let ended = pair.call(Who::Server, |process, host, now| {
            process.wsa_send_disconnect(host, now, s, Pointer::Null)?;
            process.shutdown(host, now, s, SD_BOTH)
        });
        assert_eq!(ended, Ok(()));
        let closed = pair.wait(Who::Server, |process, host, now| {
            process.closesocket(host, now, s)
        });
        assert_eq!(closed, Ok(()));
        pair.run_for(Duration::from_secs(10));
        let passages = pair.server.process.take_passages();
        let names: Vec<_> = passages.iter().map(|passage| passage.function).collect();
        (frames(pair.network.take_events()), names)
    };
    let (plain, nothing) = run(false);
    let (layered, passages) = run(true);
    assert_eq!(plain, layered);
    assert!(nothing.is_empty());
    assert_eq!(
        passages,
        [
            "WSPSocket",
            "WSPBind",
            "WSPListen",
            "WSPAccept",
            "WSPRecv",
            "WSPSetSockOpt",
            "WSPSendDisconnect",
            "WSPShutdown",
            "WSPCloseSocket"
        ]
    );
}

/// Handles of several providers do not meet in one select.
#[test]
fn select_takes_sockets_of_one_provider() {
    let mut pair = Pair::new("winsock", 0x0202);
    let plain = pair.socket(Who::Server, SOCK_STREAM);
    pair.server.process.wsc_install_provider("tracing").unwrap();
    let layered = pair.socket(Who::Server, SOCK_STREAM);
    let mut select = |sockets: &[_]| {
        let mut sets = hangup_winsock::provider::Sets {
            read: sockets.to_vec(),
            ..Default::default()
        };
        pair.call(Who::Server, |process, host, now| {
            process.select(host, now, &mut sets, Some(Duration::ZERO))
        })
    };
    assert_eq!(select(&[plain]), Progress::Done(Ok(0)));
    assert_eq!(select(&[layered]), Progress::Done(Ok(0)));
    assert_eq!(
        select(&[plain, layered]),
        Progress::Done(Err(WsaError::Invalid))
    );
    let made = pair.call(Who::Server, |process, host, now| {
        process.socket(host, now, AF_INET, SOCK_STREAM, 0)
    });
    assert!(made.is_ok());
}

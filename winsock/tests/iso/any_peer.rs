//! What must hold for any octets that a peer sends. A fuzz target calls it too.

use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_winsock::provider::itot::connection::{Connection, Manners, ReleaseResponse, TcpAction};
use hangup_winsock::provider::itot::negotiate::{Agreed, ClassZero, Wishes};
use hangup_winsock::provider::itot::table::State;
use hangup_winsock::provider::itot::tpdu::{ConnectData, DisconnectData, Selector, Tpdu};
use hangup_winsock::provider::itot::tpkt::Packets;

/// A connection sends nothing but packets with TPDUs, whatever its peer sends and whatever its user
/// does. The first octet says how it begins and what the user does, the second how TCP cuts the
/// rest, which is what the peer sends.
pub(crate) fn check(octets: &[u8]) {
    let (&[how, piece], rest) = octets.split_first_chunk().unwrap_or((&[0, 0], &[]));
    let manners = Manners {
        wishes: Wishes {
            class: if how & 1 == 0 {
                Agreed::Two
            } else {
                Agreed::Zero
            },
            class_0_would_do: if how & 2 == 0 {
                ClassZero::Offered
            } else {
                ClassZero::NotOffered
            },
            tpdu_octets_max: 128 << (how >> 5),
        },
        answer: if how & 4 == 0 {
            ReleaseResponse::AtOnce
        } else {
            ReleaseResponse::WhenUserEnds(Duration::from_secs(30))
        },
        patience: Duration::from_secs(120),
    };
    let now = Instant::ZERO;
    let mut connection = if how & 8 == 0 {
        Connection::listen(manners, 1, now)
    } else {
        let none = (Selector::EMPTY, Selector::EMPTY);
        Connection::call(manners, 1, none, ConnectData::EMPTY, now)
    };
    let mut sent = Packets::default();
    for (index, octets) in rest.chunks(usize::from(piece) + 1).enumerate() {
        connection.on_octets(octets, now);
        let _ = connection.accept(ConnectData::EMPTY);
        if index % 3 == 2 {
            let _ = connection.send(octets);
        }
        if how & 16 != 0 && index == 5 {
            connection.release(DisconnectData::cut(octets), now);
        }
        drain(&mut connection, &mut sent);
    }
    connection.release(DisconnectData::EMPTY, now);
    connection.disrupt(now);
    drain(&mut connection, &mut sent);
    connection.on_time(now + Duration::from_secs(1000));
    drain(&mut connection, &mut sent);
    assert_eq!(connection.state(), State::Closed);
    assert_ne!(connection.network(), TcpAction::Keep);
    assert_eq!(connection.poll_at(), None);
    assert_eq!(sent.incomplete(), 0, "a packet is not whole");
}

/// Takes what a connection sends, which must be TPDUs.
fn drain(connection: &mut Connection, sent: &mut Packets) {
    while !connection.poll_transmit().is_empty() {
        let octets = connection.poll_transmit().to_vec();
        sent.add(&octets);
        connection.transmitted(octets.len());
    }
    while let Some(tpdu) = sent.next_tpdu().expect("it sends packets") {
        let read = Tpdu::read(tpdu.as_slice());
        assert!(read.is_ok(), "it sends TPDUs: {read:?}");
    }
}

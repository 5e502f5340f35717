//! Traces as text, reviewed as snapshots.

use hangup::capture::text::{last, render};
use hangup_stack::network::HostId;

use crate::run::{datagrams, held};
use crate::wire::{CLIENT, Ip, SERVER};

#[test]
fn each_host_sees_its_own_side() {
    let held = held(Ip::V4);
    insta::assert_snapshot!("held_at_server", render(&held.trace(), HostId(SERVER)));
    insta::assert_snapshot!("held_at_client", render(&held.trace(), HostId(CLIENT)));
    let datagrams = datagrams(Ip::V6);
    insta::assert_snapshot!(
        "datagrams_at_server",
        render(&datagrams.trace(), HostId(SERVER))
    );
}

#[test]
fn the_last_lines_are_those_of_the_whole() {
    let run = held(Ip::V6);
    let whole = render(&run.trace(), HostId(CLIENT));
    let tail = last(&run.trace(), HostId(CLIENT), 5);
    assert_eq!(tail.len(), 5);
    assert!(
        whole.ends_with(&format!("\n{}\n", tail.join("\n"))),
        "{whole}"
    );
    assert!(whole.lines().count() > last(&run.trace(), HostId(CLIENT), 1000).len());
}

//! Known behaviour of senders whose data is never acknowledged, reproduced in rows.

use smoltcp::time::Duration;

use super::measurement::Agreement;
use super::{Case, Ending, Limit, Measurement, Plan, Row, RowFilter, measure};
use crate::bounds::Usual;

/// The only row of a plan.
#[track_caller]
fn one(filters: &[&str]) -> Measurement {
    let mut plan = Plan::default_sweep();
    for filter in filters {
        plan.filter(filter).unwrap();
    }
    let rows: Vec<_> = plan.rows().collect();
    assert_eq!(rows.len(), 1, "{filters:?}");
    measure(&rows[0].1, &Usual).unwrap()
}

/// Measured on Linux 6.18.44 and with smoltcp 0.14 as senders, against a peer that is silent or
/// repeats its acknowledgment. The default sweep has each of them among its rows.
#[test]
fn the_default_sweep_finds_the_never_acknowledged_figures() {
    let linux = "sender=linux";
    let smoltcp = "sender=smoltcp";
    let silent = "acknowledge=profile";
    let duplicate = "acknowledge=duplicate";
    let rows = [
        // Ten segments: the initial congestion window.
        (
            [linux, silent, "sack=off", "window=65535", "warm-up=0"],
            14_600,
            Limit::CongestionWindow,
        ),
        // And one more, a tail loss probe.
        (
            [linux, silent, "sack=profile", "window=65535", "warm-up=0"],
            16_060,
            Limit::CongestionWindow,
        ),
        (
            [linux, silent, "sack=off", "window=4000", "warm-up=0"],
            2_920,
            Limit::SillyWindow,
        ),
        (
            [linux, duplicate, "sack=off", "window=65535", "warm-up=0"],
            64_240,
            Limit::SillyWindow,
        ),
        (
            [
                linux,
                duplicate,
                "sack=profile",
                "window=65535",
                "warm-up=0",
            ],
            16_060,
            Limit::CongestionWindow,
        ),
        (
            [linux, silent, "sack=off", "window=65535", "warm-up=auto"],
            65_535,
            Limit::Window,
        ),
        (
            [smoltcp, silent, "sack=off", "window=65535", "warm-up=0"],
            64_240,
            Limit::SendBuffer,
        ),
        (
            [smoltcp, silent, "sack=off", "window=4000", "warm-up=0"],
            2_920,
            Limit::SillyWindow,
        ),
        (
            [smoltcp, duplicate, "sack=off", "window=65535", "warm-up=0"],
            64_240,
            Limit::SendBuffer,
        ),
    ];
    for (filters, octets, limit) in rows {
        let mut filters = filters.to_vec();
        let warm = filters.contains(&"warm-up=auto");
        filters.push(if warm { "delay=10ms" } else { "delay=100us" });
        filters.push("receiver=wsprecvdisconnect");
        let found = one(&filters);
        let numbers = (found.sent, found.accepted, found.held, found.limit);
        assert_eq!(numbers, (octets, octets, octets, limit), "{filters:?}");
        assert_eq!(found.acknowledged, 0, "{filters:?}");
    }
}

/// Measured: 939.0 s and fifteen retransmissions on Linux; smoltcp repeats all it has sent for
/// ever.
#[test]
fn a_linux_sender_gives_up_after_939_seconds_and_smoltcp_never() {
    let cold = [
        "receiver=wsprecvdisconnect",
        "acknowledge=profile",
        "sack=off",
        "window=65535",
    ];
    let of = |sender: &'static str| {
        let mut filters = cold.to_vec();
        filters.extend([sender, "warm-up=0", "delay=100us"]);
        one(&filters)
    };
    let linux = of("sender=linux");
    assert_eq!(linux.sender.ending, Ending::TimedOut);
    let tenth = Duration::from_millis(100);
    let at = linux.sender.at.unwrap();
    let measured = Duration::from_secs(939);
    assert!(at > measured - tenth && at < measured + tenth, "{at}");
    assert_eq!(
        (linux.segments, linux.retransmissions, linux.answers),
        (25, 15, 0)
    );
    assert_eq!(linux.receiver.ending, Ending::Never, "nothing tells it");

    let smoltcp = of("sender=smoltcp");
    assert_eq!(
        (smoltcp.sender.ending, smoltcp.sender.at),
        (Ending::Open, None)
    );
    assert_eq!(smoltcp.retransmissions % 44, 0, "all 44 segments each time");
}

/// Four receivers differ as their systems do: held without an answer; queued until the window is
/// closed; thrown away up to the edge that stands still; thrown away for ever.
#[test]
fn receivers_differ_as_their_systems_do() {
    let of = |receiver: &str| {
        let receiver = format!("receiver={receiver}");
        one(&[
            &receiver,
            "sender=linux",
            "acknowledge=profile",
            "sack=profile",
            "warm-up=0",
            "window=65535",
            "delay=100us",
        ])
    };
    let held = of("wsprecvdisconnect");
    assert_eq!((held.held, held.acknowledged, held.answers), (16_060, 0, 0));
    assert_eq!((held.window_first, held.window_last), (65_535, 65_535));
    assert_eq!(held.sender.ending, Ending::TimedOut);

    let linux = of("linux");
    assert_eq!(
        (linux.held, linux.limit, linux.window_last),
        (0, Limit::Window, 0)
    );
    assert_eq!(linux.acknowledged, linux.accepted);
    assert_eq!(linux.kept_most, linux.accepted, "it stays readable");
    assert_eq!(linux.sender.ending, Ending::Open, "probes are answered");
    // Two probes within half a second have one answer.
    assert!(linux.probes_answered > 10, "{linux:?}");
    assert!(linux.probes_answered + 1 >= linux.probes, "{linux:?}");

    let freebsd = of("freebsd");
    // The edge stands still, but for what the shift of the window field makes of it.
    assert_eq!(freebsd.limit, Limit::Window);
    assert!(freebsd.accepted >= freebsd.start.room);
    let agreement = freebsd.predicted.compare(&freebsd);
    assert_eq!(agreement, Agreement::Agrees, "{freebsd:?}");
    assert_eq!((freebsd.kept_most, freebsd.window_last), (0, 0));
    assert_eq!(freebsd.sender.ending, Ending::Open);

    let illumos = of("illumos");
    assert_eq!(
        (illumos.accepted, illumos.limit),
        (illumos.offered, Limit::Application)
    );
    assert_eq!(illumos.kept_most, 0);
    let open = illumos.window_last + illumos.start.segment;
    assert!(
        open > illumos.window_first,
        "but for a segment: {illumos:?}"
    );
    assert_eq!(illumos.sender.ending, Ending::Never);

    let winsock = of("winsock");
    assert_eq!((winsock.accepted, winsock.limit), (0, Limit::Reset));
    assert_eq!(winsock.sender.ending, Ending::ResetByPeer);
    assert_eq!(winsock.receiver.ending, Ending::Reset);
}

/// What stopped a sender is always known where nothing is lost, and the model holds; all but where
/// duplicate acknowledgments let out a few segments a round trip, and a timeout comes before the
/// window is full.
#[test]
fn the_default_sweep_is_explained_and_as_the_model_says() {
    let mut plan = Plan::default_sweep();
    plan.filter("sender!=netstack3 or acknowledge=profile")
        .unwrap();
    plan.sample(32);
    for (id, case) in plan.rows() {
        let row = Row::run(id, case, &Usual);
        let limit = row.result.as_ref().map(|it| it.limit);
        let explained = limit.as_ref().is_ok_and(|it| *it != Limit::Unexplained);
        assert!(explained, "{id} {}: {:?}", case.describe(), row.result);
        let agreement = row.agreement();
        assert_eq!(agreement, Some(Agreement::Agrees), "{id} {:?}", row.result);
    }
}

#[test]
fn a_link_that_loses_everything_is_a_row_without_a_measurement() {
    let case = Case::default().with(super::Axis::Loss, super::Value::Number(1_000_000));
    let row = Row::run(7, case, &Usual);
    assert_eq!(row.result, Err(super::MeasureError::NotConnected));
    assert!(RowFilter::parse("loss=1").unwrap().takes(&case));
}

/// A congestion window without an end is no number that anything is multiplied with.
#[test]
fn every_sender_can_do_without_congestion_control() {
    let mut plan = Plan::default();
    let senders = "[sweep]\ncongestion = 'none'\nwarm-up = 14600\nwindow = 262144\nsender = ";
    let names = hangup_stack::profile::names().join(",");
    plan.read(&format!("{senders}'{names}'")).unwrap();
    let of = |(_, case): (u64, Case)| measure(&case, &Usual).unwrap();
    let limits: Vec<_> = plan.rows().map(of).map(|it| it.limit).collect();
    assert_eq!(limits.len(), hangup_stack::profile::names().len());
    assert!(!limits.contains(&Limit::CongestionWindow), "{limits:?}");
    assert!(!limits.contains(&Limit::Unexplained), "{limits:?}");
}

//! The filter language: valid filters, invalid ones, and the messages about them.

use hangup::diagnostic::{Colour, Source};
use hangup::filter::{Filter, NESTING_MAX, TEXT_OCTETS_MAX, supported_fields, views};
use hangup_stack::network::HostId;
use proptest::prelude::*;

use crate::run::held;
use crate::wire::{Ip, SERVER};

/// The numbers of the frames that a filter selects in the trace of a server that goes deaf.
fn selected(filter: &str) -> Vec<u32> {
    let run = held(Ip::V4);
    let filter = Filter::parse(filter).unwrap();
    let views = views(&run.trace(), HostId(SERVER)).unwrap();
    let selected = views.iter().filter(|view| filter.matches(view));
    selected.map(|view| view.number).collect()
}

/// The trace: 5 to 7 is the handshake, 11 to 20 are data and what became of it, 24 is a RST, the
/// rest are calls.
#[test]
fn filters_mean_what_wireshark_means() {
    let frames = [5, 6, 7, 11, 13, 17, 18, 20, 24];
    let rows_of_text = [1, 2, 3, 4, 8, 9, 10, 12, 14, 15, 16, 19, 21, 22, 23];
    let rows: [(&str, &[u32]); 24] = [
        ("tcp", &frames),
        ("!tcp", &rows_of_text),
        ("!!tcp && not not eth", &frames),
        ("tcp.flags.reset", &frames),
        ("tcp.flags.reset == 1", &[24]),
        (
            "tcp.flags.reset==TRUE||syslog.msg contains \"accept\"",
            &[8, 24],
        ),
        // Strong to weak: not, and, or.
        (
            "tcp.flags.reset == 1 || tcp.flags.syn == 1 && tcp.flags.ack == 1",
            &[6, 24],
        ),
        (
            "(tcp.flags.reset == 1 || tcp.flags.syn == 1) && tcp.flags.ack == 1",
            &[6],
        ),
        ("not tcp.len == 0 and tcp", &[11, 13, 17, 18, 20]),
        // A test of what is not there is false, and its negation true.
        ("tcp.port != 81", &frames),
        ("!(tcp.port == 80)", &rows_of_text),
        ("udp.port != 80", &[]),
        // Either port: for `!=` both must differ, for `!==` one.
        ("tcp.port != 80", &[]),
        ("tcp.port !== 80", &frames),
        ("tcp.port === 80", &[]),
        ("all tcp.port > 79 && any tcp.port == 80", &frames),
        ("tcp.port not in {80}", &rows_of_text),
        ("frame.number in {1, 3..5, 0x10}", &[1, 3, 4, 5, 16]),
        ("frame.number in {5..3}", &[]),
        (
            "frame.interface_name == \"api\"",
            &[1, 2, 3, 4, 8, 9, 10, 23],
        ),
        ("ip.src == 192.0.2.1 && tcp", &[6]),
        ("ip.src == 198.51.100.0/24", &[1, 3, 4, 9, 10]),
        ("tcp.srcport < tcp.dstport", &[6]),
        ("frame.time_relative in {0.01..0.03} && tcp", &[5, 6, 7]),
    ];
    for (filter, expected) in rows {
        assert_eq!(selected(filter), expected, "{filter}");
    }
    assert_eq!(selected(" \t\r\n").len(), 24, "the empty filter");
}

/// The words and symbols of one operator are the same filter, and blanks do not matter.
#[test]
fn an_operator_has_several_names() {
    let rows: [&[&str]; 10] = [
        &[
            "tcp.len==1",
            "tcp.len eq 1",
            "tcp.len any_eq 1",
            "any tcp.len == 1",
        ],
        &[
            "tcp.len!=1",
            "tcp.len ne 1",
            "tcp.len all_ne 1",
            "all tcp.len != 1",
        ],
        &["tcp.len===1", "tcp.len all_eq 1", "all tcp.len eq 1"],
        &[
            "tcp.len!==1",
            "tcp.len ~= 1",
            "tcp.len any_ne 1",
            "any tcp.len ne 1",
        ],
        &["tcp.len<1", "tcp.len lt 1"],
        &["tcp.len<=1", "tcp.len le 01"],
        &["tcp.len>1", "tcp.len gt 0x1"],
        &["tcp.len>=1", "tcp.len\nge\t0b1"],
        &["tcp&&ip", "tcp and ip", "((tcp)and(ip))"],
        &["tcp||!ip", "tcp or not ip", "tcp or(!(ip))"],
    ];
    for names in rows {
        let first = Filter::parse(names[0]).unwrap();
        for name in names {
            assert_eq!(Filter::parse(name).unwrap(), first, "{name}");
        }
    }
    let mut parsed: Vec<_> = rows
        .iter()
        .map(|it| Filter::parse(it[0]).unwrap())
        .collect();
    parsed.dedup();
    assert_eq!(parsed.len(), rows.len());
}

/// Every error as a person sees it, in one snapshot.
#[test]
fn errors_show_the_place_and_what_to_do() {
    let filters = [
        "tcp.flags.rst == 1",
        "http.request",
        "tcp &&",
        "&& tcp",
        "tcp udp",
        "tcp.len > 0 80",
        "(tcp || udp",
        "tcp)",
        "()",
        "tcp == 1",
        "icmp in {3}",
        "tcp.port = 80",
        "tcp.port == ",
        "tcp.port == 65536",
        "tcp.port == -1",
        "tcp.port == 080",
        "tcp.port == \"80\"",
        "tcp.port == http",
        "tcp.port == ip.src",
        "tcp.port contains \"8\"",
        "tcp.port in 80",
        "tcp.port in {80",
        "tcp.port in {80 81}",
        "tcp.port in {}",
        "tcp.flags.syn == true",
        "ip.src == server",
        "ip.src == 192.0.2.1/33",
        "ipv6.src == 192.0.2.1",
        "frame.time_relative > 10ms",
        "frame.comment contains HELD",
        "frame.comment contains \"HELD",
        "frame.comment contains \"\\q\"",
        "frame.comment matches \"held\"",
        "frame.comment ~ \"held\"",
        "tcp.flags & 2",
        "tcp.port + 1 == 81",
        "eth[0] == 2",
        "len(frame.comment) > 3",
        "tcp.port == {80}",
        "frame.number == 'a'",
        "any tcp",
        "80 == tcp.port",
        "ü == 1",
    ];
    let mut text = String::new();
    for filter in filters {
        let error = Filter::parse(filter).expect_err(filter);
        let source = Source::new("filter", filter);
        text.push_str(&source.render(&error.diagnostic(0), Colour::Plain));
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn limits_are_errors_and_not_overflows() {
    let nested = |depth: usize| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    let negated = |depth: usize| format!("{}tcp", "!".repeat(depth));
    for make in [&nested as &dyn Fn(usize) -> String, &negated] {
        assert!(Filter::parse(&make(NESTING_MAX)).is_ok());
        for depth in [NESTING_MAX + 1, 2000] {
            let error = Filter::parse(&make(depth)).unwrap_err();
            assert!(error.message.contains("at most 32"), "{error}");
        }
    }
    let long = format!("tcp{}", " || tcp".repeat((TEXT_OCTETS_MAX - 3) / 7));
    assert!(Filter::parse(&long).is_ok());
    let error = Filter::parse(&" ".repeat(TEXT_OCTETS_MAX + 1)).unwrap_err();
    assert!(error.message.contains("4096"), "{error}");
}

#[test]
fn every_listed_field_can_be_named() {
    let fields: Vec<_> = supported_fields().collect();
    assert!(fields.len() > 40);
    for field in fields {
        assert!(Filter::parse(field.name).is_ok(), "{}", field.name);
        assert!(
            !field.meaning.is_empty() && field.meaning.len() < 80,
            "{}",
            field.name
        );
    }
}

/// Pieces of filters, joined at random: far more of them parse than of random characters.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "tcp",
        "tcp.port",
        "ip.src",
        "frame.comment",
        "frame.time_relative",
        "tcp.flags.syn",
        "==",
        "!=",
        "!",
        "&&",
        "||",
        "(",
        ")",
        "in",
        "not",
        "{",
        "}",
        "..",
        ",",
        "80",
        "0x",
        "1.5",
        "192.0.2.1/24",
        "\"a\\x",
        "\"",
        "r\"",
        "contains",
        "any",
        "~",
        " ",
        "ü",
        "\0",
        "\\",
    ];
    proptest::collection::vec(proptest::sample::select(PIECES), 0..24).prop_map(|it| it.concat())
}

proptest! {
    #[test]
    fn no_text_panics_and_errors_point_into_it(
        text in prop_oneof![pieces(), any::<String>(), "[ -~]{0,60}"]
    ) {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(text.get(error.range.clone()).is_some(), "{error:?}");
            let source = Source::new("filter", text);
            prop_assert!(!source.render(&error.diagnostic(0), Colour::Plain).is_empty());
        }
    }

    /// Octets that the link made up are taken apart without a panic too.
    #[test]
    fn no_frame_panics(
        change in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
    ) {
        let frames = crate::traces::odd_frames();
        let mut bytes = frames[which.index(frames.len())].1.clone();
        for (place, value) in change {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        let capture = crate::traces::Capture::of_frames([(SERVER, bytes)]);
        let count = views(&capture.trace(), HostId(SERVER)).unwrap().len();
        prop_assert_eq!(count, 1);
    }
}

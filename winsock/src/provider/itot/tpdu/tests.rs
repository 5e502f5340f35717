use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::provider::itot::tpkt;

/// The octets of a packet that is written in hexadecimal.
fn octets(text: &str) -> Vec<u8> {
    let octets = text.split_whitespace();
    octets
        .map(|octet| u8::from_str_radix(octet, 16).unwrap())
        .collect()
}

fn packet(tpdu: &Tpdu) -> Vec<u8> {
    let mut stream = Vec::new();
    tpkt::put(&tpdu.write(), &mut stream);
    stream
}

/// What the frames below have in common.
fn terms(source: Reference) -> Terms {
    Terms {
        source,
        credit: Credit::default(),
        class: Class::Two,
        extended_formats: false,
        explicit_flow_control: false,
        tpdu_size: Some(TpduSize::MAX),
        preferred_maximum: None,
        calling: None,
        called: None,
        additional_options: None,
        data: ConnectData::EMPTY,
    }
}

/// A connection of class 2 from its first packet to its last. Wireshark shows each of these as what
/// it is, with nothing malformed.
#[test]
fn a_connection_in_octets() {
    let called = Terms {
        calling: Selector::new(b"AB"),
        called: Selector::new(b"CD"),
        ..terms(0x1111)
    };
    let no_options = |terms: &Terms| Terms {
        additional_options: Some(0),
        ..terms.clone()
    };
    let request = |terms| Tpdu::ConnectionRequest {
        terms,
        alternatives: BTreeSet::new(),
    };
    let confirm = |terms| Tpdu::ConnectionConfirm {
        destination: 0x1111,
        terms,
    };
    let rows = [
        (
            request(called.clone()),
            "03 00 00 16 11 e0 00 00 11 11 21 c0 01 0d c1 02 41 42 c2 02 43 44",
        ),
        (
            confirm(terms(0x2222)),
            "03 00 00 0e 09 d0 11 11 22 22 21 c0 01 0d",
        ),
        (
            Tpdu::Data {
                destination: 0x2222,
                end: EndOfMessage::Yes,
                octets: Bounded::new(b"HELLO").unwrap(),
            },
            "03 00 00 0e 04 f0 22 22 80 48 45 4c 4c 4f",
        ),
        (
            Tpdu::DisconnectRequest(DisconnectRequest {
                destination: 0x2222,
                source: 0x1111,
                reason: Reason::NORMAL,
                additional: AdditionalInformation::new(NON_DISRUPTIVE),
                data: DisconnectData::new(b"total=42").unwrap(),
            }),
            "03 00 00 16 09 80 22 22 11 11 80 e0 01 80 74 6f 74 61 6c 3d 34 32",
        ),
        (
            Tpdu::DisconnectConfirm {
                destination: 0x1111,
                source: 0x2222,
            },
            "03 00 00 0a 05 c0 11 11 22 22",
        ),
        // With the options said, which is what a connection here does.
        (
            request(no_options(&called)),
            "03 00 00 19 14 e0 00 00 11 11 21 c0 01 0d c1 02 41 42 c2 02 43 44 c6 01 00",
        ),
        (
            confirm(no_options(&terms(0x2222))),
            "03 00 00 11 0c d0 11 11 22 22 21 c0 01 0d c6 01 00",
        ),
        // Class 0, as an alternative and on its own.
        (
            Tpdu::ConnectionRequest {
                terms: terms(0x1111),
                alternatives: BTreeSet::from([Class::Zero]),
            },
            "03 00 00 11 0c e0 00 00 11 11 21 c0 01 0d c7 01 00",
        ),
        (
            Tpdu::DataOfClass0 {
                end: EndOfMessage::No,
                octets: Bounded::new(b"HEL").unwrap(),
            },
            "03 00 00 0a 02 f0 00 48 45 4c",
        ),
        (
            Tpdu::Error {
                destination: 0x1111,
                cause: RejectCause::TPDU_TYPE,
                rejected: RejectedHeader::new(&[0x04, 0x10]),
            },
            "03 00 00 0d 08 70 11 11 02 c1 02 04 10",
        ),
    ];
    for (tpdu, text) in rows {
        let expected = octets(text);
        assert_eq!(packet(&tpdu), expected, "{tpdu:?}");
        assert_eq!(Tpdu::read(&expected[tpkt::HEADER..]), Ok(tpdu));
    }
}

/// A TPDU that names no options is read as well: it is how others write them.
#[test]
fn what_others_write_is_read() {
    // A class 0 request without a parameter.
    let request = octets("06 e0 00 00 00 00 00");
    let Ok(Tpdu::ConnectionRequest { terms, .. }) = Tpdu::read(&request) else {
        panic!("{:?}", Tpdu::read(&request));
    };
    assert_eq!(
        (terms.class, terms.explicit_flow_control),
        (Class::Zero, true)
    );
    // Parameters in another order, one twice, one that nobody knows.
    let request = octets("14 e0 00 00 00 01 21 c2 01 41 c0 01 07 c2 01 42 99 02 01 02 c0");
    assert_eq!(
        Tpdu::read(&request).map_err(|malformed| malformed.at),
        Err(20)
    );
    let request = octets("13 e0 00 00 00 01 21 c2 01 41 c0 01 07 c2 01 42 99 02 01 02");
    let Ok(Tpdu::ConnectionRequest { terms, .. }) = Tpdu::read(&request) else {
        panic!("{:?}", Tpdu::read(&request));
    };
    assert_eq!(terms.called, Selector::new(b"B"));
    assert_eq!(terms.tpdu_size, Some(TpduSize::MIN));
    // The number of a data TPDU means nothing.
    let numbered = Tpdu::read(&octets("04 f0 00 01 85 41"));
    assert!(matches!(
        numbered,
        Ok(Tpdu::Data {
            end: EndOfMessage::Yes,
            ..
        })
    ));
}

/// What RFC 905 does not allow, the octet where it shows, and what the error TPDU says of it.
#[test]
fn what_is_not_allowed_is_refused_with_its_place() {
    const LENGTH: RejectCause = RejectCause::NOT_SPECIFIED;
    const CODE: RejectCause = RejectCause::PARAMETER_CODE;
    const TYPE: RejectCause = RejectCause::TPDU_TYPE;
    const VALUE: RejectCause = RejectCause::PARAMETER_VALUE;
    let long = |header: &str, data: usize| [octets(header), vec![0x41; data]].concat();
    let selector = |length: u8| {
        let value = vec![0x41; length.into()];
        let header = [octets("00 e0 00 00 00 01 21 c1"), vec![length], value].concat();
        let indicator = u8::try_from(header.len() - 1).unwrap();
        [vec![indicator], header[1..].to_vec()].concat()
    };
    let rows = [
        (octets(""), LENGTH, 0),
        (octets("00 00 00"), LENGTH, 0),
        (octets("ff f0 80"), LENGTH, 0),
        (octets("05 c0 00 01 00"), LENGTH, 0),
        (octets("04 c0 00 01 00"), LENGTH, 0),
        (octets("01 f0 80"), LENGTH, 0),
        (octets("03 f0 00 80"), LENGTH, 0),
        // Types: expedited data, acknowledgment, reject, none, and bits that are none of a code.
        (octets("04 10 00 01 80 41"), TYPE, 1),
        (octets("04 60 00 01 00"), TYPE, 1),
        (octets("04 50 00 01 00"), TYPE, 1),
        (octets("02 00 00"), TYPE, 1),
        (octets("06 81 00 01 00 02 80"), TYPE, 1),
        (octets("02 f1 80"), TYPE, 1),
        // The fixed part.
        (octets("06 e0 00 01 00 01 21"), VALUE, 2),
        (octets("06 e0 00 00 00 01 51"), VALUE, 6),
        (octets("06 e0 00 00 00 01 25"), VALUE, 6),
        (octets("02 f0 81 41"), VALUE, 2),
        // Parameters.
        (octets("09 e0 00 00 00 01 21 c0 01 06"), VALUE, 7),
        (octets("09 e0 00 00 00 01 21 c0 01 0e"), VALUE, 7),
        (octets("0a e0 00 00 00 01 21 c0 02 0d 0d"), VALUE, 7),
        (octets("0a e0 00 00 00 01 21 c6 02 00 00"), VALUE, 7),
        (octets("08 e0 00 00 00 01 21 f0 00"), VALUE, 7),
        (octets("09 e0 00 00 00 01 21 f0 01 00"), VALUE, 7),
        (
            octets("0d e0 00 00 00 01 21 f0 05 01 00 00 00 00"),
            VALUE,
            7,
        ),
        (octets("09 e0 00 00 00 01 21 c7 01 50"), VALUE, 7),
        (octets("09 e0 00 00 00 01 21 c7 01 01"), VALUE, 7),
        (selector(33), VALUE, 7),
        (octets("09 e0 00 00 00 01 21 c0 02 0d"), LENGTH, 7),
        (octets("07 e0 00 00 00 01 21 c0"), LENGTH, 7),
        // What is unknown is ignored in a request, and refused elsewhere.
        (octets("09 d0 00 01 00 02 21 99 01 00"), CODE, 7),
        (octets("09 d0 00 01 00 02 21 c7 01 00"), CODE, 7),
        (octets("0a 80 00 01 00 02 80 c3 02 00 00"), CODE, 7),
        (octets("09 c0 00 01 00 02 c3 02 00 00"), CODE, 6),
        (octets("07 70 00 01 00 c2 01 00"), CODE, 5),
        // User data.
        (long("06 e0 00 00 00 01 21", 33), LENGTH, 7),
        (long("06 e0 00 00 00 01 21", 122), LENGTH, 0),
        (long("06 d0 00 01 00 02 21", 33), LENGTH, 7),
        (long("06 80 00 01 00 02 80", 65), LENGTH, 7),
        (long("05 c0 00 01 00 02", 1), LENGTH, 6),
        (long("04 70 00 01 00", 1), LENGTH, 5),
        (long("04 f0 00 01 80", TPDU_MAX - 4), LENGTH, 5),
    ];
    for (octets, cause, at) in rows {
        let Err(malformed) = Tpdu::read(&octets) else {
            panic!("{octets:02x?}: {:?}", Tpdu::read(&octets));
        };
        assert_eq!(
            (malformed.cause, malformed.at),
            (cause, at),
            "{octets:02x?}"
        );
        let rejected = malformed.rejected(&octets);
        assert!(octets.starts_with(rejected.as_slice()));
        assert_eq!(rejected.len(), octets.len().min(at + 1));
    }
    // The limits themselves are no mistake.
    for octets in [
        long("06 e0 00 00 00 01 21", 32),
        long("06 d0 00 01 00 02 21", 32),
        long("06 80 00 01 00 02 80", 64),
        long("04 f0 00 01 80", TPDU_MAX - 5),
        long("02 f0 80", TPDU_MAX - 3),
        selector(32),
    ] {
        assert!(Tpdu::read(&octets).is_ok(), "{octets:02x?}");
    }
}

#[test]
fn sizes_are_powers_of_two() {
    let rows = [
        (0, None),
        (127, None),
        (128, Some(128)),
        (255, Some(128)),
        (1024, Some(1024)),
        (8192, Some(8192)),
        (TPDU_MAX, Some(8192)),
        (usize::MAX, Some(8192)),
    ];
    for (octets, expected) in rows {
        let size = TpduSize::at_most(octets).map(TpduSize::octets);
        assert_eq!(size, expected, "{octets}");
    }
}

fn bounded<const MAX: usize>() -> impl Strategy<Value = Bounded<MAX>> {
    vec(any::<u8>(), 0..=MAX).prop_map(|octets| Bounded::cut(&octets))
}

fn terms_of_any_kind() -> impl Strategy<Value = Terms> {
    let fixed = (
        any::<u16>(),
        any::<u8>(),
        select(&Class::ALL[..]),
        any::<[bool; 2]>(),
    );
    let sizes = (option::of(7_u8..=13), option::of(1..=u32::MAX));
    let selectors = (option::of(bounded()), option::of(bounded()));
    let rest = (option::of(any::<u8>()), bounded());
    (fixed, sizes, selectors, rest).prop_map(|(fixed, sizes, selectors, rest)| {
        let (source, credit, class, [extended_formats, explicit_flow_control]) = fixed;
        let (calling, called) = selectors;
        let (additional_options, data) = rest;
        Terms {
            source,
            credit: Credit::of_low_bits(credit),
            class,
            extended_formats,
            explicit_flow_control,
            tpdu_size: sizes.0.and_then(TpduSize::of_code),
            preferred_maximum: sizes.1.and_then(Units::new),
            calling,
            called,
            additional_options,
            data,
        }
    })
}

fn data<const MAX: usize>() -> impl Strategy<Value = (EndOfMessage, Bounded<MAX>)> {
    let end = select(vec![EndOfMessage::Yes, EndOfMessage::No]);
    (
        end,
        vec(any::<u8>(), 0..300).prop_map(|octets| Bounded::cut(&octets)),
    )
}

fn any_tpdu() -> impl Strategy<Value = Tpdu> {
    let request = (
        terms_of_any_kind(),
        btree_set(select(&Class::ALL[..4]), 0..4),
    );
    let disconnect = (
        any::<u16>(),
        any::<u16>(),
        any::<u8>(),
        option::of(bounded()),
        bounded(),
    );
    prop_oneof![
        request.prop_map(|(terms, alternatives)| Tpdu::ConnectionRequest {
            terms,
            alternatives
        }),
        (any::<u16>(), terms_of_any_kind())
            .prop_map(|(destination, terms)| Tpdu::ConnectionConfirm { destination, terms }),
        disconnect.prop_map(|(destination, source, reason, additional, data)| {
            Tpdu::DisconnectRequest(DisconnectRequest {
                destination,
                source,
                reason: Reason(reason),
                additional,
                data,
            })
        }),
        any::<(u16, u16)>().prop_map(|(destination, source)| Tpdu::DisconnectConfirm {
            destination,
            source
        }),
        data().prop_map(|(end, octets)| Tpdu::DataOfClass0 { end, octets }),
        (any::<u16>(), data()).prop_map(|(destination, (end, octets))| Tpdu::Data {
            destination,
            end,
            octets
        }),
        (any::<u16>(), any::<u8>(), option::of(bounded())).prop_map(
            |(destination, cause, rejected)| Tpdu::Error {
                destination,
                cause: RejectCause(cause),
                rejected
            }
        ),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tpdu in any_tpdu()) {
        prop_assert_eq!(Tpdu::read(tpdu.write().as_slice()), Ok(tpdu));
    }

    /// What can be read at all is the same after it was written again.
    #[test]
    fn no_octets_make_the_reader_panic(octets in vec(any::<u8>(), 0..140)) {
        check(&octets);
    }

    /// As above, with octets that look like a TPDU, so that readers get beyond the first one.
    #[test]
    fn damaged_tpdus_do_not_either(
        tpdu in any_tpdu(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut octets = tpdu.write().into_vec();
        for (index, octet) in changes {
            *index.get_mut(&mut octets) = octet;
        }
        octets.truncate(cut.index(octets.len() + 1));
        check(&octets);
    }
}

#[track_caller]
fn check(octets: &[u8]) {
    match Tpdu::read(octets) {
        Ok(tpdu) => assert_eq!(Tpdu::read(tpdu.write().as_slice()), Ok(tpdu)),
        Err(malformed) => {
            let rejected = malformed.rejected(octets);
            assert!(octets.starts_with(rejected.as_slice()));
        }
    }
}

//! Transport protocol data units (TPDUs): the messages of ISO transport, read from and written to
//! octets.
//!
//! RFC 905 section 13 has the layout of each. A TPDU is a header, whose first octet is the number
//! of octets behind it that still belong to the header, and user data behind the header. The header
//! has a fixed part and, for most TPDUs, parameters: a code, a length and a value each.
//!
//! What can be constructed here can be written, and is read back as it was. Reading is strict:
//! whatever RFC 905 does not allow is [`Malformed`], with the octet where it shows, because the
//! answer to it is an error TPDU that quotes the header up to that octet.

mod read;

use std::collections::BTreeSet;
use std::fmt;

use super::bounded::Bounded;
use super::tpkt::{TPDU_MAX, TpduOctets};

/// The longest transport selector in octets. RFC 905 leaves the length open; with two selectors of
/// 32 octets and all user data a connection request is as long as it may be.
pub const SELECTOR_MAX: usize = 32;
/// The most user data of a connection request or confirmation in octets (RFC 905 section 13.3.5).
pub const CONNECT_DATA_MAX: usize = 32;
/// The most user data of a disconnect request in octets (RFC 905 section 13.5.5).
pub const DISCONNECT_DATA_MAX: usize = 64;
/// The longest connection request in octets (RFC 905 section 13.3).
pub const REQUEST_MAX: usize = 128;
/// The largest length indicator; 255 is reserved (RFC 905 section 13.2.1).
const INDICATOR_MAX: usize = 254;
/// The header of a data TPDU of class 0 in octets.
pub const DATA_HEADER_CLASS_0: usize = 3;
/// The header of a data TPDU of class 2 in octets.
pub const DATA_HEADER_CLASS_2: usize = 5;

/// TSAP-ID: which user of a host's transport is meant.
pub type Selector = Bounded<SELECTOR_MAX>;
/// User data of a connection request or confirmation.
pub type ConnectData = Bounded<CONNECT_DATA_MAX>;
/// User data of a disconnect request.
pub type DisconnectData = Bounded<DISCONNECT_DATA_MAX>;
/// What a disconnect request says besides its reason.
pub type AdditionalInformation = Bounded<{ INDICATOR_MAX - 8 }>;
/// The header of a TPDU that was refused, up to the octet at fault.
pub type RejectedHeader = Bounded<{ INDICATOR_MAX - 6 }>;

/// A reference: a connection's number at one of its sides. 0 is none.
pub type Reference = u16;

/// A protocol class of ISO transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Simple class: the network connection is all there is. It ends with it.
    Zero,
    /// Basic error recovery class.
    One,
    /// Multiplexing class: connections have references, and end by an exchange of TPDUs.
    Two,
    /// Error recovery and multiplexing class.
    Three,
    /// Error detection and recovery class.
    Four,
}

impl Class {
    /// All of them, by their number.
    pub const ALL: [Self; 5] = [Self::Zero, Self::One, Self::Two, Self::Three, Self::Four];

    fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    const fn number(self) -> u8 {
        self as u8
    }
}

/// The largest TPDU of a connection as the parameter TPDU size has it: a power of two from 128 to
/// 8192 octets (RFC 905 section 13.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TpduSize(u8);

impl TpduSize {
    /// 128 octets.
    pub const MIN: Self = Self(7);
    /// 8192 octets.
    pub const MAX: Self = Self(13);

    /// The size with this code, which is its logarithm.
    pub const fn of_code(code: u8) -> Option<Self> {
        if Self::MIN.0 <= code && code <= Self::MAX.0 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// The largest of these sizes that is not above so many octets; none below 128.
    pub fn at_most(octets: usize) -> Option<Self> {
        let code = octets.checked_ilog2()?;
        let code = u8::try_from(code).unwrap_or(Self::MAX.0);
        Self::of_code(code.min(Self::MAX.0))
    }

    /// The size in octets.
    pub const fn octets(self) -> usize {
        1 << self.0
    }
}

/// What both sides say of themselves when a connection begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// SRC-REF: the sender's number for the connection.
    pub source: Reference,
    /// CDT: how many data TPDUs may come, where the class has credit. At most 15.
    pub credit: Credit,
    /// The class that is wanted, or agreed to.
    pub class: Class,
    /// Whether TPDU numbers have 31 bits (classes 2, 3 and 4).
    pub extended_formats: bool,
    /// Whether data TPDUs need credit in class 2. The bit on the wire says the opposite.
    pub explicit_flow_control: bool,
    /// TPDU size.
    pub tpdu_size: Option<TpduSize>,
    /// Preferred maximum TPDU size, in units of 128 octets and at least 1. A side that knows it
    /// disregards the TPDU size (ISO 8073).
    pub preferred_maximum: Option<Units>,
    /// The calling transport selector.
    pub calling: Option<Selector>,
    /// The called transport selector.
    pub called: Option<Selector>,
    /// Additional option selection. Where it is left out, expedited data may be sent.
    pub additional_options: Option<u8>,
    /// User data.
    pub data: ConnectData,
}

/// CDT: four bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credit(u8);

impl Credit {
    /// The low four bits of an octet.
    pub const fn of_low_bits(octet: u8) -> Self {
        Self(octet & 0xf)
    }

    /// How many data TPDUs.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A size in units of 128 octets.
pub type Units = std::num::NonZeroU32;

/// A TPDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tpdu {
    /// CR: a connection is wanted.
    ConnectionRequest {
        /// On which terms.
        terms: Terms,
        /// Which other classes would do.
        alternatives: BTreeSet<Class>,
    },
    /// CC: the connection exists.
    ConnectionConfirm {
        /// DST-REF: the caller's number for it.
        destination: Reference,
        /// On which terms.
        terms: Terms,
    },
    /// DR: the connection ends, or was refused.
    DisconnectRequest(DisconnectRequest),
    /// DC: the answer to a DR.
    DisconnectConfirm {
        /// DST-REF: the number of the side that sent the DR.
        destination: Reference,
        /// SRC-REF: the number of the side that answers.
        source: Reference,
    },
    /// DT of class 0.
    DataOfClass0 {
        /// Whether the message ends here.
        end: EndOfMessage,
        /// The data.
        octets: Bounded<{ TPDU_MAX - DATA_HEADER_CLASS_0 }>,
    },
    /// DT of class 2. Its number means nothing without explicit flow control (RFC 905 section
    /// 13.7.3) and is 0 when it is written.
    Data {
        /// DST-REF: the number of the side it is for.
        destination: Reference,
        /// Whether the message ends here.
        end: EndOfMessage,
        /// The data.
        octets: Bounded<{ TPDU_MAX - DATA_HEADER_CLASS_2 }>,
    },
    /// ER: a TPDU was refused.
    Error {
        /// DST-REF: the number of the side that sent it.
        destination: Reference,
        /// Why.
        cause: RejectCause,
        /// What was refused.
        rejected: Option<RejectedHeader>,
    },
}

/// DR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectRequest {
    /// DST-REF: the number of the side it is for.
    pub destination: Reference,
    /// SRC-REF: the number of the side that sends it; 0 where that never took part.
    pub source: Reference,
    /// Why.
    pub reason: Reason,
    /// Additional information. RFC 2126 section 4.2.3 makes a release non-disruptive by
    /// [`NON_DISRUPTIVE`].
    pub additional: Option<AdditionalInformation>,
    /// User data: the disconnect data of the user that ends the connection.
    pub data: DisconnectData,
}

/// The additional information of a release that loses nothing that was sent before it (RFC 2126
/// section 4.2.3).
pub const NON_DISRUPTIVE: &[u8] = &[0x80];

/// EOT: whether a data TPDU is the last of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfMessage {
    /// It is.
    Yes,
    /// The message goes on.
    No,
}

/// Why a connection ends (RFC 905 section 13.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(pub u8);

impl Reason {
    /// Not said.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// The called user has no room for another connection.
    pub const CONGESTION_AT_TSAP: Self = Self(1);
    /// Nobody is behind the called selector.
    pub const NO_USER_AT_TSAP: Self = Self(2);
    /// There is no such selector.
    pub const ADDRESS_UNKNOWN: Self = Self(3);
    /// The user ends it.
    pub const NORMAL: Self = Self(128);
    /// Class, options or sizes could not be agreed on.
    pub const NEGOTIATION_FAILED: Self = Self(130);
    /// A TPDU came that must not come.
    pub const PROTOCOL_ERROR: Self = Self(133);
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reason {}", self.0)
    }
}

/// Why a TPDU was refused (RFC 905 section 13.12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RejectCause(pub u8);

impl RejectCause {
    /// Not said: a length is wrong.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// A parameter has a code that the TPDU cannot have.
    pub const PARAMETER_CODE: Self = Self(1);
    /// There is no such TPDU, or it cannot come now.
    pub const TPDU_TYPE: Self = Self(2);
    /// A field or a parameter has a value that it cannot have.
    pub const PARAMETER_VALUE: Self = Self(3);
}

/// Octets that are no TPDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {at} of a TPDU: {what}")]
pub struct Malformed {
    /// What an error TPDU says of it.
    pub cause: RejectCause,
    /// The first octet that is wrong, counted from 0.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl Malformed {
    /// What the error TPDU quotes of the TPDU: its header up to the octet at fault.
    pub fn rejected(&self, tpdu: &[u8]) -> RejectedHeader {
        RejectedHeader::cut(&tpdu[..tpdu.len().min(self.at + 1)])
    }
}

impl Tpdu {
    /// The octets of the TPDU.
    pub fn write(&self) -> TpduOctets {
        let (header, data) = match self {
            Self::ConnectionRequest {
                terms,
                alternatives,
            } => (request(terms, alternatives), terms.data.as_slice()),
            Self::ConnectionConfirm { destination, terms } => {
                let mut header = Header::new(code::CC | terms.credit.get());
                header.reference(*destination);
                header.terms(terms);
                header.sizes_and_selectors(terms, None);
                (header, terms.data.as_slice())
            }
            Self::DisconnectRequest(request) => {
                let mut header = Header::new(code::DR);
                header.reference(request.destination);
                header.reference(request.source);
                header.octet(request.reason.0);
                if let Some(additional) = &request.additional {
                    header.parameter(parameter::ADDITIONAL_INFORMATION, additional.as_slice());
                }
                (header, request.data.as_slice())
            }
            Self::DisconnectConfirm {
                destination,
                source,
            } => {
                let mut header = Header::new(code::DC);
                header.reference(*destination);
                header.reference(*source);
                (header, &[][..])
            }
            Self::DataOfClass0 { end, octets } => {
                let mut header = Header::new(code::DT);
                header.octet(end.octet());
                (header, octets.as_slice())
            }
            Self::Data {
                destination,
                end,
                octets,
            } => {
                let mut header = Header::new(code::DT);
                header.reference(*destination);
                header.octet(end.octet());
                (header, octets.as_slice())
            }
            Self::Error {
                destination,
                cause,
                rejected,
            } => {
                let mut header = Header::new(code::ER);
                header.reference(*destination);
                header.octet(cause.0);
                if let Some(rejected) = rejected {
                    header.parameter(parameter::INVALID_TPDU, rejected.as_slice());
                }
                (header, &[][..])
            }
        };
        header.with(data)
    }
}

/// The header of a connection request.
fn request(terms: &Terms, alternatives: &BTreeSet<Class>) -> Header {
    let mut header = Header::new(code::CR | terms.credit.get());
    header.reference(0);
    header.terms(terms);
    header.sizes_and_selectors(terms, Some(alternatives));
    header
}

/// The codes of the TPDUs, in the high bits of the second octet.
mod code {
    pub(super) const ER: u8 = 0x70;
    pub(super) const DR: u8 = 0x80;
    pub(super) const DC: u8 = 0xc0;
    pub(super) const CC: u8 = 0xd0;
    pub(super) const CR: u8 = 0xe0;
    pub(super) const DT: u8 = 0xf0;
}

/// The codes of the parameters that are read and written here.
mod parameter {
    pub(super) const TPDU_SIZE: u8 = 0xc0;
    /// Of connection requests and confirmations; 0xc1 is the rejected header in an error TPDU.
    pub(super) const CALLING_SELECTOR: u8 = 0xc1;
    pub(super) const CALLED_SELECTOR: u8 = 0xc2;
    pub(super) const ADDITIONAL_OPTIONS: u8 = 0xc6;
    pub(super) const ALTERNATIVE_CLASSES: u8 = 0xc7;
    pub(super) const PREFERRED_MAXIMUM: u8 = 0xf0;
    pub(super) const ADDITIONAL_INFORMATION: u8 = 0xe0;
    pub(super) const INVALID_TPDU: u8 = 0xc1;
}

/// The bits beside the class (RFC 905 section 13.3.3).
const EXTENDED_FORMATS: u8 = 0x02;
const NO_EXPLICIT_FLOW_CONTROL: u8 = 0x01;

/// The highest bit of the octet with the TPDU number.
const END_OF_MESSAGE: u8 = 0x80;

impl EndOfMessage {
    const fn octet(self) -> u8 {
        match self {
            Self::Yes => END_OF_MESSAGE,
            Self::No => 0,
        }
    }
}

/// A header that is being written, without its length indicator.
#[derive(Debug)]
struct Header(Vec<u8>);

impl Header {
    fn new(code: u8) -> Self {
        Self(vec![code])
    }

    fn octet(&mut self, octet: u8) {
        self.0.push(octet);
    }

    fn reference(&mut self, reference: Reference) {
        self.0.extend(reference.to_be_bytes());
    }

    fn parameter(&mut self, code: u8, value: &[u8]) {
        // Every value is bounded by what a header has room for.
        let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
        self.0.extend([code, length]);
        self.0.extend(value);
    }

    /// SRC-REF and the class.
    fn terms(&mut self, terms: &Terms) {
        self.reference(terms.source);
        let mut class = terms.class.number() << 4;
        if terms.extended_formats {
            class |= EXTENDED_FORMATS;
        }
        if !terms.explicit_flow_control {
            class |= NO_EXPLICIT_FLOW_CONTROL;
        }
        self.octet(class);
    }

    /// The parameters, in the order of their codes. Only a request has alternative classes.
    fn sizes_and_selectors(&mut self, terms: &Terms, alternatives: Option<&BTreeSet<Class>>) {
        if let Some(TpduSize(code)) = terms.tpdu_size {
            self.parameter(parameter::TPDU_SIZE, &[code]);
        }
        if let Some(calling) = &terms.calling {
            self.parameter(parameter::CALLING_SELECTOR, calling.as_slice());
        }
        if let Some(called) = &terms.called {
            self.parameter(parameter::CALLED_SELECTOR, called.as_slice());
        }
        if let Some(options) = terms.additional_options {
            self.parameter(parameter::ADDITIONAL_OPTIONS, &[options]);
        }
        let alternatives = alternatives.filter(|alternatives| !alternatives.is_empty());
        if let Some(alternatives) = alternatives {
            let value: Vec<_> = alternatives
                .iter()
                .map(|class| class.number() << 4)
                .collect();
            self.parameter(parameter::ALTERNATIVE_CLASSES, &value);
        }
        if let Some(units) = terms.preferred_maximum {
            let octets = units.get().to_be_bytes();
            let zeros = (units.leading_zeros() / 8) as usize;
            self.parameter(parameter::PREFERRED_MAXIMUM, &octets[zeros..]);
        }
    }

    /// The whole TPDU.
    fn with(self, data: &[u8]) -> TpduOctets {
        let Self(header) = self;
        let indicator = u8::try_from(header.len()).unwrap_or(u8::MAX);
        let octets = [&[indicator], &header[..], data].concat();
        TpduOctets::cut(&octets)
    }
}

#[cfg(test)]
mod tests;

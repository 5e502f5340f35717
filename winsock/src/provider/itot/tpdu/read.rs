//! The reader of TPDUs.

use std::collections::BTreeSet;

use super::{
    AdditionalInformation, Class, ConnectData, Credit, DATA_HEADER_CLASS_0, DATA_HEADER_CLASS_2,
    DisconnectData, DisconnectRequest, END_OF_MESSAGE, EXTENDED_FORMATS, EndOfMessage,
    INDICATOR_MAX, Malformed, NO_EXPLICIT_FLOW_CONTROL, REQUEST_MAX, Reason, Reference,
    RejectCause, RejectedHeader, Selector, Terms, Tpdu, TpduSize, Units, code, parameter,
};
use crate::provider::itot::bounded::Bounded;

impl Tpdu {
    /// Reads a TPDU.
    ///
    /// # Errors
    /// The first thing that RFC 905 does not allow.
    pub fn read(octets: &[u8]) -> Result<Self, Malformed> {
        let (header, data) = parts(octets)?;
        let mut fields = Fields { header, at: 1 };
        let kind = fields.octet()?;
        match (kind & 0xf0, kind & 0x0f) {
            (code::CR, credit) => request(fields, data, credit, octets.len()),
            (code::CC, credit) => confirm(fields, data, credit),
            (code::DR, 0) => disconnect_request(fields, data),
            (code::DC, 0) => disconnect_confirm(fields, data),
            (code::DT, 0) => self::data(fields, data),
            (code::ER, 0) => error(fields, data),
            _ => Err(Malformed {
                cause: RejectCause::TPDU_TYPE,
                at: 1,
                what: "a type that has no meaning in classes 0 and 2",
            }),
        }
    }
}

/// The header with its length indicator, and the user data behind it.
fn parts(octets: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let indicator = octets
        .first()
        .map_or(0, |indicator| usize::from(*indicator));
    if !(1..=INDICATOR_MAX).contains(&indicator) {
        return Err(length(0, "a length indicator that is not from 1 to 254"));
    }
    octets
        .split_at_checked(1 + indicator)
        .ok_or_else(|| length(0, "the header is longer than the TPDU"))
}

const fn length(at: usize, what: &'static str) -> Malformed {
    Malformed {
        cause: RejectCause::NOT_SPECIFIED,
        at,
        what,
    }
}

const fn value(at: usize, what: &'static str) -> Malformed {
    Malformed {
        cause: RejectCause::PARAMETER_VALUE,
        at,
        what,
    }
}

/// User data, of which there may be so much.
fn user_data<const MAX: usize>(header: usize, data: &[u8]) -> Result<Bounded<MAX>, Malformed> {
    Bounded::new(data).ok_or_else(|| length(header, "more user data than the TPDU may have"))
}

fn request(
    mut fields: Fields<'_>,
    data: &[u8],
    credit: u8,
    octets: usize,
) -> Result<Tpdu, Malformed> {
    if octets > REQUEST_MAX {
        return Err(length(0, "a connection request of more than 128 octets"));
    }
    if fields.reference()? != 0 {
        return Err(value(2, "a connection request for a reference"));
    }
    let mut alternatives = BTreeSet::new();
    let mut terms = fixed_terms(&mut fields, credit)?;
    for parameter in fields.parameters() {
        let parameter = parameter?;
        if parameter.code == parameter::ALTERNATIVE_CLASSES {
            alternatives = self::alternatives(parameter)?;
        } else {
            // RFC 905 section 13.2.3: in a connection request what is not known is ignored, so that
            // newer versions can call older ones.
            let _ = term(&mut terms, parameter)?;
        }
    }
    terms.data = ConnectData::new(data)
        .ok_or_else(|| length(fields.header.len(), "more than 32 octets of connect data"))?;
    Ok(Tpdu::ConnectionRequest {
        terms,
        alternatives,
    })
}

fn confirm(mut fields: Fields<'_>, data: &[u8], credit: u8) -> Result<Tpdu, Malformed> {
    let destination = fields.reference()?;
    let mut terms = fixed_terms(&mut fields, credit)?;
    for parameter in fields.parameters() {
        let parameter = parameter?;
        if term(&mut terms, parameter)? == Known::No && !CONFIRMED.contains(&parameter.code) {
            return Err(parameter.unknown());
        }
    }
    terms.data = user_data(fields.header.len(), data)?;
    Ok(Tpdu::ConnectionConfirm { destination, terms })
}

/// Parameters that a confirmation may have and that change nothing here: version number, protection
/// and quality of service (RFC 905 section 13.4.4).
const CONFIRMED: [u8; 6] = [0xc4, 0xc5, 0x86, 0x87, 0x88, 0x89];

/// SRC-REF and the class, of requests and confirmations.
fn fixed_terms(fields: &mut Fields<'_>, credit: u8) -> Result<Terms, Malformed> {
    let source = fields.reference()?;
    let at = fields.at;
    let octet = fields.octet()?;
    let class = Class::of_number(octet >> 4).ok_or_else(|| value(at, "no such class"))?;
    if octet & 0xf & !(EXTENDED_FORMATS | NO_EXPLICIT_FLOW_CONTROL) != 0 {
        return Err(value(at, "an option that has no meaning"));
    }
    Ok(Terms {
        source,
        credit: Credit::of_low_bits(credit),
        class,
        extended_formats: octet & EXTENDED_FORMATS != 0,
        explicit_flow_control: octet & NO_EXPLICIT_FLOW_CONTROL == 0,
        tpdu_size: None,
        preferred_maximum: None,
        calling: None,
        called: None,
        additional_options: None,
        data: ConnectData::EMPTY,
    })
}

/// Whether a parameter means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// Takes a parameter of a request or a confirmation. Of two with the same code the later one counts
/// (RFC 905 section 13.2.3).
fn term(terms: &mut Terms, parameter: Parameter<'_>) -> Result<Known, Malformed> {
    let wrong = |what| value(parameter.at, what);
    let selector = || {
        let selector = Selector::new(parameter.value);
        selector.ok_or_else(|| wrong("a selector of more than 32 octets"))
    };
    match (parameter.code, parameter.value) {
        (parameter::TPDU_SIZE, &[code]) => {
            let size = TpduSize::of_code(code);
            terms.tpdu_size = Some(size.ok_or_else(|| wrong("no TPDU size"))?);
        }
        (parameter::CALLING_SELECTOR, _) => terms.calling = Some(selector()?),
        (parameter::CALLED_SELECTOR, _) => terms.called = Some(selector()?),
        (parameter::ADDITIONAL_OPTIONS, &[options]) => terms.additional_options = Some(options),
        (parameter::PREFERRED_MAXIMUM, octets) => {
            let units = units(octets);
            let units = units.ok_or_else(|| wrong("no preferred maximum TPDU size"))?;
            terms.preferred_maximum = Some(units);
        }
        (parameter::TPDU_SIZE | parameter::ADDITIONAL_OPTIONS, _) => {
            return Err(wrong("a parameter that has one octet"));
        }
        _ => return Ok(Known::No),
    }
    Ok(Known::Yes)
}

/// A number of one to four octets that is not 0.
fn units(octets: &[u8]) -> Option<Units> {
    if octets.len() > 4 {
        return None;
    }
    let number = octets
        .iter()
        .fold(0, |number, octet| number << 8 | u32::from(*octet));
    Units::new(number)
}

fn alternatives(parameter: Parameter<'_>) -> Result<BTreeSet<Class>, Malformed> {
    let class = |octet: &u8| match octet & 0xf {
        0 => Class::of_number(octet >> 4),
        _ => None,
    };
    let classes = parameter.value.iter().map(class);
    classes
        .collect::<Option<_>>()
        .ok_or_else(|| value(parameter.at, "no such alternative class"))
}

fn disconnect_request(mut fields: Fields<'_>, data: &[u8]) -> Result<Tpdu, Malformed> {
    let (destination, source) = (fields.reference()?, fields.reference()?);
    let reason = Reason(fields.octet()?);
    let mut additional = None;
    for parameter in fields.parameters() {
        let parameter = parameter?;
        if parameter.code != parameter::ADDITIONAL_INFORMATION {
            return Err(parameter.unknown());
        }
        additional = Some(AdditionalInformation::cut(parameter.value));
    }
    let data: DisconnectData = user_data(fields.header.len(), data)?;
    Ok(Tpdu::DisconnectRequest(DisconnectRequest {
        destination,
        source,
        reason,
        additional,
        data,
    }))
}

fn disconnect_confirm(mut fields: Fields<'_>, data: &[u8]) -> Result<Tpdu, Malformed> {
    let (destination, source) = (fields.reference()?, fields.reference()?);
    fields.no_parameters()?;
    no_data(&fields, data)?;
    Ok(Tpdu::DisconnectConfirm {
        destination,
        source,
    })
}

/// Both layouts of DT, which differ in the length of their headers.
fn data(mut fields: Fields<'_>, data: &[u8]) -> Result<Tpdu, Malformed> {
    let header = fields.header.len();
    let end = |octet: u8| match octet & END_OF_MESSAGE {
        0 => EndOfMessage::No,
        _ => EndOfMessage::Yes,
    };
    match header {
        DATA_HEADER_CLASS_0 => {
            let octet = fields.octet()?;
            // RFC 2126 section 6.5: class 0 has no TPDU numbers.
            if octet & !END_OF_MESSAGE != 0 {
                return Err(value(2, "a TPDU number in class 0"));
            }
            Ok(Tpdu::DataOfClass0 {
                end: end(octet),
                octets: user_data(header, data)?,
            })
        }
        DATA_HEADER_CLASS_2 => Ok(Tpdu::Data {
            destination: fields.reference()?,
            end: end(fields.octet()?),
            octets: user_data(header, data)?,
        }),
        _ => Err(length(0, "a header that no data TPDU has")),
    }
}

fn error(mut fields: Fields<'_>, data: &[u8]) -> Result<Tpdu, Malformed> {
    let destination = fields.reference()?;
    let cause = RejectCause(fields.octet()?);
    let mut rejected = None;
    for parameter in fields.parameters() {
        let parameter = parameter?;
        if parameter.code != parameter::INVALID_TPDU {
            return Err(parameter.unknown());
        }
        rejected = Some(RejectedHeader::cut(parameter.value));
    }
    no_data(&fields, data)?;
    Ok(Tpdu::Error {
        destination,
        cause,
        rejected,
    })
}

/// Refuses user data of a TPDU that has none.
fn no_data(fields: &Fields<'_>, data: &[u8]) -> Result<(), Malformed> {
    match data {
        [] => Ok(()),
        _ => Err(length(
            fields.header.len(),
            "user data of a TPDU that has none",
        )),
    }
}

/// The fields of a header, one after the other.
#[derive(Clone, Copy, Debug)]
struct Fields<'a> {
    header: &'a [u8],
    at: usize,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
struct Parameter<'a> {
    code: u8,
    value: &'a [u8],
    /// Where it begins.
    at: usize,
}

impl Parameter<'_> {
    const fn unknown(&self) -> Malformed {
        Malformed {
            cause: RejectCause::PARAMETER_CODE,
            at: self.at,
            what: "a parameter that the TPDU does not have",
        }
    }
}

impl<'a> Fields<'a> {
    fn octet(&mut self) -> Result<u8, Malformed> {
        let octet = self.header.get(self.at).copied();
        let octet = octet.ok_or_else(|| length(0, "the header is too short"))?;
        self.at += 1;
        Ok(octet)
    }

    fn reference(&mut self) -> Result<Reference, Malformed> {
        Ok(u16::from_be_bytes([self.octet()?, self.octet()?]))
    }

    /// The rest of the header as parameters, up to the first that is cut off.
    fn parameters(&self) -> impl Iterator<Item = Result<Parameter<'a>, Malformed>> + use<'a> {
        let header = self.header;
        let mut at = self.at;
        std::iter::from_fn(move || {
            if at >= header.len() {
                return None;
            }
            let begin = at;
            let whole = header.get(at..).and_then(|rest| match *rest {
                [code, length, ref rest @ ..] => Some((code, rest.get(..usize::from(length))?)),
                _ => None,
            });
            let Some((code, value)) = whole else {
                at = header.len();
                return Some(Err(length(begin, "a parameter longer than the header")));
            };
            at += 2 + value.len();
            Some(Ok(Parameter {
                code,
                value,
                at: begin,
            }))
        })
    }

    /// Refuses parameters of a TPDU that has none: the checksum belongs to class 4.
    fn no_parameters(&self) -> Result<(), Malformed> {
        match self.parameters().next() {
            None => Ok(()),
            Some(parameter) => Err(parameter?.unknown()),
        }
    }
}

//! The negotiation at the beginning of a connection: class, options and TPDU size.
//!
//! RFC 905 section 6.5 says what may answer what, RFC 2126 sections 4.2.1 and 6.3 to 6.6 what is
//! left of it over TCP: class 2 without explicit flow control, or class 0. Every function here is a
//! decision and nothing else.

use std::collections::BTreeSet;

use super::tpdu::{
    Class, ConnectData, Credit, DATA_HEADER_CLASS_0, DATA_HEADER_CLASS_2, Reason, Reference,
    Selector, Terms, TpduSize, Units,
};
use super::tpkt::TPDU_MAX;

/// The classes that RFC 2126 carries over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreed {
    /// Class 0: the TCP connection is all there is, and its end is the end.
    Zero,
    /// Class 2 without explicit flow control: connections end by an exchange of TPDUs.
    Two,
}

impl Agreed {
    const fn class(self) -> Class {
        match self {
            Self::Zero => Class::Zero,
            Self::Two => Class::Two,
        }
    }

    /// How long the header of a data TPDU is, in octets.
    pub const fn data_header(self) -> usize {
        match self {
            Self::Zero => DATA_HEADER_CLASS_0,
            Self::Two => DATA_HEADER_CLASS_2,
        }
    }
}

/// What a side wants and what it would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// The class that it asks for, and the highest that it agrees to.
    pub class: Agreed,
    /// Whether class 0 would do where class 2 is asked for (RFC 2126 section 6.3).
    pub class_0_would_do: ClassZero,
    /// The longest TPDU in octets, from 128 to [`TPDU_MAX`]. Above 8192 it is counted in units of
    /// 128 octets, unless it is [`TPDU_MAX`] itself, which needs no saying.
    pub tpdu_octets_max: usize,
}

/// Whether a caller of class 2 offers class 0 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassZero {
    /// It does. A connection may turn out to have no disconnect data.
    Offered,
    /// It does not.
    NotOffered,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The class.
    pub class: Agreed,
    /// The longest TPDU in octets.
    pub tpdu_octets_max: usize,
}

/// The shortest maximum in octets.
const TPDU_OCTETS_MIN: usize = TpduSize::MIN.octets();
/// The unit of the preferred maximum TPDU size in octets.
const UNIT: usize = 128;
/// The largest TPDU size of class 0 in octets (RFC 905 section 13.3.4).
const CLASS_0_OCTETS_MAX: usize = 2048;

/// Additional options: none, expedited data least of all. Left out, the parameter would mean
/// expedited data (RFC 905 section 13.3.4), so that RFC 2126 section 6.6 wants it said.
const NO_OPTIONS: u8 = 0;

/// How a longest TPDU is said.
fn said(octets: usize, class: Agreed) -> (Option<TpduSize>, Option<Units>) {
    let octets = octets.clamp(TPDU_OCTETS_MIN, TPDU_MAX);
    if octets == TPDU_MAX {
        // What RFC 2126 section 6.4 takes where nothing is said.
        return (None, None);
    }
    let power = match class {
        Agreed::Zero => TpduSize::at_most(octets.min(CLASS_0_OCTETS_MAX)),
        Agreed::Two => TpduSize::at_most(octets),
    };
    let in_units = octets > TpduSize::MAX.octets();
    (power, units(octets).filter(|_| in_units))
}

fn units(octets: usize) -> Option<Units> {
    Units::new(u32::try_from(octets / UNIT).unwrap_or(u32::MAX))
}

/// What was said of the longest TPDU, in octets; none where nothing was.
fn heard(terms: &Terms) -> Option<usize> {
    let in_units = terms.preferred_maximum;
    let in_units = in_units.map(|units| (units.get() as usize).saturating_mul(UNIT));
    let octets = in_units.or(terms.tpdu_size.map(TpduSize::octets));
    octets.map(|octets| octets.min(TPDU_MAX))
}

/// Terms of a class, with nothing else said.
fn plain(class: Agreed, source: Reference) -> Terms {
    Terms {
        source,
        credit: Credit::default(),
        class: class.class(),
        extended_formats: false,
        // RFC 2126 section 4.2.1: never in class 2. In class 0 the bit has no meaning and is 0,
        // which is how the wire says that there is flow control.
        explicit_flow_control: class == Agreed::Zero,
        tpdu_size: None,
        preferred_maximum: None,
        calling: None,
        called: None,
        additional_options: match class {
            // RFC 905 section 8.2.2: class 0 has selectors and sizes, and no other parameter.
            Agreed::Zero => None,
            Agreed::Two => Some(NO_OPTIONS),
        },
        data: ConnectData::EMPTY,
    }
}

/// What a caller asks for.
pub fn ask(
    wishes: Wishes,
    source: Reference,
    calling: Selector,
    called: Selector,
    data: ConnectData,
) -> (Terms, BTreeSet<Class>) {
    let (tpdu_size, preferred_maximum) = said(wishes.tpdu_octets_max, wishes.class);
    let named = |selector: Selector| (!selector.is_empty()).then_some(selector);
    let terms = Terms {
        tpdu_size,
        preferred_maximum,
        calling: named(calling),
        called: named(called),
        data,
        ..plain(wishes.class, source)
    };
    let alternatives = match (wishes.class, wishes.class_0_would_do) {
        (Agreed::Two, ClassZero::Offered) => BTreeSet::from([Class::Zero]),
        (Agreed::Two, ClassZero::NotOffered) | (Agreed::Zero, _) => BTreeSet::new(),
    };
    (terms, alternatives)
}

/// What a called side makes of a request: what it agrees to, and how its confirmation says so.
///
/// # Errors
/// The reason of the refusal: no class that both sides have.
pub fn respond(
    wishes: Wishes,
    source: Reference,
    asked: &Terms,
    alternatives: &BTreeSet<Class>,
    data: ConnectData,
) -> Result<(Agreement, Terms), Reason> {
    let has = |class| asked.class == class || alternatives.contains(&class);
    let class = if wishes.class == Agreed::Two && has(Class::Two) && !asked.explicit_flow_control {
        Agreed::Two
    } else if has(Class::Zero) {
        Agreed::Zero
    } else {
        return Err(Reason::NEGOTIATION_FAILED);
    };
    let own = wishes.tpdu_octets_max.clamp(TPDU_OCTETS_MIN, TPDU_MAX);
    let octets = heard(asked).unwrap_or(TPDU_MAX).min(own);
    // The answer has the form of the question: RFC 905 section 6.5.
    let (tpdu_size, preferred_maximum) = match (asked.preferred_maximum, asked.tpdu_size) {
        (Some(_), _) => (None, units(octets)),
        (None, Some(_)) => (TpduSize::at_most(octets), None),
        (None, None) if octets == TPDU_MAX => (None, None),
        (None, None) => (TpduSize::at_most(octets), None),
    };
    let terms = Terms {
        tpdu_size,
        preferred_maximum,
        data,
        ..plain(class, source)
    };
    let agreement = Agreement {
        class,
        tpdu_octets_max: heard(&terms).unwrap_or(octets),
    };
    Ok((agreement, terms))
}

/// What a caller makes of a confirmation.
///
/// # Errors
/// The reason of the release: the confirmation agrees to something that was not asked for.
pub fn conclude(
    asked: &Terms,
    alternatives: &BTreeSet<Class>,
    confirmed: &Terms,
) -> Result<Agreement, Reason> {
    let class = match confirmed.class {
        Class::Zero => Agreed::Zero,
        Class::Two => Agreed::Two,
        Class::One | Class::Three | Class::Four => return Err(Reason::NEGOTIATION_FAILED),
    };
    let asked_for = asked.class == confirmed.class || alternatives.contains(&confirmed.class);
    let options = class == Agreed::Two
        && (confirmed.explicit_flow_control
            || confirmed.extended_formats
            || confirmed.additional_options.unwrap_or(NO_OPTIONS) != NO_OPTIONS);
    // A confirmation without a size leaves RFC 905's default and RFC 2126's to choose from; what
    // was asked for is within both sides' means (RFC 2126 section 6.4).
    let proposed = heard(asked).unwrap_or(TPDU_MAX);
    let octets = heard(confirmed).unwrap_or(proposed);
    if !asked_for || options || octets > proposed || confirmed.source == 0 {
        return Err(Reason::NEGOTIATION_FAILED);
    }
    Ok(Agreement {
        class,
        tpdu_octets_max: octets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Reference = 0x1111;
    const THEIRS: Reference = 0x2222;

    const fn wishes(class: Agreed, tpdu_octets_max: usize) -> Wishes {
        Wishes {
            class,
            class_0_would_do: ClassZero::NotOffered,
            tpdu_octets_max,
        }
    }

    const fn either(tpdu_octets_max: usize) -> Wishes {
        Wishes {
            class_0_would_do: ClassZero::Offered,
            ..wishes(Agreed::Two, tpdu_octets_max)
        }
    }

    fn asked(wishes: Wishes) -> (Terms, BTreeSet<Class>) {
        let none = Selector::EMPTY;
        ask(wishes, OURS, none.clone(), none, ConnectData::EMPTY)
    }

    /// Who calls whom, and what comes of it: both sides always conclude the same.
    #[test]
    fn both_sides_conclude_the_same() {
        use Agreed::{Two, Zero};
        let refused = Err(Reason::NEGOTIATION_FAILED);
        let rows = [
            // RFC 2126 section 6.3.
            (wishes(Two, 8192), wishes(Two, 8192), Ok((Two, 8192))),
            (wishes(Zero, 2048), wishes(Zero, 2048), Ok((Zero, 2048))),
            (wishes(Zero, 2048), wishes(Two, 8192), Ok((Zero, 2048))),
            (either(8192), wishes(Two, 8192), Ok((Two, 8192))),
            (either(8192), wishes(Zero, 2048), Ok((Zero, 2048))),
            (wishes(Two, 8192), wishes(Zero, 2048), refused),
            // The smaller TPDU of both.
            (wishes(Two, 1024), wishes(Two, 8192), Ok((Two, 1024))),
            (wishes(Two, 8192), wishes(Two, 1024), Ok((Two, 1024))),
            // A power of two that is not above.
            (wishes(Two, 8192), wishes(Two, 1500), Ok((Two, 1024))),
            (wishes(Two, 1), wishes(Two, 8192), Ok((Two, 128))),
            // Class 0 cannot say more.
            (wishes(Zero, 8192), wishes(Zero, 8192), Ok((Zero, 2048))),
            // Nothing said on either side, or on one.
            (
                wishes(Two, TPDU_MAX),
                wishes(Two, TPDU_MAX),
                Ok((Two, TPDU_MAX)),
            ),
            (
                wishes(Zero, TPDU_MAX),
                wishes(Zero, TPDU_MAX),
                Ok((Zero, TPDU_MAX)),
            ),
            (wishes(Two, TPDU_MAX), wishes(Two, 8192), Ok((Two, 8192))),
            (wishes(Two, 8192), wishes(Two, TPDU_MAX), Ok((Two, 8192))),
            // In units of 128 octets.
            (
                wishes(Two, 20_000),
                wishes(Two, TPDU_MAX),
                Ok((Two, 19_968)),
            ),
            (wishes(Two, 20_000), wishes(Two, 10_000), Ok((Two, 9_984))),
            (wishes(Two, TPDU_MAX), wishes(Two, 20_000), Ok((Two, 8192))),
        ];
        for (caller, called, expected) in rows {
            let (terms, alternatives) = asked(caller);
            let response = respond(called, THEIRS, &terms, &alternatives, ConnectData::EMPTY);
            let agreed = response.clone().map(|(agreement, _)| agreement);
            let found = agreed.map(|agreement| (agreement.class, agreement.tpdu_octets_max));
            assert_eq!(found, expected, "{caller:?} calls {called:?}");
            if let Ok((agreement, confirmed)) = response {
                let concluded = conclude(&terms, &alternatives, &confirmed);
                assert_eq!(concluded, Ok(agreement), "{caller:?} calls {called:?}");
            }
        }
    }

    /// Requests that nobody here would make.
    #[test]
    fn strange_requests() {
        let (mut terms, _) = asked(wishes(Agreed::Two, 8192));
        let row = |terms: &Terms, alternatives: &[Class]| {
            let alternatives = alternatives.iter().copied().collect();
            let own = wishes(Agreed::Two, 8192);
            let response = respond(own, THEIRS, terms, &alternatives, ConnectData::EMPTY);
            response.map(|(agreement, _)| agreement.class)
        };
        terms.extended_formats = true;
        terms.additional_options = None;
        assert_eq!(row(&terms, &[]), Ok(Agreed::Two), "options are declined");
        terms.explicit_flow_control = true;
        let refused = Err(Reason::NEGOTIATION_FAILED);
        assert_eq!(row(&terms, &[]), refused, "RFC 2126 section 4.2.1");
        assert_eq!(row(&terms, &[Class::Zero]), Ok(Agreed::Zero));
        terms.explicit_flow_control = false;
        terms.class = Class::Four;
        assert_eq!(row(&terms, &[]), refused);
        assert_eq!(row(&terms, &[Class::Two, Class::Zero]), Ok(Agreed::Two));
    }

    /// Confirmations that agree to something else than was asked for.
    #[test]
    fn wrong_confirmations() {
        let (terms, alternatives) = asked(either(1024));
        let own = wishes(Agreed::Two, 8192);
        let (_, good) = respond(own, THEIRS, &terms, &alternatives, ConnectData::EMPTY).unwrap();
        type Change = (&'static str, fn(&mut Terms));
        let wrong: [Change; 6] = [
            ("class 4", |terms| terms.class = Class::Four),
            ("a longer TPDU", |terms| {
                terms.tpdu_size = TpduSize::at_most(2048)
            }),
            ("flow control", |terms| terms.explicit_flow_control = true),
            ("extended formats", |terms| terms.extended_formats = true),
            ("expedited data", |terms| terms.additional_options = Some(1)),
            ("no reference", |terms| terms.source = 0),
        ];
        for (what, change) in wrong {
            let mut confirmed = good.clone();
            change(&mut confirmed);
            let concluded = conclude(&terms, &alternatives, &confirmed);
            assert_eq!(concluded, Err(Reason::NEGOTIATION_FAILED), "{what}");
        }
        let (only_two, none) = asked(wishes(Agreed::Two, 1024));
        let zero = Terms {
            class: Class::Zero,
            ..good.clone()
        };
        assert!(conclude(&only_two, &none, &zero).is_err());
        let silent = Terms {
            tpdu_size: None,
            ..good
        };
        let concluded = conclude(&terms, &alternatives, &silent);
        assert_eq!(
            concluded.map(|agreement| agreement.tpdu_octets_max),
            Ok(1024)
        );
    }
}

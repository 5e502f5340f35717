//! Wireshark's display filter language over the frames of a run, so that what a scenario asserts
//! about its trace is what one types into Wireshark.
//!
//! [`Filter::parse`] reads a filter, [`views`] shows the packets of a trace as a capture has them,
//! and [`Filter::matches`] brings both together. The same filter in tshark selects the same frames:
//!
//! ```
//! use hangup::filter::Filter;
//!
//! assert!(Filter::parse("tcp.flags.reset == 1 && ip.src == 192.0.2.1").is_ok());
//! let error = Filter::parse("tcp.flags.rest == 1").unwrap_err();
//! assert_eq!(error.range, 0..14);
//! assert_eq!(error.help.as_deref(), Some("did you mean `tcp.flags.reset`?"));
//! ```
//!
//! The meaning is that of Wireshark 4.0 (its manual page wireshark-filter(4)). What surprises:
//!
//! - A field that stands alone asks whether it is there: `tcp.flags.reset` selects every segment.
//! - A test of a field that is not there is false, whatever the test is; `!` around it is true.
//! - A field can be there more than once (`tcp.port`, `ip.addr`, and everything of a packet that an
//!   ICMP error quotes). `==` asks for any that is equal, `!=` for all to be different.
//! - Numbers of a quoted segment are those on the wire, not relative ones.
//! - What a fragmented datagram carries is seen at the part that completes it.
//! - A packet of ISO transport that goes over several segments is seen at the last of them.
//! - `tcp.analysis` says what Wireshark's own analysis does, as tshark prints it without `-2`: what
//!   comes later does not change it.
//! - `ip.host` and its kin are names, where Wireshark is told to resolve addresses (`-N n`): those
//!   that the trace has, and addresses where it has none.
//! - A socket call has the addresses of its lane, so that `ip.addr` selects calls too; `ip` does
//!   not.
//!
//! The language is a part of Wireshark's: no slices, functions, arithmetic, bit masks, regular
//! expressions or layers, and the fields that [`supported_fields`] lists. Whatever is not read here
//! is an error, never a test with another meaning.

mod analysis;
mod conversation;
mod dissect;
mod evaluate;
mod fields;
mod iso;
mod parse;
mod reassemble;
mod stream;
mod tcp;
mod value;
mod view;

use std::fmt;
use std::ops::Range;

pub(crate) use evaluate::Named;
pub use fields::{SupportedField, supported_fields};
pub(crate) use view::Viewer;
pub use view::{View, views};

use crate::diagnostic::{Diagnostic, Span};

/// The longest filter, in octets.
pub const TEXT_OCTETS_MAX: usize = 4096;

pub use crate::language::NESTING_MAX;

/// A display filter that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    expression: evaluate::Expression,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The first thing in the text that is no filter or is not supported.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > TEXT_OCTETS_MAX {
            let message = format!("a filter has at most {TEXT_OCTETS_MAX} octets");
            return Err(FilterError::new(0..0, message));
        }
        let expression = parse::filter(text).map_err(|it| FilterError::of(*it))?;
        Ok(Self { expression })
    }

    /// The addresses and ports that a frame must have one of for some part of the filter to hold:
    /// what stands behind `==` at a field of them.
    pub(crate) fn named(&self) -> Vec<Named> {
        evaluate::named(&self.expression)
    }

    /// Whether it selects a frame.
    pub fn matches(&self, frame: &View<'_>) -> bool {
        self.expression.holds(&|test| test.matches(&frame.fields))
    }
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Where, in octets of the text. Empty: between two characters, or at the end.
    pub range: Range<usize>,
    /// What is wrong, as a sentence without its full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl FilterError {
    fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: None,
        }
    }

    /// What a parser says.
    fn of(diagnostic: Diagnostic) -> Self {
        let Diagnostic {
            message,
            span,
            notes,
            ..
        } = diagnostic;
        let span = span.unwrap_or_default();
        Self {
            range: span.start..span.end,
            message,
            help: notes.into_iter().next().map(|note| note.text),
        }
    }

    /// The error as one of a file in which the filter stands at the offset `start`.
    pub fn diagnostic(&self, start: usize) -> Diagnostic {
        let span = Span::new(start + self.range.start..start + self.range.end);
        let diagnostic = Diagnostic::new(span, self.message.clone());
        match &self.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

//! Reports on runs, for people and for programs.
//!
//! A [`TestCase`] is the result of one scenario (or one combination of its sweep) or of one
//! packetdrill script; a [`Reporter`] turns cases, in their order, into one of the
//! [`ReportFormat`]s. A format is a file that implements `ReportWriter`, and a row of the table in
//! `formats.rs`. Nothing here runs anything or writes a file. But for wall times, a report depends
//! on nothing but the scenarios: two runs of the same files have the same report, whatever ran at
//! once.

mod case;
mod format;
mod formats;
mod github;
mod html;
mod json;
mod junit;
mod summary;
mod tap;
#[cfg(test)]
mod tests;
mod text;

pub use case::{CaseKind, CaseVerdict, Golden, Problem, ProblemPlace, TestCase};
pub use format::{ReportFormat, Reporter};
pub use summary::{Counts, Summary};

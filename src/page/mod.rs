//! Pages: HTML files that need nothing else, no network and no server.
//!
//! [`shell`] is what all of them have: the style sheet, the one script, light and dark. A
//! [`Section`] is a scenario that was run, or a trace: its claim, what it proves, its pictures, its
//! calls, its file and its trace. [`report`] is a page of many sections with an index.

mod report;
mod section;
mod shell;

pub use report::{Entry, report};
pub use section::{OCTETS_MAX, Proved, Section, lone, slug};
pub use shell::{Shell, shell};

//! The ladder: hosts side by side, time downwards, and an arrow for each packet.
//!
//! It is made once, as rows, and drawn by several renderers, which therefore show the same.

mod build;
mod fold;
mod mermaid;
mod row;
mod svg;
mod text;

pub use build::{Choice, host_of, ladder};
pub use mermaid::mermaid;
pub use row::{Arrow, Ladder, Lane, Row, RowKind, Shape, Tone, WINDOW_CELLS, Window, seconds};
pub use svg::svg;
pub use text::text;

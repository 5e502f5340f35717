//! The plot of a sweep, as SVG: its accepted octets, and the times at which its senders end.

mod accepted;
mod data;
mod ends;
mod mark;
mod panel;
mod scale;
mod sweep;

pub use sweep::sweep;

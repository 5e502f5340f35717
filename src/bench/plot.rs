//! Plots, as SVG: how much is accepted and when senders give up, over a sweep; and one run as a
//! sequence-time graph.

mod frame;
mod sequence;
mod svg;
mod sweep;

pub use sequence::sequence;
pub use sweep::sweep;

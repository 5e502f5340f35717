//! Plots, as SVG: a sweep's accepted octets and the times when its senders give up, and one run as
//! a sequence-time graph.

mod frame;
mod sequence;
mod svg;
mod sweep;

pub use sequence::sequence;
pub use sweep::sweep;

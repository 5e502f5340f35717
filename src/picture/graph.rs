//! The sequence graph: the octets of a stream over time, as tcptrace draws them, and how far its
//! receiver has taken them without acknowledging.

mod series;
mod svg;
mod time;
mod xplot;

pub use series::{Graph, Mark, MarkKind, Panel, Sent, SentKind, graph};
pub use svg::svg;
pub use time::TimeScale;
pub use xplot::xplot;

//! Window exhaustion: how much a sender pushes into a window that nobody reads any more, what stops
//! it, when it notices, and how it ends.
//!
//! A [`Plan`] is a sweep: values for some of the [`Axis`]es, and with them the product of all
//! combinations in a fixed order. Each combination is a [`Case`], which [`measure()`] runs on a
//! network of two hosts, without a script and without a trace: handshake, warm-up, receive
//! shutdown, a push that goes on until something stops it, and the sender's end. What came of it is
//! a [`Row`], with what [`model`] predicts beside it.
//!
//! A row depends on its case alone, so that any number of threads or machines leaves the same
//! bytes.

mod axis;
mod calls;
mod case;
mod column;
mod filter;
mod html;
mod measure;
pub mod measurement;
pub mod model;
mod observer;
mod output;
mod overrides;
mod plan;
mod plot;
mod reference;
mod resume;
mod row;
mod setup;
mod stop;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use axis::Axis;
pub use case::Case;
pub use filter::RowFilter;
pub use html::html;
pub use measure::{Log, MeasureError, measure, record};
pub use measurement::{Ending, Measurement};
pub use output::{RowFormat, Writer};
pub use plan::{PLAN_OCTETS_MOST, Plan, PlanError, ROWS_MOST, Shard};
pub use plot::sweep;
pub use reference::reference;
pub use resume::{Finished, Taken};
pub use row::Row;
pub use setup::Setup;
pub use stop::Limit;
pub use table::{differing, table};
pub use value::Value;

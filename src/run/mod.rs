//! Running a script: the driver plays its statements on a medium, and judges what it sees.
//!
//! Every failure is reported with its place in the file. Times on the wire are
//! those of the first host, the vantage point of the trace: a frame it sends counts when it is
//! sent, a frame it receives when it arrives.
//!
//! | part | what it is |
//! |---|---|
//! | `driver`, `calls`, `sequence`, `expect`, `state`, `injection` | the one driver |
//! | `reading` | who reads a run while it goes on, and what is let go |
//! | `task`, `intake`, `chunk`, `programs`, `performing` | the programs of hosts |
//! | [`Conduct`] | how it plays, as data: what differs between two kinds of script |
//! | `matcher` | whether a packet is what a line says |
//! | [`Medium`] | what it is played on; [`VirtualNetwork`] is one |

mod account;
mod calls;
mod chunk;
mod conditions;
mod conduct;
mod driver;
mod expect;
mod failures;
mod filters;
mod forge;
mod forging;
mod injection;
mod intake;
mod lateness;
mod matcher;
mod medium;
mod numbers;
pub(crate) mod packets;
mod performing;
mod programs;
mod reader;
mod reading;
mod rules;
mod scenario;
mod sequence;
mod state;
mod step;
mod stopping;
mod task;
mod time;
mod timestamps;
mod verdict;
mod virtual_network;
mod waiting;
mod watch;

pub use account::{Account, MadeCall, Moment, ReturnedValue, SocketAccount};
pub use conduct::{
    CallResults, Conduct, End, Filler, Leftovers, Miss, OnFailure, Opening, Order, Patience,
    Timing, Tolerance,
};
pub(crate) use conduct::{REAL_PATIENCE, TICK};
pub(crate) use driver::Driver;
pub use lateness::Lateness;
pub use medium::{CallId, Due, Medium, MediumEvent, NewCall, Refusal, SoFar, Waited};
pub use reader::Reader;
pub use rules::{Numbering, Parts, Payload, Rules, Stamps, Tick, Unsaid};
pub(crate) use scenario::run_as;
pub use scenario::{run, run_in_real_time, run_on, run_read, run_within};
pub(crate) use time::TAIL;
pub use verdict::{Outcome, Verdict};
pub use virtual_network::VirtualNetwork;
pub(crate) use waiting::Refused;

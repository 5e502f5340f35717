//! Pictures of a run or of a trace.
//!
//! Every picture is drawn from a [`Recording`]. [`of_run`] makes one from a run, [`of_file`] from a
//! capture file: one of ours has the calls and the emulator's remarks on each frame, anybody else's
//! the packets alone. [`Streams`] follows the connections of a recording. From these two a ladder
//! is made once, as rows, and a sequence graph once, as series; renderers draw them.

mod drawing;
mod failures;
mod from_file;
mod from_run;
pub mod graph;
pub mod ladder;
mod recording;
mod remark;
mod stream;
pub(crate) mod system;

pub use drawing::Place;
pub(crate) use drawing::{Anchor, Drawing, fitting, lines as text_lines, number, text_width};
pub use failures::mark_failures;
pub use from_file::{FileError, is_capture, of_file};
pub use from_run::of_run;
pub use recording::{Call, Frame, Host, Item, Recording, What};
pub use remark::{Again, Remark};
pub use stream::{Connection, Reception, Step, Streams};

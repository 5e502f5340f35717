//! The machine's own kernel as the host of a run.
//!
//! | part | what it is |
//! |---|---|
//! | `host` | the medium: the kernel, and the other hosts in real time |
//! | `phase` | where in a tick of the kernel a run begins |
//! | `busy` | processors kept busy meanwhile |
//! | `link`, `network`, `settings`, `sysctl` | the device, and what scripts set |
//! | `process` | the program: its descriptors by their labels, and its calls by name |
//! | `data`, `octets`, `message`, `ready`, `control`, `options`, `words` | the calls |
//! | `waiters` | threads on which calls wait |
//! | `packets`, `info`, `status`, `ends` | what the kernel says |

mod busy;
mod control;
mod data;
mod ends;
mod host;
mod info;
mod killed;
mod link;
mod made;
mod message;
mod network;
mod octets;
mod options;
mod packets;
mod phase;
mod process;
mod ready;
mod settings;
mod status;
mod sysctl;
mod waiters;
mod words;

pub use busy::Busy;
pub use host::{Begin, KernelHost};
pub use phase::tick;

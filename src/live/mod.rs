//! Real programs and the machine's own kernel on the other end of the wire.
//!
//! Everything here happens in namespaces of our own, so that nothing of the machine's network is
//! touched and nothing is left behind. Only Linux has what it takes; elsewhere there is no more of
//! this module than the refusal.
//!
//! | part | what it is |
//! |---|---|
//! | [`namespace`] | a network of our own, without root |
//! | [`netlink`] | the devices, addresses, routes and neighbours in it |
//! | [`device`] | packets to and from the kernel |
//! | [`medium`], [`clock`] | emulated hosts in real time, with the kernel among them |
//! | [`session`], [`program`], [`control`] | what goes on beside: a program, lines of a test |
//! | [`forward`], [`rule`] | a proxy, and when it ends connections |
//! | [`names`] | the names of hosts inside |
//! | [`stream`] | the trace, written while a run goes on |
//! | [`exec`] | all of it together |
//! | [`kernel`] | the machine's kernel as the host of a script |

#[cfg(target_os = "linux")]
pub mod clock;
#[cfg(target_os = "linux")]
pub mod control;
#[cfg(target_os = "linux")]
pub mod device;
#[cfg(target_os = "linux")]
pub mod exec;
#[cfg(target_os = "linux")]
pub mod forward;
#[cfg(target_os = "linux")]
pub mod kernel;
#[cfg(target_os = "linux")]
pub mod medium;
#[cfg(target_os = "linux")]
pub mod names;
#[cfg(target_os = "linux")]
pub mod namespace;
#[cfg(target_os = "linux")]
pub mod netlink;
#[cfg(target_os = "linux")]
pub mod program;
#[cfg(target_os = "linux")]
pub mod rule;
#[cfg(target_os = "linux")]
pub mod session;
#[cfg(target_os = "linux")]
pub mod stream;

//! The socket calls of a POSIX system over hangup's stack: descriptors, errno, blocking calls,
//! poll and epoll.
//!
//! [`Process`] is one process on one host; its methods are the calls, by subject as the system's
//! headers have them. What a call does on the wire is not decided in this crate: the host's profile
//! knows. Where POSIX leaves open what a call says, and for the numbers, this is Linux.
//!
//! The crate is pure: no clock, no file, no socket of the machine, no thread. A call that would
//! wait says so ([`Progress::Blocks`]), and is made again after the network has made a step.
//!
//! - [`sockets`], [`data`], [`control`], [`options`]: socket to shutdown; send and recv; fcntl and
//!   ioctl; setsockopt and getsockopt
//! - [`message`], [`stamping`]: sendmsg and recvmsg, the error queue and the times in it
//! - [`pipe`]: pipes, files in memory, splice and sendfile
//! - [`poll`], [`epoll`]: which descriptors are ready; [`tcp_info`]: what is told of a connection
//! - [`Errno`]: the errors, and the one mapping from the stack's
//!
//! A server waits for a connection:
//!
//! ```
//! use hangup_posix::sockets::{AF_INET, SOCK_STREAM};
//! use hangup_posix::{Errno, Process, Progress};
//! use hangup_stack::network::{HostConfig, Network, Resolution};
//! use hangup_stack::profile::Profile;
//! use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
//!
//! # fn main() -> Result<(), Errno> {
//! let mut network = Network::new(0, Resolution::Static);
//! let profile = Profile::built_in("linux").expect("it is built in");
//! let address = IpAddress::v4(192, 0, 2, 1);
//! let server = network.add_host(HostConfig::new("server", address, profile));
//!
//! let mut process = Process::new();
//! network.with_host(server, |host, now| {
//!     let fd = process.socket(host, AF_INET, SOCK_STREAM, 0)?;
//!     process.bind(host, fd, IpEndpoint::new(address, 80))?;
//!     process.listen(host, fd, 5)?;
//!     assert_eq!(process.accept(host, now, fd), Progress::WAITS);
//!     Ok(())
//! })
//! # }
//! ```

pub mod control;
pub mod data;
mod ended;
pub mod epoll;
mod errno;
mod file;
pub mod message;
pub mod options;
pub mod pipe;
pub mod poll;
mod process;
pub mod sockets;
pub mod stamping;
pub mod tcp_info;

pub use errno::Errno;
pub use file::FileDescriptor;
pub use process::{FILES_MAX, Process, Progress};

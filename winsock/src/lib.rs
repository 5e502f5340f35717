//! Winsock 2 over hangup's stack: the API of Ws2_32.dll, the service provider interface below it,
//! the providers of TCP/IP, UDP/IP and ISO transport over TCP, and a layer that goes over them.
//!
//! [`Winsock`] is one process on one host, and [`Program`] plays it from Rust. Its methods are the
//! functions of Ws2_32.dll: version negotiation, threads with a last error each, event objects, and
//! the way of a call from a handle to its provider. A [`Provider`](provider::Provider) carries the
//! calls out, under the SPI's names: `WSARecvDisconnect` and `WSPRecvDisconnect` are
//! `recv_disconnect` of the provider. What a call does on the wire is not decided in this crate:
//! these two and `shutdown(SD_RECEIVE)` all become [`Host::shutdown`], and the host's profile knows
//! which published contract applies to it.
//!
//! The crate is pure: no clock, no file, no socket of the machine, no thread.
//!
//! - [`api`]: the functions of Ws2_32.dll, as [`Winsock`]'s methods, by subject
//! - [`provider`]: the service provider interface (WSP*), and the providers, by the same subjects
//! - [`catalog`]: the protocols there are, and which one a socket gets
//! - [`waiting`]: what is remembered of a call that waits
//! - [`notify`], [`overlapped`], [`event`]: network events, overlapped operations and event
//!   objects, as both sides see them
//! - [`address`], [`options`], [`flags`], [`version`], [`function`]: addresses, options, numbers
//!   that programs pass, versions, and the names of functions
//! - [`error`]: the codes, and the one mapping from the stack's errors
//!
//! A client connects to a server that then stops receiving; what the client sends resets it:
//!
//! ```
//! use hangup_stack::network::{HostConfig, Network, Resolution};
//! use hangup_stack::profile::Profile;
//! use hangup_stack::smoltcp::{time::Duration, wire::{IpAddress, IpEndpoint}};
//! use hangup_winsock::api::sockets::{AF_INET, IPPROTO_TCP, SOCK_STREAM};
//! use hangup_winsock::{Pointer, Program, WsaError};
//!
//! # fn main() -> Result<(), WsaError> {
//! let mut network = Network::new(0, Resolution::Static);
//! let profile = Profile::built_in("winsock").expect("it is built in");
//! let [mut server, mut client] = [1, 2].map(|last| {
//!     let address = IpAddress::v4(192, 0, 2, last);
//!     let host = network.add_host(HostConfig::new("host", address, profile.clone()));
//!     Program::new(host, Duration::from_secs(60))
//! });
//! let name = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
//!
//! let listening = server.call(&mut network, |process, host, now| {
//!     process.wsa_startup(host, 0x0202)?;
//!     let s = process.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
//!     process.bind(host, now, s, name)?;
//!     process.listen(host, now, s, 1).map(|()| s)
//! })?;
//! let s = client.call(&mut network, |process, host, now| {
//!     process.wsa_startup(host, 0x0202)?;
//!     process.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)
//! })?;
//! client.wait(&mut network, |process, host, now| process.connect(host, now, s, name))?;
//! let (accepted, _) = server.wait(&mut network, |process, host, now| {
//!     process.accept(host, now, listening)
//! })?;
//!
//! server.call(&mut network, |process, host, now| {
//!     process.wsa_recv_disconnect(host, now, accepted, Pointer::Null)
//! })?;
//! client.wait(&mut network, |process, host, now| process.send(host, now, s, b"anyone?", 0))?;
//! let received = client.wait(&mut network, |process, host, now| {
//!     process.recv(host, now, s, &mut [0; 100], 0)
//! });
//! assert_eq!(received, Err(WsaError::ConnectionReset));
//! # Ok(())
//! # }
//! ```
//!
//! [`Host::shutdown`]: hangup_stack::host::Host::shutdown

pub mod address;
pub mod api;
pub mod catalog;
pub mod error;
pub mod event;
pub mod flags;
pub mod function;
pub mod notify;
pub mod options;
pub mod overlapped;
mod process;
mod program;
pub mod provider;
pub mod version;
pub mod waiting;

pub use address::Address;
pub use api::Winsock;
pub use error::WsaError;
pub use process::{Pointer, Progress, Socket, ThreadId};
pub use program::Program;

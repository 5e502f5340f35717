//! Winsock 2 over hangup's stack: the API of Ws2_32.dll, the service provider interface below it,
//! and the providers of TCP/IP and UDP/IP.
//!
//! [`Winsock`] is one process on one host. Its methods are the functions of Ws2_32.dll: version
//! negotiation, threads with a last error each, event objects, and the way of a call from a handle
//! to its provider. A [`Provider`](provider::Provider) carries the calls out. What a call does on
//! the wire is not decided in this crate: `WSARecvDisconnect`, `WSPRecvDisconnect` and
//! `shutdown(SD_RECEIVE)` all become [`Host::shutdown`], and the host's profile knows which
//! published contract applies to it.
//!
//! The crate is pure: no clock, no file, no socket of the machine, no thread.
//!
//! - [`api`]: the functions of Ws2_32.dll, as [`Winsock`]'s methods, by subject
//! - [`provider`]: the service provider interface (WSP*), and the providers
//! - [`catalog`]: the protocols there are, and which one a socket gets
//! - [`notify`], [`overlapped`]: network events and overlapped operations, as both sides see them
//! - [`address`], [`options`], [`function`]: addresses, options, and the names of functions
//! - [`error`]: the codes, and the one mapping from the stack's errors
//!
//! A client connects to a server that then stops receiving; what the client sends resets it:
//!
//! ```
//! use hangup_stack::network::{HostConfig, HostId, Network, Resolution, StackKind};
//! use hangup_stack::profile::Profile;
//! use hangup_stack::smoltcp::time::Duration;
//! use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
//! use hangup_winsock::{Outcome, Pointer, Winsock, WsaError};
//! use hangup_winsock::api::sockets::{AF_INET, IPPROTO_TCP, SOCK_STREAM};
//!
//! # fn main() -> Result<(), WsaError> {
//! let mut network = Network::new(0, Resolution::Static);
//! let mut add = |name: &str, address| -> HostId {
//!     let profile = Profile::built_in("winsock").expect("the profile is built in");
//!     network.add_host(HostConfig {
//!         name: name.to_owned(),
//!         addresses: vec![address],
//!         stack: StackKind::Profile(Box::new(profile)),
//!         mtu: 1500,
//!         receive_buffer: None,
//!         send_buffer: None,
//!     })
//! };
//! let address = IpAddress::v4(192, 0, 2, 1);
//! let (server, client) = (add("server", address), add("client", IpAddress::v4(192, 0, 2, 2)));
//! let (mut service, mut program) = (Winsock::new(), Winsock::new());
//! let name = IpEndpoint::new(address, 80);
//!
//! let listening = network.with_host(server, |host, now| {
//!     service.wsa_startup(host, 0x0202)?;
//!     let s = service.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
//!     service.bind(host, now, s, name)?;
//!     service.listen(host, now, s, 1)?;
//!     Ok::<_, WsaError>(s)
//! })?;
//! let s = network.with_host(client, |host, now| {
//!     program.wsa_startup(host, 0x0202)?;
//!     program.socket(host, now, AF_INET, SOCK_STREAM, IPPROTO_TCP)
//! })?;
//!
//! // A blocking call waits for the network, and is made again after it has made a step.
//! let limit = network.now() + Duration::from_secs(60);
//! while let Outcome::Blocks { .. } =
//!     network.with_host(client, |host, now| program.connect(host, now, s, name))
//! {
//!     network.step(limit);
//! }
//! network.run_until(limit);
//! let accepted = network.with_host(server, |host, now| {
//!     let Outcome::Done(accepted) = service.accept(host, now, listening) else { unreachable!() };
//!     let (accepted, _) = accepted?;
//!     service.wsa_recv_disconnect(host, now, accepted, Pointer::Null)
//! });
//! assert_eq!(accepted, Ok(()));
//!
//! let sent = network.with_host(client, |host, now| program.send(host, now, s, b"anyone?", 0));
//! assert_eq!(sent, Outcome::Done(Ok(7)));
//! network.run_until(limit + Duration::from_secs(60));
//! let received =
//!     network.with_host(client, |host, now| program.recv(host, now, s, &mut [0; 100], 0));
//! assert_eq!(received, Outcome::Done(Err(WsaError::ConnectionReset)));
//! # Ok(())
//! # }
//! ```
//!
//! [`Host::shutdown`]: hangup_stack::host::Host::shutdown

pub mod address;
pub mod api;
pub mod catalog;
pub mod error;
pub mod function;
pub mod notify;
pub mod options;
pub mod overlapped;
mod process;
pub mod provider;

pub use address::Address;
pub use api::Winsock;
pub use error::WsaError;
pub use process::{Outcome, Pointer, Socket, ThreadId};

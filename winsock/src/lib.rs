//! The first slice of Winsock 2 over hangup's stack.
//!
//! [`Winsock`] is one process on one host: it owns SOCKET handles, the version negotiation, the
//! last error, and what Winsock adds to a stack - blocking calls, the linger table, the order in
//! which errors are found. What a call does on the wire is not decided here: `WSARecvDisconnect`,
//! `WSPRecvDisconnect` and `shutdown(SD_RECEIVE)` all become [`Host::shutdown`], and the host's
//! profile knows which published contract applies to it.
//!
//! The crate is pure: no clock, no file, no socket of the machine, no thread.
//!
//! - [`error`]: the codes, and the one mapping from the stack's errors
//! - [`api`]: the functions of Ws2_32.dll, as [`Winsock`]'s methods, by subject
//! - [`provider`]: the functions of a service provider (WSP*), which have no last error
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
//! let listening = network.with_host(server, |host, _| {
//!     service.wsa_startup(host, 0x0202)?;
//!     let s = service.socket(host, AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
//!     service.bind(host, s, name)?;
//!     service.listen(host, s, 1)?;
//!     Ok::<_, WsaError>(s)
//! })?;
//! let s = network.with_host(client, |host, _| {
//!     program.wsa_startup(host, 0x0202)?;
//!     program.socket(host, AF_INET, SOCK_STREAM, IPPROTO_TCP)
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
//!     let Outcome::Done(accepted) = service.accept(host, listening) else { unreachable!() };
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

pub mod api;
pub mod error;
pub mod provider;

pub use api::{Outcome, Pointer, Socket, Winsock};
pub use error::WsaError;

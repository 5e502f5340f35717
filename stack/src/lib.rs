//! Hosts, links, TCP and UDP on smoltcp, in virtual time.
//!
//! The crate is pure: no clock, no file, no socket of the machine, no thread, and no randomness but
//! a seed. The same calls at the same virtual times give the same frames, to the byte, on every
//! machine.
//!
//! # Layers
//! - [`network`]: hosts, links, and one queue of what is due. It drives everything else.
//! - [`link`]: what becomes of a frame between two hosts.
//! - [`host`]: one smoltcp interface, its sockets, and the demultiplexing between them.
//! - [`socket`]: socket calls as an application sees them.
//! - [`tcp`]: the endpoint, without I/O.
//! - [`profile`]: what differs between systems, as data.
//! - [`event`]: what happened, as typed facts.
//! - [`storm`]: hosts that answer each other, and nothing else happens.
//!
//! # The driver contract
//! One mutation, then drain. [`network::Network`] keeps it for everybody; its loop is:
//!
//! ```
//! use hangup_stack::network::{HostConfig, Network, Resolution, StackKind};
//! use hangup_stack::profile::Profile;
//! use hangup_stack::smoltcp::time::Instant;
//! use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
//! use hangup_stack::socket::{ConnectError, Protocol};
//! use hangup_stack::network::IpFamily;
//!
//! let mut network = Network::new(0, Resolution::Static);
//! let mut host = |name: &str, last| {
//!     let linux = Profile::built_in("linux").expect("it is built in");
//!     network.add_host(HostConfig {
//!         name: name.to_owned(),
//!         addresses: vec![IpAddress::v4(192, 0, 2, last)],
//!         stack: StackKind::of(linux),
//!         mtu: 1500,
//!         receive_buffer: None,
//!         send_buffer: None,
//!     })
//! };
//! let (server, client) = (host("server", 1), host("client", 2));
//!
//! // A call is a mutation of one host; its output is on the links when it returns.
//! network.with_host(server, |host, _| {
//!     let listener = host.open(Protocol::Tcp, IpFamily::V4);
//!     host.bind(listener, None, 80).expect("the port is free");
//!     host.listen(listener, 1).expect("the socket is bound");
//! });
//! let remote = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
//! let socket = network.with_host(client, |host, now| {
//!     let socket = host.open(Protocol::Tcp, IpFamily::V4);
//!     assert_eq!(host.connect(socket, remote, now), Err(ConnectError::InProgress));
//!     socket
//! });
//!
//! // Everything that is due, one frame or timer at a time, up to a virtual time.
//! while network.step(Instant::from_secs(1)) {}
//! let status = network.host(client).status(socket).expect("the socket is open");
//! assert_eq!(status.state.map(|state| state.name()), Some("ESTABLISHED"));
//! ```

mod attempt;
mod beginning;
pub mod blocking;
mod bound;
mod checksum;
mod config;
mod demultiplex;
mod emit;
pub mod envelope;
pub mod error_queue;
pub mod event;
mod fast_open;
mod frame;
pub mod host;
mod icmp;
mod inlet;
mod interface;
#[cfg(debug_assertions)]
mod invariants;
mod lifetime;
pub mod link;
mod links;
mod memory;
mod neighbourhood;
pub mod network;
pub mod options;
mod outlet;
pub mod profile;
mod random;
mod reference;
mod requests;
mod schedule;
mod seconds;
mod sends;
mod servers;
pub mod signature;
pub mod socket;
mod socket_layer;
pub mod sockopt;
pub mod spent;
pub mod storm;
mod table;
pub mod tcp;
mod udp;
mod wire;

pub use smoltcp;

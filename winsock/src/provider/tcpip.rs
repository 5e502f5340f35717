//! The base provider of TCP/IP and UDP/IP: the WSP* functions over the host's stack.
//!
//! What a call does on the wire is not decided here: `WSPShutdown`, `WSPRecvDisconnect` and
//! `WSPCloseSocket` become calls of the stack, and the host's profile knows which published
//! contract applies. Here is what Winsock adds to a stack: blocking and overlapped calls, the
//! linger table, network events, and the order in which errors are found.
//!
//! Left out, because the stack below has none: out-of-band data, raw sockets, multicast.

mod data;
mod disconnect;
mod entry;
mod events;
mod extension;
mod options;
mod posted;
mod protocols;
mod sockets;

pub use entry::TcpIp;
pub use protocols::{TCPIP, TCPIP6, protocols};

//! The provider of ISO transport over TCP: the protocol that has disconnect data.
//!
//! TCP can say that it ends and nothing more. The transport protocol of OSI (ISO 8073, which is
//! ITU-T X.224, and whose draft is RFC 905) ends a connection with a packet of its own that carries
//! up to 64 octets from the user that ends it, which is what `WSASendDisconnect` was made for. RFC
//! 2126 (ITOT) carries it over TCP port 102.
//!
//! Read first: RFC 905 sections 6 and 13, then RFC 2126 sections 4 and 6. RFC 1006 is the older
//! mapping, with class 0 alone. What is left open there and by the documents of Winsock is decided
//! in docs/design/0012-iso-transport.md.
//!
//! The protocol, without input or output:
//!
//! - [`tpkt`]: packets in TCP's byte stream
//! - [`tpdu`]: what is in a packet, read and written
//! - [`negotiate`]: what both sides agree on
//! - [`table`]: what each state makes of each TPDU
//! - [`connection`]: one side of a connection
//!
//! [`Itot`] puts it on the host's TCP and behind the WSP* functions. It has two entries in the
//! catalog: class 2, and class 0, which is RFC 1006 and has no disconnect data.
//!
//! Left out, because RFC 2126 section 4.2.1 leaves them to negotiation and a connection here never
//! agrees to them: expedited data, explicit flow control, checksums, more than one transport
//! connection on a TCP connection. A peer that uses them without agreement gets an error TPDU.
//! Parts of messages (MSG_PARTIAL) are left out too: a message is sent and received whole.

pub mod bounded;
pub mod connection;
mod data;
mod disconnect;
mod entry;
mod events;
mod link;
mod links;
pub mod negotiate;
mod options;
mod protocols;
mod sockets;
pub mod stream;
pub mod table;
pub mod tpdu;
pub mod tpkt;
mod user_data;

pub use entry::Itot;
pub use protocols::{ITOT, PORT, protocols};

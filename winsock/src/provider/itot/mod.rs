//! ISO transport over TCP: the transport protocol that has disconnect data, on the wire.
//!
//! TCP can say that it ends and nothing more. The transport protocol of OSI (ISO 8073, which is
//! ITU-T X.224, and whose draft is RFC 905) ends a connection with a packet of its own that carries
//! up to 64 octets from the user that ends it, which is what `WSASendDisconnect` was made for. RFC
//! 2126 (ITOT) carries it over TCP port 102.
//!
//! Read first: RFC 905 sections 6 and 13, then RFC 2126 sections 4 and 6. RFC 1006 is the older
//! mapping, with class 0 alone.
//!
//! - [`tpkt`]: packets in TCP's byte stream
//! - [`tpdu`]: what is in a packet, read and written
//! - [`negotiate`]: what both sides agree on
//! - [`table`]: what each state makes of each TPDU
//! - [`connection`]: one side of a connection
//!
//! Left out, because RFC 2126 section 4.2.1 leaves them to negotiation and a connection here never
//! agrees to them: expedited data, explicit flow control, checksums, more than one transport
//! connection on a TCP connection. A peer that uses them without agreement gets an error TPDU.

pub mod bounded;
pub mod connection;
pub mod negotiate;
pub mod stream;
pub mod table;
pub mod tpdu;
pub mod tpkt;

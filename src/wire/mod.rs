//! The wire vocabulary: the types of a decoded frame, for everything that reads or writes frames.
//!
//! [`decode`] takes an Ethernet frame apart, once, into a [`Packet`], with every field that
//! notation, scripts, filters, captures and reports need. A frame that a host would refuse is still
//! read as far as possible, because Wireshark shows it.
//!
//! `frame` writes frames.
//!
//! Only smoltcp and the standard library are used here, and nothing else of this crate. The reader
//! of the endpoint in `stack/` is another one: what it sends and takes is checked against this.

mod exported_pdu;
mod flags;
pub(crate) mod frame;
mod icmp;
mod ip;
mod octets;
pub mod option;
mod packet;
mod segment;
mod transport;

pub use exported_pdu::{ExportedPdu, PortType, Ports};
pub use flags::Flags;
pub use icmp::{IcmpMessage, IcmpName};
pub use ip::{Fragment, Ip, IpHeader, OwnFields, Stop};
pub(crate) use octets::u16_at;
pub use option::TcpOption;
pub use packet::{
    ArpOperation, Carrier, Checksum, FrameKind, NodeAddress, Other, Packet, Remains, decode,
    decode_carried, ethertype,
};
pub use segment::{Segment, SegmentStart};
pub use transport::{Datagram, Icmp, Quoted, Transport};

//! The notation for packets: packetdrill's, with relative sequence numbers.
//!
//! ```text
//! client > server: S 0:0(0) win 64240 <mss 1460,sackOK,nop,wscale 7>
//! server > client: . 1:1(0) ack 1001 win 4096
//! server > client: icmp unreachable port_unreachable
//! ```
//!
//! Scripts are written in it, failures and traces are printed in it, so a printed line can be
//! pasted into a script. A frame comes decoded ([`crate::wire::decode`]), a [`Tracker`] knows where
//! the sequence numbers of each connection begin, and [`Notation`] puts both into words.
//!
//! Left out: IP header fields, and the packet that an ICMP error quotes. They are in the capture,
//! and only packetdrill's scripts can name them. A script can name the payload of a segment; no
//! printed line does.

mod print;
mod tracker;

pub use print::{Names, Notation, Ports};
pub use tracker::{Origins, RelativeSegment, Tracker};

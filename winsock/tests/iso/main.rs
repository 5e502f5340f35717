//! ISO transport over TCP between two processes on two hosts: what scenarios cannot show well,
//! because it needs many connections, much data, or a bad network.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod any_peer;
mod any_tpdu;
mod corpus;
mod order;
mod pair;
mod transfer;

//! A layered provider that logs the calls that pass through it.
//!
//! That is what layered service providers were made for (firewalls, meters, spies), and it shows
//! that the interface can be stacked: the layer stands in the catalog before the protocols it goes
//! over, with a chain that names them. It changes nothing that a program or a peer could see.
//! [`Winsock::take_passages`](crate::Winsock::take_passages) gives what it wrote.

use super::call::Context;
use super::layer;
pub use super::passage::Passage;
use super::spi::{Below, Data, Disconnect, Events, Layer, Provider, SocketOptions, Sockets};
use super::tcpip;
use crate::catalog::{Catalog, Guid, ProtocolInfo};

/// ProviderId of the layer. (Ours.)
pub const TRACING: Guid = Guid(0x5D1C_6F42_0A2B_4E17_9C55_7472_6163_6572);

const NAME: &str = "hangup tracing";

/// The layer.
#[derive(Debug)]
pub struct Tracing {
    below: Below,
}

impl Tracing {
    /// The layer over the TCP/IP and UDP/IP entries of a catalog, carried out by a provider of
    /// them, and the entries to install it with.
    pub fn over(catalog: &Catalog, provider: Box<dyn Provider>) -> (Vec<ProtocolInfo>, Self) {
        let goes_over = [tcpip::TCPIP, tcpip::TCPIP6];
        let (entries, below) = layer::over(catalog, (TRACING, NAME), &goes_over, provider);
        (entries, Self { below })
    }
}

impl Layer for Tracing {
    fn name(&self) -> &'static str {
        NAME
    }

    fn below(&self) -> &Below {
        &self.below
    }

    fn below_mut(&mut self) -> &mut Below {
        &mut self.below
    }

    fn returned(&mut self, context: &mut Context<'_>, passage: Passage) {
        context.upcalls.note(passage);
    }
}

impl Sockets for Tracing {}
impl Data for Tracing {}
impl Disconnect for Tracing {}
impl SocketOptions for Tracing {}
impl Events for Tracing {}
impl Provider for Tracing {}

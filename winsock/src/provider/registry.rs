//! The providers there are, by name. A new one is its file and a row here.

use super::itot::{self, Itot};
use super::spi::Provider;
use super::tcpip::{self, TcpIp};
use super::tracing::Tracing;
use crate::catalog::{Catalog, ProtocolInfo};

/// A provider that can be installed.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// How WSCInstallProvider knows it, which has the path of a DLL in its place.
    pub name: &'static str,
    /// Whether every process has it.
    pub present: Present,
    /// Makes it for a catalog.
    pub make: fn(&Catalog) -> Installation,
}

/// A provider, and the catalog entries to install it with.
pub type Installation = (Vec<ProtocolInfo>, Box<dyn Provider>);

/// Whether a provider is there before anybody installs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// In every process.
    Always,
    /// In a process that has installed it.
    Installed,
}

/// The providers. Those that are always there come in the order of the catalog.
pub const PROVIDERS: [Registration; 3] = [
    Registration {
        name: "tcpip",
        present: Present::Always,
        make: |_| (tcpip::protocols(), Box::new(TcpIp::new())),
    },
    Registration {
        name: "itot",
        present: Present::Always,
        make: |_| (itot::protocols(), Box::new(Itot::new())),
    },
    Registration {
        name: "tracing",
        present: Present::Installed,
        make: |catalog| {
            let (entries, layer) = Tracing::over(catalog, Box::new(TcpIp::new()));
            (entries, Box::new(layer))
        },
    },
];

/// The provider with a name.
pub fn find(name: &str) -> Option<&'static Registration> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

/// The providers that every process has, with their entries.
pub fn present() -> Vec<Installation> {
    let present = PROVIDERS.iter();
    let present = present.filter(|provider| provider.present == Present::Always);
    let nothing = Catalog::default();
    present.map(|provider| (provider.make)(&nothing)).collect()
}

impl Catalog {
    /// The entries of the providers that every process has.
    pub fn built_in() -> Self {
        let entries = present().into_iter().flat_map(|(entries, _)| entries);
        Self::of(entries.collect())
    }
}

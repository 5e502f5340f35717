//! The hosts that can be reached without asking, by their addresses: one list for all hosts of a
//! network.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use smoltcp::wire::{EthernetAddress, IpAddress};

/// The hosts of a network. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbourhood(Arc<RwLock<BTreeMap<IpAddress, EthernetAddress>>>);

/// Whether an address had a host before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what hosts remember of an address is wrong once another has it"]
pub(crate) enum Replaced {
    Yes,
    No,
}

impl Neighbourhood {
    /// Adds a host. Where two have an address, it is that of the last one.
    pub(crate) fn add(&self, addresses: &[IpAddress], ethernet: EthernetAddress) -> Replaced {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut replaced = Replaced::No;
        for &address in addresses {
            if list.insert(address, ethernet).is_some() {
                replaced = Replaced::Yes;
            }
        }
        replaced
    }

    /// The host with an address.
    pub(crate) fn get(&self, address: IpAddress) -> Option<EthernetAddress> {
        self.read().get(&address).copied()
    }

    /// How many addresses there are.
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    /// The addresses of all hosts but one.
    pub(crate) fn all_but(&self, ethernet: EthernetAddress) -> Vec<(IpAddress, EthernetAddress)> {
        let list = self.read();
        let all = list.iter().map(|(&address, &it)| (address, it));
        all.filter(|(_, it)| *it != ethernet).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<IpAddress, EthernetAddress>> {
        // A map is whole whatever thread has panicked.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

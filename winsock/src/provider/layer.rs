//! A layered provider: the protocols below it, and the catalog entries that install it.

use std::collections::BTreeMap;

use super::spi::{Below, Provider};
use crate::catalog::{Catalog, Chain, EntryId, Guid, PFL_HIDDEN, ProtocolInfo};

/// A layer `name` of the provider `layer` over the protocols of a catalog that `provider` carries
/// out: the entries to install it with, and what it goes over. The entries with a chain come first,
/// then that of the layer by itself, which is hidden.
pub fn over(
    catalog: &Catalog,
    (layer, name): (Guid, &str),
    goes_over: &[Guid],
    provider: Box<dyn Provider>,
) -> (Vec<ProtocolInfo>, Below) {
    let EntryId(own) = catalog.free_entry();
    let mut entries = Vec::new();
    let mut protocols = BTreeMap::new();
    let is_below =
        |info: &&ProtocolInfo| goes_over.contains(&info.provider) && info.chain == Chain::Base;
    for (number, base) in (own + 1..).zip(catalog.entries().iter().filter(is_below)) {
        let entry = EntryId(number);
        protocols.insert(entry, base.clone());
        entries.push(ProtocolInfo {
            provider: layer,
            entry,
            chain: Chain::Over(vec![EntryId(own), base.entry]),
            name: format!("{name} over [{}]", base.name),
            ..base.clone()
        });
    }
    entries.extend(entries.first().cloned().map(|first| ProtocolInfo {
        provider_flags: PFL_HIDDEN,
        entry: EntryId(own),
        chain: Chain::Layer,
        name: name.to_owned(),
        ..first
    }));
    let below = Below {
        provider,
        protocols,
    };
    (entries, below)
}

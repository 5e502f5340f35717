//! How a script writes the addresses of ISO transport.
//!
//! A sockaddr_tp has a network address and a transport selector: `{tsel="CD", addr=server:102}`. An
//! address alone (`server:102`) has the empty selector.

use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_winsock::Address;
use hangup_winsock::address::IsoAddress;
use hangup_winsock::provider::itot::PORT;

use super::wsabuf::octets;
use crate::calls::answer::{BadCall, Made};
use crate::calls::argument::{Context, Target, unspecified};
use crate::scenario::script::Argument;

/// An address to be bound to. What is left out is any address, and port 102.
pub(super) fn own(context: &Context<'_>, index: usize) -> Result<Address, BadCall> {
    read(context, index, |context| {
        Ok(IpEndpoint::new(unspecified(context.default_family()), PORT))
    })
    .map(Address::Iso)
}

/// The address of a peer. What is left out is the first other host, at port 102.
pub(super) fn peer(context: &Context<'_>, index: usize) -> Result<Address, BadCall> {
    read(context, index, |context| {
        let mut peer = context.default_peer(index, context.default_family())?;
        peer.port = PORT;
        Ok(peer)
    })
    .map(Address::Iso)
}

fn read(
    context: &Context<'_>,
    index: usize,
    default: impl Fn(&Context<'_>) -> Result<IpEndpoint, BadCall>,
) -> Result<IsoAddress, BadCall> {
    let family = context.default_family();
    let target = |argument: Option<&Argument>| {
        Ok(match context.endpoint_in(index, argument, family)? {
            Target::Address(endpoint) => endpoint,
            Target::Default => default(context)?,
        })
    };
    let Some(Argument::Struct(fields)) = context.argument(index) else {
        return Ok(IsoAddress {
            selector: Vec::new(),
            network: target(context.argument(index))?,
        });
    };
    let (mut selector, mut address) = (Vec::new(), None);
    for (name, value) in fields {
        match (name.as_deref(), octets(value)) {
            (Some("tsel"), Some(octets)) => selector = octets,
            (Some("addr"), _) => address = Some(value),
            _ => return context.bad(index, ADDRESS),
        }
    }
    if address.is_none() {
        return context.bad(index, ADDRESS);
    }
    Ok(IsoAddress {
        selector,
        network: target(address)?,
    })
}

const ADDRESS: &str = "an address of ISO transport is {tsel=\"CD\", addr=server:102}, server:102, \
                       or ... for the default";

/// An address that a call returned. The selector is compared where the script writes one.
pub(super) fn returned(
    context: &Context<'_>,
    index: usize,
    actual: &IsoAddress,
) -> Result<Made, BadCall> {
    let has_selector = match context.argument(index) {
        None | Some(Argument::Ellipsis) => return Ok(Made::value(0)),
        Some(Argument::Struct(_)) => true,
        Some(_) => false,
    };
    let expected = read(context, index, |_| Ok(actual.network))?;
    let same = expected.network == actual.network
        && (!has_selector || expected.selector == actual.selector);
    if same {
        return Ok(Made::value(0));
    }
    let network = context.name_of(actual.network);
    let selector = actual.selector.escape_ascii();
    let shown = format!("{{tsel=\"{selector}\", addr={network}}}");
    Ok(Made::differs(0, index, shown))
}

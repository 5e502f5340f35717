//! The network of a script on the kernel: the device, its addresses, routes and settings.

use std::cell::RefCell;
use std::net::IpAddr;

use hangup_stack::network::HostId;
use smoltcp::wire::{EthernetAddress, IpAddress};

use super::link::{Link, Offloads};
use crate::capture::TraceHost;
use crate::live::device::Wire;
use crate::live::netlink::{Netlink, NetlinkError, RouteSettings};

/// The device, as packetdrill calls it.
const DEVICE: &str = "tun0";
/// As many packets wait in the device as the tools of the field let it have.
const QUEUE: u32 = 1000;
/// The congestion control of scripts where they do not say it, as packetdrill's suites have it.
const CONGESTION: &str = "cubic";
/// The queue of the device where scripts do not say it: one that paces nothing.
const DISCIPLINE: &str = "pfifo";

/// The addresses of the kernel and of what the script plays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// The kernel's.
    pub(super) local: IpAddr,
    /// The script's.
    pub(super) remote: IpAddr,
}

/// The network of this process, in a namespace of its own.
#[derive(Debug)]
pub(super) struct Network {
    netlink: Netlink,
    ends: Vec<Ends>,
    congestion: RefCell<String>,
    /// The largest packet of the routes, where the device takes larger ones.
    mtu: Option<u32>,
}

/// What a network of a script is made with.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) network: Network,
    pub(super) link: Link,
    pub(super) wire: Wire,
}

impl Network {
    /// Makes the device, with addresses and routes.
    ///
    /// # Errors
    /// What the machine refuses, as a sentence.
    pub(super) fn make(
        (own, ends): (&[IpAddress], Vec<Ends>),
        mtu: u32,
        ethernet: EthernetAddress,
        offloads: Offloads,
    ) -> Result<Made, String> {
        let netlink = Netlink::open().map_err(|error| error.to_string())?;
        let link = Link::make(DEVICE, ethernet, &netlink, offloads);
        let link = link.map_err(|refused| refused.to_string())?;
        let wire =
            Wire::watch(DEVICE).map_err(|error| format!("cannot watch {DEVICE}: {error}"))?;
        // A cable drops what is longer than its device takes, in both directions; scripts give the
        // kernel packets of any length.
        let (of_device, of_routes) = match link.is_queued() {
            true => (super::link::FAR_MTU, Some(mtu)),
            false => (mtu, None),
        };
        let network = Self {
            netlink,
            ends,
            congestion: RefCell::new(CONGESTION.to_owned()),
            mtu: of_routes,
        };
        network
            .configure(own, of_device)
            .map_err(|error| error.to_string())?;
        Ok(Made {
            network,
            link,
            wire,
        })
    }

    fn configure(&self, own: &[IpAddress], mtu: u32) -> Result<(), NetlinkError> {
        // Nothing of the kernel's own accord is on the wire.
        for (name, value) in [
            ("net.ipv6.conf.all.router_solicitations", "0"),
            ("net.ipv6.conf.default.router_solicitations", "0"),
            ("net.ipv6.conf.tun0.router_solicitations", "0"),
            ("net.ipv6.conf.tun0.addr_gen_mode", "1"),
            ("net.ipv6.conf.tun0.accept_dad", "0"),
            ("net.ipv4.conf.all.rp_filter", "0"),
            ("net.ipv4.conf.tun0.rp_filter", "0"),
        ] {
            // A kernel without IPv6 has none of its settings.
            let _ = super::sysctl::set(name, value);
        }
        self.netlink.set_up("lo", None, None, None)?;
        self.netlink.set_up(DEVICE, None, Some(mtu), Some(QUEUE))?;
        self.set_queue(DISCIPLINE, None)?;
        for &address in own {
            let address = IpAddr::from(address);
            let prefix = if address.is_ipv4() { 16 } else { 48 };
            self.netlink.add_address(DEVICE, address, prefix)?;
        }
        self.route()
    }

    fn route(&self) -> Result<(), NetlinkError> {
        let congestion = self.congestion.borrow();
        for ends in &self.ends {
            let prefix = if ends.remote.is_ipv4() { 32 } else { 128 };
            let to = (ends.remote, prefix);
            let settings = RouteSettings {
                congestion: Some(congestion.as_str()),
                mtu: self.mtu,
            };
            let from = Some(ends.local);
            self.netlink.add_route(DEVICE, to, from, settings)?;
        }
        Ok(())
    }

    /// The name of the device.
    pub(super) fn device(&self) -> &'static str {
        DEVICE
    }

    /// Lets the connections that are opened from now on have a congestion control.
    ///
    /// # Errors
    /// The kernel does not have it.
    pub(super) fn set_congestion(&self, name: &str) -> Result<(), String> {
        let before = self.congestion.replace(name.to_owned());
        self.route().map_err(|error| {
            self.congestion.replace(before);
            error.to_string()
        })
    }

    /// Lets the device queue what it sends by a discipline.
    ///
    /// # Errors
    /// The kernel does not have it.
    pub(super) fn set_queue(&self, kind: &str, limit: Option<u32>) -> Result<(), NetlinkError> {
        self.netlink.set_queue(DEVICE, kind, limit)
    }
}

/// The addresses that the kernel talks to, each with its own of the same family.
pub(super) fn ends(hosts: &[TraceHost], kernel: HostId) -> Vec<Ends> {
    let own = hosts.get(kernel.0).map(|it| it.addresses.clone());
    let mut ends = Vec::new();
    for local in own.unwrap_or_default() {
        let others = hosts.iter().filter(|it| it.id != kernel);
        let others = others.flat_map(|it| &it.addresses);
        let others = others.filter(|it| it.version() == local.version());
        ends.extend(others.map(|&remote| Ends {
            local: local.into(),
            remote: remote.into(),
        }));
    }
    ends
}

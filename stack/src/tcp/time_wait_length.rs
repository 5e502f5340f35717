//! How long TIME-WAIT lasts, by the peer: some systems make it short, or leave it out, for those
//! that are near.

use smoltcp::time::Duration;
use smoltcp::wire::IpAddress;

use crate::profile::StateTimes;

/// The bits of an address that say the network: what hosts on one link have where nobody says
/// otherwise.
const NETWORK: u32 = 24;
const NETWORK_IPV6: u32 = 64;

/// The length of TIME-WAIT between two addresses.
pub(super) fn time_wait_with(rules: StateTimes, ends: (IpAddress, IpAddress)) -> Duration {
    match ends {
        (IpAddress::Ipv4(local), IpAddress::Ipv4(remote))
            if (local.to_bits() ^ remote.to_bits()) >> (u32::BITS - NETWORK) == 0 =>
        {
            rules.time_wait_on_link
        }
        (IpAddress::Ipv6(local), IpAddress::Ipv6(remote))
            if (local.to_bits() ^ remote.to_bits()) >> (u128::BITS - NETWORK_IPV6) == 0 =>
        {
            rules.time_wait_on_link_ipv6
        }
        _ => rules.time_wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn near_peers_are_waited_for_as_the_system_has_it() {
        let far = ("192.0.2.1", "198.51.100.7");
        let near = ("192.0.2.1", "192.0.2.200");
        let far_6 = ("2001:db8::1", "2001:db8:0:1::1");
        let near_6 = ("2001:db8::1", "2001:db8::2");
        for (profile, expected) in [
            ("linux", [60, 60, 60, 60]),
            ("freebsd", [60, 60, 60, 0]),
            ("netbsd", [60, 10, 60, 10]),
            ("openbsd", [60, 60, 60, 60]),
            ("macos", [30, 30, 30, 30]),
        ] {
            let rules = Profile::built_in(profile).unwrap().linger;
            let lengths = [far, near, far_6, near_6].map(|(local, remote)| {
                time_wait_with(rules, (local.parse().unwrap(), remote.parse().unwrap())).secs()
            });
            assert_eq!(lengths, expected, "{profile}");
        }
    }
}

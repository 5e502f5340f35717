//! The rate limit on ICMP errors.

use std::collections::BTreeMap;

use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use crate::profile::{IcmpCount, IcmpRules};
use crate::seconds::CountedSecond;

/// Peers that are remembered. Who is forgotten may have a burst again.
const PEERS_MOST: usize = 1024;

/// What may still be sent: time that has passed is what an error costs, and as much of it as
/// a burst costs is saved.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    peers: BTreeMap<Option<IpAddress>, Bucket>,
    second: CountedSecond,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In microseconds.
    saved: u64,
    since: Instant,
}

impl Limiter {
    /// Whether a peer may have one more, which then counts.
    pub(crate) fn admits(&mut self, rules: IcmpRules, peer: IpAddress, now: Instant) -> bool {
        if rules.burst == 0 {
            return true;
        }
        let peer = match rules.counts {
            IcmpCount::EachPeer => Some(peer),
            IcmpCount::AllPeers => None,
            IcmpCount::EachSecond => return self.second.admits(rules.burst, now),
        };
        let cost = rules.interval.total_micros();
        let most = cost.saturating_mul(u64::from(rules.burst));
        if !self.peers.contains_key(&peer) && self.peers.len() >= PEERS_MOST {
            self.peers.pop_first();
        }
        let bucket = self.peers.entry(peer).or_insert(Bucket {
            saved: most,
            since: now,
        });
        let passed = (now - bucket.since).total_micros();
        bucket.since = now;
        bucket.saved = bucket.saved.saturating_add(passed).min(most);
        let admitted = bucket.saved >= cost;
        if admitted {
            bucket.saved -= cost;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use smoltcp::time::Duration;

    fn rules(profile: &str) -> IcmpRules {
        Profile::built_in(profile).unwrap().icmp
    }

    const PEER: IpAddress = IpAddress::v4(192, 0, 2, 2);

    #[test]
    fn a_linux_peer_gets_six_and_then_one_a_second() {
        // Measured: twelve datagrams 50 ms apart, a pause, and three more.
        let mut limiter = Limiter::default();
        let first = (0..12).map(|index| 150 + index * 50);
        let answered: Vec<i64> = first
            .chain([1_956, 2_006, 2_057, 2_160])
            .filter(|&at| limiter.admits(rules("linux"), PEER, Instant::from_millis(at)))
            .collect();
        assert_eq!(answered, [150, 200, 250, 300, 350, 400, 1_956, 2_160]);
    }

    #[test]
    fn peers_do_not_share_and_some_systems_have_no_limit() {
        let mut limiter = Limiter::default();
        let other = IpAddress::v4(192, 0, 2, 3);
        let now = Instant::ZERO;
        let count = |limiter: &mut Limiter, profile, peer| {
            (0..100)
                .filter(|_| limiter.admits(rules(profile), peer, now))
                .count()
        };
        assert_eq!(count(&mut limiter, "linux", PEER), 6);
        assert_eq!(count(&mut limiter, "linux", other), 6);
        assert_eq!(count(&mut Limiter::default(), "smoltcp", PEER), 100);
        let mut limiter = Limiter::default();
        assert_eq!(count(&mut limiter, "illumos", PEER), 10);
        assert_eq!(count(&mut limiter, "illumos", other), 0);
    }

    #[test]
    fn the_bsds_count_by_the_second() {
        let mut limiter = Limiter::default();
        let times = (0..400).map(|step| Instant::from_millis(500 + step * 5));
        let admitted = times.filter(|&now| limiter.admits(rules("openbsd"), PEER, now));
        assert_eq!(admitted.count(), 200);
    }

    #[test]
    fn only_so_many_peers_are_remembered() {
        let mut limiter = Limiter::default();
        for number in 0..2 * PEERS_MOST {
            let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
            let peer = IpAddress::v4(10, 0, high, low);
            let now = Instant::ZERO + Duration::from_micros(number as u64);
            assert!(limiter.admits(rules("linux"), peer, now));
        }
        assert_eq!(limiter.peers.len(), PEERS_MOST);
    }
}

//! The links of a network: one for each ordered pair of hosts that speak, made when one of them
//! first does. So a thousand pairs of hosts cost a thousand times what one costs.

use crate::config::HostId;
use crate::link::{Link, LinkConfig};
use crate::random::Random;

/// The links, by their senders.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// For each host that has sent something, in the order of the receivers.
    rows: Vec<Row>,
}

/// The links from one host.
#[derive(Debug, Default)]
struct Row {
    links: Vec<(HostId, Link)>,
    /// The place of the one that was used last: most hosts speak to one.
    last: usize,
}

impl Row {
    fn place(&self, to: HostId) -> Result<usize, usize> {
        if self.links.get(self.last).is_some_and(|(it, _)| *it == to) {
            return Ok(self.last);
        }
        self.links.binary_search_by_key(&to, |(it, _)| *it)
    }
}

impl Links {
    /// What the link from one host to another does: as a link is at first, where nothing has used
    /// it or changed it.
    pub(crate) fn config(&self, from: HostId, to: HostId) -> &LinkConfig {
        let row = self.rows.get(from.0);
        let found = row.and_then(|row| row.links.get(row.place(to).ok()?));
        found.map_or(&LinkConfig::IDEAL, |(_, link)| link.config())
    }

    /// The link from one host to another. `random` makes the source of its random choices, where it
    /// is new.
    pub(crate) fn link(
        &mut self,
        from: HostId,
        to: HostId,
        random: impl FnOnce() -> Random,
    ) -> &mut Link {
        if from.0 >= self.rows.len() {
            self.rows.resize_with(from.0 + 1, Row::default);
        }
        let row = &mut self.rows[from.0];
        row.last = row.place(to).unwrap_or_else(|place| {
            let link = Link::new(LinkConfig::IDEAL, random());
            row.links.insert(place, (to, link));
            place
        });
        &mut row.links[row.last].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_when_it_is_first_used_and_stays_the_same() {
        let mut links = Links::default();
        let [a, b, c] = [HostId(0), HostId(1), HostId(2)];
        assert_eq!(links.config(c, a), &LinkConfig::IDEAL);
        for (mtu, (from, to)) in [(1, (c, b)), (2, (c, a)), (3, (a, c))] {
            let link = links.link(from, to, || Random::new(0, 0));
            let mut config = link.config().clone();
            config.mtu = mtu;
            link.set(config);
        }
        let mtus = [(c, b), (c, a), (a, c)].map(|(from, to)| links.config(from, to).mtu);
        assert_eq!(mtus, [1, 2, 3]);
        let again = links.link(c, b, || panic!("it is there"));
        assert_eq!(again.config().mtu, 1);
        assert_eq!(links.config(a, b), &LinkConfig::IDEAL);
        assert_eq!(
            links.rows.iter().map(|row| row.links.len()).sum::<usize>(),
            3
        );
    }
}

//! How a window becomes smaller while a loss is repaired (RFC 6937, proportional rate reduction):
//! what follows what has arrived, until what is in the network is what the threshold says.

/// A reduction under way, in segments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reduction {
    /// The window before the loss (RecoverFS).
    before: usize,
    /// What has arrived since (prr_delivered).
    delivered: usize,
    /// What was sent since (prr_out).
    sent: usize,
}

impl Reduction {
    pub(super) fn new(before: usize) -> Self {
        Self {
            before: before.max(1),
            delivered: 0,
            sent: 0,
        }
    }

    pub(super) fn on_sent(&mut self) {
        self.sent += 1;
    }

    /// So many segments more have arrived, and `pipe` are in the network. `is_clean`: something
    /// was acknowledged, and nothing more was lost. Returns how many may follow.
    pub(super) fn on_delivered(
        &mut self,
        delivered: usize,
        is_clean: bool,
        threshold: usize,
        pipe: usize,
    ) -> usize {
        self.delivered += delivered;
        let follow = if pipe > threshold {
            let share = threshold.saturating_mul(self.delivered);
            share.div_ceil(self.before).saturating_sub(self.sent)
        } else {
            let earned = self.delivered.saturating_sub(self.sent).max(delivered);
            // Slow start, as far as the path seems to take it.
            (earned + usize::from(is_clean)).min(threshold - pipe)
        };
        // The first retransmission always goes out.
        follow.max(usize::from(self.sent == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_what_has_arrived() {
        // Of ten, seven are to be left. (arrived, clean, in the network, what may follow)
        let rows = [
            (3, false, 6, 1),
            (1, false, 6, 1),
            (1, true, 6, 1),
            (1, true, 4, 3),
            (2, false, 3, 2),
        ];
        let mut reduction = Reduction::new(10);
        for (delivered, is_clean, pipe, expected) in rows {
            let found = reduction.on_delivered(delivered, is_clean, 7, pipe);
            assert_eq!(found, expected, "{reduction:?}");
            (0..found).for_each(|_| reduction.on_sent());
        }
        let mut reduction = Reduction::new(20);
        let found: Vec<usize> = (0..6)
            .map(|_| {
                let follow = reduction.on_delivered(1, false, 14, 17);
                (0..follow).for_each(|_| reduction.on_sent());
                follow
            })
            .collect();
        assert_eq!(found, [1, 1, 1, 0, 1, 1], "seven of ten, rounded up");
    }
}

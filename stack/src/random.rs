//! The random source, and the only one: ChaCha8, whose output its specification fixes, so that a
//! seed gives the same run on every machine and after every upgrade.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded stream of random choices.
#[derive(Clone, Debug)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream number `stream` of a seed. Streams of one seed do not influence each other, so
    /// that another link or host leaves the choices of the rest as they were.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// True with the given probability. Draws nothing where the outcome is certain, so that turning
    /// a feature off and never having had it are the same run.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        if probability <= 0.0 {
            return false;
        }
        if probability >= 1.0 {
            return true;
        }
        // 53 bits are what a double holds exactly.
        let drawn = (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        drawn < probability
    }

    /// A number below `limit`, which must not be zero. The bias of the remainder is below 2^-32 for
    /// every limit that fits 32 bits.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "there is no number below zero");
        (self.0.next_u64() % limit as u64) as usize
    }

    /// 32 random bits.
    pub(crate) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_choices_for_ever() {
        let mut random = Random::new(7, 0);
        let drawn: Vec<u32> = (0..4).map(|_| random.bits()).collect();
        assert_eq!(drawn, [601_310_139, 677_729_076, 781_920_570, 721_508_819]);
        assert_ne!(
            Random::new(7, 1).bits(),
            drawn[0],
            "another stream is another sequence"
        );
    }

    #[test]
    fn certain_outcomes_draw_nothing() {
        let mut random = Random::new(1, 0);
        let mut untouched = random.clone();
        assert!(random.chance(1.0) && !random.chance(0.0));
        assert_eq!(random.bits(), untouched.bits());
    }
}

//! Running a scenario.

use super::conduct::{Conduct, Filler};
use super::driver::Driver;
use super::medium::Medium;
use super::verdict::Outcome;
use super::virtual_network::VirtualNetwork;
use crate::bounds::{Bounds, Usual};
use crate::event_log::Kept;
use crate::scenario::Scenario;

/// Runs a scenario in virtual time. `seed` overrides the file's.
pub fn run(scenario: &Scenario, seed: Option<u64>) -> Outcome {
    run_within(scenario, seed, &Usual, Kept::ALL)
}

/// Runs a scenario in virtual time and within bounds. Its log keeps so much: one whose script says
/// something of packets needs all of its facts.
pub fn run_within(
    scenario: &Scenario,
    seed: Option<u64>,
    bounds: &dyn Bounds,
    kept: Kept,
) -> Outcome {
    let seed = seed.unwrap_or(scenario.seed);
    let mut network = VirtualNetwork::new(scenario, seed, Filler::Alphabet);
    let conduct = Conduct::scenario(scenario);
    let driver = Driver::new(scenario, &conduct, seed, &mut network);
    let mut driver = driver.within(bounds, kept);
    driver.play();
    driver.finish()
}

/// Runs a scenario on a medium, whose hosts are those of the scenario. `seed` is that of its random
/// choices.
pub fn run_on(medium: &mut dyn Medium, scenario: &Scenario, seed: u64) -> Outcome {
    run_as(medium, scenario, &Conduct::scenario(scenario), seed)
}

/// Runs a scenario on a medium with a real clock and a real host, within the tolerance that such a
/// host needs; what is late on the way counts as [`Lateness`](super::Lateness).
pub fn run_in_real_time(medium: &mut dyn Medium, scenario: &Scenario, seed: u64) -> Outcome {
    let conduct = Conduct::scenario_in_real_time(scenario);
    run_as(medium, scenario, &conduct, seed)
}

/// Runs a scenario on a medium in a way of its own.
pub(crate) fn run_as(
    medium: &mut dyn Medium,
    scenario: &Scenario,
    conduct: &Conduct,
    seed: u64,
) -> Outcome {
    let mut driver = Driver::new(scenario, conduct, seed, medium);
    driver.play();
    driver.finish()
}

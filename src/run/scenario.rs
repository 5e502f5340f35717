//! Running a scenario.

use super::conduct::{Conduct, Filler, Patience};
use super::driver::Driver;
use super::medium::Medium;
use super::reader::Reader;
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
    run_read(scenario, seed, bounds, kept, None)
}

/// As [`run_within`], with somebody who reads the run while it goes on, where its log does not keep
/// all of it.
pub fn run_read(
    scenario: &Scenario,
    seed: Option<u64>,
    bounds: &dyn Bounds,
    kept: Kept,
    reader: Option<&mut dyn Reader>,
) -> Outcome {
    let seed = seed.unwrap_or(scenario.seed);
    let mut network = VirtualNetwork::new(scenario, seed, Filler::Alphabet);
    let conduct = Conduct::scenario(scenario);
    let driver = Driver::new(scenario, &conduct, seed, &mut network);
    let reader = reader.map(|it| it as &mut dyn Reader);
    let mut driver = driver.within(bounds, kept).read_by(reader);
    driver.play();
    driver.finish()
}

/// Runs a scenario on a medium, whose hosts are those of the scenario. `seed` is that of its random
/// choices.
pub fn run_on(medium: &mut dyn Medium, scenario: &Scenario, seed: u64) -> Outcome {
    run_as(
        medium,
        scenario,
        &Conduct::scenario(scenario),
        (seed, &Usual),
    )
}

/// Runs a scenario on a medium with a real clock and a real host, within the tolerance that such a
/// host needs; what is late on the way counts as [`Lateness`](super::Lateness). `patience` is how
/// long it waits for what comes at no certain time.
pub fn run_in_real_time(
    medium: &mut dyn Medium,
    scenario: &Scenario,
    seed: u64,
    patience: Patience,
) -> Outcome {
    let conduct = Conduct::scenario_in_real_time(scenario, patience);
    run_as(medium, scenario, &conduct, (seed, &Usual))
}

/// Runs a scenario on a medium in a way of its own, within bounds.
pub(crate) fn run_as(
    medium: &mut dyn Medium,
    scenario: &Scenario,
    conduct: &Conduct,
    (seed, bounds): (u64, &dyn Bounds),
) -> Outcome {
    let driver = Driver::new(scenario, conduct, seed, medium);
    let mut driver = driver.within(bounds, Kept::ALL);
    driver.play();
    driver.finish()
}

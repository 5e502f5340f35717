//! The colours of systems. A system has the same in every picture, whatever else is in it.

use hangup_stack::profile::Profile;

/// How many colours there are: those of Okabe and Ito that are seen on a light and on a dark
/// ground, and a purple. Systems that have one in common stand for different rounds.
const COLOURS: usize = 8;

/// The place of a system among the built-in profiles; a stranger comes behind them.
fn place(system: &str) -> usize {
    let aliases = Profile::aliases().iter();
    let name = aliases
        .into_iter()
        .find_map(|(alias, name)| (*alias == system).then_some(*name))
        .unwrap_or(system);
    let names = Profile::names();
    let known = names.iter().position(|known| *known == name);
    known.unwrap_or(names.len())
}

/// The class that colours a system's part of a drawing.
pub(crate) fn class(system: &str) -> String {
    format!("s{}", place(system) % COLOURS)
}

/// How often the colours had been given before a system got its own.
pub(crate) fn round(system: &str) -> usize {
    place(system) / COLOURS
}

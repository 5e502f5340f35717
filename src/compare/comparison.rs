//! The result of a comparison.

use super::align::{Parting, Step};
use super::column::Column;

/// A scenario under several systems.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The host that is another system in each column.
    pub host: String,
    /// All hosts, in their order.
    pub hosts: Vec<String>,
    /// The seed of every run.
    pub seed: u64,
    /// What was set from elsewhere than the file's own keys, as `--set` takes it.
    pub settings: Vec<String>,
    /// The calls of the script, in its order.
    pub steps: Vec<Step>,
    /// The systems, in the order in which they were asked for.
    pub columns: Vec<Column>,
    /// Where the systems part, if they do.
    pub parting: Option<Parting>,
}

impl Comparison {
    /// Whether there are more hosts than two, so that it has to be said whom a packet is from.
    pub(super) fn has_many_hosts(&self) -> bool {
        self.hosts.len() > 2
    }
}

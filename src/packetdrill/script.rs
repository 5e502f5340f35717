//! A packetdrill script that was read: a scenario of two hosts, its settings, and its unsupported
//! parts.

use super::settings::Settings;
use crate::diagnostic::Diagnostic;
use crate::scenario::{Facts, Scenario};

/// The name of the host under test.
pub const HOST: &str = "host";
/// The name of what the script plays.
pub const PEER: &str = "peer";

/// A script that was read and can be played, but for what it has that is unsupported.
#[derive(Clone, Debug)]
pub struct Script {
    /// The two hosts, their network, what happens in order, and the text of the file.
    pub scenario: Scenario,
    /// What the script and the command line say about the run.
    pub settings: Settings,
    /// What the command line has that it was read with, but for the profile and the IP version.
    pub(crate) arguments: Vec<String>,
    /// The lines for the shell before it begins, where the host has settings of its own.
    pub shell: Option<String>,
    /// What cannot be played, each with its place. Where there is any the script is not run.
    pub unsupported: Vec<Diagnostic>,
    /// What was left out because it cannot matter here or is not known, as sentences.
    pub ignored: Vec<String>,
}

impl Script {
    /// What the script says of itself: its first comment.
    pub fn claim(&self) -> &str {
        let claim = self.scenario.claim.as_ref();
        claim.map_or("", |claim| claim.value.as_str())
    }

    /// What an expression that selects scenarios can ask of it.
    pub fn facts(&self) -> Facts<'_> {
        Facts::of(&self.scenario)
    }
}

//! packetdrill's scripts: `.pkt` files, unmodified, of Google's dialect and of FreeBSD's.
//!
//! A script has one host under test and, at the other end of the wire, what the script itself
//! sends. [`Script::parse`] turns it into exactly that: a host with the profile that was asked for,
//! a host without a stack, and a list of events which [`run_script`] plays. What
//! the language has and cannot be played here is collected with its place, and then the script is
//! *unsupported*: never passed, and never failed.
//!
//! Nothing in a script is carried out but its calls, its packets and its comparisons: this module
//! starts no program, opens no file but the script and no socket. Lines for the shell are looked at
//! for `sysctl` alone ([`Script::ignored`] says what was not taken), and code that is not a
//! comparison of numbers makes a script unsupported.

mod code;
mod conditional;
mod export;
pub(crate) mod headers;
mod lexer;
pub mod limits;
mod lower;
mod parse;
mod play;
mod settings;
mod sysctl;
mod tcp_info;

use std::path::Path;

pub use code::{Assertion, Info};
pub use export::{Inexpressible, export};
pub use lower::{Action, Event};
pub use play::{Leftovers, ScriptOutcome, run_script};
pub use settings::{IpVersion, Options, Settings};

use crate::diagnostic::{Diagnostic, Invalid, Source};
use crate::scenario::{Facts, LoadError, Scenario};

/// The name of the host under test.
pub const HOST: &str = "host";
/// The name of what the script plays.
pub const PEER: &str = "peer";

/// A script that was read and can be played, but for what it has that is unsupported.
#[derive(Clone, Debug)]
pub struct Script {
    /// The two hosts, their network, and the text of the file. Its own script is empty.
    pub scenario: Scenario,
    /// What the script and the command line say about the run.
    pub settings: Settings,
    /// What happens, in order.
    pub events: Vec<Event>,
    /// What cannot be played, each with its place. Where there is any the script is not run.
    pub unsupported: Vec<Diagnostic>,
    /// What was left out because it cannot matter here or is not known, as sentences.
    pub ignored: Vec<String>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The file cannot be read, or is no script.
    pub fn load(path: &Path, options: &Options) -> Result<Self, LoadError> {
        let bytes = crate::scenario::read_file(path)?;
        Self::parse(path, bytes, options).map_err(LoadError::Invalid)
    }

    /// Reads a script from the octets of a file. The path is only shown.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(path: &Path, bytes: Vec<u8>, options: &Options) -> Result<Self, Box<Invalid>> {
        if bytes.len() > limits::FILE_MAX {
            let message = format!("a script has at most {} KiB", limits::FILE_MAX >> 10);
            return Err(Box::new(Invalid {
                source: Source::new(path, String::new()),
                diagnostics: vec![Diagnostic::of_file(message)],
            }));
        }
        // Comments of old scripts are not always UTF-8, and nothing else may be.
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let source = Source::new(path, text);
        match read(source.text(), options) {
            Ok(lowered) => Ok(lowered.into_script(source)),
            Err(diagnostic) => Err(Box::new(Invalid {
                source,
                diagnostics: vec![*diagnostic],
            })),
        }
    }

    /// What the script says of itself: its first comment.
    pub fn claim(&self) -> &str {
        let claim = self.scenario.claim.as_ref();
        claim.map_or("", |claim| claim.value.as_str())
    }

    /// What an expression that selects scenarios can ask of it.
    pub fn facts(&self) -> Facts<'_> {
        let calls = self.events.iter().filter_map(|event| match &event.action {
            Action::Call(call) => Some(call.name.value.as_str()),
            Action::Inbound(_) | Action::Outbound(_) | Action::Code(_) | Action::Pause => None,
        });
        Facts {
            calls: calls.collect(),
            ..Facts::of(&self.scenario)
        }
    }
}

fn read(text: &str, options: &Options) -> Result<lower::Lowered, Box<Diagnostic>> {
    let mut defines = options.defines.clone();
    let conditioned = conditional::apply(text, &defines)?;
    let tokens = lexer::lex(conditioned.as_deref().unwrap_or(text), &mut defines)?;
    lower::lower(text, parse::parse(tokens)?, options)
}

//! Playing a packetdrill script: every packet of the host under test must be the next that the
//! script expects, at its time, and the first thing that is not ends the run.
//!
//! Times are virtual, so that the script's own packets and calls are exactly at their times; the
//! tolerance is for the packets of the host.

use super::script::Script;
use super::settings::{Settings, Target};
use crate::bounds::{Bounds, Usual};
use crate::diagnostic::Diagnostic;
use crate::event_log::Kept;
use crate::run::{
    Conduct, Driver, End, Filler, Leftovers, Medium, Miss, Numbering, OnFailure, Opening, Order,
    Outcome, Parts, Payload, REAL_PATIENCE, Refused, Rules, Stamps, TAIL, TICK, Tick, Timing,
    Unsaid, VirtualNetwork,
};

/// How a script came out.
#[derive(Debug)]
pub enum ScriptOutcome {
    /// Everything happened as it says.
    Passed(Outcome),
    /// The first thing that did not is the failure of the outcome.
    Failed(Outcome),
    /// It says something that cannot be played.
    Unsupported(Vec<Diagnostic>),
}

/// Plays a script in virtual time. `seed` is that of every random choice.
pub fn run_script(script: &Script, seed: u64, leftovers: Leftovers) -> ScriptOutcome {
    run_script_within(script, seed, leftovers, &Usual)
}

/// Plays a script in virtual time and within bounds.
pub fn run_script_within(
    script: &Script,
    seed: u64,
    leftovers: Leftovers,
    bounds: &dyn Bounds,
) -> ScriptOutcome {
    let mut network = VirtualNetwork::new(&script.scenario, seed, Filler::Zeros);
    play(&mut network, script, seed, leftovers, bounds)
}

/// Plays a script on a medium whose hosts are those of its scenario, and whose programs send zeros.
pub fn run_script_on(
    medium: &mut dyn Medium,
    script: &Script,
    seed: u64,
    leftovers: Leftovers,
) -> ScriptOutcome {
    play(medium, script, seed, leftovers, &Usual)
}

fn play(
    medium: &mut dyn Medium,
    script: &Script,
    seed: u64,
    leftovers: Leftovers,
    bounds: &dyn Bounds,
) -> ScriptOutcome {
    if !script.unsupported.is_empty() {
        return ScriptOutcome::Unsupported(script.unsupported.clone());
    }
    let conduct = Conduct {
        leftovers,
        replay: replay(script, leftovers),
        ..conduct(&script.settings)
    };
    let driver = Driver::new(&script.scenario, &conduct, seed, medium);
    let mut driver = driver.within(bounds, Kept::ALL);
    driver.play();
    if let Some(refused) = driver.refused() {
        return ScriptOutcome::Unsupported(vec![unsupported(refused)]);
    }
    let outcome = driver.finish();
    if outcome.failures.is_empty() {
        ScriptOutcome::Passed(outcome)
    } else {
        ScriptOutcome::Failed(outcome)
    }
}

/// How scripts are played and judged.
fn conduct(settings: &Settings) -> Conduct {
    let tolerance = settings.tolerance;
    let (timing, patience) = match settings.target {
        Target::Emulation => (Timing::Actual, TAIL),
        Target::Kernel => (
            Timing::Stamped {
                late_most: tolerance.least.max(TICK),
            },
            REAL_PATIENCE,
        ),
    };
    Conduct {
        timing,
        tolerance,
        patience,
        order: Order::Next,
        opening: Opening::UnderTest,
        miss: Miss::Judged,
        on_failure: OnFailure::Stop,
        end: End::Calls,
        leftovers: Leftovers::Allowed,
        call_results: settings.call_results,
        filler: Filler::Zeros,
        rules: Rules {
            unsaid: Unsaid::Nothing,
            parts: match settings.strict_segments {
                true => Parts::Whole,
                false => Parts::Several,
            },
            payload: Payload::Zeros,
            numbering: Numbering::Script,
            stamps: Stamps::Mapped {
                tick: settings.tick.map(|length| Tick {
                    length,
                    tolerance: tolerance.least,
                }),
                scaled_echo: settings.scaled_echo,
            },
        },
        command: "run",
        replay: Vec::new(),
    }
}

/// What a call that cannot be made leaves of a script. What most scripts want and no host has is
/// told in few words, and the rest as help.
fn unsupported(refused: &Refused) -> Diagnostic {
    let reason = &refused.diagnostic;
    match &refused.unknown {
        Some(word) => {
            let short = Diagnostic {
                message: format!("{word} is not known here"),
                ..reason.clone()
            };
            short.help(reason.message.clone())
        }
        None => reason.clone(),
    }
}

/// What the command that plays a script again has besides its file and the seed.
fn replay(script: &Script, leftovers: Leftovers) -> Vec<String> {
    let profile = &script.scenario.hosts[0].profile_name.value;
    let version = script.settings.ip_version.name();
    let mut words = ["--profile", profile, "--ip-version", version]
        .map(str::to_owned)
        .to_vec();
    words.extend_from_slice(&script.arguments);
    if leftovers == Leftovers::Fail {
        words.push("--leftovers".to_owned());
    }
    words
}

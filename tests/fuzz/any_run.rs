//! What must hold for any scenario that can be read. A fuzz target calls it too.

use std::path::Path;

use hangup::capture::pcapng;
use hangup::scenario::Scenario;
use smoltcp::time::Duration;

/// How long a script may be, in statements.
const STATEMENTS: usize = 64;
/// How much longer a run may be than its script.
const TAIL: Duration = Duration::from_secs(60);

/// A scenario can be run, comes to the same facts and failures when it is run again, and leaves a
/// trace.
pub(crate) fn check(octets: &[u8]) {
    let Ok(mut scenario) = Scenario::parse(Path::new("any.toml"), octets.to_vec()) else {
        return;
    };
    scenario.script.statements.truncate(STATEMENTS);
    scenario.until = Some(TAIL);
    let outcome = hangup::run::run(&scenario, Some(1));
    let again = hangup::run::run(&scenario, Some(1));
    assert_eq!(outcome.events, again.events);
    assert_eq!(outcome.failures, again.failures);
    let summary = outcome.summary("any", "");
    let trace = pcapng::to_bytes(&outcome.trace(&summary), outcome.vantage());
    assert!(trace.is_ok_and(|it| !it.is_empty()));
    for failure in &outcome.failures {
        let said = scenario
            .source
            .render(failure, hangup::diagnostic::Colour::Plain);
        assert!(said.contains("replay: hangup run any.toml"), "{said}");
    }
}

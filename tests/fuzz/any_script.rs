//! What must hold for any text as a script. A fuzz target calls it too.

use std::path::Path;

use hangup::scenario::Scenario;

/// Hosts of both interfaces, and one without a stack.
const HOSTS: &str = "
hosts.server.profile = 'wsprecvdisconnect'
hosts.client.profile = 'linux'
hosts.peer.profile = 'scripted'
";

/// A script can be read, and each statement is a part of it; or there is something to say about it.
pub(crate) fn check(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let file = format!("script = '''\n{text}\n'''\n{HOSTS}");
    let length = file.len();
    match Scenario::parse(Path::new("any.toml"), file.into()) {
        Ok(scenario) => {
            for statement in &scenario.script.statements {
                assert!(statement.span.end <= length);
                assert_ne!(scenario.source.slice(statement.span), "");
            }
        }
        Err(invalid) => assert_ne!(invalid.to_string(), ""),
    }
}

//! Parts of a script that comparisons show: a call as it is written, and the interface of a host.

use hangup_stack::profile::Api;

use crate::calls;
use crate::scenario::Scenario;
use crate::scenario::script::Call;

/// A call as a script has it, without its result.
pub(super) fn shown(call: &Call) -> String {
    let arguments = call
        .arguments
        .iter()
        .map(|it| calls::show_argument(&it.value));
    let arguments: Vec<String> = arguments.collect();
    format!("{}({})", call.name.value, arguments.join(", "))
}

/// The family of the calls of a host. None where it has no stack.
pub(super) fn api(scenario: &Scenario, host: usize) -> Option<Api> {
    scenario.hosts.get(host)?.profile().map(|it| it.api)
}

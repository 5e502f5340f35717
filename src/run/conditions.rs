//! The conditions of an `expect` line, evaluated on the state of a socket.

use std::cmp::Ordering;

use hangup_stack::profile::{Api, format_duration};
use hangup_stack::socket::Status;
use hangup_stack::tcp::State;

use crate::calls::gone_name;
use crate::language::Relation;
use crate::scenario::script::{Condition, Property, Value};

/// What a condition found where it does not hold: the value as a script writes it.
pub(super) fn contradiction(
    condition: &Condition,
    status: Option<&Status>,
    events: Option<&str>,
    api: Api,
) -> Option<String> {
    let actual = match (condition.property.value, status) {
        (Property::NetworkEvents, _) => events.map_or(Value::None, network_events),
        (property, Some(status)) => value(property, status, api),
        (_, None) => Value::None,
    };
    let holds = holds(&actual, condition.relation, &condition.value.value);
    (!holds).then(|| written(&actual))
}

fn value(property: Property, status: &Status, api: Api) -> Value {
    let octets = |count: usize| Value::Number(count as u64);
    match property {
        Property::State => status.state.map_or(Value::None, Value::State),
        Property::Readable => Value::Boolean(status.readable),
        Property::Writable => Value::Boolean(status.writable),
        Property::ReceiveEnded => Value::Boolean(status.receive_ended),
        Property::HungUp => Value::Boolean(status.hung_up),
        Property::Queued => octets(status.queued),
        Property::Held => octets(status.held),
        Property::Accepted => Value::Number(status.accepted),
        Property::Acknowledged => Value::Number(status.acknowledged),
        Property::RightEdge => Value::Number(status.right_edge),
        Property::Window => Value::Number(status.window),
        Property::Unacked => octets(status.unacked),
        Property::Unsent => octets(status.unsent),
        Property::SendWindow => Value::Number(status.send_window),
        Property::Cwnd => octets(status.cwnd),
        Property::Ssthresh => octets(status.ssthresh),
        Property::Rto => Value::Duration(status.rto),
        Property::Srtt => status.srtt.map_or(Value::None, Value::Duration),
        Property::Retransmissions => Value::Number(status.retransmissions),
        Property::Error => status.error.map_or(Value::None, |gone| {
            Value::Error(gone_name(gone, api).to_owned())
        }),
        // The process knows them, and not the stack.
        Property::NetworkEvents => Value::None,
    }
}

/// Network events as they are compared.
fn network_events(events: &str) -> Value {
    let mut names: Vec<String> = events.split('|').map(str::to_owned).collect();
    names.retain(|name| name != "0");
    names.sort_unstable();
    Value::Events(names)
}

fn holds(actual: &Value, relation: Relation, wanted: &Value) -> bool {
    let order = match (actual, wanted) {
        (Value::Number(actual), Value::Number(wanted)) => actual.cmp(wanted),
        (Value::Duration(actual), Value::Duration(wanted)) => actual.cmp(wanted),
        // Everything else is the same or is not; which of two states is greater means nothing.
        (actual, wanted) if actual == wanted => Ordering::Equal,
        _ => return relation == Relation::NotEqual,
    };
    relation.holds(order)
}

fn written(value: &Value) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::State(state) => State::name(*state).replace('-', "_"),
        Value::Boolean(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Duration(value) => format_duration(*value),
        Value::Error(name) => name.clone(),
        Value::Events(names) if names.is_empty() => "0".to_owned(),
        Value::Events(names) => names.join("|"),
    }
}

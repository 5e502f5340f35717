//! A recording of a run, from its event log and its calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use hangup_stack::event::FrameId;
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::recording::{Call, Frame, Host, Item, Recording, What};
use super::remark::Remark;
use crate::capture::{Remarks, Toward, Trace, note};
use crate::event_log::LoggedFrame;
use crate::wire::NodeAddress;

/// When and where a frame was seen.
#[derive(Default)]
struct Sightings {
    sent_at: Option<Instant>,
    arrivals: Vec<(HostId, Instant)>,
}

/// The recording of a run with the clock of one host: a frame that this host has sent or received
/// stands where the host has seen it, any other one where it was sent.
pub fn of_run(trace: &Trace<'_>, vantage: HostId) -> Recording {
    let summary = trace.summary;
    let mut recording = Recording {
        name: summary.scenario.clone(),
        claim: summary.claim.clone(),
        verdict: summary.verdict.clone(),
        failures: summary.failures.clone(),
        hosts: trace.hosts.iter().map(host).collect(),
        vantage: place(trace, vantage),
        items: Vec::new(),
        left_out: 0,
    };
    let remarks = Remarks::new(trace.events);
    let sightings = sightings(trace);
    let mut items: Vec<(usize, Item)> = Vec::new();
    for call in trace.calls {
        if let Some(host) = place(trace, call.host) {
            let what = What::Call(Call {
                host,
                toward: call.toward,
                socket: call.socket,
                text: call.text.clone(),
            });
            items.push((call.events_before, Item { at: call.at, what }));
        }
    }
    for (index, event) in trace.events.iter().enumerate() {
        let (at, host) = (event.at, place(trace, event.host));
        if let (Some(text), Some(host)) = (note(event), host) {
            let what = What::Call(Call {
                host,
                toward: Toward::Application,
                socket: None,
                text,
            });
            items.push((index, Item { at, what }));
        }
        let Some(frame) = trace.events.frame(index) else {
            continue;
        };
        let seen = sightings.get(&frame.id);
        let is_there = is_shown(&frame, seen, vantage);
        if let (true, Some(from)) = (is_there, sender(trace, &frame).or(host)) {
            let comment = match frame.is_sending {
                true => remarks.on_sent(frame.id),
                false => remarks.on_received(frame.id, vantage, index),
            };
            let to = recording.host_at(frame.packet.to);
            let arrived = match frame.is_sending {
                true => seen.and_then(|it| it.arrivals.first()).map(|(_, at)| *at),
                false => Some(at),
            };
            let what = What::Frame(Frame {
                from,
                to,
                packet: Arc::clone(frame.packet),
                origins: frame.origins(),
                sent_at: seen.and_then(|it| it.sent_at),
                arrived_at: arrived,
                remarks: Remark::parse(&comment),
            });
            items.push((index, Item { at, what }));
        }
    }
    // Stable, and calls come first: those of one moment keep their order.
    items.sort_by_key(|(position, item)| (item.at, *position));
    recording.items = items.into_iter().map(|(_, item)| item).collect();
    recording
}

fn host(host: &crate::capture::TraceHost) -> Host {
    Host {
        name: host.name.clone(),
        system: host.system.clone(),
        addresses: host
            .addresses
            .iter()
            .copied()
            .map(NodeAddress::Ip)
            .collect(),
    }
}

fn place(trace: &Trace<'_>, id: HostId) -> Option<usize> {
    trace.hosts.iter().position(|host| host.id == id)
}

fn sightings(trace: &Trace<'_>) -> BTreeMap<FrameId, Sightings> {
    let mut all: BTreeMap<FrameId, Sightings> = BTreeMap::new();
    for index in 0..trace.events.len() {
        if let Some(frame) = trace.events.frame(index) {
            let seen = all.entry(frame.id).or_default();
            match frame.is_sending {
                true => seen.sent_at = Some(frame.event.at),
                false => seen.arrivals.push((frame.event.host, frame.event.at)),
            }
        }
    }
    all
}

/// Whether a frame stands in the recording where it was sent, or where it has arrived.
fn is_shown(frame: &LoggedFrame<'_>, seen: Option<&Sightings>, vantage: HostId) -> bool {
    let at_vantage = frame.event.host == vantage;
    let arrives = seen.is_some_and(|it| it.arrivals.iter().any(|(host, _)| *host == vantage));
    match frame.is_sending {
        true => at_vantage || !arrives,
        false => at_vantage,
    }
}

/// The host that has the address from which a frame says that it is.
fn sender(trace: &Trace<'_>, frame: &LoggedFrame<'_>) -> Option<usize> {
    let address = frame.packet.from.ip()?;
    let has_it = |host: &crate::capture::TraceHost| host.addresses.contains(&address);
    trace.hosts.iter().position(has_it)
}

//! One process on a Winsock host, with what a script has named in it.

use std::collections::BTreeMap;

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::Instant;
use hangup_winsock::overlapped::Completion;
use hangup_winsock::provider::Decision;
use hangup_winsock::provider::tracing::Passage;
use hangup_winsock::{Socket, ThreadId, Winsock, WsaError};

use crate::calls::BadCall;
use crate::calls::argument::Context;
use crate::calls::program::{Descriptors, Memory};
use crate::calls::table::Made;

/// One process on one Winsock host.
#[derive(Debug, Default)]
pub struct WinsockCalls {
    pub(super) process: Winsock,
    pub(super) descriptors: Descriptors,
    pub(super) memory: Memory,
    /// The threads that a script has named, after the one that needs no name.
    pub(super) threads: Vec<String>,
    /// The overlapped structures that it has named.
    pub(super) structures: Vec<String>,
    /// The completion routines that it has named.
    pub(super) routines: Vec<String>,
    /// What condition functions have returned that run in a thread.
    pub(super) conditions: BTreeMap<ThreadId, Decision>,
}

/// What a call that says SOCKET_ERROR comes to.
pub(super) fn status(result: Result<(), WsaError>) -> Made {
    match result {
        Ok(()) => Made::value(0),
        Err(error) => failed(error),
    }
}

pub(super) fn failed(error: WsaError) -> Made {
    Made::failed("SOCKET_ERROR", error.name())
}

impl WinsockCalls {
    /// Runs a function of the process inside the host.
    pub(super) fn on_host<R>(
        &mut self,
        context: &mut Context<'_>,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant) -> R,
    ) -> R {
        let process = &mut self.process;
        context
            .network
            .with_host(context.host, |host, now| f(process, host, now))
    }

    /// The socket in the first argument.
    pub(super) fn s(&self, context: &Context<'_>) -> Result<Socket, BadCall> {
        self.descriptors.first(context).map(Socket::from_raw)
    }

    /// The family of a socket; IPv4's for what is none.
    pub(super) fn family(&self, s: Socket) -> IpFamily {
        self.descriptors
            .get(s.raw())
            .map_or(IpFamily::V4, |opened| opened.family)
    }

    /// A call of the provider below, as a row of the trace: `WSPRecv(s=4) = 100`.
    pub(super) fn shown(&self, passage: &Passage) -> String {
        let Passage {
            function,
            s,
            result,
            ..
        } = passage;
        let label = s.map(|s| match self.descriptors.label_of(s.raw()) {
            Some(label) => format!("s={label}"),
            None => "s".to_owned(),
        });
        format!("{function}({}) = {result}", label.unwrap_or_default())
    }

    /// A completion routine that has run, as a row of the trace.
    pub(super) fn completed(&self, completion: &Completion) -> String {
        let name = |names: &[String], number: u64| {
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            names.get(place).cloned().unwrap_or_default()
        };
        let error = WsaError::from_code(completion.error).map_or("0", WsaError::name);
        format!(
            "{}(error={error}, transferred={}, overlapped={}, flags={})",
            name(&self.routines, completion.routine.0),
            completion.octets,
            name(&self.structures, completion.overlapped.0),
            completion.flags
        )
    }
}

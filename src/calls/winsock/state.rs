//! The scripted Winsock process: the sockets of its script, and the rows of a trace for activity
//! below and beside its calls.

use std::collections::BTreeMap;

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::Instant;
use hangup_winsock::overlapped::Completion;
use hangup_winsock::provider::Decision;
use hangup_winsock::provider::tracing::Passage;
use hangup_winsock::{Socket, ThreadId, Winsock, WsaError};

use crate::calls::answer::{BadCall, Failure};
use crate::calls::argument::Context;
use crate::calls::program::Program;

/// One process on one Winsock host.
#[derive(Debug, Default)]
pub struct WinsockCalls {
    pub(super) process: Winsock,
    pub(super) program: Program,
    /// The overlapped structures that it has named.
    pub(super) structures: Vec<String>,
    /// The completion routines that it has named.
    pub(super) routines: Vec<String>,
    /// What condition functions have returned that run in a thread.
    pub(super) conditions: BTreeMap<ThreadId, Decision>,
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
        self.program
            .descriptors
            .first(context)
            .map(Socket::from_raw)
    }

    /// The family of a socket; IPv4's for what is none.
    pub(super) fn family(&self, s: Socket) -> IpFamily {
        self.program.family(s.raw())
    }

    /// A call of the provider below, as a row of the trace: `WSPRecv(s=4) = 100`.
    pub(super) fn shown(&self, passage: &Passage) -> String {
        let Passage {
            function,
            s,
            result,
            ..
        } = passage;
        let label = s.map(|s| match self.program.descriptors.label_of(s.raw()) {
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

impl Failure for WsaError {
    const RESULT: &'static str = "SOCKET_ERROR";

    fn name(&self) -> &'static str {
        Self::name(*self)
    }
}

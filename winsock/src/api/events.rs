//! Event objects and network events: WSACreateEvent, WSACloseEvent, WSASetEvent, WSAResetEvent,
//! WSAWaitForMultipleEvents, WSAEventSelect, WSAEnumNetworkEvents, and SleepEx.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};

use super::thread::Alertable;
use super::threads::Waited;
use super::winsock::{SocketCall, Winsock};
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::function::Function;
pub use crate::notify::{
    FD_ACCEPT, FD_ALL_EVENTS, FD_CLOSE, FD_CONNECT, FD_OOB, FD_READ, FD_WRITE, NetworkEvents,
};
use crate::process::{Progress, Socket};
use crate::provider::check::Check;

/// WSA_MAXIMUM_WAIT_EVENTS: the most event objects of one wait.
pub const WAIT_EVENTS_MAX: usize = 64;

/// What a wait for event objects came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// WSA_WAIT_EVENT_0 + this: the first of the event objects that is set; 0 where all had to be.
    Event(usize),
    /// WSA_WAIT_TIMEOUT.
    Timeout,
    /// WSA_WAIT_IO_COMPLETION: an APC has run.
    IoCompletion,
}

/// How many of the event objects a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// fWaitAll: every one.
    All,
    /// Any one.
    Any,
}

/// What SleepEx came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SleepResult {
    /// 0: the time is over.
    Elapsed,
    /// WAIT_IO_COMPLETION: an APC has run.
    IoCompletion,
}

impl Winsock {
    /// WSACreateEvent: an event object that is not set; once set it stays so until it is reset.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSA_NOT_ENOUGH_MEMORY.
    pub fn wsa_create_event(&mut self, host: &Host) -> Result<EventHandle, WsaError> {
        let result = self
            .check_process(host, Function::CreateEvent, Check::Passed)
            .and_then(|()| self.upcalls.create_event());
        self.report(result)
    }

    /// WSACloseEvent.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSA_INVALID_HANDLE.
    pub fn wsa_close_event(&mut self, host: &Host, event: EventHandle) -> Result<(), WsaError> {
        let result = self
            .check_process(host, Function::CloseEvent, Check::Passed)
            .and_then(|()| self.upcalls.close_event(event));
        self.report(result)
    }

    /// WSASetEvent.
    ///
    /// # Errors
    /// As [`Winsock::wsa_close_event`].
    pub fn wsa_set_event(&mut self, host: &Host, event: EventHandle) -> Result<(), WsaError> {
        let result = self
            .check_process(host, Function::SetEvent, Check::Passed)
            .and_then(|()| self.upcalls.set_event(event));
        self.report(result)
    }

    /// WSAResetEvent.
    ///
    /// # Errors
    /// As [`Winsock::wsa_close_event`].
    pub fn wsa_reset_event(&mut self, host: &Host, event: EventHandle) -> Result<(), WsaError> {
        let result = self
            .check_process(host, Function::ResetEvent, Check::Passed)
            .and_then(|()| self.upcalls.reset_event(event));
        self.report(result)
    }

    /// WSAWaitForMultipleEvents: waits until one of the event objects is set, or all are; at most
    /// for so long. In an alertable wait queued completion routines run, and it returns after them.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSA_INVALID_HANDLE, WSA_INVALID_PARAMETER
    /// for no event object or more than [`WAIT_EVENTS_MAX`].
    pub fn wsa_wait_for_multiple_events(
        &mut self,
        host: &Host,
        now: Instant,
        events: &[EventHandle],
        wait_for: WaitFor,
        timeout: Option<Duration>,
        alertable: Alertable,
    ) -> Progress<WaitResult> {
        let function = Function::WaitForMultipleEvents;
        let checked = self
            .check_process(host, function, Check::Passed)
            .and_then(|()| self.first_set(events, wait_for));
        let outcome = match checked {
            Err(error) => Err(error).into(),
            Ok(Some(index)) => Ok(WaitResult::Event(index)).into(),
            Ok(None) => match self.wait(now, function, timeout, alertable) {
                Waited::Waits(outcome) => outcome,
                Waited::TimedOut => Ok(WaitResult::Timeout).into(),
                Waited::Interrupted => Ok(WaitResult::IoCompletion).into(),
            },
        };
        self.finish_wait(function, outcome)
    }

    /// The event object that ends a wait.
    fn first_set(
        &self,
        events: &[EventHandle],
        wait_for: WaitFor,
    ) -> Result<Option<usize>, WsaError> {
        if !(1..=WAIT_EVENTS_MAX).contains(&events.len()) {
            return Err(WsaError::InvalidParameter);
        }
        let set: Vec<bool> = events
            .iter()
            .map(|&event| self.upcalls.is_set(event))
            .collect::<Result<_, _>>()?;
        Ok(match wait_for {
            WaitFor::Any => set.iter().position(|&set| set),
            WaitFor::All => set.iter().all(|&set| set).then_some(0),
        })
    }

    /// SleepEx, of Windows itself: waits for so long; in an alertable wait until APCs have run.
    pub fn sleep_ex(
        &mut self,
        now: Instant,
        timeout: Option<Duration>,
        alertable: Alertable,
    ) -> Progress<SleepResult> {
        let outcome = match self.wait(now, Function::SleepEx, timeout, alertable) {
            Waited::Waits(outcome) => outcome,
            Waited::TimedOut => Ok(SleepResult::Elapsed).into(),
            Waited::Interrupted => Ok(SleepResult::IoCompletion).into(),
        };
        self.finish_wait(Function::SleepEx, outcome)
    }

    /// Ends a wait of Ws2_32.dll's own, which has noted itself that it waits.
    pub(super) fn finish_wait<T>(
        &mut self,
        function: Function,
        outcome: Progress<T>,
    ) -> Progress<T> {
        match outcome {
            Progress::Blocks { until } => Progress::Blocks { until },
            Progress::Done(result) => {
                self.thread_mut().done(function, Socket::INVALID);
                Progress::Done(self.report(result))
            }
        }
    }

    /// WSAEventSelect: which network events set an event object. The socket becomes non-blocking,
    /// and stays so when no events are wanted any more. A new choice replaces the one before.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an event object that does not exist or an unknown event.
    pub fn wsa_event_select(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        let call = SocketCall::api(Function::EventSelect, s);
        self.at_once(host, now, call, |it, context| {
            it.event_select(context, s, event, events)
        })
    }

    /// WSAEnumNetworkEvents: the network events since the last call, with their errors, and resets
    /// the event object that is given.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an event object that does not exist.
    pub fn wsa_enum_network_events(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        let call = SocketCall::api(Function::EnumNetworkEvents, s);
        self.at_once(host, now, call, |it, context| {
            it.enum_network_events(context, s, event)
        })
    }
}

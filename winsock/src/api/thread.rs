//! The threads of a process: their last errors, what they wait in, and what interrupts a wait.
//!
//! A thread is a stack of frames. At the bottom is the call that the program made; while that
//! waits, a routine of the program may run on the same thread - the blocking hook of Winsock 1.1,
//! or an asynchronous procedure call (APC) - and make calls of its own. What these may do is the
//! subject of two rules:
//!
//! - while a call of a Winsock 1.1 process waits, every other call of its thread is WSAEINPROGRESS;
//! - a blocking call inside an APC that interrupted a blocking call has no defined behaviour.

use std::fmt;

use hangup_stack::smoltcp::time::{Duration, Instant};

use super::Winsock;
use crate::error::WsaError;
use crate::function::Function;
use crate::overlapped::Completion;
use crate::provider::check::Check;
use crate::{Outcome, Socket, ThreadId};

/// A thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// WSAGetLastError.
    pub(super) last_error: i32,
    /// WSASetBlockingHook: the hook's name; none: the default message loop.
    pub(super) hook: Option<String>,
    frames: Vec<Frame>,
    /// Whether an APC has run since the alertable wait at the top began.
    interrupted: Interrupted,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Interrupted {
    #[default]
    No,
    Yes,
}

/// What a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// A call that waits.
    Waits(Waits),
    /// A routine of the program.
    Runs(Routine),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waits {
    function: Function,
    s: Socket,
    alertable: Alertable,
    /// When it gives up; none: never, or its provider knows.
    until: Option<Instant>,
}

/// Whether APCs run while a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alertable {
    /// They do.
    Yes,
    /// They stay queued.
    No,
}

/// A routine of the program that runs while a call of the same thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routine {
    /// The blocking hook of a Winsock 1.1 process (WSASetBlockingHook), or a message that its
    /// default loop dispatches.
    BlockingHook,
    /// An asynchronous procedure call: a completion routine, or one that another thread queued.
    Apc,
}

/// Why a routine cannot run on a thread now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotRun {
    /// The thread is in no call that waits.
    #[error("the thread waits in no call that it could interrupt")]
    NotWaiting,
    /// The call does not perform an alertable wait.
    #[error("the call that the thread waits in does not run APCs")]
    NotAlertable,
    /// Blocking hooks are for processes that have negotiated 1.1.
    #[error("a process that has negotiated Winsock 2 has no blocking hook")]
    NoHook,
}

/// A blocking call inside an APC that interrupted a blocking call of the same thread. The pages of
/// the blocking functions, WSARecvDisconnect among them, say that nothing is defined about it and
/// that it must never be tried, so that no result can be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndefinedBehaviour {
    /// Which thread.
    pub thread: ThreadId,
    /// The call that was interrupted.
    pub interrupted: Function,
    /// The call that the APC made.
    pub nested: Function,
}

impl fmt::Display for UndefinedBehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (interrupted, nested) = (self.interrupted.name(), self.nested.name());
        write!(
            f,
            "{nested} is a blocking call inside an APC that interrupted the blocking call \
             {interrupted} on the same thread: page {interrupted}, in its note on alertable waits, \
             leaves what happens then undefined and forbids programs to try"
        )
    }
}

impl Thread {
    /// It waits in a call.
    pub(super) fn wait(&mut self, function: Function, s: Socket) {
        self.wait_until(function, s, Alertable::Yes, None);
    }

    fn wait_until(
        &mut self,
        function: Function,
        s: Socket,
        alertable: Alertable,
        until: Option<Instant>,
    ) {
        let waits = Waits {
            function,
            s,
            alertable,
            until,
        };
        match self.frames.last_mut() {
            // It goes on waiting.
            Some(Frame::Waits(top)) if top.function == function && top.s == s => {}
            // A call that nobody has made again was given up.
            Some(Frame::Waits(top)) => *top = waits,
            Some(Frame::Runs(_)) | None => {
                self.interrupted = Interrupted::No;
                self.frames.push(Frame::Waits(waits));
            }
        }
    }

    /// A call has returned.
    pub(super) fn done(&mut self, function: Function, s: Socket) {
        if self.resumes(function, s).is_some() {
            self.frames.pop();
            self.interrupted = Interrupted::No;
        }
    }

    /// The call at the top, if it is this one.
    fn resumes(&self, function: Function, s: Socket) -> Option<&Waits> {
        self.top()
            .filter(|waits| waits.function == function && waits.s == s)
    }

    /// The call at the top that waits.
    fn top(&self) -> Option<&Waits> {
        match self.frames.last() {
            Some(Frame::Waits(waits)) => Some(waits),
            Some(Frame::Runs(_)) | None => None,
        }
    }

    /// The call that the APC at the top has interrupted.
    fn interrupted_by_apc(&self) -> Option<Function> {
        let apc = |frame: &Frame| *frame == Frame::Runs(Routine::Apc);
        let place = self.frames.iter().rposition(apc)?;
        match self.frames.get(place.checked_sub(1)?) {
            Some(Frame::Waits(waits)) => Some(waits.function),
            Some(Frame::Runs(_)) | None => None,
        }
    }

    pub(super) fn waits(&self) -> bool {
        let waits = |frame: &Frame| matches!(frame, Frame::Waits(_));
        self.frames.iter().any(waits)
    }
}

impl Winsock {
    /// The thread that makes the calls.
    pub(super) fn thread_mut(&mut self) -> &mut Thread {
        self.threads.entry(self.running).or_default()
    }

    pub(super) fn thread(&self) -> Option<&Thread> {
        self.threads.get(&self.running)
    }

    /// The thread that makes the calls now.
    pub const fn running(&self) -> ThreadId {
        self.running
    }

    /// WSAGetLastError: the code of the thread's last call that failed, 0 where none has. Works
    /// before WSAStartup. A call that succeeds does not clear it.
    pub fn wsa_get_last_error(&self) -> i32 {
        self.thread().map_or(0, |thread| thread.last_error)
    }

    /// WSASetLastError: sets what WSAGetLastError returns to the thread.
    pub fn wsa_set_last_error(&mut self, error: i32) {
        self.thread_mut().last_error = error;
    }

    /// Whether the thread waits in just this call, which is made again now.
    pub(super) fn is_resumed(&self, function: Function, s: Socket) -> bool {
        self.thread()
            .is_some_and(|thread| thread.resumes(function, s).is_some())
    }

    /// Whether the thread may make a call.
    ///
    /// "Windows Sockets 1.1 Blocking Routines and EINPROGRESS": while a blocking call is
    /// outstanding, every other call of the thread fails. A process that negotiated 2.0 or later
    /// never sees this. The second reason is a provider's: it still processes a callback function.
    pub(super) fn check_not_nested(&self, function: Function, s: Socket) -> Check {
        if self.is_resumed(function, s) {
            return Check::Passed;
        }
        let waits = self.thread().is_some_and(Thread::waits);
        let nested = self.version.forbids_nesting() && waits;
        Check::that(!nested && !self.upcalls.in_callback(self.running))
    }

    /// The running thread leaves the call that it waits in for a routine of the program. Calls that
    /// are made until [`Winsock::leave`] are the routine's.
    ///
    /// # Errors
    /// Why the routine cannot run now.
    pub fn enter(&mut self, routine: Routine) -> Result<(), CannotRun> {
        let waits = self.thread().and_then(Thread::top);
        let waits = *waits.ok_or(CannotRun::NotWaiting)?;
        match routine {
            Routine::BlockingHook if !self.version.forbids_nesting() => {
                return Err(CannotRun::NoHook);
            }
            Routine::Apc if waits.alertable == Alertable::No => {
                return Err(CannotRun::NotAlertable);
            }
            Routine::BlockingHook | Routine::Apc => {}
        }
        self.thread_mut().frames.push(Frame::Runs(routine));
        Ok(())
    }

    /// The routine returns, and the thread is back in the call that it interrupted. Calls of the
    /// routine that still waited are given up.
    pub fn leave(&mut self) {
        let thread = self.thread_mut();
        while let Some(frame) = thread.frames.pop() {
            match frame {
                Frame::Runs(Routine::Apc) => {
                    thread.interrupted = Interrupted::Yes;
                    return;
                }
                Frame::Runs(Routine::BlockingHook) => return,
                Frame::Waits(_) => {}
            }
        }
    }

    /// Whether the thread is in a callback function that its provider has called.
    pub fn is_in_callback(&self) -> bool {
        self.upcalls.in_callback(self.running)
    }

    /// Runs the completion routines that are queued for the thread, if it is in an alertable wait.
    /// They have run when [`Winsock::take_completions`] tells of them.
    pub(super) fn run_routines(&mut self) {
        let alertable = |waits: &Waits| waits.alertable == Alertable::Yes;
        if !self.thread().and_then(Thread::top).is_some_and(alertable) {
            return;
        }
        while let Some(completion) = self.upcalls.next_routine(self.running) {
            self.completions.push(completion);
            self.thread_mut().interrupted = Interrupted::Yes;
        }
    }

    /// Takes the completion routines that have run since the last time.
    pub fn take_completions(&mut self) -> Vec<Completion> {
        std::mem::take(&mut self.completions)
    }

    /// Takes the calls that have no defined behaviour since the last time. Each has done nothing,
    /// and has returned WSASYSCALLFAILURE, which no page lists.
    pub fn take_undefined(&mut self) -> Vec<UndefinedBehaviour> {
        std::mem::take(&mut self.undefined)
    }

    /// Whether a call is one that must never be made: a blocking one, inside an APC that
    /// interrupted a blocking one.
    pub(super) fn is_undefined(&self, function: Function) -> bool {
        function.may_block() && self.interrupts_a_blocking_call()
    }

    /// Whether the thread is in an APC that interrupted a blocking call.
    pub(super) fn interrupts_a_blocking_call(&self) -> bool {
        let interrupted = self.thread().and_then(Thread::interrupted_by_apc);
        interrupted.is_some_and(Function::may_block)
    }

    fn note_undefined(&mut self, nested: Function) {
        let interrupted = self.thread().and_then(Thread::interrupted_by_apc);
        self.undefined
            .extend(interrupted.map(|interrupted| UndefinedBehaviour {
                thread: self.running,
                interrupted,
                nested,
            }));
    }

    /// Refuses a call that must never be made, and notes it.
    pub(super) fn refuse_undefined<T>(&mut self, nested: Function) -> Outcome<T> {
        self.note_undefined(nested);
        Err(WsaError::SystemCallFailure).into()
    }

    /// A blocking call goes on waiting after an APC.
    pub(super) fn forget_interruption(&mut self) {
        self.thread_mut().interrupted = Interrupted::No;
    }

    /// A wait of Ws2_32.dll's own, with a deadline that counts from its first call: what it came to
    /// by itself, or how it goes on.
    pub(super) fn wait<T>(
        &mut self,
        now: Instant,
        function: Function,
        timeout: Option<Duration>,
        alertable: Alertable,
    ) -> Waited<T> {
        let s = Socket::INVALID;
        let begun = self.thread().and_then(|thread| thread.resumes(function, s));
        let until = match begun {
            Some(waits) => waits.until,
            None => timeout.map(|timeout| now + timeout),
        };
        let thread = self.thread_mut();
        thread.wait_until(function, s, alertable, until);
        self.run_routines();
        if self.thread_mut().interrupted == Interrupted::Yes && alertable == Alertable::Yes {
            return Waited::Interrupted;
        }
        if until.is_some_and(|until| until <= now) {
            return Waited::TimedOut;
        }
        Waited::Waits(Outcome::Blocks { until })
    }
}

/// How far a wait of Ws2_32.dll's own has come.
#[derive(Debug)]
pub(super) enum Waited<T> {
    /// It goes on.
    Waits(Outcome<T>),
    /// Its time is over.
    TimedOut,
    /// An APC has run.
    Interrupted,
}

//! The threads of a process: switching between them, their last errors, and the calls that they
//! wait in.

use hangup_stack::smoltcp::time::{Duration, Instant};

use super::thread::{
    Alertable, CannotRun, Interrupted, Routine, Thread, ThreadFrame, UndefinedBehaviour, Waits,
};
use super::winsock::Winsock;
use crate::error::WsaError;
use crate::function::Function;
use crate::overlapped::Completion;
use crate::process::{Progress, Socket, ThreadId};
use crate::provider::check::Check;
use crate::waiting::{self, Waiting};

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

    /// What is remembered of the call, where the thread waits in it and makes it again now.
    pub(super) fn waiting(&self, function: Function, s: Socket) -> Option<Waiting> {
        let waits = self.thread()?.resumes(function, s)?;
        Some(waits.waiting)
    }

    /// Whether the thread may make a call.
    ///
    /// "Windows Sockets 1.1 Blocking Routines and EINPROGRESS": while a blocking call is
    /// outstanding, every other call of the thread fails. A process that negotiated 2.0 or later
    /// never sees this. The second reason is a provider's: it still processes a callback function.
    pub(super) fn check_not_nested(&self, function: Function, s: Socket) -> Check {
        if self.waiting(function, s).is_some() {
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
        self.thread_mut().frames.push(ThreadFrame::Runs(routine));
        Ok(())
    }

    /// The routine returns, and the thread is back in the call that it interrupted. Calls of the
    /// routine that still waited are given up.
    pub fn leave(&mut self) {
        let thread = self.thread_mut();
        while let Some(frame) = thread.frames.pop() {
            match frame {
                ThreadFrame::Runs(Routine::Apc) => {
                    thread.interrupted = Interrupted::Yes;
                    return;
                }
                ThreadFrame::Runs(Routine::BlockingHook) => return,
                ThreadFrame::Waits(_) => {}
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
    pub(super) fn refuse_undefined<T>(&mut self, nested: Function) -> Progress<T> {
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
        let waiting = self.waiting(function, Socket::INVALID);
        let until = waiting::deadline(waiting, now, timeout);
        self.thread_mut().wait_until(function, alertable, until);
        self.run_routines();
        if self.thread_mut().interrupted == Interrupted::Yes && alertable == Alertable::Yes {
            return Waited::Interrupted;
        }
        if until.is_some_and(|until| until <= now) {
            return Waited::TimedOut;
        }
        Waited::Waits(Progress::Blocks { until })
    }
}

/// How far a wait of Ws2_32.dll's own has come.
#[derive(Debug)]
pub(super) enum Waited<T> {
    /// It goes on.
    Waits(Progress<T>),
    /// Its time is over.
    TimedOut,
    /// An APC has run.
    Interrupted,
}

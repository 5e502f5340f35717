//! The threads of a process: their last errors, and what they wait in.

use super::Winsock;
use crate::function::Function;
use crate::overlapped::Completion;
use crate::provider::check::Check;
use crate::{Socket, ThreadId};

/// A thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// WSAGetLastError.
    pub(super) last_error: i32,
    /// The call that it waits in.
    waits_in: Option<(Function, Socket)>,
}

impl Thread {
    /// It waits in a call.
    pub(super) fn wait(&mut self, function: Function, s: Socket) {
        self.waits_in = Some((function, s));
    }

    /// A call has returned.
    pub(super) fn done(&mut self, function: Function, s: Socket) {
        if self.waits_in == Some((function, s)) {
            self.waits_in = None;
        }
    }
}

impl Winsock {
    /// The thread that makes the calls.
    pub(super) fn thread_mut(&mut self) -> &mut Thread {
        self.threads.entry(self.running).or_default()
    }

    fn thread(&self) -> Option<&Thread> {
        self.threads.get(&self.running)
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
            .is_some_and(|thread| thread.waits_in == Some((function, s)))
    }

    /// Whether the thread may make a call.
    ///
    /// "Windows Sockets 1.1 Blocking Routines and EINPROGRESS": while a blocking call is
    /// outstanding, every other call of the process fails. A process that negotiated 2.0 or later
    /// never sees this. The second reason is a provider's: it still processes a callback function.
    pub(super) fn check_not_nested(&self, function: Function, s: Socket) -> Check {
        if self.is_resumed(function, s) {
            return Check::Passed;
        }
        let waits = self.threads.values().any(|it| it.waits_in.is_some());
        let nested = self.version.forbids_nesting() && waits;
        Check::that(!nested && !self.upcalls.in_callback(self.running))
    }

    /// Takes the next completion routine that the thread has to run, as it does in an alertable
    /// wait.
    pub fn next_completion(&mut self) -> Option<Completion> {
        self.upcalls.next_routine(self.running)
    }

    /// The thread that makes the calls now.
    pub const fn running(&self) -> ThreadId {
        self.running
    }
}

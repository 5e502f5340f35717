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

use hangup_stack::smoltcp::time::Instant;

use crate::function::Function;
use crate::process::{Socket, ThreadId};
use crate::waiting::Waiting;

/// A thread.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// WSAGetLastError.
    pub(super) last_error: i32,
    /// WSASetBlockingHook: the hook's name; none: the default message loop.
    pub(super) hook: Option<String>,
    pub(super) frames: Vec<ThreadFrame>,
    /// Whether an APC has run since the alertable wait at the top began.
    pub(super) interrupted: Interrupted,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Interrupted {
    #[default]
    No,
    Yes,
}

/// What a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreadFrame {
    /// A call that waits.
    Waits(Waits),
    /// A routine of the program.
    Runs(Routine),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) function: Function,
    s: Socket,
    pub(super) alertable: Alertable,
    /// The provider that carries it out; none: Ws2_32.dll itself.
    pub(super) provider: Option<usize>,
    pub(super) waiting: Waiting,
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
    /// It waits in a call that a provider carries out.
    pub(super) fn wait(
        &mut self,
        function: Function,
        s: Socket,
        provider: Option<usize>,
        until: Option<Instant>,
    ) {
        self.push(Waits {
            function,
            s,
            alertable: Alertable::Yes,
            provider,
            waiting: Waiting::new(until),
        });
    }

    /// It waits in a call of Ws2_32.dll's own.
    pub(super) fn wait_until(
        &mut self,
        function: Function,
        alertable: Alertable,
        until: Option<Instant>,
    ) {
        self.push(Waits {
            function,
            s: Socket::INVALID,
            alertable,
            provider: None,
            waiting: Waiting::new(until),
        });
    }

    fn push(&mut self, waits: Waits) {
        match self.frames.last_mut() {
            // It goes on waiting.
            Some(ThreadFrame::Waits(top)) if top.function == waits.function && top.s == waits.s => {
                top.waiting = waits.waiting;
            }
            // A call that nobody has made again was given up.
            Some(ThreadFrame::Waits(top)) => *top = waits,
            Some(ThreadFrame::Runs(_)) | None => {
                self.interrupted = Interrupted::No;
                self.frames.push(ThreadFrame::Waits(waits));
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
    pub(super) fn resumes(&self, function: Function, s: Socket) -> Option<&Waits> {
        self.top()
            .filter(|waits| waits.function == function && waits.s == s)
    }

    /// The call at the top that waits.
    pub(super) fn top(&self) -> Option<&Waits> {
        match self.frames.last() {
            Some(ThreadFrame::Waits(waits)) => Some(waits),
            Some(ThreadFrame::Runs(_)) | None => None,
        }
    }

    /// The call that the APC at the top has interrupted.
    pub(super) fn interrupted_by_apc(&self) -> Option<Function> {
        let apc = |frame: &ThreadFrame| *frame == ThreadFrame::Runs(Routine::Apc);
        let place = self.frames.iter().rposition(apc)?;
        match self.frames.get(place.checked_sub(1)?) {
            Some(ThreadFrame::Waits(waits)) => Some(waits.function),
            Some(ThreadFrame::Runs(_)) | None => None,
        }
    }

    /// The innermost call that waits, whatever routine has interrupted it.
    pub(super) fn innermost(&mut self) -> Option<&mut Waits> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            ThreadFrame::Waits(waits) => Some(waits),
            ThreadFrame::Runs(_) => None,
        })
    }

    pub(super) fn waits(&self) -> bool {
        let waits = |frame: &ThreadFrame| matches!(frame, ThreadFrame::Waits(_));
        self.frames.iter().any(waits)
    }
}

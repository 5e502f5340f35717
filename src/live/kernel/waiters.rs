//! Threads on which calls wait.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use super::made::{Attempt, How, Made, Prepared};
use crate::run::CallId;

/// How long a thread may take to begin its call on a busy machine, before it counts as waiting.
const BEGIN_MOST: Duration = Duration::from_secs(2);

/// How often a thread is looked at that may be asleep by now.
const LOOK: Duration = Duration::from_micros(20);

/// How long is waited at most for threads that have been woken to wait again.
const SETTLE_MOST: Duration = Duration::from_millis(1);

/// As much of a thread's state as is read: its name and state are at the beginning.
const STAT_LENGTH: usize = 128;

/// A call that has returned on its thread.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) call: CallId,
    /// When the kernel let it return.
    pub(super) at: Instant,
    pub(super) made: Made,
}

/// Calls that wait, each on a thread of its own.
#[derive(Debug)]
pub(super) struct Waiters {
    sender: Sender<Ended>,
    receiver: Receiver<Ended>,
    /// Counts what has returned, so that a wait for packets ends too.
    wake: Arc<OwnedFd>,
    threads: Vec<Waiter>,
}

/// A thread with a call.
#[derive(Debug)]
struct Waiter {
    /// Its number; as a negative number when its call has returned.
    thread: Arc<AtomicI32>,
    /// Where the kernel says what it does.
    stat: File,
}

/// A thread has not begun its call.
const NOT_BEGUN: i32 = 0;

impl Waiters {
    /// # Errors
    /// The system has no more descriptors.
    pub(super) fn new() -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Self {
            sender,
            receiver,
            wake: Arc::new(eventfd(0, flags)?),
            threads: Vec::new(),
        })
    }

    /// What becomes readable when a call has returned.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Makes a call on a thread of its own, behind so many octets that went without waiting. It
    /// comes back when the call has returned or waits, and says when it was really made.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn begin(
        &mut self,
        call: CallId,
        prepared: Prepared,
        done: usize,
    ) -> std::io::Result<Instant> {
        let (sender, wake) = (self.sender.clone(), Arc::clone(&self.wake));
        let thread = Arc::new(AtomicI32::new(NOT_BEGUN));
        let begun = Arc::clone(&thread);
        let (tell, told) = channel();
        let body = move || {
            let own = rustix::thread::gettid().as_raw_nonzero().get();
            let before = run_delay();
            let _ = tell.send(Instant::now());
            begun.store(own, Ordering::Release);
            let attempt = prepared.make(How::Waiting(done));
            let now = Instant::now();
            // It could run from then on, and waited for a processor.
            let waited = run_delay().saturating_sub(before);
            let at = now.checked_sub(waited).unwrap_or(now);
            // Nothing is left to hold the descriptor open when the end of the call is known.
            drop(prepared);
            let made = match attempt {
                Attempt::Made(made) => made,
                Attempt::WouldWait(_) => Made::result(Err(nix::errno::Errno::EAGAIN)),
            };
            // Nobody listens any more where the run is over.
            let _ = sender.send(Ended { call, at, made });
            begun.store(-own, Ordering::Release);
            let _ = rustix::io::write(&wake, &1_u64.to_ne_bytes());
        };
        std::thread::Builder::new().spawn(body)?;
        self.threads.retain(|it| !it.has_returned());
        let limit = Instant::now() + BEGIN_MOST;
        let mut waiter = None;
        loop {
            let number = thread.load(Ordering::Acquire);
            if number > 0 && waiter.is_none() {
                waiter = Waiter::of(number, &thread);
            }
            let is_waiting = waiter.as_ref().is_some_and(Waiter::is_asleep);
            if number < 0 || is_waiting || Instant::now() > limit {
                self.threads.extend(waiter);
                return Ok(told.try_recv().unwrap_or_else(|_| Instant::now()));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Lets the threads that have been woken go on, until each waits again or its call has
    /// returned.
    pub(super) fn settle(&mut self) {
        self.threads.retain(|it| !it.has_returned());
        if self.threads.is_empty() {
            return;
        }
        let limit = Instant::now() + SETTLE_MOST;
        let is_settled = |it: &Waiter| it.has_returned() || it.is_asleep();
        while !self.threads.iter().all(is_settled) && Instant::now() < limit {
            // It may want the processor of this one.
            rustix::thread::sched_yield();
        }
    }

    /// Takes the next call that has returned.
    pub(super) fn next(&self) -> Option<Ended> {
        let ended = self.receiver.try_recv().ok();
        if ended.is_none() {
            let mut count = [0; 8];
            let _ = rustix::io::read(&self.wake, &mut count);
        }
        // One that came between the two is found at the next look: its write comes behind.
        ended
    }
}

/// For how long this thread could have run and had no processor, by the kernel's own account.
/// Zero where it keeps none.
fn run_delay() -> Duration {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = account
        .split_whitespace()
        .nth(1)
        .and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

impl Waiter {
    /// A thread of this process. None: it is gone.
    fn of(number: i32, thread: &Arc<AtomicI32>) -> Option<Self> {
        let stat = File::open(format!("/proc/self/task/{number}/stat")).ok()?;
        let thread = Arc::clone(thread);
        Some(Self { thread, stat })
    }

    fn has_returned(&self) -> bool {
        self.thread.load(Ordering::Acquire) < 0
    }

    /// Whether it sleeps, as it does in a call that waits, or is gone.
    fn is_asleep(&self) -> bool {
        let mut stat = [0; STAT_LENGTH];
        let Ok(length) = self.stat.read_at(&mut stat, 0) else {
            return true;
        };
        // The name in parentheses may have anything in it; the state stands behind it.
        let name_end = stat[..length].iter().rposition(|it| *it == b')');
        name_end.is_some_and(|it| stat[it..length].starts_with(b") S"))
    }
}

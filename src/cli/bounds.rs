//! The bounds of all runs of the program: `--memory`, `--timeout`, `--trace-size`, and interrupts.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::args::Limits;
use super::interrupt;
use crate::bounds::{Bounds, Held, Reached};

/// Which part of the memory all runs may hold that do not wait for each other.
const SMALL_RUNS: usize = 8;
/// How long to wait before the memory of others is asked for again.
const WAIT: Duration = Duration::from_millis(5);

/// What all runs of the program may take together.
///
/// A run reaches the limit of memory at the same place whatever runs beside it: it may have all of
/// it. What the others have then is bounded because one alone at a time goes beyond a small share;
/// the next one waits.
#[derive(Debug)]
pub(super) struct Pool {
    memory: usize,
    /// What a run may have beside a large one.
    share: usize,
    deadline: Option<(Instant, Duration)>,
    large: Mutex<()>,
}

impl Pool {
    /// From now on.
    pub(super) fn new(limits: &Limits, threads: usize) -> Self {
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        let timeout = limits.timeout;
        let deadline = timeout.and_then(|it| Some((Instant::now().checked_add(it)?, it)));
        Self {
            memory,
            share: memory / SMALL_RUNS / threads.max(1),
            deadline,
            large: Mutex::new(()),
        }
    }

    /// Whether runs are to end, whatever they hold.
    ///
    /// # Errors
    /// Why.
    pub(super) fn goes_on(&self) -> Result<(), Reached> {
        if interrupt::has_come() {
            return Err(Reached::Interrupt);
        }
        match self.deadline {
            Some((deadline, time)) if Instant::now() >= deadline => Err(Reached::Time(time)),
            Some(_) | None => Ok(()),
        }
    }

    /// The wall time that was allowed, once it has passed.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let (deadline, time) = self.deadline?;
        (Instant::now() >= deadline).then_some(time)
    }

    /// What one run may take, whose trace may have so many octets.
    pub(super) fn claim(&self, trace: Option<usize>) -> Claim<'_> {
        Claim {
            pool: self,
            trace,
            large: RefCell::new(None),
        }
    }
}

/// What one run may take, until its trace is written.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pool: &'a Pool,
    /// None: no trace is made of it.
    trace: Option<usize>,
    /// Held while it is the one large run.
    large: RefCell<Option<MutexGuard<'a, ()>>>,
}

impl Claim<'_> {
    /// Waits until no other run is a large one.
    fn become_large(&self) -> Result<(), Reached> {
        let mut large = self.large.borrow_mut();
        while large.is_none() {
            match self.pool.large.try_lock() {
                Ok(guard) => *large = Some(guard),
                // There is nothing behind the lock that could be wrong.
                Err(TryLockError::Poisoned(guard)) => *large = Some(guard.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    self.pool.goes_on()?;
                    thread::sleep(WAIT);
                }
            }
        }
        Ok(())
    }
}

impl Bounds for Claim<'_> {
    fn check(&self, held: Held) -> Result<(), Reached> {
        self.pool.goes_on()?;
        if let Some(most) = self.trace
            && held.trace > most
        {
            return Err(Reached::Trace(most));
        }
        if held.memory > self.pool.memory {
            return Err(Reached::Memory(self.pool.memory));
        }
        if held.memory > self.pool.share {
            self.become_large()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(memory: usize) -> Held {
        Held { memory, trace: 0 }
    }

    #[test]
    fn a_second_large_run_waits_for_the_first_and_no_run_gets_less_beside_others() {
        let limits = Limits {
            memory: 800,
            timeout: None,
        };
        let pool = Pool::new(&limits, 1);
        let first = pool.claim(None);
        assert_eq!(first.check(held(800)), Ok(()));
        assert_eq!(first.check(held(801)), Err(Reached::Memory(800)));
        let second = pool.claim(None);
        assert_eq!(second.check(held(100)), Ok(()), "a small one");
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let third = pool.claim(None);
                third.check(held(800))
            });
            thread::sleep(WAIT * 4);
            assert!(!waits.is_finished());
            drop(first);
            assert_eq!(waits.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn time_and_traces_are_bounded() {
        let limits = Limits {
            memory: 1000,
            timeout: Some(Duration::ZERO),
        };
        let pool = Pool::new(&limits, 1);
        let claim = pool.claim(None);
        assert_eq!(claim.check(held(0)), Err(Reached::Time(Duration::ZERO)));
        let limits = Limits {
            memory: 1000,
            timeout: None,
        };
        let pool = Pool::new(&limits, 1);
        let traced = Held {
            memory: 0,
            trace: 11,
        };
        assert_eq!(pool.claim(None).check(traced), Ok(()));
        assert_eq!(pool.claim(Some(11)).check(traced), Ok(()));
        assert_eq!(pool.claim(Some(10)).check(traced), Err(Reached::Trace(10)));
    }
}

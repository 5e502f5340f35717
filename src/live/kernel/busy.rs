//! Processors kept busy while an attempt is played.
//!
//! An idle processor reads the time as it wakes for a timer. Busy ones have their ticks at the same
//! moment, and one of them counts it for all: another that looks for its timers before the count
//! has gone on finds them in the next tick. So timers of a busy machine expire up to a tick later
//! than those of an idle one. A verdict must not depend on what else the machine does, so attempts
//! that the idle machine fails are made on a busy one too.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::process::setpriority_process;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// As many attempts are made with the processors as they are.
const UNDISTURBED: usize = 16;

/// The lowest priority that is not idle (`nice -n 19`).
const PRIORITY: i32 = 19;

/// How often a thread turns before it looks whether it should end.
const TURNS: usize = 1000;

/// Threads that keep this thread's processor and one other from being idle, until it is dropped.
#[must_use]
#[derive(Debug, Default)]
pub struct Busy {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Where this thread could run before.
    before: Option<CpuSet>,
}

impl Busy {
    /// What an attempt is played beside, counted from zero. Of the later ones two of three have
    /// busy processors, and this thread stays on one of them, which changes.
    pub(super) fn of_attempt(attempt: usize) -> Self {
        let mut busy = Self::default();
        let Some((own, other)) = pair(attempt, &allowed()) else {
            return busy;
        };
        let before = sched_getaffinity(None).ok();
        if sched_setaffinity(None, &only(own)).is_err() {
            return busy;
        }
        busy.before = before;
        for processor in [own, other] {
            let is_over = Arc::clone(&busy.is_over);
            let thread = std::thread::Builder::new().spawn(move || spin(processor, &is_over));
            busy.threads.extend(thread);
        }
        busy
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It only turns, and has nothing to say.
            let _ = thread.join();
        }
        if let Some(before) = &self.before {
            // Where it is refused the thread stays where it is, as well as anywhere.
            let _ = sched_setaffinity(None, before);
        }
    }
}

/// The processor of the player in an attempt, and another that is kept busy too. None: an attempt
/// on processors as they are, or a machine whose only processor has all the ticks.
fn pair(attempt: usize, processors: &[usize]) -> Option<(usize, usize)> {
    let turn = attempt.checked_sub(UNDISTURBED)?;
    if turn % 3 == 0 || processors.len() < 2 {
        return None;
    }
    // The number of the attempt among those with busy processors.
    let own = (turn / 3 * 2 + turn % 3 - 1) % processors.len();
    Some((processors[own], processors[(own + 1) % processors.len()]))
}

/// The processors that this thread may run on; none where the machine does not say it.
fn allowed() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else {
        return Vec::new();
    };
    (0..CpuSet::MAX_CPU).filter(|it| set.is_set(*it)).collect()
}

fn only(processor: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(processor);
    set
}

/// Turns on a processor where nothing else wants to run there.
fn spin(processor: usize, is_over: &AtomicBool) {
    // For Linux, zero is the thread that calls: the others keep their priority. One that could not
    // be moved or made unimportant would disturb what it is for.
    if setpriority_process(None, PRIORITY).is_err()
        || sched_setaffinity(None, &only(processor)).is_err()
    {
        return;
    }
    while !is_over.load(Ordering::Relaxed) {
        (0..TURNS).for_each(|_| spin_loop());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_attempts_have_each_processor_busy_and_idle_ones_between() {
        let pairs = |processors: &[usize]| -> Vec<_> {
            (0..64).map(|attempt| pair(attempt, processors)).collect()
        };
        let two = pairs(&[3, 5]);
        assert!(two.iter().take(UNDISTURBED).all(Option::is_none));
        let many = |wanted| two.iter().filter(|it| **it == wanted).count();
        assert_eq!(many(Some((3, 5))), 16);
        assert_eq!(many(Some((5, 3))), 16);
        let three = pairs(&[0, 1, 2]);
        assert!((0..3).all(|it| three.iter().flatten().any(|(own, _)| *own == it)));
        assert!(pairs(&[3]).iter().all(Option::is_none));
        assert!(pairs(&[]).iter().all(Option::is_none));
    }

    #[test]
    fn what_keeps_processors_busy_ends() {
        let busy = Busy::of_attempt(UNDISTURBED + 1);
        let many = busy.threads.len();
        assert!(many == 2 || allowed().len() < 2, "{many}");
        drop(busy);
    }
}

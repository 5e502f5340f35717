//! The tasks of all programs: which of them can go on, which calls they wait for, and when a time
//! of theirs is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use smoltcp::time::Instant;

use super::medium::CallId;
use super::task::{Deed, Making, Task};

/// The number of a task, in the order in which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(usize);

/// The call that a task waits for.
#[derive(Clone, Debug)]
pub(super) struct Pending<'a> {
    pub(super) call: CallId,
    /// The label of what it opens.
    pub(super) label: Option<i64>,
    pub(super) making: Making<'a>,
}

/// The programs of a run.
#[derive(Debug, Default)]
pub(super) struct Programs<'a> {
    tasks: BTreeMap<TaskId, Task<'a>>,
    /// The tasks that make connections, before time has moved for the first time.
    held: Vec<Task<'a>>,
    /// How many tasks there were.
    begun: usize,
    pending: BTreeMap<TaskId, Pending<'a>>,
    callers: BTreeMap<CallId, TaskId>,
    ready: VecDeque<TaskId>,
    /// When a task goes on, or gives up its call.
    timers: BTreeSet<(Instant, TaskId)>,
    /// The next free label of each host.
    labels: BTreeMap<usize, i64>,
    /// How many calls were made.
    made: usize,
    /// How often a task has waited.
    waits: usize,
}

impl<'a> Programs<'a> {
    /// A task that begins now.
    pub(super) fn begin(&mut self, task: Task<'a>) {
        let id = TaskId(self.begun);
        self.begun += 1;
        self.tasks.insert(id, task);
        self.ready.push_back(id);
    }

    /// A task that begins when time moves.
    pub(super) fn hold(&mut self, task: Task<'a>) {
        self.held.push(task);
    }

    /// Time moves: what was held begins. Returns whether there was something.
    pub(super) fn release(&mut self) -> bool {
        let any = !self.held.is_empty();
        for task in std::mem::take(&mut self.held) {
            self.begin(task);
        }
        any
    }

    /// The labels of a host from this one on are free.
    pub(super) fn free_from(&mut self, host: usize, label: i64) {
        self.labels.insert(host, label);
    }

    /// A label that nothing else has.
    pub(super) fn label(&mut self, host: usize) -> i64 {
        let next = self.labels.entry(host).or_default();
        *next += 1;
        *next - 1
    }

    /// When the next time of a task is over.
    pub(super) fn due(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Takes a task whose time is over.
    pub(super) fn over(&mut self, now: Instant) -> Option<TaskId> {
        let (at, id) = *self.timers.first()?;
        if now < at {
            return None;
        }
        self.timers.pop_first();
        Some(id)
    }

    /// Takes a task that can go on.
    pub(super) fn next_ready(&mut self) -> Option<TaskId> {
        self.ready.pop_front()
    }

    /// What a task does next. None: there is no such task any more.
    pub(super) fn next(&mut self, id: TaskId, now: Instant) -> Option<Deed<'a>> {
        Some(self.tasks.get_mut(&id)?.next(now))
    }

    pub(super) fn task(&self, id: TaskId) -> Option<&Task<'a>> {
        self.tasks.get(&id)
    }

    pub(super) fn task_mut(&mut self, id: TaskId) -> Option<&mut Task<'a>> {
        self.tasks.get_mut(&id)
    }

    /// A task can go on.
    pub(super) fn go_on(&mut self, id: TaskId) {
        self.ready.push_back(id);
    }

    /// A task does nothing until then.
    pub(super) fn sleep(&mut self, id: TaskId, until: Instant) {
        self.waits += 1;
        self.timers.insert((until, id));
    }

    /// A task is over.
    pub(super) fn end(&mut self, id: TaskId) {
        self.tasks.remove(&id);
    }

    /// The process of a host has ended, and its tasks with it.
    pub(super) fn end_host(&mut self, host: usize) {
        self.held.retain(|task| task.place.host != host);
        let ended = self.tasks.iter();
        let ended = ended.filter(|(_, task)| task.place.host == host);
        let ended: BTreeSet<TaskId> = ended.map(|(id, _)| *id).collect();
        for id in &ended {
            self.take_pending(*id);
            self.tasks.remove(id);
        }
        self.ready.retain(|id| !ended.contains(id));
        self.timers.retain(|(_, id)| !ended.contains(id));
    }

    /// A task makes a call; returns by what number.
    pub(super) fn call(&mut self, id: TaskId, making: Making<'a>, label: Option<i64>) -> CallId {
        let call = CallId::of_program(self.made);
        self.made += 1;
        if let Some(deadline) = making.deadline {
            self.timers.insert((deadline, id));
        }
        self.callers.insert(call, id);
        self.pending.insert(
            id,
            Pending {
                call,
                label,
                making,
            },
        );
        call
    }

    /// How many calls were made, and how often a task has waited.
    pub(super) fn turns(&self) -> usize {
        self.made + self.waits
    }

    /// Takes the call that a task waits for.
    pub(super) fn take_pending(&mut self, id: TaskId) -> Option<Pending<'a>> {
        let pending = self.pending.remove(&id)?;
        self.callers.remove(&pending.call);
        if let Some(deadline) = pending.making.deadline {
            self.timers.remove(&(deadline, id));
        }
        Some(pending)
    }

    /// The task that waits for a call.
    pub(super) fn caller(&self, call: CallId) -> Option<TaskId> {
        self.callers.get(&call).copied()
    }

    /// The call that a task waits for.
    pub(super) fn pending(&self, id: TaskId) -> Option<&Pending<'a>> {
        self.pending.get(&id)
    }
}

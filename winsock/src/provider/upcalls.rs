//! WSPUPCALLTABLE: what Ws2_32.dll offers to the providers of a process.
//!
//! Here are the handles of sockets, the event objects, and the overlapped operations with their
//! completion routines. Left out: WPUFDIsSet (a set is a vector here), WPUGetProviderPath (a layer
//! is given its lower provider instead of the path of its DLL), WPUPostMessage (there are no
//! windows), WPUOpenCurrentThread and WPUCloseThread (`Context::thread`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hangup_stack::smoltcp::time::Instant;

use crate::catalog::EntryId;
use crate::error::WsaError;
pub use crate::event::EventHandle;
use crate::overlapped::{Completion, Operation, Overlap, Overlapped, Transferred};
use crate::process::{Socket, ThreadId};
use crate::provider::passage::Passage;

/// The most event objects of a process.
pub const EVENTS_MAX: usize = 4096;
/// The most overlapped operations of a process, ended ones that nobody has asked for included.
pub const OPERATIONS_MAX: usize = 65_536;

/// The most calls that a tracing layer keeps; later ones are not written down.
pub const PASSAGES_MAX: usize = 1_000_000;

/// Handles count up from here in fours.
const FIRST_HANDLE: u64 = 0x100;

/// How the blocking calls of a process wait (WPUQueryBlockingCallback).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// The provider waits as it likes.
    Native,
    /// The process uses Winsock 1.1: its blocking hook, or the default message loop, runs
    /// meanwhile.
    Hook,
}

/// What a socket's handle stands for.
#[derive(Clone, Copy, Debug)]
struct Handle {
    entry: EntryId,
    context: u64,
}

/// What Ws2_32.dll keeps for the providers of one process.
#[derive(Debug)]
pub struct Upcalls {
    handles: BTreeMap<Socket, Handle>,
    next_handle: u64,
    /// Whether each event object is set.
    events: BTreeMap<EventHandle, Signal>,
    operations: BTreeMap<Overlapped, Operation>,
    /// Completion routines that are queued, by the thread that will run them.
    routines: BTreeMap<ThreadId, VecDeque<Completion>>,
    blocking: Blocking,
    /// The threads in which a callback function runs.
    callbacks: BTreeSet<ThreadId>,
    /// What a tracing layer has written down.
    passages: Vec<Passage>,
}

/// The state of an event object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Set,
    Reset,
}

impl Upcalls {
    pub(crate) const fn new() -> Self {
        Self {
            handles: BTreeMap::new(),
            next_handle: FIRST_HANDLE,
            events: BTreeMap::new(),
            operations: BTreeMap::new(),
            routines: BTreeMap::new(),
            blocking: Blocking::Native,
            callbacks: BTreeSet::new(),
            passages: Vec::new(),
        }
    }

    /// Forgets everything of a process that has ended, but for the handles that it has had.
    pub(crate) fn forget_all(&mut self) {
        *self = Self {
            next_handle: self.next_handle,
            ..Self::new()
        };
    }

    /// The sockets that are open, in the order of opening.
    pub(crate) fn open_sockets(&self) -> Vec<Socket> {
        self.handles.keys().copied().collect()
    }

    fn next_handle(&mut self) -> u64 {
        self.next_handle += 4;
        self.next_handle - 4
    }

    // Sockets.

    /// What the file system does for a provider with XP1_IFS_HANDLES: a handle that is no socket
    /// yet. Handles are multiples of four, as on Windows, and none is given out twice.
    pub fn new_file_handle(&mut self) -> Socket {
        Socket::from_raw(self.next_handle())
    }

    /// WPUCreateSocketHandle: a handle of Ws2_32.dll's own for a socket of this entry, with a value
    /// that the provider finds again by [`Upcalls::socket_context`].
    pub fn create_socket_handle(&mut self, entry: EntryId, context: u64) -> Socket {
        let s = self.new_file_handle();
        self.handles.insert(s, Handle { entry, context });
        s
    }

    /// WPUModifyIFSHandle: a file handle becomes a socket of this entry. A layer calls it for the
    /// handle of the layer below, so that calls come to itself.
    pub fn modify_ifs_handle(&mut self, entry: EntryId, proposed: Socket) -> Socket {
        let context = self.handles.get(&proposed).map_or(0, |it| it.context);
        self.handles.insert(proposed, Handle { entry, context });
        proposed
    }

    /// WPUModifyIFSHandle for a connection that a layer has accepted: its handle becomes a socket
    /// of the entry of the listening one.
    pub(crate) fn inherit_entry(&mut self, listener: Socket, accepted: Socket) {
        if let Some(entry) = self.entry_of(listener) {
            self.modify_ifs_handle(entry, accepted);
        }
    }

    /// WPUCloseSocketHandle: the handle is no socket any more.
    ///
    /// # Errors
    /// WSAENOTSOCK where it was none.
    pub fn close_socket_handle(&mut self, s: Socket) -> Result<(), WsaError> {
        self.handles.remove(&s).map(drop).ok_or(WsaError::NotSocket)
    }

    /// WPUQuerySocketHandleContext: the value that the handle was created with.
    ///
    /// # Errors
    /// WSAENOTSOCK.
    pub fn socket_context(&self, s: Socket) -> Result<u64, WsaError> {
        let handle = self.handles.get(&s).ok_or(WsaError::NotSocket)?;
        Ok(handle.context)
    }

    /// The catalog entry whose provider has the socket.
    pub(crate) fn entry_of(&self, s: Socket) -> Option<EntryId> {
        self.handles.get(&s).map(|handle| handle.entry)
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.handles.len()
    }

    // Event objects.

    /// WPUCreateEvent, WSACreateEvent: an event object that is not set, and stays set once it is.
    ///
    /// # Errors
    /// WSA_NOT_ENOUGH_MEMORY beyond [`EVENTS_MAX`].
    pub fn create_event(&mut self) -> Result<EventHandle, WsaError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(WsaError::NotEnoughMemory);
        }
        let event = EventHandle(self.next_handle());
        self.events.insert(event, Signal::Reset);
        Ok(event)
    }

    /// WPUCloseEvent, WSACloseEvent.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE.
    pub fn close_event(&mut self, event: EventHandle) -> Result<(), WsaError> {
        let known = self.events.remove(&event);
        known.map(drop).ok_or(WsaError::InvalidHandle)
    }

    /// WPUSetEvent, WSASetEvent.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE.
    pub fn set_event(&mut self, event: EventHandle) -> Result<(), WsaError> {
        self.signal(event, Signal::Set)
    }

    /// WPUResetEvent, WSAResetEvent.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE.
    pub fn reset_event(&mut self, event: EventHandle) -> Result<(), WsaError> {
        self.signal(event, Signal::Reset)
    }

    fn signal(&mut self, event: EventHandle, signal: Signal) -> Result<(), WsaError> {
        let place = self.events.get_mut(&event);
        let place = place.ok_or(WsaError::InvalidHandle)?;
        *place = signal;
        Ok(())
    }

    /// Whether an event object is set.
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE.
    pub fn is_set(&self, event: EventHandle) -> Result<bool, WsaError> {
        let signal = self.events.get(&event).ok_or(WsaError::InvalidHandle)?;
        Ok(*signal == Signal::Set)
    }

    // Overlapped operations.

    /// Whether an operation can begin with this structure.
    ///
    /// # Errors
    /// WSAENOBUFS beyond [`OPERATIONS_MAX`]; WSAEINVAL where the structure is still in use by
    /// another operation (on Windows that corrupts both).
    pub fn may_begin(&self, overlapped: Overlapped) -> Result<(), WsaError> {
        match self.operations.get(&overlapped) {
            Some(operation) if operation.ended.is_none() => Err(WsaError::Invalid),
            None if self.operations.len() >= OPERATIONS_MAX => Err(WsaError::NoBuffers),
            Some(_) | None => Ok(()),
        }
    }

    /// An overlapped operation begins on a socket, after [`Upcalls::may_begin`] has allowed it. Its
    /// event object is reset.
    pub fn begin(&mut self, s: Socket, thread: ThreadId, overlap: Overlap) {
        let known = self.operations.get(&overlap.overlapped);
        let event = known.and_then(|operation| operation.event);
        if let Some(event) = event {
            // A handle that is no event object is found when the operation ends.
            let _ = self.reset_event(event);
        }
        let operation = Operation {
            s,
            thread,
            event,
            routine: overlap.routine,
            ended: None,
        };
        self.operations.insert(overlap.overlapped, operation);
    }

    /// An overlapped operation has ended: sets its event object, or has its completion routine
    /// queued (WPUQueueApc) - with a routine hEvent is not used.
    pub fn complete(
        &mut self,
        now: Instant,
        overlapped: Overlapped,
        ended: Result<Transferred, WsaError>,
    ) {
        let Some(operation) = self.operations.get_mut(&overlapped) else {
            return;
        };
        let (octets, flags) = match &ended {
            Ok(Transferred { octets, flags, .. }) => (*octets, *flags),
            Err(_) => (0, 0),
        };
        let error = ended.as_ref().err().map_or(0, |error| error.code());
        operation.ended = Some(ended);
        match (operation.routine, operation.event) {
            (Some(routine), _) => {
                let thread = operation.thread;
                let completion = Completion {
                    routine,
                    overlapped,
                    error,
                    octets,
                    flags,
                    queued_at: now,
                };
                let queue = self.routines.entry(thread).or_default();
                queue.push_back(completion);
            }
            (None, Some(event)) => {
                // The application may have closed it, which only it can notice.
                let _ = self.set_event(event);
            }
            (None, None) => {}
        }
    }

    /// hEvent of an overlapped structure. It holds for the operations that begin afterwards.
    ///
    /// # Errors
    /// WSAENOBUFS beyond [`OPERATIONS_MAX`], WSAEINVAL while an operation uses the structure.
    pub(crate) fn set_overlapped_event(
        &mut self,
        overlapped: Overlapped,
        event: Option<EventHandle>,
    ) -> Result<(), WsaError> {
        self.may_begin(overlapped)?;
        let unused = Operation {
            s: Socket::INVALID,
            thread: ThreadId::MAIN,
            event: None,
            routine: None,
            ended: Some(Ok(Transferred::octets(0))),
        };
        self.operations.entry(overlapped).or_insert(unused).event = event;
        Ok(())
    }

    /// Forgets a structure that no operation uses.
    pub(crate) fn forget(&mut self, overlapped: Overlapped) -> Result<(), WsaError> {
        let known = self.operations.get(&overlapped);
        if known.is_some_and(|operation| operation.ended.is_none()) {
            return Err(WsaError::Invalid);
        }
        self.operations.remove(&overlapped);
        Ok(())
    }

    /// How an operation has ended; none: not yet.
    ///
    /// # Errors
    /// WSAEINVAL where no such operation was begun on the socket.
    pub fn ended(
        &self,
        s: Socket,
        overlapped: Overlapped,
    ) -> Result<Option<&Result<Transferred, WsaError>>, WsaError> {
        let operation = self.operations.get(&overlapped);
        let operation = operation.filter(|operation| operation.s == s);
        Ok(operation.ok_or(WsaError::Invalid)?.ended.as_ref())
    }

    /// Takes the next completion routine that a thread has to run.
    pub(crate) fn next_routine(&mut self, thread: ThreadId) -> Option<Completion> {
        self.routines.get_mut(&thread)?.pop_front()
    }

    /// WPUQueryBlockingCallback: how the blocking calls of this process wait.
    pub const fn blocking(&self) -> Blocking {
        self.blocking
    }

    pub(crate) const fn set_blocking(&mut self, blocking: Blocking) {
        self.blocking = blocking;
    }

    /// A callback function of the application begins to run in a thread: until it returns, every
    /// call of that thread says WSAEINPROGRESS.
    pub fn enter_callback(&mut self, thread: ThreadId) {
        self.callbacks.insert(thread);
    }

    /// The callback function has returned.
    pub fn leave_callback(&mut self, thread: ThreadId) {
        self.callbacks.remove(&thread);
    }

    /// Whether a callback function runs in a thread.
    pub fn in_callback(&self, thread: ThreadId) -> bool {
        self.callbacks.contains(&thread)
    }

    /// Keeps a call that a layer has seen.
    pub(crate) fn note(&mut self, passage: Passage) {
        if self.passages.len() < PASSAGES_MAX {
            self.passages.push(passage);
        }
    }

    pub(crate) fn take_passages(&mut self) -> Vec<Passage> {
        std::mem::take(&mut self.passages)
    }
}

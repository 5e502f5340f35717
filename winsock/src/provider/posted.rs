//! Posted sends and receives, in the order in which they were made: those of blocked threads, and
//! overlapped ones.
//!
//! A receive that waits has a claim on what arrives next, so that a later one cannot overtake it;
//! and what it gets is kept with it until its thread comes back, or is handed to the overlapped
//! operation.

use super::base::{DirectionState, Mode, Taking};
use super::call::{Context, Wait};
use crate::error::WsaError;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::process::{Socket, ThreadId};
use crate::waiting::Unfinished;

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// A thread that waits in a call.
    Thread(ThreadId),
    /// An overlapped operation.
    Overlapped(Overlapped),
}

/// An operation that waits.
#[derive(Debug)]
struct Posted<R> {
    owner: Owner,
    request: R,
    /// What it came to, until the thread that waits has learnt it.
    ended: Option<Result<Transferred, WsaError>>,
}

/// The sends of a socket that wait, or its receives. `R` is what is still to be sent, or what a
/// receive asks for.
#[derive(Debug)]
pub(super) struct Queue<R>(Vec<Posted<R>>);

/// What a receive that waits asks for.
#[derive(Debug)]
pub(super) struct Receive {
    /// The size of its buffers in octets.
    pub(super) room: usize,
    pub(super) taking: Taking,
    /// What it has taken so far, where it waits for more.
    pub(super) data: Vec<u8>,
}

impl Receive {
    /// How many octets it still has room for.
    pub(super) const fn rest(&self) -> usize {
        self.room.saturating_sub(self.data.len())
    }
}

impl<R> Default for Queue<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R> Queue<R> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The operations that have not ended.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &R> {
        let waits = self.0.iter().filter(|posted| posted.ended.is_none());
        waits.map(|posted| &posted.request)
    }

    /// Whether the call of a thread waits here.
    pub(super) fn has(&self, thread: ThreadId) -> bool {
        let owner = Owner::Thread(thread);
        self.0.iter().any(|posted| posted.owner == owner)
    }

    /// What the call has come to that the thread waits in; none where it waits in none.
    ///
    /// # Errors
    /// That of the call; or it still waits.
    pub(super) fn take(&mut self, thread: ThreadId) -> Result<Option<Transferred>, Unfinished> {
        let owner = Owner::Thread(thread);
        let Some(place) = self.0.iter().position(|posted| posted.owner == owner) else {
            return Ok(None);
        };
        let ended = self.0[place].ended.take();
        let ended = ended.ok_or(Unfinished::Waits(None))?;
        self.0.remove(place);
        Ok(Some(ended?))
    }

    /// Ends a call that has been tried: an overlapped one has begun and perhaps ended, and what
    /// would block waits here, unless the socket is non-blocking.
    ///
    /// # Errors
    /// The error of the trial; WSA_IO_PENDING; or the call waits.
    pub(super) fn post(
        &mut self,
        context: &mut Context<'_>,
        (s, mode, overlap): (Socket, Mode, Option<Overlap>),
        tried: Result<Transferred, WsaError>,
        request: impl FnOnce() -> R,
    ) -> Result<Transferred, Unfinished> {
        let thread = context.thread;
        match (tried, overlap) {
            (Err(WsaError::WouldBlock), None) if mode == Mode::NonBlocking => {
                Err(WsaError::WouldBlock.into())
            }
            (Err(WsaError::WouldBlock), None) => {
                self.push(Owner::Thread(thread), request());
                Err(Unfinished::Waits(None))
            }
            (Err(WsaError::WouldBlock), Some(overlap)) => {
                context.upcalls.begin(s, thread, overlap);
                self.push(Owner::Overlapped(overlap.overlapped), request());
                Err(WsaError::IoPending.into())
            }
            (Err(error), _) => Err(error.into()),
            (Ok(transferred), None) => Ok(transferred),
            (Ok(transferred), Some(overlap)) => {
                context.upcalls.begin(s, thread, overlap);
                let ended = Ok(transferred.clone());
                context
                    .upcalls
                    .complete(context.now, overlap.overlapped, ended);
                Ok(transferred)
            }
        }
    }

    /// Adds what an overlapped operation still waits for, which has begun elsewhere.
    pub(super) fn push_overlapped(&mut self, overlapped: Overlapped, request: R) {
        self.push(Owner::Overlapped(overlapped), request);
    }

    fn push(&mut self, owner: Owner, request: R) {
        self.0.push(Posted {
            owner,
            request,
            ended: None,
        });
    }

    /// Goes on with what waits, in order, until something would block; then hands over what
    /// overlapped operations came to.
    pub(super) fn advance(
        &mut self,
        context: &mut Context<'_>,
        mut go_on: impl FnMut(&mut Context<'_>, &mut R) -> Result<Transferred, WsaError>,
    ) {
        for posted in self.0.iter_mut().filter(|posted| posted.ended.is_none()) {
            match go_on(context, &mut posted.request) {
                Err(WsaError::WouldBlock) => break,
                ended => posted.ended = Some(ended),
            }
        }
        self.0.retain_mut(|posted| match posted.owner {
            Owner::Thread(_) => true,
            Owner::Overlapped(overlapped) => match posted.ended.take() {
                Some(ended) => {
                    context.upcalls.complete(context.now, overlapped, ended);
                    false
                }
                None => true,
            },
        });
    }

    /// WSPCancelBlockingCall: takes away what a thread waits for.
    pub(super) fn withdraw(&mut self, thread: ThreadId) {
        let owner = Owner::Thread(thread);
        self.0.retain(|posted| posted.owner != owner);
    }

    /// Cancels overlapped operations that wait, or one of them. Says how many.
    pub(super) fn cancel(
        &mut self,
        context: &mut Context<'_>,
        overlapped: Option<Overlapped>,
    ) -> usize {
        let before = self.0.len();
        self.0.retain(|posted| match posted.owner {
            Owner::Overlapped(own) if overlapped.is_none_or(|it| it == own) => {
                let aborted = Err(WsaError::OperationAborted);
                context.upcalls.complete(context.now, own, aborted);
                false
            }
            Owner::Overlapped(_) | Owner::Thread(_) => true,
        });
        before - self.0.len()
    }
}

/// Whether a send or receive may begin that waits for no earlier one of its thread.
///
/// # Errors
/// WSAESHUTDOWN, and what is wrong with the overlapped structure: WSAEINVAL, WSAENOBUFS.
pub(super) fn may_begin(
    context: &Context<'_>,
    direction: DirectionState,
    overlap: Option<Overlap>,
) -> Result<(), WsaError> {
    if direction == DirectionState::Shut {
        return Err(WsaError::Shutdown);
    }
    match overlap {
        Some(overlap) => context.upcalls.may_begin(overlap.overlapped),
        None => Ok(()),
    }
}

/// How an overlapped operation has ended; with `wait`, once it has.
///
/// # Errors
/// Those of WSPGetOverlappedResult; or the call waits.
pub(super) fn overlapped_result(
    context: &Context<'_>,
    s: Socket,
    overlapped: Overlapped,
    wait: Wait,
) -> Result<Transferred, Unfinished> {
    match (context.upcalls.ended(s, overlapped)?, wait) {
        (Some(ended), _) => Ok(ended.clone()?),
        (None, Wait::No) => Err(WsaError::IoIncomplete.into()),
        (None, Wait::Yes) => Err(Unfinished::Waits(None)),
    }
}

/// The size of several buffers in octets.
pub(super) fn room(buffers: &[&mut [u8]]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

/// Fills buffers one after the other.
pub(super) fn scatter(mut octets: &[u8], buffers: &mut [&mut [u8]]) {
    for buffer in buffers {
        let (here, rest) = octets.split_at(octets.len().min(buffer.len()));
        buffer[..here.len()].copy_from_slice(here);
        octets = rest;
    }
}

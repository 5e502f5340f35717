//! Sockets of a host that runs smoltcp's own TCP: a second implementation, unmodified, to compare
//! with and to talk to.
//!
//! Features that smoltcp lacks (a receive shutdown, linger, an error after a reset) are not made
//! up: the call reports that the stack has no such call, or behaves as smoltcp's socket does.

mod state;

use std::collections::VecDeque;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::time::Duration;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

use crate::event::Fact;
use crate::host::{Output, Stack};
use crate::network::Recording;
use crate::options::SocketOptions;
use crate::profile::Transport;
use crate::socket::{
    AcceptError, ConnectError, Direction, Gone, ListenError, RecvError, SendError, ShutdownError,
    SocketId, Status, Take,
};
use crate::table::{Bound, Entry, Kind};
use crate::tcp::State;
pub(crate) use state::{ReferenceOrphan, ReferenceSocket};
use state::{Role, Told};

impl Stack {
    fn reference_mut(&mut self, id: SocketId) -> Option<&mut ReferenceSocket> {
        let Kind::Reference(reference) = &mut self.entries.get_mut(&id)?.kind else {
            return None;
        };
        Some(reference)
    }

    fn reference_handle(&self, id: SocketId) -> Option<SocketHandle> {
        let Kind::Reference(reference) = &self.entries.get(&id)?.kind else {
            return None;
        };
        let Role::Connection { handle, .. } = reference.role else {
            return None;
        };
        Some(handle)
    }

    fn reference_socket(&mut self, options: &SocketOptions) -> SocketHandle {
        let receive = options
            .receive_buffer
            .unwrap_or(self.profile.window.receive_buffer);
        let send = options.send_buffer.unwrap_or(self.profile.send.send_buffer);
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(vec![0; receive.max(1)]),
            tcp::SocketBuffer::new(vec![0; send.max(1)]),
        );
        socket.set_nagle_enabled(!options.no_delay);
        self.smoltcp.add(socket)
    }

    pub(crate) fn reference_listen(&mut self, id: SocketId) -> Result<(), ListenError> {
        let options = self
            .entries
            .get(&id)
            .map(|entry| entry.options.clone())
            .unwrap_or_default();
        let Some(ReferenceSocket {
            bound,
            role: Role::Idle,
            ..
        }) = self.reference_mut(id)
        else {
            return Err(ListenError::Connected);
        };
        let bound = bound.ok_or(ListenError::NotBound)?;
        let handle = self.reference_waiting(bound, &options);
        if let Some(reference) = self.reference_mut(id) {
            reference.role = Role::Listening(VecDeque::from([handle]));
        }
        Ok(())
    }

    fn reference_waiting(&mut self, bound: Bound, options: &SocketOptions) -> SocketHandle {
        let handle = self.reference_socket(options);
        let endpoint = IpListenEndpoint {
            addr: bound.address,
            port: bound.port,
        };
        let socket = self.smoltcp.get_mut::<tcp::Socket<'_>>(handle);
        socket
            .listen(endpoint)
            .expect("a new socket with a port listens");
        handle
    }

    pub(crate) fn reference_accept(&mut self, id: SocketId) -> Result<SocketId, AcceptError> {
        let entry = self.entries.get(&id).ok_or(AcceptError::NotListening)?;
        let (family, options) = (entry.family, entry.options.clone());
        let Kind::Reference(ReferenceSocket {
            bound: Some(bound),
            role: Role::Listening(waiting),
            ..
        }) = &entry.kind
        else {
            return Err(AcceptError::NotListening);
        };
        let bound = *bound;
        let established = |handle: &SocketHandle| {
            let state = self.smoltcp.get::<tcp::Socket<'_>>(*handle).state();
            !matches!(state, tcp::State::Listen | tcp::State::SynReceived)
        };
        let Some(place) = waiting.iter().position(established) else {
            return Err(AcceptError::WouldBlock);
        };
        let next = self.reference_waiting(bound, &options);
        let Some(ReferenceSocket {
            role: Role::Listening(waiting),
            ..
        }) = self.reference_mut(id)
        else {
            return Err(AcceptError::NotListening);
        };
        waiting.push_back(next);
        let handle = waiting.remove(place).ok_or(AcceptError::WouldBlock)?;
        let role = Role::Connection {
            handle,
            established: true,
            finished: false,
        };
        let child = self.next_socket();
        let kind = Kind::Reference(ReferenceSocket {
            bound: None,
            role,
            told: Told::default(),
        });
        self.entries
            .insert(child, Entry::new(family, kind, options));
        Ok(child)
    }

    pub(crate) fn reference_connect(
        &mut self,
        id: SocketId,
        remote: IpEndpoint,
    ) -> Result<(), ConnectError> {
        match self.reference_mut(id).map(|reference| &reference.role) {
            Some(Role::Idle) => {}
            Some(Role::Listening(_)) => return Err(ConnectError::Listening),
            Some(Role::Connection { .. }) => return self.reference_connecting(id),
            None => return Err(ConnectError::Unreachable),
        }
        let (local, options) = self.local_for(id, remote)?;
        let handle = self.reference_socket(&options);
        let (interface, _, sockets) = self.interface();
        let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
        let begun = socket.connect(interface.context(), remote, local);
        begun.map_err(|_| ConnectError::Unreachable)?;
        self.claims.insert((local.port, id));
        if let Some(reference) = self.reference_mut(id) {
            let address = Some(local.addr);
            reference.bound = Some(Bound {
                address,
                port: local.port,
            });
            reference.role = Role::Connection {
                handle,
                established: false,
                finished: false,
            };
        }
        Err(ConnectError::InProgress)
    }

    fn reference_connecting(&mut self, id: SocketId) -> Result<(), ConnectError> {
        let handle = self.reference_handle(id).ok_or(ConnectError::Unreachable)?;
        let state = self.smoltcp.get::<tcp::Socket<'_>>(handle).state();
        let was_established = self.reference_establish(id, state);
        if matches!(state, tcp::State::SynSent | tcp::State::SynReceived) {
            return Err(ConnectError::AlreadyInProgress);
        }
        if state == tcp::State::Closed && !was_established {
            return Err(ConnectError::Gone(Gone::Refused));
        }
        Err(ConnectError::AlreadyConnected)
    }

    /// Notes that a handshake is finished; returns whether it was known before.
    fn reference_establish(&mut self, id: SocketId, state: tcp::State) -> bool {
        let Some(ReferenceSocket {
            role: Role::Connection { established, .. },
            ..
        }) = self.reference_mut(id)
        else {
            return false;
        };
        let known = *established;
        let handshake = tcp::State::SynSent == state || tcp::State::SynReceived == state;
        *established |= !handshake && state != tcp::State::Closed;
        known
    }

    pub(crate) fn reference_send(&mut self, id: SocketId, data: &[u8]) -> Result<usize, SendError> {
        let handle = self.reference_handle(id).ok_or(SendError::NotConnected)?;
        let finished = self.reference_finished(id);
        let state = self.smoltcp.get::<tcp::Socket<'_>>(handle).state();
        let was_established = self.reference_establish(id, state);
        let socket = self.smoltcp.get_mut::<tcp::Socket<'_>>(handle);
        match socket.send_slice(data) {
            Ok(0) if !data.is_empty() => Err(SendError::WouldBlock),
            Ok(octets) => Ok(octets),
            Err(_) if finished => Err(SendError::Shutdown),
            Err(_) if was_established => Err(SendError::Gone(Gone::Reset)),
            Err(_) => Err(SendError::NotConnected),
        }
    }

    fn reference_finished(&mut self, id: SocketId) -> bool {
        matches!(
            self.reference_mut(id).map(|reference| &reference.role),
            Some(Role::Connection { finished: true, .. })
        )
    }

    pub(crate) fn reference_recv(
        &mut self,
        id: SocketId,
        into: &mut [u8],
        take: Take,
    ) -> Result<usize, RecvError> {
        let handle = self.reference_handle(id).ok_or(RecvError::NotConnected)?;
        let state = self.smoltcp.get::<tcp::Socket<'_>>(handle).state();
        let was_established = self.reference_establish(id, state);
        let socket = self.smoltcp.get_mut::<tcp::Socket<'_>>(handle);
        let received = match take {
            Take::Yes => socket.recv_slice(into),
            Take::No => socket.peek_slice(into),
        };
        match received {
            Ok(0) if !into.is_empty() => Err(RecvError::WouldBlock),
            Ok(octets) => Ok(octets),
            Err(tcp::RecvError::Finished) => Ok(0),
            Err(tcp::RecvError::InvalidState) if was_established => {
                Err(RecvError::Gone(Gone::Reset))
            }
            Err(tcp::RecvError::InvalidState) => Err(RecvError::NotConnected),
        }
    }

    pub(crate) fn reference_shutdown(
        &mut self,
        id: SocketId,
        direction: Direction,
    ) -> Result<(), ShutdownError> {
        if direction != Direction::Send {
            return Err(ShutdownError::Unsupported);
        }
        let handle = self
            .reference_handle(id)
            .ok_or(ShutdownError::NotConnected)?;
        self.smoltcp.get_mut::<tcp::Socket<'_>>(handle).close();
        if let Some(ReferenceSocket {
            role: Role::Connection { finished, .. },
            ..
        }) = self.reference_mut(id)
        {
            *finished = true;
        }
        Ok(())
    }

    /// Closes; smoltcp's socket goes on by itself and is removed once it is done.
    pub(crate) fn reference_close(&mut self, id: SocketId) {
        let Some(entry) = self.remove(id) else {
            return;
        };
        let hard = entry.options.linger.timeout() == Some(Duration::ZERO);
        let Kind::Reference(reference) = entry.kind else {
            return;
        };
        let (id, handles) = match reference.role {
            Role::Idle => (None, VecDeque::new()),
            Role::Listening(waiting) => (None, waiting),
            Role::Connection { handle, .. } => (Some(id), VecDeque::from([handle])),
        };
        for handle in handles {
            let socket = self.smoltcp.get_mut::<tcp::Socket<'_>>(handle);
            if hard {
                socket.abort()
            } else {
                socket.close()
            }
            self.reference_orphans.push(ReferenceOrphan {
                id,
                handle,
                told: reference.told,
            });
        }
    }

    /// Removes closed sockets that have nothing left to do.
    pub(crate) fn reap_reference_orphans(&mut self) {
        let mut orphans = std::mem::take(&mut self.reference_orphans);
        orphans.retain(|orphan| {
            let socket = self.smoltcp.get::<tcp::Socket<'_>>(orphan.handle);
            let over = socket.state() == tcp::State::Closed;
            if over {
                self.smoltcp.remove(orphan.handle);
            }
            !over
        });
        self.reference_orphans = orphans;
    }

    /// Tells what has happened to connections of smoltcp since it was told before: smoltcp itself
    /// has no such facts.
    pub(crate) fn tell_of_references(&mut self, outputs: &mut VecDeque<Output>) {
        let is_ours = self.profile.transport != Transport::Smoltcp;
        if is_ours || self.recording != Recording::Everything {
            return;
        }
        let sockets = &self.smoltcp;
        let mut tell = |id: SocketId, handle: SocketHandle, told: &mut Told| {
            let socket = sockets.get::<tcp::Socket<'_>>(handle);
            let (from, to) = (told.state, state(socket.state()));
            let octets = socket.recv_queue().saturating_sub(told.queued);
            *told = Told {
                state: to,
                queued: socket.recv_queue(),
            };
            let accepted = (octets > 0).then_some(Fact::Accepted { octets });
            let changed = (from != to).then_some(Fact::StateChanged { from, to });
            outputs.extend(
                accepted
                    .into_iter()
                    .chain(changed)
                    .map(|fact| Output::Fact {
                        socket: Some(id),
                        fact,
                    }),
            );
        };
        for (id, entry) in self.entries.iter_mut() {
            if let Kind::Reference(ReferenceSocket {
                role: Role::Connection { handle, .. },
                told,
                ..
            }) = &mut entry.kind
            {
                tell(id, *handle, told);
            }
        }
        for orphan in &mut self.reference_orphans {
            if let Some(id) = orphan.id {
                tell(id, orphan.handle, &mut orphan.told);
            }
        }
    }

    pub(crate) fn reference_status(&self, id: SocketId) -> Status {
        let Some(handle) = self.reference_handle(id) else {
            let (state, bound) = match self.entries.get(&id).map(|entry| &entry.kind) {
                Some(Kind::Reference(ReferenceSocket {
                    role: Role::Listening(_),
                    bound,
                    ..
                })) => (State::Listen, *bound),
                Some(Kind::Reference(ReferenceSocket { bound, .. })) => (State::Closed, *bound),
                _ => (State::Closed, None),
            };
            let mut status = Status::of_state(state);
            status.local = bound.and_then(|bound| self.endpoint_of(bound));
            return status;
        };
        let socket = self.smoltcp.get::<tcp::Socket<'_>>(handle);
        let mut status = Status::of_state(state(socket.state()));
        status.readable = socket.can_recv() || !socket.may_recv();
        status.writable = socket.can_send() || !socket.may_send();
        status.receive_ended = !socket.may_recv();
        status.hung_up = !socket.may_recv() && !socket.may_send();
        status.queued = socket.recv_queue();
        status.window = (socket.recv_capacity() - socket.recv_queue()) as u64;
        // smoltcp does not tell what it has sent apart from what it has not.
        status.unacked = socket.send_queue();
        status.local = socket.local_endpoint();
        status.remote = socket.remote_endpoint();
        status
    }
}

fn state(state: tcp::State) -> State {
    match state {
        tcp::State::Closed => State::Closed,
        tcp::State::Listen => State::Listen,
        tcp::State::SynSent => State::SynSent,
        tcp::State::SynReceived => State::SynReceived,
        tcp::State::Established => State::Established,
        tcp::State::FinWait1 => State::FinWait1,
        tcp::State::FinWait2 => State::FinWait2,
        tcp::State::CloseWait => State::CloseWait,
        tcp::State::Closing => State::Closing,
        tcp::State::LastAck => State::LastAck,
        tcp::State::TimeWait => State::TimeWait,
    }
}

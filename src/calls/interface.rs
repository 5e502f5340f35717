//! The trait through which a script uses a host's interface, Winsock or POSIX.

use hangup_stack::blocking::ThreadId;
use hangup_stack::network::{HostId, Network};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::SocketId;

use super::answer::{Answer, BadCall, Note};
use super::program::Program;
use crate::scenario::script::{Argument, Routine};

/// One host's table of calls. One value a host and run; descriptors live in it.
pub trait Calls: std::fmt::Debug {
    /// Makes a call. Addresses may be resolved already or still be names of hosts.
    ///
    /// # Errors
    /// The call does not exist in this API or its arguments have the wrong shape.
    fn call(
        &mut self,
        network: &mut Network,
        host: HostId,
        name: &str,
        arguments: &[Argument],
    ) -> Result<Answer, BadCall>;

    /// Ends the process: the system closes what it has open, and the next call is made by a new
    /// process of the same program.
    fn end(&mut self, network: &mut Network, host: HostId);

    /// Lets a thread of the program make the next calls.
    fn run(&mut self, thread: ThreadId);

    /// What the program has besides its process.
    fn program(&self) -> &Program;

    /// As [`Calls::program`].
    fn program_mut(&mut self) -> &mut Program;

    /// What the last call that received has received, so many octets.
    fn received(&self, octets: usize) -> &[u8] {
        self.program().memory.received(octets)
    }

    /// Which thread of the program makes the next calls, by its name in the script; none is the one
    /// that needs no name.
    fn switch_to(&mut self, thread: Option<&str>) {
        let thread = self.program_mut().thread(thread);
        self.run(thread);
    }

    /// Lets what is sent be zeros from now on, where a call says only how many octets.
    fn send_zeros(&mut self) {
        self.program_mut().memory.send_zeros();
    }

    /// Lets what goes on without a call go on, after the network has made a step.
    fn poll(&mut self, _network: &mut Network, _host: HostId) {}

    /// When [`Calls::poll`] has to be called next, even if nothing happens on the network.
    fn poll_at(&self) -> Option<Instant> {
        None
    }

    /// Whether calls about a socket that listens wait for connections of that socket, and for
    /// nothing that these bring.
    fn accepts_at_once(&self) -> bool {
        true
    }

    /// The thread that was switched to leaves the call that it waits in for a routine of the
    /// program, which makes the calls until [`Calls::leave`].
    ///
    /// # Errors
    /// Why no such routine can run there now.
    fn enter(&mut self, _routine: Routine) -> Result<(), String> {
        Err("programs of this system have no such routine".to_owned())
    }

    /// The routine returns.
    fn leave(&mut self, _routine: Routine) {}

    /// Takes what has happened in the program besides the calls of the script, in order.
    fn take_notes(&mut self) -> Vec<Note> {
        Vec::new()
    }

    /// Takes what the program has done that no result can be right for, as messages.
    fn take_undefined(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// The network events that are recorded for a socket and were not asked for yet, as a script
    /// writes them; none where the API has no such thing.
    fn network_events(&self, _socket: SocketId) -> Option<String> {
        None
    }

    /// Lets a label of the script stand for a descriptor that a call has opened
    /// ([`Returned::opened`](super::Returned::opened)). A label can be given again, as file
    /// descriptors are.
    fn label(&mut self, label: i64, descriptor: u64) {
        self.program_mut().descriptors.label(label, descriptor);
    }

    /// The stack socket behind a descriptor, also after it was closed.
    fn socket(&self, descriptor: u64) -> Option<SocketId> {
        self.program().descriptors.get(descriptor)?.socket
    }

    /// The labels of the script and the stack sockets behind them, in the order of the labels.
    fn labels(&self) -> Vec<(i64, SocketId)> {
        self.program().descriptors.labels()
    }

    /// The stack socket that a label stands for.
    fn labelled(&self, label: i64) -> Option<SocketId> {
        self.program().descriptors.labelled(label)
    }
}

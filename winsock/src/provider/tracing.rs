//! A layered provider: it hands every call to the provider below and writes down what passed.
//!
//! That is what layered service providers were made for (firewalls, meters, spies), and it shows
//! that the interface can be stacked: the layer stands in the catalog before the protocols it goes
//! over, with a chain that names them; its sockets have the handles of the provider below, which it
//! has registered for itself (WPUModifyIFSHandle). It changes nothing that a program or a peer
//! could see. [`Winsock::take_passages`](crate::Winsock::take_passages) gives what it wrote.

use std::collections::BTreeMap;
use std::fmt;

use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::SocketId;

use super::upcalls::EventHandle;
use super::{Accepted, Condition, ConnectData, Context, Provider, Received, Sets, Wait, WspData};
use crate::address::Address;
use crate::api::startup::Version;
use crate::catalog::{Catalog, Chain, EntryId, PFL_HIDDEN, ProtocolInfo, TCPIP, TCPIP6, TRACING};
use crate::error::WsaError;
use crate::notify::{NetworkEvents, Readiness};
use crate::options::OptionValue;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::{Outcome, Pointer, Socket, ThreadId};

/// A call that has passed a layer, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When it returned.
    pub at: Instant,
    /// Whose call it was.
    pub thread: ThreadId,
    /// The function of the SPI.
    pub function: &'static str,
    /// The socket; none for a call that has none.
    pub s: Option<Socket>,
    /// What came back: `0`, a number, an error's name.
    pub result: String,
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            s,
            result,
            ..
        } = self;
        match s {
            Some(s) => write!(f, "{function}({:#x}) = {result}", s.raw()),
            None => write!(f, "{function}() = {result}"),
        }
    }
}

/// The layer.
#[derive(Debug)]
pub struct Tracing {
    below: Box<dyn Provider>,
    /// The entry of the layer, and the protocol below it.
    chains: BTreeMap<EntryId, ProtocolInfo>,
    /// Through which entry each socket was made.
    sockets: BTreeMap<Socket, EntryId>,
}

impl Tracing {
    /// The layer over the TCP/IP and UDP/IP entries of a catalog, carried out by a provider of
    /// them, and the entries to install it with.
    pub fn over(catalog: &Catalog, below: Box<dyn Provider>) -> (Vec<ProtocolInfo>, Self) {
        let EntryId(layer) = catalog.free_entry();
        let mut entries = Vec::new();
        let mut chains = BTreeMap::new();
        let goes_over = |info: &&ProtocolInfo| {
            [TCPIP, TCPIP6].contains(&info.provider) && info.chain == Chain::Base
        };
        for (number, base) in (layer + 1..).zip(catalog.entries().iter().filter(goes_over)) {
            let entry = EntryId(number);
            chains.insert(entry, base.clone());
            entries.push(ProtocolInfo {
                provider: TRACING,
                entry,
                chain: Chain::Over(vec![EntryId(layer), base.entry]),
                name: format!("hangup tracing over [{}]", base.name),
                ..base.clone()
            });
        }
        entries.extend(entries.first().cloned().map(|first| ProtocolInfo {
            provider_flags: PFL_HIDDEN,
            entry: EntryId(layer),
            chain: Chain::Layer,
            name: "hangup tracing".to_owned(),
            ..first
        }));
        let layer = Self {
            below,
            chains,
            sockets: BTreeMap::new(),
        };
        (entries, layer)
    }

    /// Has the handle of a socket of the layer below registered for this one.
    fn adopt(&mut self, context: &mut Context<'_>, entry: EntryId, s: Socket) {
        context.upcalls.modify_ifs_handle(entry, s);
        self.sockets.insert(s, entry);
    }
}

/// Writes a call down.
fn note(
    context: &mut Context<'_>,
    function: &'static str,
    s: Option<Socket>,
    result: Option<String>,
) {
    // A call that waits passes again, and is written down when it returns.
    let Some(result) = result else { return };
    context.upcalls.note(Passage {
        at: context.now,
        thread: context.thread,
        function,
        s,
        result,
    });
}

/// What a call has returned, as it is written down.
fn returned<T>(result: &Result<T, WsaError>, value: impl FnOnce(&T) -> String) -> Option<String> {
    Some(match result {
        Ok(it) => value(it),
        Err(error) => error.name().to_owned(),
    })
}

/// As [`returned`], for a call that may wait.
fn ended<T>(outcome: &Outcome<T>, value: impl FnOnce(&T) -> String) -> Option<String> {
    match outcome {
        Outcome::Done(result) => returned(result, value),
        Outcome::Blocks { .. } => None,
    }
}

/// A call that returns no value.
fn nothing((): &()) -> String {
    "0".to_owned()
}

/// Every function calls the one below and writes down what came back.
impl Provider for Tracing {
    fn startup(&mut self, requested: Version, info: &ProtocolInfo) -> Result<WspData, WsaError> {
        // A layer speaks the versions that the layer below does.
        let base = self.chains.get(&info.entry).unwrap_or(info);
        let data = self.below.startup(requested, base)?;
        Ok(WspData {
            description: format!("hangup tracing over {}", data.description),
            ..data
        })
    }

    fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<Accepted> {
        let result = self.below.accept(context, s, condition);
        if let (Outcome::Done(Ok(accepted)), Some(&entry)) = (&result, self.sockets.get(&s)) {
            self.adopt(context, entry, accepted.s);
        }
        let shown = ended(&result, |_| "SOCKET".to_owned());
        note(context, "WSPAccept", Some(s), shown);
        result
    }

    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        self.below.address_to_string(address)
    }

    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        let result = self.below.cancel_blocking_call(context);
        note(
            context,
            "WSPCancelBlockingCall",
            None,
            returned(&result, nothing),
        );
        result
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        let result = self.below.cleanup(context);
        note(context, "WSPCleanup", None, returned(&result, nothing));
        self.sockets.clear();
        result
    }

    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Outcome<()> {
        let result = self.below.close_socket(context, s);
        note(context, "WSPCloseSocket", Some(s), ended(&result, nothing));
        if result == Outcome::Done(Ok(())) {
            self.sockets.remove(&s);
        }
        result
    }

    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize> {
        let result = self.below.select(context, sets, timeout);
        note(context, "WSPSelect", None, ended(&result, usize::to_string));
        result
    }

    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError> {
        let result = self.below.bind(context, s, name);
        note(context, "WSPBind", Some(s), returned(&result, nothing));
        result
    }

    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        let result = self.below.enum_network_events(context, s, event);
        note(
            context,
            "WSPEnumNetworkEvents",
            Some(s),
            returned(&result, |it| format!("{:#x}", it.events)),
        );
        result
    }

    fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        let result = self.below.event_select(context, s, event, events);
        note(
            context,
            "WSPEventSelect",
            Some(s),
            returned(&result, nothing),
        );
        result
    }

    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred> {
        let result = self
            .below
            .get_overlapped_result(context, s, overlapped, wait);
        note(
            context,
            "WSPGetOverlappedResult",
            Some(s),
            ended(&result, |it| it.octets.to_string()),
        );
        result
    }

    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        let result = self.below.get_peer_name(context, s);
        note(
            context,
            "WSPGetPeerName",
            Some(s),
            returned(&result, Address::to_string),
        );
        result
    }

    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        let result = self.below.get_sock_name(context, s);
        note(
            context,
            "WSPGetSockName",
            Some(s),
            returned(&result, Address::to_string),
        );
        result
    }

    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        let result = self.below.get_sock_opt(context, s, level, name);
        note(
            context,
            "WSPGetSockOpt",
            Some(s),
            returned(&result, |it| format!("{it:?}")),
        );
        result
    }

    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        let result = self.below.ioctl(context, s, command, argument);
        note(context, "WSPIoctl", Some(s), returned(&result, nothing));
        result
    }

    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        let result = self.below.listen(context, s, backlog);
        note(context, "WSPListen", Some(s), returned(&result, nothing));
        result
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        let result = self.below.recv(context, s, buffers, flags, overlap);
        note(
            context,
            "WSPRecv",
            Some(s),
            ended(&result, |it| it.octets.to_string()),
        );
        result
    }

    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let result = self.below.recv_disconnect(context, s, data);
        note(
            context,
            "WSPRecvDisconnect",
            Some(s),
            returned(&result, nothing),
        );
        result
    }

    fn recv_from(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        let result = self.below.recv_from(context, s, buffers, flags, overlap);
        note(
            context,
            "WSPRecvFrom",
            Some(s),
            ended(&result, |it| it.octets.to_string()),
        );
        result
    }

    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let result = self.below.send(context, s, buffers, flags, overlap);
        note(
            context,
            "WSPSend",
            Some(s),
            ended(&result, usize::to_string),
        );
        result
    }

    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let result = self.below.send_disconnect(context, s, data);
        note(
            context,
            "WSPSendDisconnect",
            Some(s),
            returned(&result, nothing),
        );
        result
    }

    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let result = self.below.send_to(context, s, buffers, flags, to, overlap);
        note(
            context,
            "WSPSendTo",
            Some(s),
            ended(&result, usize::to_string),
        );
        result
    }

    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        let result = self.below.set_sock_opt(context, s, level, name, value);
        note(
            context,
            "WSPSetSockOpt",
            Some(s),
            returned(&result, nothing),
        );
        result
    }

    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        let result = self.below.shutdown(context, s, how);
        note(context, "WSPShutdown", Some(s), returned(&result, nothing));
        result
    }

    fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Outcome<()> {
        let result = self.below.connect(context, s, name, data);
        note(context, "WSPConnect", Some(s), ended(&result, nothing));
        result
    }

    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let base = self
            .chains
            .get(&info.entry)
            .ok_or(WsaError::Invalid)?
            .clone();
        let result = self.below.socket(context, &base, flags);
        if let Ok(s) = result {
            self.adopt(context, info.entry, s);
        }
        note(
            context,
            "WSPSocket",
            result.ok(),
            returned(&result, |_| "SOCKET".to_owned()),
        );
        result
    }

    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        self.below.string_to_address(text, family)
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        self.below.poll(context);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.below.poll_at()
    }

    fn is_waiting(&self) -> bool {
        self.below.is_waiting()
    }

    fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        self.below.cancel_operations(context, s, overlapped)
    }

    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.below.readiness(context, s)
    }

    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        self.below.recorded_events(s)
    }

    fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        self.below.stack_socket(s)
    }
}

//! socket, WSASocket, bind, listen, accept, WSAAccept, connect, WSAConnect, and addresses.

use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_winsock::api::sockets;
use hangup_winsock::catalog::EntryId;
use hangup_winsock::provider::{ConnectData, Decision};
use hangup_winsock::{Address, Pointer, Progress, Socket, WsaError};

use super::disconnect::truth;
use super::iso;
use super::state::WinsockCalls;

use super::words::{BACKLOGS, DECISIONS, FAMILIES, PROTOCOLS, SOCKET_FLAGS, TYPES};
use super::wsabuf::{Room, octets, wsabuf};
use crate::calls::answer::{BadCall, Made, failed, status, waited};
use crate::calls::argument::{Context, DEFAULT_PORT, Target, unspecified};
use crate::scenario::script::Argument;

impl WinsockCalls {
    pub(super) fn socket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let family = match context.argument(0) {
            Some(Argument::Ellipsis) => match context.default_family() {
                IpFamily::V4 => sockets::AF_INET,
                IpFamily::V6 => sockets::AF_INET6,
            },
            _ => context.narrow(0, FAMILIES)?,
        };
        let kind = context.narrow(1, TYPES)?;
        let protocol = context.narrow(2, PROTOCOLS)?;
        context.size(4)?;
        let flags = context.narrow(5, SOCKET_FLAGS)?;
        // lpProtocolInfo is an entry of the catalog, by its number.
        let info = match context.argument(3) {
            None => None,
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(_) => {
                let entry = EntryId(context.narrow(3, &[])?);
                match self.process.catalog().entry(entry) {
                    Some(info) => Some(info.clone()),
                    None => return context.bad(3, "the catalog has no such entry"),
                }
            }
        };
        let chosen = info.as_ref().map_or(family, |info| info.family);
        let made = self.on_host(context, |process, host, now| {
            process.wsa_socket(host, now, (family, kind, protocol), info.as_ref(), flags)
        });
        let family = if chosen == sockets::AF_INET6 {
            IpFamily::V6
        } else {
            IpFamily::V4
        };
        Ok(self.opened(made, family))
    }

    /// Remembers a new socket.
    fn opened(&mut self, made: Result<Socket, WsaError>, family: IpFamily) -> Made {
        match made {
            Ok(s) => {
                let behind = self.process.stack_socket(s);
                self.program.descriptors.open(s.raw(), behind, family);
                Made::opened(s.raw())
            }
            Err(error) => Made::failed("INVALID_SOCKET", error.name()),
        }
    }

    pub(super) fn bind(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = if self.is_iso(s) {
            iso::own(context, 1)?
        } else {
            let family = self.family(s);
            Address::Inet(match context.endpoint(1, family)? {
                Target::Address(endpoint) => endpoint,
                Target::Default => IpEndpoint::new(unspecified(family), DEFAULT_PORT),
            })
        };
        context.size(2)?;
        Ok(status(self.on_host(context, |process, host, now| {
            process.bind(host, now, s, name)
        })))
    }

    pub(super) fn listen(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let backlog = context.narrow(1, BACKLOGS)?;
        Ok(status(self.on_host(context, |process, host, now| {
            process.listen(host, now, s, backlog)
        })))
    }

    pub(super) fn accept(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let family = self.family(s);
        let expected = match self.is_iso(s) {
            true => None,
            false => context.expected_address(1, family)?,
        };
        context.size(2)?;
        let accepted =
            match self.on_host(context, |process, host, now| process.accept(host, now, s)) {
                Progress::Done(accepted) => accepted,
                Progress::Blocks { until } => return Ok(Made::Blocks { until }),
            };
        let peer = accepted
            .as_ref()
            .ok()
            .and_then(|(_, name)| inet(name.as_ref()));
        let made = self.opened(accepted.map(|(new, _)| new), family);
        Ok(context.with_address(made, 1, expected, peer))
    }

    pub(super) fn connect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.destination(context, 1, s)?;
        context.size(2)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.connect(host, now, s, name)
        });
        Ok(waited(outcome.map(|()| 0)))
    }

    /// `ConnectEx(3, server:80, data or NULL, overlapped)`
    pub(super) fn connect_ex(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.destination(context, 1, s)?;
        let data = match context.argument(2) {
            None => Vec::new(),
            Some(Argument::Word(word)) if word == "NULL" => Vec::new(),
            Some(buffer) => self.buffer(context, 2, buffer)?,
        };
        let overlap = self.structure(context, 3)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.connect_ex(host, now, s, name, &data, overlap)
        });
        Ok(truth(outcome))
    }

    /// `AcceptEx(3, 4, length, overlapped)`
    pub(super) fn accept_ex(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let into = match context.argument(1) {
            Some(argument) => self.program.descriptors.find(context, 1, argument)?,
            None => return context.bad(1, "the socket that takes the connection is missing"),
        };
        let room = context.length(2)?;
        let overlap = self.structure(context, 3)?;
        let outcome = self.on_host(context, |process, host, now| {
            let into = Socket::from_raw(into);
            process.accept_ex(host, now, s, (into, room), overlap)
        });
        Ok(truth(outcome))
    }

    /// The address of a peer.
    pub(super) fn destination(
        &self,
        context: &Context<'_>,
        index: usize,
        s: Socket,
    ) -> Result<Address, BadCall> {
        if self.is_iso(s) {
            return iso::peer(context, index);
        }
        let family = self.family(s);
        Ok(Address::Inet(match context.endpoint(index, family)? {
            Target::Address(endpoint) => endpoint,
            Target::Default => context.default_peer(index, family)?,
        }))
    }

    /// Whether a socket is one of ISO transport.
    fn is_iso(&self, s: Socket) -> bool {
        let info = self.process.protocol_info(s);
        info.is_some_and(|info| info.family == sockets::AF_ISO)
    }

    pub(super) fn getpeername(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let (s, memory) = (self.s(context)?, memory(context));
        self.expects_name(context, s)?;
        let name = self.on_host(context, |process, host, now| {
            process.getpeername(host, now, s, memory)
        });
        Self::name(context, name)
    }

    pub(super) fn getsockname(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let (s, memory) = (self.s(context)?, memory(context));
        self.expects_name(context, s)?;
        let name = self.on_host(context, |process, host, now| {
            process.getsockname(host, now, s, memory)
        });
        Self::name(context, name)
    }

    /// Whether what the script writes down for an address that a call returns is one.
    fn expects_name(&self, context: &Context<'_>, s: Socket) -> Result<(), BadCall> {
        context.size(2)?;
        if matches!(memory(context), Pointer::Bad) || context.argument(1).is_none() {
            return Ok(());
        }
        // Only an address of ISO transport has parts.
        match context.argument(1) {
            Some(Argument::Struct(_)) => iso::peer(context, 1).map(|_| ()),
            Some(_) | None => self.destination(context, 1, s).map(|_| ()),
        }
    }

    /// An address that a call returned.
    fn name(context: &Context<'_>, name: Result<Address, WsaError>) -> Result<Made, BadCall> {
        match name {
            Ok(Address::Inet(name)) => context.returned_address(1, name),
            Ok(Address::Iso(name)) => iso::returned(context, 1, &name),
            Err(error) => Ok(failed(error)),
        }
    }

    /// `WSAAccept(3, NULL, NULL, CF_ACCEPT)`. With `CONDITION` the condition function runs until
    /// `ConditionReturns` is called in it.
    pub(super) fn wsa_accept(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let family = self.family(s);
        let thread = self.process.running();
        let returned = self.conditions.remove(&thread);
        context.size(1)?;
        context.size(2)?;
        context.size(4)?;
        let fixed = match context.argument(3) {
            None => None,
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(Argument::Word(word)) if word == "CONDITION" => {
                Some(returned.unwrap_or(Decision::Runs))
            }
            Some(_) => Some(decision(context, 3, &[])?),
        };
        let mut condition = |_: &_| fixed.clone().unwrap_or(Decision::Runs);
        let outcome = self.on_host(context, |process, host, now| match fixed {
            None => process.wsa_accept(host, now, s, None),
            Some(_) => process.wsa_accept(host, now, s, Some(&mut condition)),
        });
        Ok(match outcome {
            Progress::Done(result) => self.opened(result.map(|(new, _)| new), family),
            Progress::Blocks { until } => Made::Blocks { until },
        })
    }

    /// `ConditionReturns(CF_REJECT[, data])`: what the condition function that runs returns.
    pub(super) fn condition_returns(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let data = match context.argument(1) {
            None => Vec::new(),
            Some(data) => match octets(data) {
                Some(octets) => octets,
                None => return context.bad(1, "the data is a \"text\" or a list of octets"),
            },
        };
        let decision = decision(context, 0, &data)?;
        self.conditions.insert(self.process.running(), decision);
        Ok(Made::value(0))
    }

    /// `WSAConnect(3, server:80[, length], caller data, callee data)`
    pub(super) fn wsa_connect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.destination(context, 1, s)?;
        let at = match context.argument(2) {
            Some(Argument::Integer(_) | Argument::Ellipsis) => 3,
            _ => 2,
        };
        let caller = wsabuf(context, at)?;
        let mut callee = Room::read(context, at + 1)?;
        let mut data = ConnectData {
            caller: match &caller {
                Pointer::Null => Pointer::Null,
                Pointer::To(octets) => Pointer::To(octets.as_slice()),
                Pointer::Bad => Pointer::Bad,
            },
            callee: callee.pointer(),
        };
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_connect(host, now, s, name, &mut data)
        });
        Ok(match outcome {
            Progress::Done(result) => callee.compared(result, at + 1),
            Progress::Blocks { until } => Made::Blocks { until },
        })
    }
}

/// The address of a peer, where it is one of IP.
pub(super) fn inet(name: Option<&Address>) -> Option<IpEndpoint> {
    match name {
        Some(Address::Inet(endpoint)) => Some(*endpoint),
        Some(Address::Iso(_)) | None => None,
    }
}

/// What a condition function returns.
fn decision(context: &Context<'_>, index: usize, data: &[u8]) -> Result<Decision, BadCall> {
    Ok(match context.number(index, DECISIONS)? {
        0 => Decision::Accept(data.to_vec()),
        1 => Decision::Reject(data.to_vec()),
        2 => Decision::Defer,
        _ => return context.bad(index, "it returns CF_ACCEPT, CF_REJECT or CF_DEFER"),
    })
}

/// The memory for an address that a call returns: `BAD_POINTER`, or whatever else the script has.
fn memory(context: &Context<'_>) -> Pointer<()> {
    match context.argument(1) {
        Some(Argument::Word(word)) if word == "BAD_POINTER" => Pointer::Bad,
        Some(_) | None => Pointer::To(()),
    }
}

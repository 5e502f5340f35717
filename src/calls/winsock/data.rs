//! send, sendto, recv, recvfrom, WSASend, WSARecv, WSAGetOverlappedResult.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_winsock::overlapped::{CompletionRoutine, Overlap, Overlapped};
use hangup_winsock::provider::Wait;
use hangup_winsock::provider::upcalls::EventHandle;
use hangup_winsock::{Progress, Socket, Winsock};

use super::sockets::inet;
use super::state::WinsockCalls;
use super::words::{BOOLEANS, FLAGS};
use crate::calls::answer::{BadCall, Made, waited};
use crate::calls::argument::{Context, OCTETS_MAX};
use crate::calls::program::Octets;
use crate::calls::show::show;
use crate::scenario::script::Argument;

/// Whether a send has an address among its arguments.
#[derive(Clone, Copy, Debug)]
enum Destination {
    None,
    Argument,
}

impl WinsockCalls {
    pub(super) fn send(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None)
    }

    pub(super) fn sendto(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::Argument)
    }

    fn transmit(
        &mut self,
        context: &mut Context<'_>,
        destination: Destination,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let payload = context.payload(FLAGS)?;
        let to = match (destination, context.argument(payload.rest)) {
            (Destination::Argument, Some(Argument::Word(word))) if word == "NULL" => None,
            (Destination::Argument, _) => Some(self.destination(context, payload.rest, s)?),
            (Destination::None, None) => None,
            (Destination::None, Some(extra)) => {
                return context.bad(payload.rest, format_args!("{} is too much", show(extra)));
            }
        };
        context.size(payload.rest + 1)?;
        let flags = payload.flags;
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.octets(&payload.octets);
        let outcome = context
            .network
            .with_host(context.host, |host, now| match destination {
                Destination::None => process.send(host, now, s, buffer, flags),
                Destination::Argument => process.sendto(host, now, s, buffer, flags, to),
            });
        Ok(waited(outcome))
    }

    pub(super) fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.receive(context, |process, host, now, s, buffer, flags| {
            process.recv(host, now, s, buffer, flags)
        })
    }

    pub(super) fn recvfrom(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (_, _, rest) = context.buffer(FLAGS)?;
        let expected = context.expected_address(rest, self.family(s))?;
        context.size(rest + 1)?;
        let mut sender = None;
        let made = self.receive(context, |process, host, now, s, buffer, flags| {
            let received = process.recvfrom(host, now, s, buffer, flags);
            received.map(|(octets, from)| {
                sender = inet(from.as_ref());
                octets
            })
        })?;
        if context.argument(rest).is_none() {
            return Ok(made);
        }
        Ok(context.with_address(made, rest, expected, sender))
    }

    fn receive(
        &mut self,
        context: &mut Context<'_>,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant, Socket, &mut [u8], i32) -> Progress<usize>,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (length, flags, _) = context.buffer(FLAGS)?;
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let outcome = context.network.with_host(context.host, |host, now| {
            f(process, host, now, s, buffer, flags)
        });
        Ok(waited(outcome))
    }

    /// `WSASend(4, data[, flags[, overlapped[, routine]]])`; several buffers are a list.
    pub(super) fn wsa_send(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let one = context.argument(1).map(std::slice::from_ref);
        let buffers = match context.argument(1) {
            Some(Argument::List(list)) => list.as_slice(),
            _ => one.unwrap_or_default(),
        };
        let mut data: Vec<Vec<u8>> = Vec::new();
        for buffer in buffers {
            data.push(self.buffer(context, 1, buffer)?);
        }
        let buffers: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
        let flags = context.narrow(2, FLAGS)?;
        let overlap = self.overlap(context, 3)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_send(host, now, s, &buffers, flags, overlap)
        });
        Ok(waited(outcome))
    }

    /// `WSARecv(4, length[, flags[, overlapped[, routine]]])`; several buffers are a list.
    pub(super) fn wsa_recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let lengths: Vec<usize> = match context.argument(1) {
            Some(Argument::List(list)) => list
                .iter()
                .map(|it| context.length_in(1, it))
                .collect::<Result<_, _>>()?,
            _ => vec![context.length(1)?],
        };
        if lengths.iter().sum::<usize>() > OCTETS_MAX {
            return context.bad(1, format_args!("more than {OCTETS_MAX} octets"));
        }
        let flags = context.narrow(2, FLAGS)?;
        let overlap = self.overlap(context, 3)?;
        let mut memory: Vec<Vec<u8>> = lengths.iter().map(|&length| vec![0; length]).collect();
        let mut buffers: Vec<&mut [u8]> = memory.iter_mut().map(Vec::as_mut_slice).collect();
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_recv(host, now, s, &mut buffers, flags, overlap)
        });
        Ok(waited(outcome.map(|received| received.octets)))
    }

    /// The octets of a buffer that is sent: a text, or so many of the pattern.
    pub(super) fn buffer(
        &mut self,
        context: &Context<'_>,
        index: usize,
        buffer: &Argument,
    ) -> Result<Vec<u8>, BadCall> {
        if let Argument::Text(text) = buffer {
            return Ok(text.as_bytes().to_vec());
        }
        if let Argument::Octets(octets) = buffer {
            return Ok(octets.to_vec());
        }
        let length = context.length_in(index, buffer)?;
        let memory = &mut self.program.memory;
        Ok(memory.octets(&Octets::Pattern(length)).to_vec())
    }

    /// lpOverlapped and lpCompletionRoutine: `ov`, or `{overlapped=ov, event=10}`, and a name.
    fn overlap(&mut self, context: &Context<'_>, index: usize) -> Result<Option<Overlap>, BadCall> {
        let Some(overlap) = self.structure(context, index)? else {
            return Ok(None);
        };
        let routine = match context.argument(index + 1) {
            None => None,
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(Argument::Word(word)) => Some(CompletionRoutine(named(&mut self.routines, word))),
            Some(_) => return context.bad(index + 1, "the completion routine is a name"),
        };
        Ok(Some(Overlap { routine, ..overlap }))
    }

    /// lpOverlapped of a function without a completion routine.
    pub(super) fn structure(
        &mut self,
        context: &Context<'_>,
        index: usize,
    ) -> Result<Option<Overlap>, BadCall> {
        let (name, event) = match context.argument(index) {
            None => return Ok(None),
            Some(Argument::Word(word)) if word == "NULL" => return Ok(None),
            Some(Argument::Word(word)) => (word, None),
            Some(Argument::Struct(fields)) => match fields.as_slice() {
                [
                    (Some(overlapped), Argument::Word(name)),
                    (Some(event), handle),
                ] if overlapped == "overlapped" && event == "event" => (
                    name,
                    Some(self.program.descriptors.find(context, index, handle)?),
                ),
                _ => return context.bad(index, OVERLAPPED),
            },
            Some(_) => return context.bad(index, OVERLAPPED),
        };
        let overlapped = self.overlapped(name);
        if let Some(event) = event {
            let event = EventHandle::from_raw(event);
            // A structure that is in use keeps its event; the call that follows says so.
            let _ = self.process.set_overlapped_event(overlapped, Some(event));
        }
        Ok(Some(Overlap {
            overlapped,
            routine: None,
        }))
    }

    /// The overlapped structure that a script calls so.
    fn overlapped(&mut self, name: &str) -> Overlapped {
        Overlapped(named(&mut self.structures, name))
    }

    /// `WSAGetOverlappedResult(4, ov, FALSE)`: how many octets.
    pub(super) fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let Some(Argument::Word(name)) = context.argument(1) else {
            return context.bad(1, "the overlapped structure is a name");
        };
        let overlapped = self.overlapped(name);
        let wait = match context.number(2, BOOLEANS)? {
            0 => Wait::No,
            _ => Wait::Yes,
        };
        let outcome = self.on_host(context, |process, host, now| {
            process.wsa_get_overlapped_result(host, now, s, overlapped, wait)
        });
        Ok(waited(outcome.map(|transferred| transferred.octets)))
    }

    /// `CancelIoEx(4, ov)`, or with NULL all of the socket's.
    pub(super) fn cancel_io_ex(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let overlapped = match context.argument(1) {
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(Argument::Word(name)) => Some(self.overlapped(name)),
            _ => return context.bad(1, "the overlapped structure is NULL or a name"),
        };
        let result = self.on_host(context, |process, host, now| {
            process.cancel_io_ex(host, now, s, overlapped)
        });
        Ok(match result {
            Ok(()) => Made::value("TRUE"),
            Err(error) => Made::failed("FALSE", error.name()),
        })
    }
}

const OVERLAPPED: &str = "the overlapped structure is NULL, a name, or {overlapped=NAME, event=10}";

/// The number of a name, which gets one when it is first used.
fn named(names: &mut Vec<String>, name: &str) -> u64 {
    let known = names.iter().position(|known| known == name);
    let place = known.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    place as u64
}

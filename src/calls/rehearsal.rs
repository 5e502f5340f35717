//! Rehearsed calls: what is wrong with the arguments of a call, found before its script runs.
//!
//! A call reads all of its arguments before it does anything. So each is made here once, by a
//! program of its own that has nothing open but the socket which the call names, on hosts between
//! which no time passes. Whatever such a call returns says nothing; that it cannot be made does.

use std::collections::BTreeMap;

use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Recording, Resolution};
use hangup_stack::profile::Api;

use super::answer::{Answer, BadCall};
use super::interface::Calls;
use super::posix::PosixCalls;
use super::winsock::WinsockCalls;
use crate::scenario::script::Argument;

/// The hosts of a script, and the sockets that it has opened so far.
#[derive(Debug)]
pub struct Rehearsal {
    network: Network,
    /// The arguments that opened each socket: by the host and the label.
    sockets: BTreeMap<(HostId, i64), Opening>,
    /// The family of sockets whose opening is not known, as that of accepted ones.
    family: IpFamily,
}

/// The call that opened a socket.
#[derive(Clone, Debug)]
struct Opening {
    name: String,
    arguments: Vec<Argument>,
}

/// The version of Winsock that has every call.
const VERSION: Argument = Argument::Integer(0x0202);

impl Rehearsal {
    /// The hosts, in the order of the script, and the family of their network.
    pub fn new(hosts: impl IntoIterator<Item = HostConfig>, family: IpFamily) -> Self {
        let mut network = Network::new(0, Resolution::default());
        network.record(Recording::Nothing);
        for host in hosts {
            network.add_host(host);
        }
        Self {
            network,
            sockets: BTreeMap::new(),
            family,
        }
    }

    /// Makes a call of a host; `label` is what the script calls the socket that it opens.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn call(
        &mut self,
        host: HostId,
        api: Api,
        (name, arguments): (&str, &[Argument]),
        label: Option<i64>,
    ) -> Result<(), BadCall> {
        let mut program = self.program(host, api, arguments.first());
        let answer = program.call(&mut self.network, host, name, arguments)?;
        if let (Answer::Returned(returned), Some(label)) = (answer, label)
            && returned.opened.is_some()
        {
            let opening = Opening {
                name: name.to_owned(),
                arguments: arguments.to_vec(),
            };
            self.sockets.insert((host, label), opening);
        }
        Ok(())
    }

    /// A program that has opened the socket which a call names first, where the script has.
    fn program(&mut self, host: HostId, api: Api, first: Option<&Argument>) -> Box<dyn Calls> {
        let mut program: Box<dyn Calls> = match api {
            Api::Posix => Box::<PosixCalls>::default(),
            Api::Winsock => Box::<WinsockCalls>::default(),
        };
        program.program_mut().rehearse(self.family);
        if api == Api::Winsock {
            let _ = program.call(&mut self.network, host, "WSAStartup", &[VERSION]);
        }
        let Some(Argument::Integer(label)) = first else {
            return program;
        };
        if let Some(Opening { name, arguments }) = self.sockets.get(&(host, *label)).cloned()
            && let Ok(Answer::Returned(returned)) =
                program.call(&mut self.network, host, &name, &arguments)
            && let Some(descriptor) = returned.opened
        {
            program.label(*label, descriptor);
        }
        program
    }
}

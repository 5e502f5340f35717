//! Control of a run by lines, from standard input or a socket: a test in any language types
//! statements of a script, and reads one line of answer for each.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;
use hangup_stack::socket::Status;
use rustix::event::PollFlags;
use serde_json::json;

use super::medium::CALLS_BESIDE;
use crate::calls::Returned;
use crate::run::{CallId, Medium, NewCall, VirtualNetwork};
use crate::scenario::script::{Call, ExpectedResult, Subject};
use crate::scenario::typed;

/// The longest line, in octets.
const LINE_MAX: usize = 64 * 1024;

/// How many tests may be connected at once.
const CLIENTS_MAX: usize = 16;

/// Who asks: standard input, or a connection of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
    Input,
    Client(usize),
}

/// What a line asks for that is not done here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The run is to end.
    Quit,
    /// A proxy is to do what its rules say, now; on one connection, or on all.
    Fire(Option<usize>),
}

/// The lines, and the answers that are owed.
#[derive(Debug)]
pub struct Control {
    hosts: Vec<String>,
    /// What is answered to who asks how to join the hosts.
    ready: String,
    input: Option<Lines>,
    socket: Option<(UnixListener, PathBuf)>,
    clients: BTreeMap<usize, (UnixStream, Lines)>,
    next_client: usize,
    next_call: usize,
    asked: BTreeMap<CallId, (Asker, HostId)>,
}

/// What was read of a line that is not whole yet.
#[derive(Debug, Default)]
struct Lines {
    octets: Vec<u8>,
    is_at_end: bool,
}

impl Control {
    /// With the names of hosts; from standard input where that is wanted, and from a socket that
    /// is made at a path.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn new(hosts: Vec<String>, input: bool, socket: Option<&Path>) -> io::Result<Self> {
        let socket = match socket {
            None => None,
            Some(path) => {
                let listener = UnixListener::bind(path)?;
                listener.set_nonblocking(true)?;
                Some((listener, path.to_owned()))
            }
        };
        Ok(Self {
            hosts,
            ready: String::new(),
            input: input.then(Lines::default),
            socket,
            clients: BTreeMap::new(),
            next_client: 0,
            next_call: CALLS_BESIDE,
            asked: BTreeMap::new(),
        })
    }

    /// Sets the line that says how to join the hosts. Who asks through the socket has not seen
    /// standard output.
    pub fn set_ready(&mut self, line: String) {
        self.ready = line;
    }

    /// Whether nobody can ask any more.
    pub fn is_at_end(&self) -> bool {
        self.socket.is_none() && self.input.as_ref().is_none_or(|it| it.is_at_end)
    }

    /// What is ready when there is a line, or somebody who wants to ask.
    pub fn descriptors<'a>(&'a self, all: &mut Vec<(BorrowedFd<'a>, PollFlags)>) {
        if self.input.as_ref().is_some_and(|it| !it.is_at_end) {
            all.push((rustix::stdio::stdin(), PollFlags::IN));
        }
        all.extend(
            self.socket
                .as_ref()
                .map(|(it, _)| (it.as_fd(), PollFlags::IN)),
        );
        let clients = self.clients.values();
        all.extend(clients.map(|(stream, _)| (stream.as_fd(), PollFlags::IN)));
    }

    /// Does what the lines say that have come.
    pub fn look(&mut self, network: &mut VirtualNetwork) -> Vec<Request> {
        let mut lines = Vec::new();
        if let Some(input) = &mut self.input
            && !input.is_at_end
            && is_ready(rustix::stdio::stdin())
        {
            let read = input.read(&mut io::stdin().lock());
            lines.extend(read.into_iter().map(|line| (Asker::Input, line)));
        }
        self.accept();
        for (&client, (stream, read)) in &mut self.clients {
            if is_ready(stream.as_fd()) {
                let read = read.read(stream);
                lines.extend(read.into_iter().map(|line| (Asker::Client(client), line)));
            }
        }
        let mut requests = Vec::new();
        for (asker, line) in lines {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with("//") {
                requests.extend(self.obey(asker, line, network));
            }
        }
        self.clients.retain(|_, (_, read)| !read.is_at_end);
        requests
    }

    fn accept(&mut self) {
        let Some((listener, _)) = &self.socket else {
            return;
        };
        while let Ok((stream, _)) = listener.accept() {
            if self.clients.len() < CLIENTS_MAX && stream.set_nonblocking(true).is_ok() {
                self.clients
                    .insert(self.next_client, (stream, Lines::default()));
                self.next_client += 1;
            }
        }
    }

    /// Does what one line says, and answers where that is known at once.
    fn obey(&mut self, asker: Asker, line: &str, network: &mut VirtualNetwork) -> Option<Request> {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("quit"), None, _) => {
                self.answer(asker, "ok");
                return Some(Request::Quit);
            }
            (Some("ready"), None, _) => {
                let line = self.ready.clone();
                self.answer(asker, &line);
            }
            (Some("state"), None, _) => {
                let text = self.states(network);
                self.answer(asker, &text);
            }
            (Some("fire"), connection, None) => {
                let number = connection.map(str::parse);
                match number.transpose() {
                    Ok(number) => {
                        self.answer(asker, "ok");
                        return Some(Request::Fire(number));
                    }
                    Err(_) => self.answer(asker, "error: `fire` takes the number of a connection"),
                }
            }
            _ => match typed(line) {
                Err(message) => self.answer(asker, &format!("error: {message}")),
                Ok(subject) => self.act(asker, &subject, network),
            },
        }
        None
    }

    fn act(&mut self, asker: Asker, subject: &Subject, network: &mut VirtualNetwork) {
        let done = match subject {
            Subject::Call(call) => return self.call(asker, call, network),
            Subject::Subsystem(subsystem) => self
                .host(&subsystem.host.value)
                .and_then(|it| network.set_up(it, subsystem.up).map_err(|why| why.0)),
            Subject::Power(power) => self.host(&power.host.value).and_then(|it| {
                let changed = network.set_power(it, power.change);
                changed.map_err(|why| why.0)
            }),
            Subject::Link(link) => self.change_links(link, network),
            Subject::Packet(_)
            | Subject::Nothing(_)
            | Subject::Inject(_)
            | Subject::Expect(_)
            | Subject::Turning(_)
            | Subject::Code(_)
            | Subject::Pause => {
                Err("only calls, `link`, `subsystem`, `crash` and `reboot` can be asked for".into())
            }
        };
        match done {
            Ok(()) => self.answer(asker, "ok"),
            Err(why) => self.answer(asker, &format!("error: {why}")),
        }
    }

    fn change_links(
        &self,
        link: &crate::scenario::script::LinkStatement,
        network: &mut VirtualNetwork,
    ) -> Result<(), String> {
        let pairs: Vec<(HostId, HostId)> = match &link.direction {
            Some(pair) => vec![(self.host(&pair.from.value)?, self.host(&pair.to.value)?)],
            None => {
                let all = 0..self.hosts.len();
                let pairs = all
                    .clone()
                    .flat_map(|from| all.clone().map(move |to| (from, to)));
                let apart = pairs.filter(|(from, to)| from != to);
                apart.map(|(from, to)| (HostId(from), HostId(to))).collect()
            }
        };
        for (from, to) in pairs {
            let changed = network.change_link(from, to, &link.changes);
            changed.map_err(|why| why.0)?;
        }
        Ok(())
    }

    fn host(&self, name: &str) -> Result<HostId, String> {
        let place = self.hosts.iter().position(|it| it == name);
        place
            .map(HostId)
            .ok_or_else(|| format!("there is no host {name}"))
    }

    /// Makes a call. Its answer comes when it returns.
    fn call(&mut self, asker: Asker, call: &Call, network: &mut VirtualNetwork) {
        let host = match self.host(&call.host.value) {
            Ok(host) => host,
            Err(why) => return self.answer(asker, &format!("error: {why}")),
        };
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.asked.insert(id, (asker, host));
        let arguments: Vec<_> = call.arguments.iter().map(|it| it.value.clone()).collect();
        // A call beside the script has a thread of its own, however long it takes.
        let thread = call.thread.as_ref().map(|it| it.value.clone());
        let thread = thread.unwrap_or_else(|| format!("control-{}", id.0 - CALLS_BESIDE));
        let begun = network.begin(&NewCall {
            id,
            host,
            thread: Some(&thread),
            routine: None,
            name: &call.name.value,
            arguments: &arguments,
            label: match call.result.value {
                ExpectedResult::Integer(label) => Some(label),
                ExpectedResult::Any | ExpectedResult::Word(_) | ExpectedResult::Flags(_) => None,
            },
            keeps: false,
        });
        network.settle();
        if let Err(why) = begun {
            self.asked.remove(&id);
            self.answer(asker, &format!("error: {why}"));
        }
    }

    /// The host on which a call was made.
    pub fn caller(&self, call: CallId) -> HostId {
        self.asked.get(&call).map_or(HostId(0), |(_, host)| *host)
    }

    /// Answers a call that has ended.
    pub fn returned(&mut self, call: CallId, returned: Result<&Returned, &str>) {
        let Some((asker, _)) = self.asked.remove(&call) else {
            return;
        };
        let text = match returned {
            Ok(Returned { value, error, .. }) => match error {
                Some(error) => format!("{value} {error}"),
                None => value.clone(),
            },
            Err(why) => format!("error: {why}"),
        };
        self.answer(asker, &text);
    }

    /// How all sockets stand, as one line of JSON.
    fn states(&self, network: &VirtualNetwork) -> String {
        let mut sockets = Vec::new();
        for (index, name) in self.hosts.iter().enumerate() {
            let host = HostId(index);
            for (label, socket) in network.labels(host) {
                if let Some(status) = network.status(host, socket) {
                    sockets.push(described(name, label, &status));
                }
            }
        }
        json!({ "now_us": network.now().total_micros(), "sockets": sockets }).to_string()
    }

    /// A line for whoever has asked. Who does not read it has gone.
    fn answer(&mut self, asker: Asker, text: &str) {
        let line = format!("{text}\n");
        match asker {
            Asker::Input => {
                let mut out = io::stdout().lock();
                let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            }
            Asker::Client(client) => {
                if let Some((stream, read)) = self.clients.get_mut(&client) {
                    read.is_at_end |= stream.write_all(line.as_bytes()).is_err();
                }
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn described(host: &str, label: i64, status: &Status) -> serde_json::Value {
    let end = |end: Option<smoltcp::wire::IpEndpoint>| end.map(|it| it.to_string());
    json!({
        "host": host,
        "socket": label,
        "state": status.state.map(|state| state.name()),
        "local": end(status.local),
        "remote": end(status.remote),
        "queued": status.queued,
        "held": status.held,
        "window": status.window,
        "unacked": status.unacked,
        "unsent": status.unsent,
    })
}

/// Whether there is something to read, without waiting.
fn is_ready(descriptor: BorrowedFd<'_>) -> bool {
    let mut one = [rustix::event::PollFd::from_borrowed_fd(
        descriptor,
        PollFlags::IN,
    )];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    rustix::event::poll(&mut one, Some(&now)).is_ok_and(|ready| ready > 0)
}

impl Lines {
    /// Reads what there is, once; returns the lines that are whole.
    fn read(&mut self, from: &mut impl Read) -> Vec<String> {
        let mut room = [0; 4096];
        match from.read(&mut room) {
            Ok(0) => self.is_at_end = true,
            Ok(count) => self.octets.extend_from_slice(&room[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.is_at_end = true,
        }
        let mut lines = Vec::new();
        while let Some(end) = self.octets.iter().position(|&octet| octet == b'\n') {
            let line: Vec<u8> = self.octets.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
        if self.octets.len() > LINE_MAX {
            self.is_at_end = true;
        }
        lines
    }
}

//! Lowering: the syntax tree of a script becomes two hosts and the statements that the driver
//! plays.

use hangup_stack::network::IpFamily;
use hangup_stack::profile::{Api, Profile};
use smoltcp::time::Duration;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::message::Way;
use super::parse::{Parsed, Written, WrittenAction, WrittenCall};
use super::script::{HOST, PEER, Script};
use super::settings::{PlayOptions, Settings, Target};
use super::{code, limits, message, sysctl};
use crate::calls;
use crate::diagnostic::{Diagnostic, Source, Span, Spanned};
use crate::scenario::script::{
    Argument, Call, Code, ExpectedResult, Packet, PacketLine, Script as Statements, Statement,
    Subject, TimeSpec, Turning,
};
use crate::scenario::{Host, Network, Scenario, Stack, Variant};

/// What the threads are called that make the calls that wait; a number stands behind.
const WAITING_THREAD: &str = "waiting";

/// A script without its text.
#[derive(Debug)]
pub(super) struct Lowered {
    claim: Option<Spanned<String>>,
    settings: Settings,
    hosts: Vec<Host>,
    script: Statements,
    arguments: Vec<String>,
    shell: Option<String>,
    unsupported: Vec<Diagnostic>,
    ignored: Vec<String>,
}

impl Lowered {
    pub(super) fn into_script(self, source: Source) -> Script {
        let mut network = Network::default();
        network.ip = self.settings.ip_version.family();
        Script {
            scenario: Scenario {
                source,
                claim: self.claim,
                claims: Vec::new(),
                seed: 0,
                until: None,
                strict: false,
                network,
                hosts: self.hosts,
                script: self.script,
                expects: Vec::new(),
                warnings: Vec::new(),
                variant: Variant::default(),
            },
            settings: self.settings,
            arguments: self.arguments,
            shell: self.shell,
            unsupported: self.unsupported,
            ignored: self.ignored,
        }
    }
}

/// Turns a script into what is played.
///
/// # Errors
/// A setting that is wrong, or more octets than one run carries.
pub(super) fn lower(
    text: &str,
    parsed: Parsed,
    options: &PlayOptions,
) -> Result<Lowered, Box<Diagnostic>> {
    let mut unsupported = parsed.unsupported;
    let settings = Settings::read(
        &parsed.settings,
        options.ip_version,
        (options.dialect, options.target),
        &mut unsupported,
    )?;
    let mut lowering = Lowering {
        settings: &settings,
        system: &options.profile,
        profile: system(&options.profile, &settings),
        has_begun: false,
        first: None,
        octets: 0,
        waits: 0,
        names: code::Names::new(options.target == Target::Kernel),
        target: options.target,
        shell: None,
        unsupported,
        ignored: Vec::new(),
    };
    if let Some(init) = &parsed.init {
        lowering.shell = Some(init.value.clone()).filter(|_| options.target == Target::Kernel);
        lowering.shell(&init.value, init.span);
    }
    let mut statements = Vec::with_capacity(parsed.events.len());
    let (mut line, mut counted) = (1, 0);
    for written in parsed.events {
        // They stand in their order in the text.
        let start = written.span.start;
        let between = text.as_bytes().get(counted..start).unwrap_or_default();
        line += between.iter().filter(|octet| **octet == b'\n').count();
        counted = start;
        statements.push(lowering.statement(written, line)?);
    }
    let Lowering {
        profile,
        first,
        unsupported,
        ignored,
        shell,
        ..
    } = lowering;
    let stack = Stack::Profile(Box::new(first.unwrap_or(profile)));
    Ok(Lowered {
        claim: claim(text),
        hosts: vec![
            host(HOST, settings.local_ip, Some(settings.mtu), stack),
            host(PEER, settings.remote_ip, None, Stack::Scripted),
        ],
        settings,
        script: Statements { statements },
        arguments: options.arguments.clone(),
        shell,
        unsupported,
        ignored,
    })
}

/// The system under test, which knows the secret of the script's signatures.
fn system(profile: &Profile, settings: &Settings) -> Profile {
    let mut system = profile.clone();
    if let Some(secret) = &settings.md5_secret {
        system.signature.secret.clone_from(secret);
    }
    system
}

/// A name that does not stand in the script.
fn named(name: &str) -> Spanned<String> {
    Spanned::new(name.to_owned(), Span::default())
}

fn host(name: &str, address: IpAddress, mtu: Option<usize>, stack: Stack) -> Host {
    let profile_name = match &stack {
        Stack::Profile(profile) => profile.name.clone(),
        Stack::Scripted => "scripted".to_owned(),
        Stack::Kernel => "kernel".to_owned(),
    };
    Host {
        name: named(name),
        profile_name: Spanned::new(profile_name, Span::default()),
        stack,
        addresses: vec![address],
        mtu,
        ..Host::default()
    }
}

/// The comment at the top, as one line.
fn claim(text: &str) -> Option<Spanned<String>> {
    let begin = text.len() - text.trim_start().len();
    let lines = text[begin..]
        .lines()
        .map_while(|it| it.trim().strip_prefix("//"));
    let lines: Vec<&str> = lines
        .map(str::trim)
        .take_while(|it| !it.is_empty())
        .collect();
    let claim = lines.join(" ");
    let end = text[begin..].find('\n').unwrap_or(text.len() - begin);
    (!claim.is_empty()).then(|| Spanned::new(claim, Span::new(begin..begin + end)))
}

/// The calls with lists of buffers, which are played as those with one.
const GATHERED: [&str; 4] = ["readv", "recvmsg", "sendmsg", "writev"];

struct Lowering<'s> {
    settings: &'s Settings,
    /// The system under test, without any settings.
    system: &'s Profile,
    /// The system under test, with the settings so far.
    profile: Profile,
    /// Whether something has happened.
    has_begun: bool,
    /// What the system was when something happened first, where it was set after that.
    first: Option<Profile>,
    octets: u64,
    /// How many calls wait, at one time or another.
    waits: usize,
    /// What code has given names to.
    names: code::Names,
    /// What plays the host.
    target: Target,
    /// The lines for the shell before the script begins, for a host of its own.
    shell: Option<String>,
    unsupported: Vec<Diagnostic>,
    ignored: Vec<String>,
}

impl Lowering<'_> {
    fn statement(&mut self, written: Written, line: usize) -> Result<Statement, Box<Diagnostic>> {
        let Written { span, time, action } = written;
        let subject = match action {
            WrittenAction::Inbound(mut packet) => {
                self.enclose(&mut packet, span);
                self.carries(&packet, span)?;
                self.exists(&packet);
                self.fits(&packet);
                Subject::Packet(packet)
            }
            WrittenAction::Outbound(mut packet) => {
                self.enclose(&mut packet, span);
                self.exists(&packet);
                Subject::Packet(packet)
            }
            WrittenAction::Call(call) => Subject::Call(self.call(call, &time)?),
            WrittenAction::Shell(command) if self.target == Target::Kernel => {
                Subject::Turning(Turning {
                    host: named(HOST),
                    profile: Box::new(self.profile.clone()),
                    shell: Some(command),
                })
            }
            WrittenAction::Shell(command) => {
                let before = self.profile.clone();
                self.shell(&command, span);
                if self.has_begun && self.profile != before {
                    self.first.get_or_insert(before);
                    Subject::Turning(Turning {
                        host: named(HOST),
                        profile: Box::new(self.profile.clone()),
                        shell: None,
                    })
                } else {
                    Subject::Pause
                }
            }
            WrittenAction::Code(code) => {
                let steps = code::parse(&code.value, &mut self.names);
                Subject::Code(Code {
                    host: named(HOST),
                    steps: steps.unwrap_or_else(|reason| {
                        self.refuse(code.span, reason);
                        Vec::new()
                    }),
                })
            }
        };
        self.has_begun |= subject != Subject::Pause;
        Ok(Statement {
            guard: None,
            span,
            line,
            time,
            subject,
        })
    }

    fn refuse(&mut self, span: Span, what: impl Into<String>) {
        self.unsupported.push(Diagnostic::new(span, what));
    }

    /// Takes the settings in a line for the shell, and nothing else.
    fn shell(&mut self, line: &str, span: Span) {
        if self.target == Target::Kernel {
            return;
        }
        let found = sysctl::read(line);
        for (name, value) in found.set {
            if sysctl::asks_for_accurate_ecn(&name, &value) {
                self.refuse(span, "accurate ECN is not played");
                continue;
            }
            match sysctl::apply(&self.profile, self.system, &name, &value) {
                Some(profile) => self.profile = profile,
                None => self.ignored.push(format!("sysctl {name}={value}")),
            }
        }
        self.ignored
            .extend(found.others.into_iter().map(|it| format!("`{it}`")));
    }

    /// Counts what a script carries.
    fn count(&mut self, octets: u64, span: Span) -> Result<(), Box<Diagnostic>> {
        self.octets = self.octets.saturating_add(octets);
        if self.octets <= limits::OCTETS_MAX {
            return Ok(());
        }
        let most = limits::OCTETS_MAX >> 20;
        Err(Box::new(Diagnostic::new(
            span,
            format!("a script carries at most {most} MiB"),
        )))
    }

    fn carries(&mut self, line: &PacketLine, span: Span) -> Result<(), Box<Diagnostic>> {
        let octets = match &line.packet {
            Packet::Segment(segment) => segment.sequence.as_ref().map_or(0, |it| it.value.length),
            Packet::Udp { length } => length.value,
            Packet::Icmp { .. } => 0,
        };
        self.count(octets.into(), span)
    }

    /// Signs what the script signs, with the secret of its settings.
    fn enclose(&mut self, line: &mut PacketLine, span: Span) {
        let detail = &mut line.detail;
        let has_carrier = detail.carrier.is_some() || detail.icmp.carrier.is_some();
        if self.target == Target::Kernel && (has_carrier || detail.signature.is_some()) {
            let what = "segments in datagrams, and signatures, are played on emulated hosts alone";
            self.refuse(span, what);
        } else if let Some(signing) = &mut detail.signature {
            match &self.settings.md5_secret {
                Some(secret) => signing.secret = secret.as_bytes().to_vec(),
                None => self.refuse(span, "a signature needs --tcp_md5_secret"),
            }
        }
    }

    /// Whether the protocol of the wire has room for what is to be sent. What is expected, and has
    /// none, never comes.
    fn fits(&mut self, line: &PacketLine) {
        if self.settings.ip_version.family() == IpFamily::V6 {
            return;
        }
        if let Some(label) = &line.detail.ip.flow_label {
            self.refuse(label.span, "IPv4 has no flow labels");
        }
        let mtu = line.detail.icmp.mtu.as_ref();
        if let Some(mtu) = mtu.filter(|it| it.value > u32::from(u16::MAX)) {
            self.refuse(mtu.span, "ICMP has room for an MTU of 65535 at most");
        }
    }

    /// Whether a message exists in the protocol of the wire.
    fn exists(&mut self, line: &PacketLine) {
        let Packet::Icmp { kind, code } = &line.packet else {
            return;
        };
        let family = self.settings.ip_version.family();
        let missing = match (kind.value.number(family), code) {
            (None, _) => Some(kind.span),
            (Some(_), Some(code)) if code.value.number(family).is_none() => Some(code.span),
            (Some(_), _) => None,
        };
        if let Some(span) = missing {
            let protocol = match family {
                IpFamily::V4 => "ICMP",
                IpFamily::V6 => "ICMPv6",
            };
            self.refuse(span, format!("{protocol} has no such message"));
        }
    }

    fn call(
        &mut self,
        written: WrittenCall,
        time: &Spanned<TimeSpec>,
    ) -> Result<Call, Box<Diagnostic>> {
        let WrittenCall {
            returns,
            mut name,
            mut arguments,
            result,
            error,
        } = written;
        let is_known = self.target == Target::Kernel
            || calls::known(Api::Posix, &name.value)
            || GATHERED.contains(&&*name.value);
        self.arguments(&mut name, &mut arguments)?;
        if !is_known {
            self.refuse(name.span, format!("there is no call {}", name.value));
        }
        // Several calls may wait at once: each is made by a thread of its own.
        let thread = returns.as_ref().map(|it| {
            self.waits += 1;
            Spanned::new(format!("{WAITING_THREAD} {}", self.waits), it.span)
        });
        Ok(Call {
            host: named(HOST),
            thread,
            routine: None,
            returns: returns.map(|it| it.map(|ends| self.returns(ends, time.value))),
            name,
            arguments,
            result: self.result(result),
            // One number, two names.
            error: error.map(|it| match it.value.as_str() {
                "EWOULDBLOCK" => Spanned::new("EAGAIN".to_owned(), it.span),
                _ => it,
            }),
        })
    }

    /// When a call that waits returns, counted from when it is made.
    fn returns(&self, ends: Duration, begins: TimeSpec) -> TimeSpec {
        let begin = match begins {
            TimeSpec::Absolute(at) | TimeSpec::Relative(at) => at,
            TimeSpec::Any
            | TimeSpec::AbsoluteRange { .. }
            | TimeSpec::RelativeRange { .. }
            | TimeSpec::Following { .. } => ends,
        };
        let after = Duration::from_micros(ends.total_micros() - begin.total_micros());
        let tolerance = self.settings.tolerance.after(after);
        let micros = after.total_micros();
        TimeSpec::RelativeRange {
            earliest: Duration::from_micros(micros.saturating_sub(tolerance.total_micros())),
            latest: after + tolerance,
        }
    }

    /// A result as the host's calls say it: numbers, and flags of files by their names.
    fn result(&mut self, result: Spanned<ExpectedResult>) -> Spanned<ExpectedResult> {
        let words = match &result.value {
            ExpectedResult::Any | ExpectedResult::Integer(_) => return result,
            ExpectedResult::Word(word) => std::slice::from_ref(word),
            ExpectedResult::Flags(words) => words,
        };
        let all = words
            .iter()
            .try_fold(0, |all, it| Some(all | calls::posix::file_flag(it)?));
        match all {
            Some(flags) => result.map(|_| ExpectedResult::Integer(flags)),
            None => {
                self.refuse(result.span, "a result that is no number is not played");
                result
            }
        }
    }

    /// The arguments as the host's calls take them: addresses resolved, and calls with lists of
    /// buffers as those with one.
    fn arguments(
        &mut self,
        name: &mut Spanned<String>,
        arguments: &mut Vec<Spanned<Argument>>,
    ) -> Result<(), Box<Diagnostic>> {
        let Settings {
            local_ip,
            remote_ip,
            bind_port,
            connect_port,
            ..
        } = *self.settings;
        let (local, remote) = (
            IpEndpoint::new(local_ip, bind_port),
            IpEndpoint::new(remote_ip, connect_port),
        );
        match name.value.as_str() {
            "socket" => {
                // Under a mapped address the socket is one of AF_INET6, and IPv4 is on the wire.
                if let Some(domain) = arguments.first_mut() {
                    let is = |word: &str| domain.value == Argument::Word(word.to_owned());
                    if is("AF_INET6") && local_ip.version() == smoltcp::wire::IpVersion::Ipv4 {
                        domain.value = Argument::Ellipsis;
                    }
                }
            }
            "bind" => address_at(arguments, 1, local),
            "connect" => address_at(arguments, 1, remote),
            "sendto" => address_at(arguments, 4, remote),
            "accept" => {
                for argument in arguments.iter().skip(1) {
                    if argument.value != Argument::Ellipsis {
                        self.refuse(argument.span, "the address of a peer is not compared");
                    }
                }
            }
            _ if self.target == Target::Kernel => {}
            "readv" | "writev" => {
                let one = if name.value == "readv" {
                    "read"
                } else {
                    "write"
                };
                self.gather(name, arguments, one);
            }
            "sendmsg" => self.message(name, arguments, Way::Send),
            "recvmsg" => self.message(name, arguments, Way::Receive),
            _ => {}
        }
        if ["read", "recv", "recvfrom", "write", "send", "sendto"].contains(&name.value.as_str())
            && let Some(Spanned {
                value: Argument::Integer(octets),
                span,
            }) = arguments.get(2)
        {
            self.count(u64::try_from(*octets).unwrap_or(0), *span)?;
        }
        Ok(())
    }

    /// `writev(4, [{..., 1000}, {..., 500}], 2)` is `write(4, ..., 1500)`.
    fn gather(
        &mut self,
        name: &mut Spanned<String>,
        arguments: &mut Vec<Spanned<Argument>>,
        one: &str,
    ) {
        let octets = match arguments.as_slice() {
            [_, buffers, count] => message::lengths_of(&buffers.value)
                .filter(|it| count.value.integer() == i64::try_from(it.len()).ok())
                .and_then(|it| it.iter().try_fold(0_i64, |all, it| all.checked_add(*it))),
            _ => None,
        };
        let Some(octets) = octets else {
            let message = format!("{} takes (fd, [{{..., octets}}, ...], entries)", name.value);
            return self.refuse(name.span, message);
        };
        let span = arguments[1].span;
        arguments.truncate(1);
        arguments.push(Spanned::new(Argument::Ellipsis, span));
        arguments.push(Spanned::new(Argument::Integer(octets), span));
        name.value = one.to_owned();
    }

    /// A call with a message becomes one without.
    fn message(
        &mut self,
        name: &mut Spanned<String>,
        arguments: &mut Vec<Spanned<Argument>>,
        way: Way,
    ) {
        let [_, message, flags] = arguments.as_slice() else {
            let message = format!("{} takes (fd, {{msg_iov(1)=...}}, flags)", name.value);
            return self.refuse(name.span, message);
        };
        let span = message.span;
        let peer = IpEndpoint::new(self.settings.remote_ip, self.settings.connect_port);
        let tolerance = self.settings.tolerance.least;
        match message::plain((&message.value, &flags.value), way, peer, tolerance) {
            Ok(plain) => {
                plain.name.clone_into(&mut name.value);
                arguments.truncate(1);
                let behind = plain.arguments.into_iter();
                arguments.extend(behind.map(|it| Spanned::new(it, span)));
            }
            Err(why) => self.refuse(span, why),
        }
    }
}

/// Resolves the address in an argument, if it is one: `...` is the default.
fn address_at(arguments: &mut [Spanned<Argument>], index: usize, default: IpEndpoint) {
    let Some(argument) = arguments.get_mut(index) else {
        return;
    };
    let address = if let Argument::Struct(fields) = &argument.value {
        socket_address(fields)
    } else {
        (argument.value == Argument::Ellipsis).then_some(default)
    };
    if let Some(address) = address {
        argument.value = Argument::Address(address);
    }
}

/// `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}`
fn socket_address(fields: &[(Option<String>, Argument)]) -> Option<IpEndpoint> {
    let field = |names: [&str; 2]| {
        let known = |name: &Option<String>| names.iter().any(|it| name.as_deref() == Some(it));
        fields
            .iter()
            .find(|(name, _)| known(name))
            .map(|(_, value)| value)
    };
    let Argument::Integer(port) = field(["sin_port", "sin6_port"])? else {
        return None;
    };
    let Argument::Text(address) = field(["sin_addr", "sin6_addr"])? else {
        return None;
    };
    let address: std::net::IpAddr = address.parse().ok()?;
    Some(IpEndpoint::new(address.into(), u16::try_from(*port).ok()?))
}

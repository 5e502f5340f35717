//! The options and settings of a script, from the command line and from the lines at its top.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use hangup_stack::network::IpFamily;
use hangup_stack::profile::{Api, Profile};
use smoltcp::time::Duration;
use smoltcp::wire::IpAddress;

use super::lexer::{self, Replacement};
use super::limits;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::run::{CallResults, Tolerance};
use crate::scenario::limits::within;

/// What a script is played as, where it does not say so itself.
#[derive(Clone, Debug)]
pub struct PlayOptions {
    /// The system under test.
    pub(super) profile: Profile,
    /// What scripts for the system are written in.
    pub(super) dialect: Dialect,
    /// `--ip-version`, which counts more than what the script says.
    pub(super) ip_version: Option<IpVersion>,
    /// `--define`, and the symbol of the system.
    pub(super) defines: BTreeMap<String, Replacement>,
    /// What was given of them on the command line, as it stands there.
    pub(super) arguments: Vec<String>,
    /// What plays the host.
    pub(super) target: Target,
}

/// What plays the host under test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// An emulated host, whose knobs are turned by what a script sets.
    #[default]
    Emulation,
    /// The machine's own kernel, which takes what a script sets as it is.
    Kernel,
}

/// What the runner of Google's suite defines, by what scripts are played over: the cookie that a
/// kernel computes with the key of defaults.sh, and where errors are reported.
fn suite(version: IpVersion, target: Target) -> [(&'static str, &'static str); 4] {
    let (cookie, level, kind) = match version {
        // Emulated sockets are of AF_INET then.
        IpVersion::V4Mapped if target == Target::Emulation => {
            ("3021b9d889017eeb", "SOL_IP", "IP_RECVERR")
        }
        IpVersion::V4 => ("3021b9d889017eeb", "SOL_IP", "IP_RECVERR"),
        IpVersion::V4Mapped => ("3021b9d889017eeb", "SOL_IPV6", "IPV6_RECVERR"),
        IpVersion::V6 => ("c1d1e9742a47a9bc", "SOL_IPV6", "IPV6_RECVERR"),
    };
    [
        ("TFO_COOKIE", cookie),
        ("CODE", "host_unreachable"),
        ("CMSG_LEVEL_IP", level),
        ("CMSG_TYPE_RECVERR", kind),
    ]
}

/// What a dialect of packetdrill's has its own way with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Whether a runner of scripts defines symbols and knows the addresses, of which cookies are
    /// computed.
    has_suite: bool,
    /// By how much the MTU is larger over IPv6 than the one that is said.
    more_over_ipv6: usize,
}

/// That of Google's suite and of the kernel's: their runners make segments as large over IPv6 as
/// over IPv4.
const GOOGLE: Dialect = Dialect {
    has_suite: true,
    more_over_ipv6: 20,
};

/// That of nplab's packetdrill and of FreeBSD's suite.
const NPLAB: Dialect = Dialect {
    has_suite: false,
    more_over_ipv6: 0,
};

/// A system that scripts ask for, by the name of its profile without a version.
#[derive(Debug)]
struct System {
    name: &'static str,
    /// The symbol that it defines, where scripts ask for one.
    symbol: Option<&'static str>,
    /// The dialect that its scripts are written in.
    dialect: Dialect,
}

/// The systems that differ from the others: those have no symbol, and scripts of nplab's dialect.
const SYSTEMS: [System; 4] = [
    System {
        name: "freebsd",
        symbol: Some("FreeBSD"),
        dialect: NPLAB,
    },
    System {
        name: "gvisor",
        symbol: None,
        dialect: GOOGLE,
    },
    System {
        name: "linux",
        symbol: Some("Linux"),
        dialect: GOOGLE,
    },
    System {
        name: "macos",
        symbol: Some("Darwin"),
        dialect: NPLAB,
    },
];

impl Dialect {
    /// Whether scripts may have any addresses: nobody computes anything of them.
    pub(super) fn takes_any_address(self) -> bool {
        !self.has_suite
    }

    /// By how much the MTU is larger than the one that is said.
    pub(super) fn more(self, version: IpVersion) -> usize {
        match version.family() {
            IpFamily::V4 => 0,
            IpFamily::V6 => self.more_over_ipv6,
        }
    }
}

impl PlayOptions {
    /// Scripts are played on hosts of this profile.
    ///
    /// # Errors
    /// The profile's programs make the calls of Winsock, and scripts make those of POSIX.
    pub fn new(profile: Profile) -> Result<Self, String> {
        if profile.api != Api::Posix {
            return Err(format!(
                "a packetdrill script makes the calls of POSIX, and programs of {} make those of \
                 Winsock",
                profile.name
            ));
        }
        let name = profile.name.split('-').next().unwrap_or_default();
        let system = SYSTEMS.iter().find(|it| it.name == name);
        let defines = system.and_then(|it| it.symbol).map(|symbol| {
            let replacement = Replacement::Word(symbol.to_owned());
            (symbol.to_owned(), replacement)
        });
        Ok(Self {
            dialect: system.map_or(NPLAB, |it| it.dialect),
            profile,
            ip_version: None,
            defines: defines.into_iter().collect(),
            arguments: Vec::new(),
            target: Target::Emulation,
        })
    }

    /// Scripts are played on the machine's own kernel, between the addresses and with the symbols
    /// that packetdrill's runner gives them; `--define` goes before.
    #[must_use]
    pub fn on_kernel(mut self) -> Self {
        self.target = Target::Kernel;
        self.dialect = GOOGLE;
        self
    }

    /// The symbols of a script: those that were given, and those that its runner would define.
    pub(super) fn symbols(&self) -> BTreeMap<String, Replacement> {
        let mut defines = self.defines.clone();
        let version = self.ip_version.unwrap_or_default();
        for (name, value) in suite(version, self.target)
            .into_iter()
            .filter(|_| self.dialect.has_suite)
        {
            let replacement = Replacement::Word(value.to_owned());
            defines.entry(name.to_owned()).or_insert(replacement);
        }
        defines
    }

    /// With an IP version, whatever scripts say.
    #[must_use]
    pub fn ip_version(mut self, version: IpVersion) -> Self {
        self.ip_version = Some(version);
        self
    }

    /// With a symbol: `NAME=value`.
    ///
    /// # Errors
    /// It is not of that form, or there are too many.
    pub fn define(mut self, text: &str) -> Result<Self, String> {
        lexer::define(text, &mut self.defines)?;
        self.arguments
            .extend(["--define".to_owned(), text.to_owned()]);
        Ok(self)
    }
}

/// What IP a script is played over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4
    #[default]
    V4,
    /// IPv4 on the wire, under sockets of AF_INET6. Nothing that a script can say tells it from
    /// IPv4.
    V4Mapped,
    /// IPv6
    V6,
}

impl IpVersion {
    /// Every version with its name.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::V4, "ipv4"),
        (Self::V4Mapped, "ipv4-mapped-ipv6"),
        (Self::V6, "ipv6"),
    ];

    /// The version of a name.
    pub fn of(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == name).map(|(it, _)| *it)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(it, _)| *it == self).map_or("", |(_, name)| name)
    }

    /// The family of the addresses on the wire.
    pub fn family(self) -> IpFamily {
        match self {
            Self::V4 | Self::V4Mapped => IpFamily::V4,
            Self::V6 => IpFamily::V6,
        }
    }
}

/// What the script and the command line say about the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What it is played over.
    pub ip_version: IpVersion,
    /// `tolerance_usecs` and `tolerance_percent`: how far from its time something may happen.
    pub tolerance: Tolerance,
    /// `strict_segments`: whether a segment that is expected must come as one.
    pub strict_segments: bool,
    /// The address of the host under test.
    pub local_ip: IpAddress,
    /// The address of its peer.
    pub remote_ip: IpAddress,
    /// Where `bind(..., ...)` binds to.
    pub bind_port: u16,
    /// What `connect(..., ...)` connects to.
    pub connect_port: u16,
    /// The largest IP packet of the host, in octets.
    pub mtu: usize,
    /// `tcp_ts_tick_usecs`: how long the host's clock of timestamps takes for one, where the `val`
    /// of what it sends is compared.
    pub tick: Option<Duration>,
    /// `non_fatal=syscall`: what becomes of a call with another result than the script says.
    pub call_results: CallResults,
    /// `tcp_md5_secret`: the secret of signatures, which the host has too.
    pub md5_secret: Option<String>,
    /// What plays the host.
    pub target: Target,
    /// `tcp_ts_ecr_scaled`: whether an `ecr` of the script may be one that the host has never sent.
    pub scaled_echo: bool,
}

/// packetdrill's default of `bind_port` and `connect_port`.
const PORT: u16 = 8080;

/// The slowest clock of timestamps, in microseconds (RFC 7323 section 5.4).
const TICK_MAX: u64 = 1_000_000;

/// What an MTU may be: the least of RFC 791 and of RFC 8200, and what an IP header can say.
const MTU_V4: RangeInclusive<u64> = 68..=65535;
const MTU_V6: RangeInclusive<u64> = 1280..=65535;

/// Settings of which none says anything about a host in virtual time without a kernel.
const WITHOUT_EFFECT: [&str; 27] = [
    "code_command",
    "code_format",
    "code_sockopt",
    "debug",
    "dry_run",
    "gateway_ip",
    "init_scripts",
    "is_anyip",
    "local_linklocal_ip",
    // The kernel's own scripts set it and still expect the size that the MTU makes it.
    "mss",
    "netmask_ip",
    "no_cleanup",
    "persistent_tun_dev",
    "send_omit_free",
    "so_filename",
    "so_flags",
    "speed",
    "tun_dev",
    "v",
    "verbose",
    "wire_client",
    "wire_client_dev",
    "wire_server",
    "wire_server_at",
    "wire_server_dev",
    "wire_server_ip",
    "wire_server_port",
];

/// Settings that are known and not played.
const UNSUPPORTED: [&str; 1] = ["psp_udp_port"];

/// Values of settings that are known and not played.
const UNSUPPORTED_VALUES: [(&str, &str); 2] =
    [("non_fatal", "packet"), ("udp_encapsulation", "sctp")];

/// The last number of the address of the host under test.
const LOCAL: u8 = 1;

impl Settings {
    /// packetdrill's defaults.
    fn new(ip_version: IpVersion, dialect: Dialect, target: Target) -> Self {
        // The addresses of RFC 5737 and RFC 3849, of two networks: what a system does with peers on
        // its link alone it does not do with that of a script. No script sees them unless it names
        // them.
        let address = |last: u8| match (ip_version.family(), dialect.has_suite) {
            (IpFamily::V4, false) if last == LOCAL => IpAddress::v4(192, 0, 2, last),
            (IpFamily::V4, false) => IpAddress::v4(198, 51, 100, last),
            (IpFamily::V6, false) => {
                let network = u16::from(last != LOCAL);
                IpAddress::v6(0x2001, 0xdb8, network, 0, 0, 0, 0, last.into())
            }
            // packetdrill's, of which cookies are computed.
            (IpFamily::V4, true) if last == LOCAL => IpAddress::v4(192, 168, 0, 1),
            (IpFamily::V4, true) => IpAddress::v4(192, 0, 2, 1),
            (IpFamily::V6, true) if last == LOCAL => {
                IpAddress::v6(0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 1)
            }
            (IpFamily::V6, true) => IpAddress::v6(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1),
        };
        Self {
            ip_version,
            tolerance: Tolerance {
                least: Duration::from_micros(4000),
                percent: 12.5,
            },
            strict_segments: false,
            local_ip: address(LOCAL),
            remote_ip: address(2),
            bind_port: PORT,
            connect_port: PORT,
            mtu: 1500 + dialect.more(ip_version),
            tick: None,
            scaled_echo: false,
            call_results: CallResults::Judged,
            md5_secret: None,
            target,
        }
    }

    /// Reads what stands at the top of a script.
    ///
    /// # Errors
    /// The first setting that is unknown or has a bad value.
    pub(super) fn read(
        written: &[Spanned<(String, Option<String>)>],
        given: Option<IpVersion>,
        (dialect, target): (Dialect, Target),
        unsupported: &mut Vec<Diagnostic>,
    ) -> Result<Self, Box<Diagnostic>> {
        let find = |name: &str| written.iter().rev().find(|it| it.value.0 == name);
        let mut version = IpVersion::default();
        if let Some(Spanned { value, span }) = find("ip_version") {
            let name = value.1.as_deref().unwrap_or_default();
            version = IpVersion::of(name).ok_or_else(|| {
                Diagnostic::new(*span, format!("there is no IP version `{name}`"))
                    .help("ipv4, ipv4-mapped-ipv6 or ipv6")
            })?;
        }
        let mut settings = Self::new(given.unwrap_or(version), dialect, target);
        for Spanned { value, span } in written {
            let (name, text) = (value.0.as_str(), value.1.as_deref());
            let words = text.unwrap_or_default().split(',');
            let mut unplayed = words.filter(|it| UNSUPPORTED_VALUES.contains(&(name, it)));
            if let Some(value) = unplayed.next() {
                let what = format!("--{name}={value} is not played");
                unsupported.push(Diagnostic::new(*span, what));
            } else if UNSUPPORTED.contains(&name) {
                let what = format!("--{name} is not played");
                unsupported.push(Diagnostic::new(*span, what));
            } else if !WITHOUT_EFFECT.contains(&name) {
                let taken = settings.set(name, text, dialect);
                taken.map_err(|it| Diagnostic::new(*span, format!("--{name}: {it}")))?;
            }
        }
        if settings.local_ip == settings.remote_ip {
            return Err(Box::new(Diagnostic::of_file(
                "local_ip and remote_ip are the same",
            )));
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, text: Option<&str>, dialect: Dialect) -> Result<(), String> {
        let text = match (name, text) {
            ("strict_segments", _) => {
                self.strict_segments = true;
                return Ok(());
            }
            ("tcp_ts_ecr_scaled", _) => {
                self.scaled_echo = true;
                return Ok(());
            }
            ("ip_version", _) => return Ok(()),
            (_, Some(text)) => text,
            (_, None) => return Err("its value is missing".to_owned()),
        };
        match name {
            "tolerance_usecs" => {
                let micros = within(number(text)?, &(0..=limits::TIME_MAX.total_micros()))?;
                self.tolerance.least = Duration::from_micros(micros);
            }
            "tolerance_percent" => {
                let percent: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
                self.tolerance.percent = within(percent, &(0.0..=1e6))?;
            }
            "tcp_ts_tick_usecs" => {
                let micros = within(number(text)?, &(0..=TICK_MAX))?;
                self.tick = (micros > 0).then(|| Duration::from_micros(micros));
            }
            "non_fatal" if text == "syscall" => self.call_results = CallResults::Told,
            "non_fatal" => return Err("it is packet or syscall".to_owned()),
            "udp_encapsulation" if text == "tcp" => {}
            "udp_encapsulation" => return Err("it is tcp or sctp".to_owned()),
            "tcp_md5_secret" => self.md5_secret = Some(text.to_owned()),
            "bind_port" => self.bind_port = port(text)?,
            "connect_port" => self.connect_port = port(text)?,
            "local_ip" => self.local_ip = self.address(text)?,
            "remote_ip" => self.remote_ip = self.address(text)?,
            "mtu" => {
                let more = dialect.more(self.ip_version) as u64;
                let range = match self.ip_version.family() {
                    IpFamily::V4 => MTU_V4,
                    // What it is over IPv6 may be larger, and must not be too large.
                    IpFamily::V6 => MTU_V6.start() - more..=MTU_V6.end() - more,
                };
                let octets = within(number(text)?, &range)? + more;
                self.mtu = usize::try_from(octets).unwrap_or(usize::MAX);
            }
            _ => return Err("there is no such setting".to_owned()),
        }
        Ok(())
    }

    /// An address of the family on the wire; the length of a prefix behind it says nothing here.
    fn address(&self, text: &str) -> Result<IpAddress, String> {
        let address = text.split('/').next().unwrap_or_default();
        let address: IpAddr = address.parse().map_err(|_| "it is no address".to_owned())?;
        if address.is_unspecified() || address.is_multicast() || address.is_loopback() {
            return Err("a host on a link has a unicast address".to_owned());
        }
        let family = match address {
            IpAddr::V4(_) => IpFamily::V4,
            IpAddr::V6(_) => IpFamily::V6,
        };
        if family == self.ip_version.family() {
            Ok(address.into())
        } else {
            Err("it is not of the family on the wire".to_owned())
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it is no whole number".to_owned())
}

fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a port is 1 to 65535".to_owned()),
        Ok(port) => Ok(port),
    }
}

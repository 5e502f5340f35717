//! Shell lines of a script: their `sysctl` settings become knobs of the host. Nothing is ever
//! executed.

use hangup_stack::profile::{FinWait2Renewal, Profile, ReceiveTuning, SynOption};
use smoltcp::time::Duration;

/// What a line sets, by the names of sysctl, and what else it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// `net.ipv4.tcp_timestamps`, `0`
    pub(crate) set: Vec<(String, String)>,
    /// Commands that are no sysctl.
    pub(crate) others: Vec<String>,
}

/// What the script sets with which the suites of Google and of the kernel begin, as far as it is
/// about what a host has (defaults.sh in the kernel's selftests).
const DEFAULTS: [(&str, &str); 11] = [
    ("net.ipv4.tcp_rmem", "4096 540000 15728640"),
    ("net.ipv4.tcp_wmem", "4096 262144 4194304"),
    ("net.ipv4.tcp_timestamps", "1"),
    ("net.ipv4.tcp_syn_retries", "5"),
    ("net.ipv4.tcp_synack_retries", "5"),
    ("net.ipv4.tcp_sack", "1"),
    ("net.ipv4.tcp_congestion_control", "cubic"),
    ("net.ipv4.tcp_slow_start_after_idle", "0"),
    ("net.ipv4.tcp_ecn", "0"),
    ("net.ipv4.tcp_fastopen", "0x70403"),
    (
        "net.ipv4.tcp_fastopen_key",
        "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4",
    ),
];

/// Reads a line: commands behind `;`, `&&`, `||` or line ends.
pub(super) fn read(line: &str) -> Line {
    read_with(line, &DEFAULTS)
}

/// Reads a line. `defaults` is what the script sets with which suites begin.
pub(crate) fn read_with(line: &str, defaults: &[(&str, &str)]) -> Line {
    let mut found = Line::default();
    let line = joined(line);
    for command in line.split(['\n', ';']).flat_map(|it| it.split("&&")) {
        let command = command.trim();
        if !command.is_empty() && !command.starts_with('#') {
            read_command(command, defaults, &mut found);
        }
    }
    found
}

/// A text whose lines go on behind a backslash, with such lines as one.
fn joined(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.trim_end().strip_suffix('\\') {
            Some(begin) => format!("{begin} "),
            None => format!("{line}\n"),
        });
    lines.collect()
}

fn read_command(command: &str, defaults: &[(&str, &str)], found: &mut Line) {
    let words = words(command);
    let first = words.first().map_or("", String::as_str);
    let is = |name: &str| first == name || first.ends_with(&format!("/{name}"));
    let before = found.set.len();
    if is("sysctl") || is("set_sysctls.py") {
        let wanted = words[1..].iter().filter(|it| !it.starts_with('-'));
        for word in wanted.take_while(|it| !it.contains('>') && *it != "||") {
            if let Some((name, value)) = word.split_once('=') {
                found.set.push((dotted(name), value.trim().to_owned()));
            }
        }
    } else if first == "echo"
        && let Some(at) = words.iter().position(|it| it == ">")
        && let Some(path) = words.get(at + 1).filter(|it| it.starts_with("/proc/sys/"))
    {
        found.set.push((dotted(path), words[1..at].join(" ")));
    } else if is("defaults.sh") {
        let set = defaults.iter();
        let set = set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        found.set.extend(set);
    }
    if found.set.len() == before {
        found.others.push(command.to_owned());
    }
}

/// The words of a command, without their quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ' | '\t' | '\r') => words.push(String::new()),
            // `>/proc/...` is two words.
            (None, '>') => words.extend([">".to_owned(), String::new()]),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(character);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `/proc/sys/net/ipv4/x` as `net.ipv4.x`.
fn dotted(name: &str) -> String {
    name.trim_start_matches("/proc/sys/").replace('/', ".")
}

/// Turns the knob that a setting stands for. `system` is what the host is without settings. None:
/// no knob stands for it.
pub(super) fn apply(
    profile: &Profile,
    system: &Profile,
    name: &str,
    value: &str,
) -> Option<Profile> {
    let (knob, value) = match name {
        "net.ipv4.tcp_rmem" => return receive_memory(profile, value),
        "net.ipv4.tcp_wmem" => return send_memory(profile, value),
        "net.ipv4.tcp_moderate_rcvbuf" => {
            let mut turned = profile.clone();
            turned.window.tuning = match value {
                "0" => ReceiveTuning::Off,
                "1" => system.window.tuning,
                _ => return None,
            };
            return Some(turned);
        }
        "net.core.rmem_max" => ("window.asked_most", count(value)?),
        "net.core.wmem_max" => ("send.buffer.asked_most", count(value)?),
        "net.ipv4.tcp_notsent_lowat" => ("send.unsent_most", unsent_most(value)?),
        "net.ipv4.tcp_timestamps" => {
            return offer(profile, system, &[SynOption::Timestamps], value);
        }
        "net.ipv4.tcp_sack" | "net.inet.tcp.sack.enable" => {
            return offer(profile, system, &[SynOption::SackPermitted], value);
        }
        "net.ipv4.tcp_window_scaling" => {
            return offer(profile, system, &[SynOption::WindowScale], value);
        }
        "net.inet.tcp.rfc1323" => {
            let both = [SynOption::Timestamps, SynOption::WindowScale];
            return offer(profile, system, &both, value);
        }
        "net.ipv4.tcp_ecn" | "net.inet.tcp.ecn.enable" => return ecn(profile, value),
        "net.inet.tcp.ecn.maxretries" => ("ecn.asks_again", count(value)?),
        "net.ipv4.tcp_ecn_fallback" => ("ecn.asks_again", one_of_numbers(value, NEVER, 0)?),
        "net.inet.tcp.udp_tunneling_port" => ("encapsulation.udp_port", count(value)?),
        "net.inet.tcp.udp_tunneling_overhead" => ("encapsulation.overhead", count(value)?),
        "net.ipv4.tcp_slow_start_after_idle" if value == "0" => {
            ("send.restart", "\"never\"".to_owned())
        }
        "net.ipv4.tcp_slow_start_after_idle" if value == "1" => {
            ("send.restart", "\"halve\"".to_owned())
        }
        "net.ipv4.tcp_fastopen" => return fast_open(profile, value),
        "net.ipv4.tcp_fastopen_key" => {
            let keys = value.split(',').next()?;
            ("fast_open.key", format!("\"{keys}\""))
        }
        "net.inet.tcp.fastopen.client_enable" => ("fast_open.client", (value != "0").to_string()),
        "net.inet.tcp.fastopen.server_enable" => ("fast_open.server", (value != "0").to_string()),
        "net.ipv4.tcp_fin_timeout" => ("linger.fin_wait_2", seconds(value)?),
        "net.inet.tcp.finwait2_timeout" => return recycled_fin_wait_2(profile, value),
        "net.inet.tcp.fast_finwait2_recycle" => return recycle(profile, system, value),
        "net.inet.tcp.msl" => return segment_lifetime(profile, value),
        "net.inet.tcp.nolocaltimewait" => return local_time_wait(profile, value),
        "net.inet.tcp.ack_war_cnt" => ("acknowledge.challenges_a_second", count(value)?),
        "net.inet.tcp.ack_war_timewindow" => {
            ("acknowledge.challenge_window", milliseconds(value, 1)?)
        }
        "net.inet.icmp.icmplim" => return answers_a_second(profile, value),
        "net.ipv4.tcp_syn_retries" => ("give_up.syn", count(value)?),
        "net.ipv4.tcp_synack_retries" => ("give_up.syn_ack", count(value)?),
        "net.ipv4.tcp_retries2" => ("give_up.data", count(value)?),
        "net.ipv4.tcp_keepalive_time" => ("keep_alive.idle", seconds(value)?),
        "net.ipv4.tcp_keepalive_intvl" => ("keep_alive.interval", seconds(value)?),
        "net.ipv4.tcp_keepalive_probes" | "net.inet.tcp.keepcnt" => {
            ("keep_alive.count", count(value)?)
        }
        "net.inet.tcp.keepinit" => ("give_up.handshake", milliseconds(value, 1)?),
        "net.inet.tcp.keepidle" => ("keep_alive.idle", milliseconds(value, 1)?),
        "net.inet.tcp.keepintvl" => ("keep_alive.interval", milliseconds(value, 1)?),
        "net.ipv4.tcp_congestion_control" | "net.inet.tcp.cc.algorithm" => {
            let known = ["cubic", "reno", "newreno"].contains(&value);
            ("send.congestion", known.then(|| format!("\"{value}\""))?)
        }
        "net.ipv4.tcp_min_tso_segs" => ("send.burst_least", count(value)?),
        "net.ipv4.tcp_early_retrans" => ("send.tail_loss_probe", (value != "0").to_string()),
        "net.ipv4.tcp_comp_sack_nr" => ("acknowledge.compressed", count(value)?),
        "net.ipv4.tcp_comp_sack_delay_ns" => ("acknowledge.compress_delay", nanoseconds(value)?),
        "net.ipv4.tcp_comp_sack_slack_ns" => ("acknowledge.compress_slack", nanoseconds(value)?),
        "net.inet.tcp.recvspace" => ("window.receive_buffer", count(value)?),
        "net.inet.tcp.sendspace" => ("send.send_buffer", count(value)?),
        "net.inet.tcp.initcwnd_segments" => ("send.initial_window", count(value)?),
        "net.inet.tcp.rexmit_min" => ("rto.min", milliseconds(value, 1)?),
        "net.inet.tcp.rexmit_slop" => ("rto.slop", milliseconds(value, 1)?),
        "net.inet.tcp.rexmit_initial" => ("rto.initial", milliseconds(value, 1)?),
        "net.inet.tcp.delacktime" => ("acknowledge.delay", milliseconds(value, 1)?),
        "net.inet.tcp.always_keepalive" => ("keep_alive.always", (value != "0").to_string()),
        "net.inet.tcp.insecure_rst" => {
            let inexact = one_of(value, "challenge", "ends")?;
            ("acceptance.inexact_reset", inexact)
        }
        "net.inet.tcp.insecure_syn" => ("acceptance.syn", one_of(value, "challenge", "resets")?),
        "net.inet.tcp.drop_synfin" => ("acceptance.syn_fin", one_of(value, "syn", "dropped")?),
        "net.inet.tcp.blackhole" => ("closed_port.answers", one_of(value, "all", "none")?),
        "net.inet.tcp.icmp_may_rst" => ("icmp.opening", one_of(value, "ignored", "hard-ones-end")?),
        "kern.ipc.maxsockbuf" => {
            // tcp_wscale_calc: the shift that lets the field show so much.
            let most = value.parse::<u64>().ok()?;
            let shift = (0..14).find(|shift| u64::from(u16::MAX) << shift >= most);
            ("options.window_scale", shift.unwrap_or(14).to_string())
        }
        "net.inet.tcp.rexmit_drop_options" => {
            // The first SYN that has none of them is the fourth.
            (
                "options.late_syn",
                if value == "0" { "0" } else { "4" }.to_owned(),
            )
        }
        _ => return None,
    };
    turn(profile, knob, &value)
}

/// Whether a setting lets hosts use accurate ECN (RFC 9768), which none here does.
pub(super) fn asks_for_accurate_ecn(name: &str, value: &str) -> bool {
    let is_ecn = ["net.ipv4.tcp_ecn", "net.inet.tcp.ecn.enable"].contains(&name);
    is_ecn && !["0", "1", "2"].contains(&value)
}

/// Off, asked for and answered, or answered (ip-sysctl, tcp(4)).
fn ecn(profile: &Profile, value: &str) -> Option<Profile> {
    let (asks, answers) = match value {
        "0" => (false, false),
        "1" => (true, true),
        "2" => (false, true),
        _ => return None,
    };
    let mut turned = profile.clone();
    (turned.ecn.asks, turned.ecn.answers) = (asks, answers);
    Some(turned)
}

/// The time that FIN-WAIT-2 has where it is recycled (FreeBSD: TCPTV_FINWAIT2_TIMEOUT).
const RECYCLED: &str = "60000";

/// Whether FIN-WAIT-2 ends after a time of its own, whoever has been heard.
fn recycle(profile: &Profile, system: &Profile, value: &str) -> Option<Profile> {
    let mut turned = profile.clone();
    match value {
        "0" => {
            turned.linger.fin_wait_2 = system.linger.fin_wait_2;
            turned.linger.fin_wait_2_renewal = system.linger.fin_wait_2_renewal;
            Some(turned)
        }
        "1" => {
            turned.linger.fin_wait_2_renewal = FinWait2Renewal::None;
            recycled_fin_wait_2(&turned, RECYCLED)
        }
        _ => None,
    }
}

/// That time, which counts only where it is recycled (tcp_usrclosed).
fn recycled_fin_wait_2(profile: &Profile, value: &str) -> Option<Profile> {
    let turned = turn(profile, "linger.fin_wait_2", &milliseconds(value, 1)?)?;
    let counts = profile.linger.fin_wait_2_renewal == FinWait2Renewal::None;
    Some(if counts { turned } else { profile.clone() })
}

/// The maximum segment lifetime. Where TIME-WAIT is left out, that stays so.
fn segment_lifetime(profile: &Profile, value: &str) -> Option<Profile> {
    let before = profile.linger;
    let mut turned = turn(profile, "linger.time_wait", &milliseconds(value, 2)?)?;
    let linger = &mut turned.linger;
    for near in [
        &mut linger.time_wait_on_link,
        &mut linger.time_wait_on_link_ipv6,
    ] {
        if *near == before.time_wait {
            *near = linger.time_wait;
        }
    }
    Some(turned)
}

/// Whether peers of the same network get no TIME-WAIT over IPv6.
fn local_time_wait(profile: &Profile, value: &str) -> Option<Profile> {
    let mut turned = profile.clone();
    turned.linger.time_wait_on_link_ipv6 = match value {
        "0" => profile.linger.time_wait,
        "1" => Duration::ZERO,
        _ => return None,
    };
    Some(turned)
}

/// The unreachable messages and resets of a second, each kind counted by itself.
fn answers_a_second(profile: &Profile, value: &str) -> Option<Profile> {
    let most = value.parse::<u32>().ok()?;
    let mut turned = profile.clone();
    turned.icmp.burst = most;
    turned.closed_port.resets_a_second = most;
    turned.closed_port.listener_resets_a_second = most;
    Some(turned)
}

/// How often a SYN goes on asking that never stops.
const NEVER: u32 = 1000;

/// The number that a switch stands for.
fn one_of_numbers(value: &str, off: u32, on: u32) -> Option<String> {
    match value {
        "0" => Some(off.to_string()),
        "1" => Some(on.to_string()),
        _ => None,
    }
}

/// The value of a knob that a switch turns off or on.
fn one_of(value: &str, off: &str, on: &str) -> Option<String> {
    match value {
        "0" => Some(format!("\"{off}\"")),
        "1" => Some(format!("\"{on}\"")),
        _ => None,
    }
}

/// The profile with one knob turned.
fn turn(profile: &Profile, knob: &str, value: &str) -> Option<Profile> {
    let table: toml::Table = format!("{knob} = {value}").parse().ok()?;
    profile.with(&table).ok()
}

fn count(value: &str) -> Option<String> {
    value.parse::<u32>().ok().map(|it| it.to_string())
}

fn seconds(value: &str) -> Option<String> {
    count(value).map(|it| format!("\"{it}s\""))
}

/// So many times a number of milliseconds.
fn milliseconds(value: &str, times: u64) -> Option<String> {
    let value: u64 = value.parse::<u32>().ok()?.into();
    Some(format!("\"{}ms\"", value * times))
}

/// Nanoseconds, rounded down to microseconds, which are what the emulation counts in.
fn nanoseconds(value: &str) -> Option<String> {
    let value: u64 = value.parse().ok()?;
    Some(format!("\"{}us\"", value / 1000))
}

/// `tcp_fastopen`: which parts of it are on (ip-sysctl).
fn fast_open(profile: &Profile, value: &str) -> Option<Profile> {
    let bits = match value.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => value.parse().ok()?,
    };
    let mut turned = profile.clone();
    let rules = &mut turned.fast_open;
    let knobs = [
        (&mut rules.client, 0x1),
        (&mut rules.server, 0x2),
        (&mut rules.without_cookie, 0x4),
        (&mut rules.server_without_cookie, 0x200),
        (&mut rules.server_without_option, 0x400),
    ];
    for (knob, bit) in knobs {
        *knob = bits & bit != 0;
    }
    Some(turned)
}

/// `tcp_rmem`: the smallest, the usual and the largest receive buffer. Linux scales its windows so
/// that the largest can be said (tcp_select_initial_window).
fn receive_memory(profile: &Profile, value: &str) -> Option<Profile> {
    let [_, usual, largest] = sizes(value)?;
    let scale = (0..14).find(|scale| largest >> scale <= u16::MAX.into());
    let turned = turn(profile, "window.receive_buffer", &usual.to_string())?;
    let turned = turn(&turned, "window.space_most", &largest.to_string())?;
    turn(
        &turned,
        "options.window_scale",
        &scale.unwrap_or(14).to_string(),
    )
}

/// `tcp_wmem`: the smallest, the usual and the largest send buffer.
fn send_memory(profile: &Profile, value: &str) -> Option<Profile> {
    let [_, usual, largest] = sizes(value)?;
    let turned = turn(profile, "send.send_buffer", &usual.to_string())?;
    turn(&turned, "send.buffer.most", &largest.to_string())
}

/// Three sizes in octets.
fn sizes(value: &str) -> Option<[u32; 3]> {
    let words = value.split_whitespace().map(|it| it.parse().ok());
    words.collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// How many octets that were not sent are too many; the largest number stands for no limit.
fn unsent_most(value: &str) -> Option<String> {
    match value.parse::<u32>().ok()? {
        0 => None,
        u32::MAX => Some("0".to_owned()),
        octets => Some(octets.to_string()),
    }
}

/// Leaves options out of those that the host offers, or puts those of its system back.
fn offer(
    profile: &Profile,
    system: &Profile,
    options: &[SynOption],
    value: &str,
) -> Option<Profile> {
    fn offers(profile: &Profile, option: &SynOption) -> bool {
        profile.options.syn.iter().flatten().any(|it| it == option)
    }
    let on = value.parse::<u32>().ok()? != 0;
    if on && !options.iter().all(|option| offers(system, option)) {
        return None;
    }
    let mut turned = profile.clone();
    let groups = &mut turned.options.syn;
    groups.clone_from(&system.options.syn);
    for group in groups.iter_mut() {
        group.retain(|option| match options.contains(option) {
            true => on,
            false => offers(profile, option),
        });
    }
    groups.retain(|group| !group.is_empty());
    Some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> String {
        let found = read(line);
        let set = found
            .set
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let others = found.others.iter().map(|it| format!("not {it}"));
        set.chain(others).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn settings_in_lines_for_the_shell() {
        for (line, expected) in [
            ("sysctl -w net.inet.tcp.rfc1323=1", "net.inet.tcp.rfc1323=1"),
            (
                "sysctl -q net.ipv4.tcp_rmem=\"4096 1 2\" a.b=3 > /dev/null 2>&1",
                "net.ipv4.tcp_rmem=4096 1 2, a.b=3",
            ),
            (
                "../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0 \n nstat -n",
                "net.ipv4.tcp_sack=0, not nstat -n",
            ),
            (
                "echo 0 >/proc/sys/net/ipv4/tcp_sack && sysctl a=1; true",
                "net.ipv4.tcp_sack=0, a=1, not true",
            ),
            ("echo 0 > /etc/passwd", "not echo 0 > /etc/passwd"),
            ("sysctl -a", "not sysctl -a"),
        ] {
            assert_eq!(pairs(line), expected, "{line}");
        }
        assert!(pairs("../common/defaults.sh").contains("tcp_rmem=4096 540000 15728640"));
    }

    #[test]
    fn settings_turn_knobs_of_their_system() {
        for (system, name, value, knob) in [
            (
                "linux",
                "net.ipv4.tcp_rmem",
                "4096 540000 15728640",
                "window_scale = 8",
            ),
            (
                "linux",
                "net.ipv4.tcp_rmem",
                "4096 540000 15728640",
                "receive_buffer = 540000",
            ),
            (
                "linux",
                "net.ipv4.tcp_wmem",
                "4096 50000 4194304",
                "send_buffer = 50000",
            ),
            (
                "linux",
                "net.ipv4.tcp_notsent_lowat",
                "4000",
                "unsent_most = 4000",
            ),
            (
                "linux",
                "net.ipv4.tcp_timestamps",
                "0",
                "[\"sack-permitted\"], [\"window-scale\"]",
            ),
            (
                "linux",
                "net.ipv4.tcp_fin_timeout",
                "5",
                "fin_wait_2 = \"5s\"",
            ),
            (
                "linux",
                "net.ipv4.tcp_slow_start_after_idle",
                "0",
                "restart = \"never\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.rfc1323",
                "0",
                "[[\"mss\"], [\"sack-permitted\"]]",
            ),
            ("freebsd", "net.inet.tcp.msl", "1000", "time_wait = \"2s\""),
            (
                "freebsd",
                "net.inet.tcp.msl",
                "1000",
                "time_wait_on_link = \"2s\" time_wait_on_link_ipv6 = \"0s\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.nolocaltimewait",
                "0",
                "time_wait_on_link_ipv6 = \"1min\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.finwait2_timeout",
                "5000",
                "fin_wait_2 = \"10min\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.fast_finwait2_recycle",
                "1",
                "fin_wait_2 = \"1min\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.ack_war_timewindow",
                "2000",
                "challenge_window = \"2s\"",
            ),
            (
                "freebsd",
                "net.inet.icmp.icmplim",
                "7",
                "listener_resets_a_second = 7",
            ),
            (
                "freebsd",
                "net.inet.tcp.keepidle",
                "1500",
                "idle = \"1500ms\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.insecure_rst",
                "1",
                "inexact_reset = \"ends\"",
            ),
            (
                "freebsd",
                "net.inet.tcp.drop_synfin",
                "1",
                "syn_fin = \"dropped\"",
            ),
            (
                "linux",
                "net.ipv4.tcp_comp_sack_delay_ns",
                "2500000",
                "compress_delay = \"2500us\"",
            ),
            (
                "freebsd",
                "kern.ipc.maxsockbuf",
                "16777216",
                "window_scale = 9",
            ),
        ] {
            let profile = Profile::built_in(system).unwrap();
            let turned = apply(&profile, &profile, name, value).unwrap().to_toml();
            let flat = turned.split_whitespace().collect::<Vec<_>>().join(" ");
            let knob = knob.replace("\"1500ms\"", "\"1.5s\"");
            let flat = flat.replace("[ ", "[").replace(", ]", "]");
            assert!(
                flat.contains(&knob) || flat.contains(&knob.replace("1.5s", "1500ms")),
                "{name}={value}: {flat}"
            );
        }
        let profile = Profile::built_in("linux").unwrap();
        for (name, value) in [
            ("net.ipv4.tcp_rmem", "4096"),
            ("net.ipv4.tcp_retries2", "many"),
            ("net.inet.tcp.nolocaltimewait", "yes"),
            ("net.inet.tcp.ack_war", "1"),
            ("net.inet.tcp.insecure_rst", "yes"),
            ("net.ipv4.tcp_congestion_control", "bbr\"\nx = \"1"),
        ] {
            assert_eq!(
                apply(&profile, &profile, name, value),
                None,
                "{name}={value}"
            );
        }
    }
}

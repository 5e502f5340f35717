//! Lines for the shell that set something of the namespace: sysctls, and the queue of the device.
//! No line is ever carried out by a shell, and nothing but these settings is taken of one.

use super::network::Network;
use super::sysctl::set;
use crate::packetdrill::sysctl::read_with;

/// What packetdrill's suites set before each script (`defaults.sh` of the kernel's selftests and of
/// google's suite). A kernel that lacks one of them goes without.
pub(super) const DEFAULTS: [(&str, &str); 24] = [
    ("net.ipv4.tcp_rmem", "4096 540000 15728640"),
    ("net.ipv4.tcp_wmem", "4096 262144 4194304"),
    ("net.ipv4.tcp_timestamps", "1"),
    ("net.ipv4.tcp_syn_retries", "5"),
    ("net.ipv4.tcp_synack_retries", "5"),
    ("net.ipv4.tcp_frto", "2"),
    ("net.ipv4.tcp_sack", "1"),
    ("net.ipv4.tcp_dsack", "1"),
    ("net.ipv4.tcp_fack", "0"),
    ("net.ipv4.tcp_reordering", "3"),
    ("net.ipv4.tcp_congestion_control", "cubic"),
    ("net.ipv4.tcp_slow_start_after_idle", "0"),
    ("net.ipv4.tcp_early_retrans", "4"),
    ("net.ipv4.tcp_recovery", "1"),
    ("net.ipv4.tcp_tso_win_divisor", "3"),
    ("net.ipv4.tcp_ecn", "0"),
    ("net.ipv4.tcp_ecn_option", "2"),
    ("net.ipv4.tcp_pacing_ss_ratio", "200"),
    ("net.ipv4.tcp_pacing_ca_ratio", "120"),
    ("net.ipv4.tcp_notsent_lowat", "4294967295"),
    ("net.ipv4.tcp_fastopen", "0x70403"),
    (
        "net.ipv4.tcp_fastopen_key",
        "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4",
    ),
    ("net.ipv4.tcp_syncookies", "1"),
    // Each connection of a script begins without what those before have taught.
    ("net.ipv4.tcp_no_metrics_save", "0"),
];

/// Takes the settings of a line, and returns what of it was not carried out.
pub(super) fn take(line: &str, network: &Network) -> Vec<String> {
    let found = read_with(line, &DEFAULTS);
    let mut left = Vec::new();
    for (name, value) in &found.set {
        let done = match name.as_str() {
            // A namespace takes few of them as its default, and a route takes any.
            "net.ipv4.tcp_congestion_control" => network.set_congestion(value),
            _ => set(name, value),
        };
        let is_default = DEFAULTS.contains(&(name.as_str(), value.as_str()));
        if let Err(why) = done
            && !is_default
        {
            left.push(format!("sysctl {name}={value} ({why})"));
        }
    }
    for command in found.others {
        if !queue(&command, network) {
            left.push(format!("`{command}`"));
        }
    }
    left
}

/// `tc qdisc replace dev tun0 root pfifo limit 0`; returns whether the line is such a one.
fn queue(command: &str, network: &Network) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let ["tc", "qdisc", verb, "dev", on, "root", rest @ ..] = words.as_slice() else {
        return false;
    };
    let rest: Vec<&str> = rest
        .iter()
        .copied()
        .take_while(|it| !it.contains('>') && *it != "||")
        .collect();
    if *on != network.device() {
        return false;
    }
    match (*verb, rest.as_slice()) {
        ("add" | "replace", [kind]) => network.set_queue(kind, None).is_ok(),
        ("add" | "replace", [kind, "limit", limit]) => limit
            .parse()
            .is_ok_and(|limit| network.set_queue(kind, Some(limit)).is_ok()),
        ("delete" | "del", _) => true,
        _ => false,
    }
}

//! The names of hosts inside: files that stand where the machine's own stand outside, and the
//! environment of programs.

use std::fmt::Write;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};

use crate::capture::TraceHost;

/// Where the files are made. It is covered while they are, and left as it was.
const WORKSHOP: &str = "/tmp";

/// The sockets over which a daemon outside answers for names, where there is one.
const DAEMONS: [&str; 2] = ["/run/nscd", "/var/run/nscd"];

/// Lets the names of hosts resolve in the mount namespace that this process is in, and no others.
/// Nothing of it is seen outside, and nothing is left.
///
/// # Errors
/// The machine does not let us; its own names count then.
pub fn replace(hosts: &[TraceHost]) -> io::Result<()> {
    let mut files = vec![
        ("/etc/hosts", hosts_file(hosts)),
        ("/etc/resolv.conf", RESOLV.to_owned()),
    ];
    if let Ok(switch) = fs::read_to_string("/etc/nsswitch.conf") {
        files.push(("/etc/nsswitch.conf", nsswitch(&switch)));
    }
    mount(
        "tmpfs",
        WORKSHOP,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        None,
    )?;
    let mut replaced = Ok(());
    for (index, (path, text)) in files.iter().enumerate() {
        // One that is a link is replaced where it leads.
        if replaced.is_ok() && Path::new(path).exists() {
            let made = Path::new(WORKSHOP).join(index.to_string());
            replaced = fs::write(&made, text).and_then(|()| Ok(mount_bind(&made, *path)?));
        }
    }
    for daemon in DAEMONS.into_iter().filter(|it| Path::new(it).is_dir()) {
        let empty = Path::new(WORKSHOP).join("empty");
        let covered = fs::create_dir_all(&empty).and_then(|()| Ok(mount_bind(&empty, daemon)?));
        replaced = replaced.and(covered);
    }
    unmount(WORKSHOP, UnmountFlags::DETACH)?;
    replaced
}

/// Nobody answers for other names: the question is refused at once.
const RESOLV: &str = "# Made by hangup: only the hosts of the scenario have names.\n\
                      nameserver 127.0.0.1\noptions attempts:1 timeout:1\n";

fn hosts_file(hosts: &[TraceHost]) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
    for host in hosts {
        for &address in &host.addresses {
            let _ = writeln!(text, "{} {}", IpAddr::from(address), host.name);
        }
    }
    text
}

/// The same, but that hosts are looked up in files first, and then by questions that go nowhere.
fn nsswitch(text: &str) -> String {
    let line = |line: &str| match line.trim_start().starts_with("hosts:") {
        true => "hosts: files dns\n".to_owned(),
        false => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// What the environment says of each host: `HANGUP_` and its name, and its first address.
pub fn environment(hosts: &[TraceHost]) -> Vec<(String, String)> {
    let variable = |host: &TraceHost| {
        let name = host
            .name
            .chars()
            .map(|it| match it.is_ascii_alphanumeric() {
                true => it.to_ascii_uppercase(),
                false => '_',
            });
        let address = IpAddr::from(*host.addresses.first()?);
        Some((
            format!("HANGUP_{}", name.collect::<String>()),
            address.to_string(),
        ))
    };
    hosts.iter().filter_map(variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_hosts_changes() {
        let text = "passwd: files systemd\nhosts: files resolve [!UNAVAIL=return] dns\nx: y";
        let changed = "passwd: files systemd\nhosts: files dns\nx: y\n";
        assert_eq!(nsswitch(text), changed);
    }
}

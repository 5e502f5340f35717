//! Why a machine refuses namespaces, and what can be done about it.

use std::fmt;
use std::fs;
use std::io;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To be the only thread of the process.
    Threads,
    /// A user namespace.
    User,
    /// The numbers of user and group in it.
    Map,
    /// The other namespaces.
    Unshare,
    /// To keep mounts to ourselves.
    Mounts,
    /// The device of packets.
    Device,
}

impl Step {
    /// What cannot be done, as it follows "cannot".
    fn text(self) -> &'static str {
        match self {
            Self::Threads => "enter namespaces from a process that has threads",
            Self::User => "make a user namespace",
            Self::Map => "set up the user namespace",
            Self::Unshare => "make a network namespace",
            Self::Mounts => "keep mounts apart",
            Self::Device => "make a network device",
        }
    }
}

/// What of a machine decides whether it refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// `kernel.unprivileged_userns_clone`: Debian before 11, and some of Arch.
    pub unprivileged_userns_clone: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`: Ubuntu from 23.10 on.
    pub apparmor_restricts: Option<u64>,
    /// `user.max_user_namespaces`
    pub max_user_namespaces: Option<u64>,
    /// `user.max_net_namespaces`
    pub max_net_namespaces: Option<u64>,
    /// Whether a filter of system calls is active, as in containers.
    pub has_seccomp_filter: bool,
    /// Whether there is `/dev/net/tun`.
    pub has_tun: bool,
}

impl Machine {
    /// This machine, as this process sees it.
    pub fn look() -> Self {
        let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut lines = status.lines();
        let seccomp = lines.find_map(|line| line.strip_prefix("Seccomp:"));
        Self {
            unprivileged_userns_clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            max_user_namespaces: number("/proc/sys/user/max_user_namespaces"),
            max_net_namespaces: number("/proc/sys/user/max_net_namespaces"),
            has_seccomp_filter: seccomp.is_some_and(|mode| mode.trim() == "2"),
            has_tun: fs::exists("/dev/net/tun").unwrap_or(false),
        }
    }
}

/// A refusal: what could not be done, what refuses it, and the ways out.
#[derive(Debug)]
pub struct Refused {
    step: Step,
    error: io::Error,
    why: Option<String>,
    ways: Vec<&'static str>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.step.text())?;
        if self.step != Step::Threads {
            write!(f, ": {}", self.error)?;
        }
        if let Some(why) = &self.why {
            write!(f, "; {why}")?;
        }
        for way in &self.ways {
            write!(f, "\n  help: {way}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

const AS_ROOT: &str = "or run it as root";
const APPARMOR: &str = "give the program an AppArmor profile with `userns,` and flags=(unconfined)";
const APPARMOR_OFF: &str = "or `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, as a \
                            step before it on hosted runners";
const CONTAINER: &str = "start the container with `--security-opt seccomp=unconfined \
                         --device /dev/net/tun`";
const PRIVILEGED: &str = "or with `--cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun`";

/// Which setting of a machine refuses a step, as far as it can be told.
pub fn explain(step: Step, error: io::Error, machine: &Machine) -> Refused {
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let (why, ways): (Option<&str>, Vec<&'static str>) = match step {
        Step::Threads => (None, Vec::new()),
        Step::User | Step::Unshare | Step::Map if machine.max_user_namespaces == Some(0) => (
            Some("user.max_user_namespaces is 0"),
            vec!["`sudo sysctl user.max_user_namespaces=10000`", AS_ROOT],
        ),
        Step::Unshare if machine.max_net_namespaces == Some(0) => (
            Some("user.max_net_namespaces is 0"),
            vec!["`sudo sysctl user.max_net_namespaces=10000`"],
        ),
        Step::User if denied && machine.unprivileged_userns_clone == Some(0) => (
            Some("kernel.unprivileged_userns_clone is 0"),
            vec!["`sudo sysctl kernel.unprivileged_userns_clone=1`", AS_ROOT],
        ),
        // The namespace is made, and all capabilities in it are taken away.
        Step::User | Step::Map | Step::Unshare | Step::Mounts
            if denied && machine.apparmor_restricts == Some(1) =>
        {
            (
                Some("kernel.apparmor_restrict_unprivileged_userns is 1"),
                vec![APPARMOR, APPARMOR_OFF, AS_ROOT],
            )
        }
        Step::User | Step::Map | Step::Unshare | Step::Mounts
            if denied && machine.has_seccomp_filter =>
        {
            (
                Some("a filter of system calls (seccomp) forbids it, as in containers"),
                vec![CONTAINER, PRIVILEGED],
            )
        }
        Step::Device if !machine.has_tun => (
            Some("there is no /dev/net/tun"),
            vec!["`sudo modprobe tun`; in a container, `--device /dev/net/tun`"],
        ),
        Step::Device if denied => (
            Some("/dev/net/tun is not for this user"),
            vec!["`sudo chmod 0666 /dev/net/tun`, as udev sets it", AS_ROOT],
        ),
        Step::User | Step::Map | Step::Unshare | Step::Mounts | Step::Device => {
            (None, vec!["run it as root, or in a virtual machine"])
        }
    };
    Refused {
        step,
        error,
        why: why.map(str::to_owned),
        ways,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each machine that refuses, by the setting that does it.
    #[test]
    fn a_refusal_names_the_setting_and_a_way_out() {
        let open = Machine {
            max_user_namespaces: Some(1000),
            has_tun: true,
            ..Machine::default()
        };
        let denied = 13;
        let not_permitted = 1;
        let no_space = 28;
        let table: [(Step, i32, Machine, &str); 8] = [
            (
                Step::Map,
                denied,
                Machine {
                    apparmor_restricts: Some(1),
                    ..open.clone()
                },
                "kernel.apparmor_restrict_unprivileged_userns=0",
            ),
            (
                Step::User,
                not_permitted,
                Machine {
                    unprivileged_userns_clone: Some(0),
                    ..open.clone()
                },
                "kernel.unprivileged_userns_clone=1",
            ),
            (
                Step::User,
                not_permitted,
                Machine {
                    has_seccomp_filter: true,
                    ..open.clone()
                },
                "seccomp=unconfined",
            ),
            (
                Step::User,
                no_space,
                Machine {
                    max_user_namespaces: Some(0),
                    ..open.clone()
                },
                "user.max_user_namespaces=10000",
            ),
            (
                Step::Unshare,
                no_space,
                Machine {
                    max_net_namespaces: Some(0),
                    ..open.clone()
                },
                "user.max_net_namespaces=10000",
            ),
            (Step::Device, denied, open.clone(), "chmod 0666"),
            (
                Step::Device,
                2,
                Machine {
                    has_tun: false,
                    ..open.clone()
                },
                "modprobe tun",
            ),
            (Step::User, 22, open, "run it as root"),
        ];
        for (step, error, machine, said) in table {
            let error = io::Error::from_raw_os_error(error);
            let text = explain(step, error, &machine).to_string();
            assert!(text.contains(said), "{step:?}: {text}");
        }
    }
}

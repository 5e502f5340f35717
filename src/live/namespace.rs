//! A network of our own: namespaces, entered by a process that has no other thread.
//!
//! A process with CAP_SYS_ADMIN makes network, mount and process namespaces; any other begins
//! with a user namespace, in which it may do the same. Its own user stays the same one there, so
//! that programs see the owners of files as they are.

mod refused;

use std::fs;
use std::io;

use nix::sched::{CloneFlags, unshare};
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

pub use refused::{Machine, Refused, Step, explain};

/// What is to be apart from the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The network: the new one has only `lo`, which is down, and no way out.
    pub network: bool,
    /// Mounts, so that files can be replaced inside.
    pub mounts: bool,
    /// Processes: the first child becomes the first process of the namespace, with whose end all
    /// others end. The process itself can begin no thread from then on.
    pub processes: bool,
}

/// Whose privileges were used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// Those that the process had.
    Own,
    /// Those in a user namespace of its own.
    UserNamespace,
}

/// Moves this process into namespaces of its own.
///
/// # Errors
/// The machine refuses; which of its settings does, where that can be told. The process may be in
/// some of the namespaces then, and must end.
pub fn enter(apart: Apart) -> Result<Privileges, Refused> {
    let refuse = |step, error| explain(step, error, &Machine::look());
    if threads() != Some(1) {
        return Err(refuse(Step::Threads, io::ErrorKind::InvalidInput.into()));
    }
    let mut flags = CloneFlags::empty();
    if apart.network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    if apart.mounts {
        flags |= CloneFlags::CLONE_NEWNS;
    }
    if apart.processes {
        flags |= CloneFlags::CLONE_NEWPID;
    }
    let own = capabilities(None).is_ok_and(|it| it.effective.contains(CapabilitySet::SYS_ADMIN));
    let used = if own {
        Privileges::Own
    } else {
        enter_user_namespace()?;
        Privileges::UserNamespace
    };
    unshare(flags).map_err(|error| refuse(Step::Unshare, error.into()))?;
    if apart.mounts {
        // What is mounted inside is not seen outside.
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).map_err(|error| refuse(Step::Mounts, error.into()))?;
    }
    Ok(used)
}

/// A user namespace in which the user and group of the process keep their numbers.
fn enter_user_namespace() -> Result<(), Refused> {
    let refuse = |step, error| explain(step, error, &Machine::look());
    // They are nobody's until they are mapped.
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| refuse(Step::User, error.into()))?;
    let map = |name: &str, text: String| {
        fs::write(format!("/proc/self/{name}"), text).map_err(|error| refuse(Step::Map, error))
    };
    map("setgroups", "deny".to_owned())?;
    map("uid_map", format!("{user} {user} 1"))?;
    map("gid_map", format!("{group} {group} 1"))
}

/// Gives all capabilities of this process away. A program that it starts has those of its user.
///
/// # Errors
/// The system does not take them.
pub fn drop_privileges() -> io::Result<()> {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    Ok(set_capabilities(None, sets)?)
}

/// How many threads this process has.
fn threads() -> Option<usize> {
    Some(fs::read_dir("/proc/self/task").ok()?.count())
}

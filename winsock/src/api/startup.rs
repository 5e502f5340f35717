//! WSAStartup and WSACleanup.

use hangup_stack::host::Host;
use hangup_stack::profile::ProcessExit;
use hangup_stack::smoltcp::time::Instant;

use super::winsock::{Loading, Winsock};
use crate::error::WsaError;
use crate::function::Function;
use crate::process::{Socket, ThreadId};
use crate::provider::call::Context;
use crate::provider::check::Check;
use crate::provider::upcalls::Blocking;
pub use crate::version::Version;

/// WSADATA: what WSAStartup tells the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WsaData {
    /// wVersion: the version the process is expected to use.
    pub version: Version,
    /// wHighVersion: the highest version there is.
    pub high_version: Version,
}

impl Winsock {
    /// WSAStartup: begins the use of Winsock, or repeats it; each success needs its own WSACleanup.
    ///
    /// A process that negotiates several versions is held to the lowest of them, because the part
    /// of it that asked for 1.1 relies on the rules of 1.1. (The page leaves this open.)
    ///
    /// # Errors
    /// The function returns its error and leaves the last error alone: WSAEINPROGRESS,
    /// WSASYSNOTREADY where the network subsystem has failed, WSAVERNOTSUPPORTED below 1.0.
    pub fn wsa_startup(&mut self, host: &Host, requested: u16) -> Result<WsaData, WsaError> {
        if self.check_not_nested(Function::Startup, Socket::INVALID) == Check::Failed {
            return Err(WsaError::InProgress);
        }
        if !host.is_up() {
            return Err(WsaError::SystemNotReady);
        }
        let version = Version::negotiate(Version::from_word(requested))
            .ok_or(WsaError::VersionNotSupported)?;
        self.version = if self.startups == 0 {
            version
        } else {
            self.version.min(version)
        };
        self.startups += 1;
        self.upcalls
            .set_blocking(if self.version.forbids_nesting() {
                Blocking::Hook
            } else {
                Blocking::Native
            });
        Ok(WsaData {
            version,
            high_version: Version::HIGHEST,
        })
    }

    /// ExitProcess or TerminateProcess: the system takes the sockets of the process, as the profile
    /// says of its end, and nothing of the process is left. The next call is a new process's of the
    /// same program, which begins with WSAStartup.
    pub fn exit_process(&mut self, host: &mut Host, now: Instant) {
        let exit = host.profile().map(|profile| profile.close.exit);
        if exit == Some(ProcessExit::Closes) {
            for s in self.upcalls.open_sockets() {
                // Nobody is there who could wait or learn of an error.
                let _ = self.closesocket(host, now, s);
            }
        }
        self.unload(host, now);
        self.startups = 0;
        self.version = Version::HIGHEST;
        self.threads.clear();
        self.running = ThreadId::MAIN;
        self.upcalls.forget_all();
        self.completions.clear();
        self.undefined.clear();
    }

    /// WSACleanup: ends the use of Winsock, the last time for all. Sockets that are still open then
    /// are reset and given back.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN.
    pub fn wsa_cleanup(&mut self, host: &mut Host, now: Instant) -> Result<(), WsaError> {
        let checked = self.check_process(host, Function::Cleanup, Check::Passed);
        self.report(checked)?;
        self.startups -= 1;
        if self.startups == 0 {
            self.unload(host, now);
        }
        Ok(())
    }

    /// WSPCleanup of every provider: sockets that are open are reset and given back.
    pub(super) fn unload(&mut self, host: &mut Host, now: Instant) {
        for installed in &mut self.providers {
            if installed.state == Loading::Unloaded {
                continue;
            }
            installed.state = Loading::Unloaded;
            let mut context = Context {
                host,
                now,
                thread: self.running,
                upcalls: &mut self.upcalls,
                waiting: None,
            };
            // Whatever a provider says, the process has ended its use of Winsock.
            let _ = installed.provider.cleanup(&mut context);
        }
    }
}

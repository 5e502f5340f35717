//! WSAStartup and WSACleanup.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::{Loading, Winsock};
use crate::Socket;
use crate::error::WsaError;
use crate::function::Function;
use crate::provider::Context;
use crate::provider::check::Check;
use crate::provider::upcalls::Blocking;

/// A version of the Windows Sockets specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The number before the point.
    pub major: u8,
    /// The number after the point.
    pub minor: u8,
}

impl Version {
    /// The highest version there is.
    pub const HIGHEST: Self = Self { major: 2, minor: 2 };

    /// The version in a WORD, where the low octet is the major number: MAKEWORD(2, 2) is 0x0202.
    pub const fn from_word(word: u16) -> Self {
        let [major, minor] = word.to_le_bytes();
        Self { major, minor }
    }

    /// The version as a WORD.
    pub const fn word(self) -> u16 {
        u16::from_le_bytes([self.major, self.minor])
    }

    /// Whether a process of this version may make no call while another one waits.
    pub(super) const fn forbids_nesting(self) -> bool {
        self.major < 2
    }

    /// The highest supported version that is not higher than the requested one.
    fn negotiate(requested: Self) -> Option<Self> {
        SUPPORTED
            .into_iter()
            .rev()
            .find(|supported| *supported <= requested)
    }
}

/// WSAStartup: the versions that Ws2_32.dll supports, from the lowest.
const SUPPORTED: [Version; 5] = [
    Version { major: 1, minor: 0 },
    Version { major: 1, minor: 1 },
    Version { major: 2, minor: 0 },
    Version { major: 2, minor: 1 },
    Version { major: 2, minor: 2 },
];

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

    /// WSACleanup: ends the use of Winsock, the last time for all. Sockets that are still open then
    /// are reset and given back.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN.
    pub fn wsa_cleanup(&mut self, host: &mut Host, now: Instant) -> Result<(), WsaError> {
        let checked = self.check_process(host, Function::Cleanup, Check::Passed);
        self.report(checked)?;
        self.startups -= 1;
        if self.startups > 0 {
            return Ok(());
        }
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
            };
            // Whatever a provider says, the process has ended its use of Winsock.
            let _ = installed.provider.cleanup(&mut context);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table on the page of WSAStartup for a DLL that supports 1.0 to 2.2, and what
    /// lies between and beyond them.
    #[test]
    fn negotiation() {
        for (requested, granted) in [
            (0x0000, None),
            (0x0900, None),
            (0x0001, Some((1, 0))),
            (0x0101, Some((1, 1))),
            (0x0901, Some((1, 1))),
            (0x0002, Some((2, 0))),
            (0x0102, Some((2, 1))),
            (0x0202, Some((2, 2))),
            (0x0302, Some((2, 2))),
            (0x0003, Some((2, 2))),
            (0xffff, Some((2, 2))),
        ] {
            let version = Version::negotiate(Version::from_word(requested));
            assert_eq!(
                version.map(|v| (v.major, v.minor)),
                granted,
                "requested {requested:#06x}"
            );
        }
    }
}

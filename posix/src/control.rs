//! fcntl and ioctl.

use hangup_stack::host::Host;
use hangup_stack::socket::Protocol;
use hangup_stack::tcp::State;

use crate::errno::Errno;
use crate::file::{File, FileDescriptor, Mode};
use crate::process::Process;

/// fcntl: reads the flags.
pub const F_GETFL: i32 = 3;
/// fcntl: sets the flags.
pub const F_SETFL: i32 = 4;
/// A flag: the file is for reading.
pub const O_RDONLY: i32 = 0;
/// A flag: it is for both.
pub const O_RDWR: i32 = 2;
/// A flag: calls do not wait.
pub const O_NONBLOCK: i32 = 0x800;
/// ioctl: how many octets can be read; of datagrams, how long the first is (also named SIOCINQ).
pub const FIONREAD: u32 = 0x541b;
/// ioctl: the non-blocking mode.
pub const FIONBIO: u32 = 0x5421;
/// ioctl: how many octets were written and not acknowledged.
pub const SIOCOUTQ: u32 = 0x5411;

/// ioctl: whether what is read next is urgent, or was (sockatmark).
pub const SIOCATMARK: u32 = 0x8905;

/// The longest UDP datagram, in octets.
const DATAGRAM_MAX: usize = 65_535;

impl Process {
    /// fcntl: the flags of a socket or a pipe (F_GETFL), or 0 after setting them (F_SETFL), of
    /// which O_NONBLOCK has an effect.
    ///
    /// # Errors
    /// EBADF, EINVAL for another command.
    pub fn fcntl(&mut self, fd: FileDescriptor, command: i32, flags: i32) -> Result<i32, Errno> {
        let mode = match self.file(fd)? {
            File::Socket(socket) => &mut socket.mode,
            File::Pipe(end) => &mut end.mode,
            File::Epoll(_) | File::Memory(_) => return Err(Errno::Invalid),
        };
        match command {
            F_GETFL => Ok(match mode {
                Mode::Blocking => O_RDWR,
                Mode::NonBlocking => O_RDWR | O_NONBLOCK,
            }),
            F_SETFL => {
                *mode = Mode::of(flags & O_NONBLOCK != 0);
                Ok(0)
            }
            _ => Err(Errno::Invalid),
        }
    }

    /// ioctl: FIONBIO sets the mode of a socket from the value, FIONREAD, SIOCOUTQ and SIOCATMARK
    /// set the value.
    ///
    /// # Errors
    /// EBADF, ENOTTY for a mark in datagrams, EINVAL for another request, and for one about data of
    /// a socket that listens.
    pub fn ioctl(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        request: u32,
        value: &mut i32,
    ) -> Result<(), Errno> {
        let socket = self.socket_of(fd)?;
        let status = host.status(socket.id);
        let listens = { &status }.as_ref().and_then(|it| it.state) == Some(State::Listen);
        let octets = match (request, socket.protocol) {
            // Linux: tcp_ioctl.
            (FIONREAD | SIOCOUTQ, Protocol::Tcp) if listens => return Err(Errno::Invalid),
            (FIONREAD, Protocol::Tcp) => status.map_or(0, |status| status.before_mark),
            (SIOCATMARK, Protocol::Tcp) => status.map_or(0, |status| status.at_mark.into()),
            (SIOCATMARK, Protocol::Udp) => return Err(Errno::NotTerminal),
            (FIONREAD, Protocol::Udp) => {
                let first = host.peek(socket.id, &mut [0; DATAGRAM_MAX]);
                first.unwrap_or(0)
            }
            (SIOCOUTQ, _) => status.map_or(0, |status| status.unsent + status.unacked),
            (FIONBIO, _) => {
                socket.mode = Mode::of(*value != 0);
                return Ok(());
            }
            _ => return Err(Errno::Invalid),
        };
        *value = i32::try_from(octets).unwrap_or(i32::MAX);
        Ok(())
    }
}

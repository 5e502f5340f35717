//! The ends of a socket of the kernel.

use std::os::fd::AsRawFd;

use hangup_stack::socket::Protocol;
use nix::sys::socket::{SockaddrStorage, getpeername, getsockname};
use smoltcp::wire::IpEndpoint;

use super::data::File;
use super::options::{self, OptionValue};
use crate::capture::SocketEnds;

/// The ends of a socket; none of what is none.
pub(super) fn ends_of(file: &File) -> Option<SocketEnds> {
    let raw = file.fd.as_raw_fd();
    let local = getsockname::<SockaddrStorage>(raw).ok()?;
    let kind = options::get(&file.fd, (libc::SOL_SOCKET, libc::SO_TYPE));
    let is_stream = matches!(kind, Some(Ok(OptionValue::Number(libc::SOCK_STREAM))));
    Some(SocketEnds {
        protocol: match is_stream {
            true => Protocol::Tcp,
            false => Protocol::Udp,
        },
        local: endpoint(&local),
        remote: getpeername::<SockaddrStorage>(raw)
            .ok()
            .and_then(|it| endpoint(&it)),
    })
}

fn endpoint(address: &SockaddrStorage) -> Option<IpEndpoint> {
    let (ip, port): (std::net::IpAddr, u16) = match address.as_sockaddr_in() {
        Some(it) => (it.ip().into(), it.port()),
        None => {
            let it = address.as_sockaddr_in6()?;
            (it.ip().to_canonical(), it.port())
        }
    };
    Some(IpEndpoint::new(ip.into(), port))
}

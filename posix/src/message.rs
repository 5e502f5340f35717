//! sendmsg and recvmsg: lists of buffers, control messages, and the error queue.

use hangup_stack::error_queue::{Place, Report};
use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::options::ZERO_COPY;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;

use crate::data::{MSG_OOB, MSG_ZEROCOPY};
use crate::errno::Errno;
use crate::file::FileDescriptor;
use crate::process::{Process, Progress};
use crate::stamping::Stamping;

/// recvmsg: the next entry of the error queue. Of what recvmsg returns: it is one.
pub const MSG_ERRQUEUE: i32 = 0x2000;
/// Of what recvmsg returns: more had come than the buffer takes.
pub const MSG_TRUNC: i32 = 0x20;
/// The type of the control message with an entry of the error queue, over IPv4.
pub const IP_RECVERR: i32 = 11;
/// The same over IPv6.
pub const IPV6_RECVERR: i32 = 25;
/// The type of the control message with a time.
pub const SCM_TIMESTAMPING: i32 = 37;
/// ee_origin: times of what was sent.
pub const SO_EE_ORIGIN_TIMESTAMPING: u8 = 4;
/// ee_origin: memory that can be used again.
pub const SO_EE_ORIGIN_ZEROCOPY: u8 = 5;
/// ee_code: the octets were copied all the same.
pub const SO_EE_CODE_ZEROCOPY_COPIED: u8 = 1;
/// ee_info: the time at which the device has sent an octet.
pub const SCM_TSTAMP_SND: u32 = 0;
/// ee_info: the time at which it was put into the queue of the device.
pub const SCM_TSTAMP_SCHED: u32 = 1;
/// ee_info: the time at which the peer has acknowledged it.
pub const SCM_TSTAMP_ACK: u32 = 2;
/// ee_errno of a time: there is no error.
pub const ENOMSG: i32 = 42;

/// The octets of a buffer that lie in one page (x86).
const PAGE: usize = 4096;

/// How many parts of memory a segment consists of at most (CONFIG_MAX_SKB_FRAGS).
const FRAGMENTS: usize = 17;

/// What recvmsg has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How many octets.
    pub octets: usize,
    /// Who has sent them, for datagrams.
    pub from: Option<IpEndpoint>,
    /// MSG_ERRQUEUE, MSG_TRUNC, MSG_OOB.
    pub flags: i32,
    /// The control messages, in their order.
    pub control: Vec<Control>,
}

/// A control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// TCP_CM_INQ: how many octets are left.
    Queue(usize),
    /// SCM_TIMESTAMPING: the time that the system's clock says.
    Time(Instant),
    /// IP_RECVERR or IPV6_RECVERR: struct sock_extended_err.
    Error(IpFamily, ExtendedError),
}

/// struct sock_extended_err.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtendedError {
    /// ee_errno
    pub errno: i32,
    /// ee_origin
    pub origin: u8,
    /// ee_type
    pub kind: u8,
    /// ee_code
    pub code: u8,
    /// ee_info
    pub info: u32,
    /// ee_data
    pub data: u32,
}

impl Process {
    /// sendmsg and writev: as [`Process::send`], for data that stands in buffers of these lengths.
    /// With MSG_ZEROCOPY a segment takes no more than 17 pages of them.
    ///
    /// # Errors
    /// Those of send.
    pub fn sendmsg(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (data, lengths): (&[u8], &[usize]),
        (flags, to): (i32, Option<IpEndpoint>),
    ) -> Progress<usize> {
        let stays = flags & MSG_ZEROCOPY != 0;
        let socket = self.stack_socket(fd).filter(|_| stays);
        let stays = socket.and_then(|socket| host.option(socket, &ZERO_COPY)) == Some(true);
        let breaks = if stays { breaks(lengths) } else { Vec::new() };
        self.send_broken(host, now, fd, (data, &breaks), (flags, to))
    }

    /// recvmsg: reads as [`Process::recvfrom`]; with MSG_ERRQUEUE takes the next entry of the error
    /// queue, and never waits. The segment that an entry is about is not given back.
    ///
    /// # Errors
    /// Those of recvfrom, EAGAIN where the error queue is empty.
    pub fn recvmsg(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<Message> {
        if flags & MSG_ERRQUEUE != 0 {
            return self.read_error_queue(host, fd).into();
        }
        let received = self.receive(host, now, fd, buffer, flags);
        received.map(|received| Message {
            octets: received.octets,
            from: received.from,
            flags: flags & MSG_OOB | if received.is_cut { MSG_TRUNC } else { 0 },
            control: { self.left_in_queue(host, fd) }
                .into_iter()
                .map(Control::Queue)
                .collect(),
        })
    }

    fn read_error_queue(&mut self, host: &mut Host, fd: FileDescriptor) -> Result<Message, Errno> {
        let socket = self.socket_of(fd)?;
        let report = host.take_report(socket.id).ok_or(Errno::Again)?;
        let (family, stamping) = (socket.family, socket.stamping);
        let (control, is_cut) = match report {
            Report::Released {
                first,
                last,
                copied,
            } => {
                let error = ExtendedError {
                    origin: SO_EE_ORIGIN_ZEROCOPY,
                    code: if copied {
                        SO_EE_CODE_ZEROCOPY_COPIED
                    } else {
                        0
                    },
                    info: first,
                    data: last,
                    ..ExtendedError::default()
                };
                (vec![Control::Error(family, error)], false)
            }
            Report::Stamped { place, octet, at } => {
                let error = stamp_error(stamping, place, octet);
                let time = stamping.tells_time().then_some(Control::Time(at));
                let error = Control::Error(family, error);
                (
                    time.into_iter().chain([error]).collect(),
                    !stamping.is_bare(),
                )
            }
        };
        Ok(Message {
            octets: 0,
            from: None,
            flags: MSG_ERRQUEUE | if is_cut { MSG_TRUNC } else { 0 },
            control,
        })
    }
}

/// The entry for the time of an octet.
fn stamp_error(stamping: Stamping, place: Place, octet: u64) -> ExtendedError {
    ExtendedError {
        errno: ENOMSG,
        origin: SO_EE_ORIGIN_TIMESTAMPING,
        info: match place {
            Place::Queue => SCM_TSTAMP_SCHED,
            Place::Device => SCM_TSTAMP_SND,
            Place::Peer => SCM_TSTAMP_ACK,
        },
        data: stamping.key(octet),
        ..ExtendedError::default()
    }
}

/// Where data in buffers of such lengths is cut: each page of a buffer is a part of its own.
fn breaks(lengths: &[usize]) -> Vec<usize> {
    let mut breaks = Vec::new();
    let (mut end, mut parts) = (0, 0);
    for &length in lengths {
        let mut rest = length;
        while rest > 0 {
            if parts == FRAGMENTS {
                breaks.push(end);
                parts = 0;
            }
            let part = rest.min(PAGE);
            (rest, end, parts) = (rest - part, end + part, parts + 1);
        }
    }
    breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_seventeen_parts_of_memory() {
        let table: [(&[usize], &[usize]); 6] = [
            (&[], &[]),
            (&[0, 40, 0, 20], &[]),
            (&[1; 17], &[]),
            (&[1; 18], &[17]),
            (&[1; 64], &[17, 34, 51]),
            (&[18 * PAGE, 5], &[17 * PAGE]),
        ];
        for (lengths, expected) in table {
            assert_eq!(breaks(lengths), expected, "{lengths:?}");
        }
    }
}

//! SO_TIMESTAMPING: of what is sent, which times a program wants to know.

use hangup_stack::error_queue::Wish;
use hangup_stack::host::Host;
use hangup_stack::socket::SocketId;
use hangup_stack::tcp::State;

use crate::errno::Errno;

/// The time at which the device sends it.
pub const SOF_TIMESTAMPING_TX_SOFTWARE: i32 = 1 << 1;
/// Times of the system's clock are told.
pub const SOF_TIMESTAMPING_SOFTWARE: i32 = 1 << 4;
/// Each has the number of its octet.
pub const SOF_TIMESTAMPING_OPT_ID: i32 = 1 << 7;
/// The time at which it is put into the queue of the device.
pub const SOF_TIMESTAMPING_TX_SCHED: i32 = 1 << 8;
/// The time at which the peer has acknowledged it.
pub const SOF_TIMESTAMPING_TX_ACK: i32 = 1 << 9;
/// Times come without the segment that they are about.
pub const SOF_TIMESTAMPING_OPT_TSONLY: i32 = 1 << 11;
/// Octets are counted from those that were written last, and not from those that were acknowledged.
pub const SOF_TIMESTAMPING_OPT_ID_TCP: i32 = 1 << 16;

/// What asks for the clock of a device, of what is sent and of what comes, and for its times as
/// they are. No device has one here, as the loopback of a kernel has none: they are taken, and tell
/// nothing.
const HARDWARE: i32 = 1 | 1 << 2 | 1 << 5 | 1 << 6;

/// All that are known here; nothing is told of what comes.
const KNOWN: i32 = HARDWARE
    | SOF_TIMESTAMPING_TX_SOFTWARE
    | SOF_TIMESTAMPING_SOFTWARE
    | SOF_TIMESTAMPING_OPT_ID
    | SOF_TIMESTAMPING_TX_SCHED
    | SOF_TIMESTAMPING_TX_ACK
    | SOF_TIMESTAMPING_OPT_TSONLY
    | SOF_TIMESTAMPING_OPT_ID_TCP;

/// What a socket has of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamping {
    flags: i32,
    /// The relative sequence number of the octet that has number 0.
    origin: u64,
}

impl Stamping {
    pub(crate) fn flags(self) -> i32 {
        self.flags
    }

    fn has(self, flag: i32) -> bool {
        self.flags & flag != 0
    }

    /// Whether times come without their segment.
    pub(crate) fn is_bare(self) -> bool {
        self.has(SOF_TIMESTAMPING_OPT_TSONLY)
    }

    /// Whether times are told at all.
    pub(crate) fn tells_time(self) -> bool {
        self.has(SOF_TIMESTAMPING_SOFTWARE)
    }

    /// The number of an octet, where octets are numbered.
    pub(crate) fn key(self, octet: u64) -> u32 {
        match self.has(SOF_TIMESTAMPING_OPT_ID) {
            true => octet.wrapping_sub(self.origin) as u32,
            false => 0,
        }
    }

    /// What a write asks for.
    pub(crate) fn wish(self) -> Wish {
        Wish {
            release: false,
            queued: self.has(SOF_TIMESTAMPING_TX_SCHED),
            sent: self.has(SOF_TIMESTAMPING_TX_SOFTWARE),
            acknowledged: self.has(SOF_TIMESTAMPING_TX_ACK),
        }
    }

    /// The same with other flags (Linux: sock_set_timestamping).
    pub(crate) fn turned(self, host: &Host, socket: SocketId, flags: i32) -> Result<Self, Errno> {
        let turned = Self { flags, ..self };
        let numbers = turned.has(SOF_TIMESTAMPING_OPT_ID);
        let from_written = turned.has(SOF_TIMESTAMPING_OPT_ID_TCP);
        if flags & !KNOWN != 0 || from_written && !numbers {
            return Err(Errno::Invalid);
        }
        if !numbers || self.has(SOF_TIMESTAMPING_OPT_ID) {
            return Ok(turned);
        }
        let status = host.status(socket).ok_or(Errno::Invalid)?;
        if matches!(
            status.told_state,
            Some(State::Closed | State::Listen) | None
        ) {
            return Err(Errno::Invalid);
        }
        let origin = match from_written {
            true => status.written,
            false => status.first_unacknowledged,
        };
        Ok(Self { origin, ..turned })
    }
}

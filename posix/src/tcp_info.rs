//! TCP_INFO: what Linux tells of a connection (struct tcp_info), as far as the stack knows it.

use hangup_stack::host::Host;
use hangup_stack::profile::WindowUnit;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::Status;
use hangup_stack::spent::Wait;
use hangup_stack::tcp::{PathState, State};

use crate::errno::Errno;
use crate::file::FileDescriptor;
use crate::process::Process;

/// Fields of struct tcp_info, by their names without `tcpi_`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    fields: Vec<(&'static str, i64)>,
}

/// The threshold while there is none (TCP_INFINITE_SSTHRESH).
const NO_THRESHOLD: i64 = 0x7fff_ffff;

/// The names of the fields.
pub const FIELDS: [&str; 27] = [
    "tcpi_state",
    "tcpi_ca_state",
    "tcpi_options",
    "tcpi_snd_wscale",
    "tcpi_rcv_wscale",
    "tcpi_rto",
    "tcpi_snd_mss",
    "tcpi_unacked",
    "tcpi_sacked",
    "tcpi_rtt",
    "tcpi_rttvar",
    "tcpi_snd_ssthresh",
    "tcpi_snd_cwnd",
    "tcpi_total_retrans",
    "tcpi_notsent_bytes",
    "tcpi_snd_wnd",
    "tcpi_rcv_wnd",
    "tcpi_retransmits",
    "tcpi_probes",
    "tcpi_backoff",
    "tcpi_last_data_sent",
    "tcpi_last_data_recv",
    "tcpi_last_ack_recv",
    "tcpi_busy_time",
    "tcpi_rwnd_limited",
    "tcpi_sndbuf_limited",
    "tcpi_min_rtt",
];

/// The names of the numbers of `tcpi_state` and `tcpi_ca_state`.
pub const WORDS: [(&str, i64); 16] = [
    ("TCP_ESTABLISHED", 1),
    ("TCP_SYN_SENT", 2),
    ("TCP_SYN_RECV", 3),
    ("TCP_FIN_WAIT1", 4),
    ("TCP_FIN_WAIT2", 5),
    ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7),
    ("TCP_CLOSE_WAIT", 8),
    ("TCP_LAST_ACK", 9),
    ("TCP_LISTEN", 10),
    ("TCP_CLOSING", 11),
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
];

impl TcpInfo {
    /// A field; none: there is no such field.
    pub fn field(&self, name: &str) -> Option<i64> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    fn of(status: &Status, unit: WindowUnit, now: Instant) -> Self {
        let octets = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mss = status.mss.max(1);
        let counted = |window: usize| match unit {
            WindowUnit::Segments => octets(window / mss),
            WindowUnit::Octets => octets(window),
        };
        let (send, receive) = status.scales.unwrap_or_default();
        let options = i64::from(status.timestamps)
            | i64::from(status.selective) << 1
            | i64::from(status.scales.is_some()) << 2
            | i64::from(status.syn_data) << 5;
        let micros = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        let values = [
            status.told_state.map_or(0, number),
            status.path.map_or(0, path),
            options,
            send.into(),
            receive.into(),
            micros(status.rto.total_micros()),
            octets(status.mss),
            octets(status.unacked.div_ceil(mss)),
            octets(status.reported),
            status.srtt.map_or(0, |time| micros(time.total_micros())),
            (status.rttvar).map_or(0, |time| micros(time.total_micros())),
            match status.ssthresh {
                usize::MAX => NO_THRESHOLD,
                threshold => counted(threshold),
            },
            counted(status.cwnd),
            micros(status.retransmissions),
            octets(status.unsent),
            micros(status.send_window),
            micros(status.window),
            status.timeouts.into(),
            status.probes.into(),
            status.doublings.into(),
            micros(since(now, status.last.sent).total_millis()),
            micros(since(now, status.last.data).total_millis()),
            micros(since(now, status.last.acknowledgment).total_millis()),
            micros(status.spent.busy(now).total_micros()),
            micros(status.spent.of(Wait::Window, now).total_micros()),
            micros(status.spent.of(Wait::Buffer, now).total_micros()),
            // Linux: minmax_get says all ones before there is one.
            (status.least_round_trip).map_or(u32::MAX.into(), |time| micros(time.total_micros())),
        ];
        Self {
            fields: FIELDS.into_iter().zip(values).collect(),
        }
    }
}

/// How long ago something was.
fn since(now: Instant, then: Instant) -> Duration {
    match now > then {
        true => now - then,
        false => Duration::ZERO,
    }
}

/// Linux's number of a state.
fn number(state: State) -> i64 {
    match state {
        State::Established => 1,
        State::SynSent => 2,
        State::SynReceived => 3,
        State::FinWait1 => 4,
        State::FinWait2 => 5,
        State::TimeWait => 6,
        State::Closed => 7,
        State::CloseWait => 8,
        State::LastAck => 9,
        State::Listen => 10,
        State::Closing => 11,
    }
}

/// Linux's number of what the sender takes the path for.
fn path(path: PathState) -> i64 {
    match path {
        PathState::Open => 0,
        PathState::Disorder => 1,
        PathState::Recovery => 3,
        PathState::Loss => 4,
    }
}

impl Process {
    /// getsockopt with TCP_INFO. A socket whose connection is over is closed.
    ///
    /// # Errors
    /// EBADF, ENOPROTOOPT for a datagram socket and on a system without TCP_INFO.
    pub fn tcp_info(
        &mut self,
        host: &Host,
        now: Instant,
        fd: FileDescriptor,
    ) -> Result<TcpInfo, Errno> {
        let socket = self.socket_of(fd)?;
        let profile = host.profile().ok_or(Errno::NoProtocolOption)?;
        match host.status(socket.id) {
            Some(status) if status.state.is_some() => {
                Ok(TcpInfo::of(&status, profile.send.window_unit, now))
            }
            Some(_) => Err(Errno::NoProtocolOption),
            None => Ok(TcpInfo {
                fields: FIELDS.into_iter().zip([number(State::Closed)]).collect(),
            }),
        }
    }
}

//! How a socket of the kernel stands, as far as the kernel tells its program.

use std::os::fd::AsFd;

use hangup_stack::socket::{LastTimes, Protocol, Status};
use hangup_stack::spent::Spent;
use hangup_stack::tcp::{PathState, State};
use rustix::event::{PollFd, PollFlags, Timespec};
use smoltcp::time::Duration;

use super::data::File;
use super::ends::ends_of;
use super::info;
use super::options::{self, OptionValue};

/// Linux's numbers of the states, from 1 (include/net/tcp_states.h). NEW_SYN_RECV is one more.
const STATES: [State; 12] = [
    State::Established,
    State::SynSent,
    State::SynReceived,
    State::FinWait1,
    State::FinWait2,
    State::TimeWait,
    State::Closed,
    State::CloseWait,
    State::LastAck,
    State::Listen,
    State::Closing,
    State::SynReceived,
];

/// How a socket stands. What only the stack knows of itself is zero: numbers of the window that is
/// advertised and of what is withheld, which traces show, and times on its own clock.
pub(super) fn of(file: &File) -> Option<Status> {
    let kind = options::get(&file.fd, (libc::SOL_SOCKET, libc::SO_TYPE))?.ok()?;
    let protocol = match kind == OptionValue::Number(libc::SOCK_STREAM) {
        true => Protocol::Tcp,
        false => Protocol::Udp,
    };
    let fields = match protocol {
        Protocol::Tcp => options::info(&file.fd).map(|it| info::fields(&it)).ok(),
        Protocol::Udp => None,
    };
    let field = |name: &str| {
        fields
            .as_ref()
            .and_then(|it| it.get(name))
            .copied()
            .unwrap_or(0.0)
    };
    let count = |name: &str| field(name) as usize;
    let micros = |name: &str| Duration::from_micros(field(name) as u64);
    let asked = PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP;
    let mut polled = [PollFd::from_borrowed_fd(file.fd.as_fd(), asked)];
    let ready = rustix::event::poll(&mut polled, Some(&Timespec::default()));
    let came = match ready {
        Ok(_) => polled[0].revents(),
        Err(_) => PollFlags::empty(),
    };
    let state = count("tcpi_state")
        .checked_sub(1)
        .and_then(|it| STATES.get(it).copied());
    let queued = rustix::io::ioctl_fionread(&file.fd).unwrap_or(0);
    let segment = count("tcpi_snd_mss").max(1);
    let ends = ends_of(file);
    let threshold = count("tcpi_snd_ssthresh");
    Some(Status {
        protocol,
        state: state.filter(|_| protocol == Protocol::Tcp),
        told_state: state.filter(|_| protocol == Protocol::Tcp),
        readable: came.contains(PollFlags::IN),
        writable: came.contains(PollFlags::OUT),
        receive_ended: came.contains(PollFlags::RDHUP),
        hung_up: came.contains(PollFlags::HUP),
        peer_closed: matches!(
            state,
            Some(State::CloseWait | State::LastAck | State::Closing | State::TimeWait)
        ),
        queued: usize::try_from(queued).unwrap_or(usize::MAX),
        before_mark: usize::try_from(queued).unwrap_or(usize::MAX),
        urgent: came.contains(PollFlags::PRI),
        at_mark: false,
        held: 0,
        accepted: field("tcpi_bytes_received") as u64,
        acknowledged: 0,
        right_edge: 0,
        window: field("tcpi_rcv_wnd") as u64,
        unacked: count("tcpi_unacked") * segment,
        unsent: count("tcpi_notsent_bytes"),
        reordering: (field("tcpi_reord_seen") as u32, count("tcpi_reordering")),
        send_window: field("tcpi_snd_wnd") as u64,
        cwnd: count("tcpi_snd_cwnd") * segment,
        ssthresh: if threshold >= i32::MAX as usize {
            usize::MAX
        } else {
            threshold * segment
        },
        rto: micros("tcpi_rto"),
        srtt: Some(micros("tcpi_rtt")).filter(|it| *it != Duration::ZERO),
        rttvar: Some(micros("tcpi_rttvar")).filter(|it| *it != Duration::ZERO),
        retransmissions: field("tcpi_total_retrans") as u64,
        opened_at: None,
        path: Some(match count("tcpi_ca_state") {
            0 => PathState::Open,
            1 => PathState::Disorder,
            4 => PathState::Loss,
            _ => PathState::Recovery,
        }),
        reported: count("tcpi_sacked"),
        arrivals: 0,
        syn_data: count("tcpi_options") & 32 != 0,
        reports: (0, 0),
        spent: Spent::default(),
        last: LastTimes::NONE,
        doublings: count("tcpi_backoff") as u32,
        timeouts: count("tcpi_retransmits") as u32,
        probes: count("tcpi_probes") as u32,
        least_round_trip: None,
        written: 0,
        first_unacknowledged: 0,
        delivered: count("tcpi_delivered") as u64,
        repeated: count("tcpi_retrans"),
        lost: count("tcpi_lost"),
        mss: count("tcpi_snd_mss"),
        timestamps: count("tcpi_options") & 1 != 0,
        selective: count("tcpi_options") & 2 != 0,
        scales: (count("tcpi_options") & 4 != 0).then(|| {
            let shift = |name| u8::try_from(count(name)).unwrap_or(0);
            (shift("tcpi_snd_wscale"), shift("tcpi_rcv_wscale"))
        }),
        error: None,
        local: ends.and_then(|it| it.local),
        remote: ends.and_then(|it| it.remote),
    })
}

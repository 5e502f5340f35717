//! The headers of what a connection sends.

use smoltcp::time::Instant;

use super::segment::{Flags, SACK_BLOCKS, Segment, TcpOptions, Timestamps};
use super::state::State;
use super::{Connection, SHIFT_MOST};
use crate::profile::{ResetWindow, SynOption, TimeWaitWindow};

impl Connection {
    /// The header of a SYN, whose window is never scaled (RFC 7323 section 2.2).
    #[cold]
    pub(super) fn syn_header(&self, start: i64, now: Instant) -> Segment {
        self.bare_header(start, self.recv.syn_field(), self.syn_options(now))
    }

    /// A header that acknowledges and advertises what is true now.
    #[inline(always)]
    pub(super) fn header(&mut self, start: i64, now: Instant, segment: &mut Segment) {
        let rules = self.config.profile.time_wait;
        let closed = self.answers_late && rules.window == TimeWaitWindow::Zero;
        let window = if closed { 0 } else { self.recv.advertise() };
        if self.recv.is_cramped() {
            self.acknowledger.slow_down();
        }
        *segment = self.bare_header(start, window, TcpOptions::default());
        segment.flags.urgent = self.send.urgent_pointer(start);
        if self.negotiated.timestamps {
            segment.options.timestamps = Some(self.timestamps(now));
        }
        if self.negotiated.selective && self.recv.has_reports() {
            self.report_blocks(segment);
        }
    }

    /// Says what has arrived behind a gap and what has come twice.
    #[cold]
    fn report_blocks(&mut self, segment: &mut Segment) {
        // What is left of a connection in TIME-WAIT reports nothing (Linux: a timewait socket,
        // tcp_v4_send_ack).
        let reports =
            self.config.profile.acknowledge.duplicates_reported && self.state != State::TimeWait;
        // RFC 2883 section 4: the duplicate stands in the first block.
        let duplicate = self.recv.take_duplicate().filter(|_| reports);
        let with_fin = self.config.profile.acknowledge.fin_reported;
        let stretches = duplicate.into_iter().chain(self.recv.stretches(with_fin));
        // Three blocks fit beside timestamps (RFC 2018 section 3).
        let most = if self.negotiated.timestamps {
            SACK_BLOCKS - 1
        } else {
            SACK_BLOCKS
        };
        for (place, (left, right)) in segment.options.sack.iter_mut().take(most).zip(stretches) {
            *place = Some((self.acknowledgment(left), self.acknowledgment(right)));
        }
    }

    #[inline]
    pub(super) fn bare_header(&self, start: i64, window: u16, options: TcpOptions) -> Segment {
        Segment {
            source: self.config.local.port,
            destination: self.config.remote.port,
            sequence: self.sequence(start),
            acknowledgment: self.acknowledgment(self.recv.acknowledged()),
            flags: Flags {
                ack: true,
                ..Flags::default()
            },
            window,
            options,
            payload_octets: 0,
        }
    }

    /// The shift of our window field, where it is scaled (RFC 7323 section 2.3).
    pub(super) fn window_shift(&self) -> u8 {
        let rules = &self.config.profile.options;
        let most = rules.window_scale.min(SHIFT_MOST);
        if !rules.scale_to_buffer || self.config.receive_buffer.is_none() {
            return most;
        }
        let fits = |shift: &u8| self.recv.asked() >> shift <= usize::from(u16::MAX);
        (0..most).find(fits).unwrap_or(most)
    }

    /// Whether our SYN has an option, where the peer's lets it.
    pub(super) fn offers(&self, option: SynOption) -> bool {
        let rules = &self.config.profile.options;
        let offered = if self.passive {
            rules.answer()
        } else {
            &rules.syn
        };
        !self.config.no_options && offered.iter().flatten().any(|&other| other == option)
    }

    #[cold]
    pub(super) fn syn_options(&self, now: Instant) -> TcpOptions {
        let answers = self.state != State::SynSent;
        let offered = &self.config.profile.options;
        let late = !answers && is_late(offered.late_syn, self.patience.timeouts + 1);
        let offers = |option| {
            let omitted = late && offered.late_syn_omits.contains(&option);
            !omitted && self.offers(option)
        };
        let is_own = |option| !answers || !self.passive && offered.crossing.contains(&option);
        let has = |option, agreed| offers(option) && (is_own(option) || agreed);
        let scales = has(SynOption::WindowScale, self.negotiated.scales);
        let selective = has(SynOption::SackPermitted, self.negotiated.selective);
        let timestamps = has(SynOption::Timestamps, self.negotiated.timestamps);
        TcpOptions {
            mss: offers(SynOption::Mss).then_some(self.config.mss),
            window_scale: scales.then_some(self.window_shift()),
            sack_permitted: selective,
            timestamps: timestamps.then(|| self.timestamps(now)),
            fast_open: self.fast_open_option(),
            ..TcpOptions::default()
        }
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>`, but not behind an octet that the peer's closed
    /// window has refused.
    ///
    /// Its clock is read when it is sent.
    pub(super) fn reset_from_tcb(&self, window: u16) -> Segment {
        let stamped = self.negotiated.timestamps && self.config.profile.reset.timestamps;
        let timestamps = Timestamps {
            value: 0,
            echo: self.recent_timestamp,
        };
        Segment {
            source: self.config.local.port,
            destination: self.config.remote.port,
            sequence: self.sequence(self.send.bare_start()),
            acknowledgment: self.acknowledgment(self.recv.acknowledged()),
            flags: Flags {
                rst: true,
                ack: true,
                ..Flags::default()
            },
            window,
            options: TcpOptions {
                timestamps: stamped.then_some(timestamps),
                ..TcpOptions::default()
            },
            payload_octets: 0,
        }
    }

    /// The window field of a reset.
    pub(super) fn reset_window(&mut self, rule: ResetWindow) -> u16 {
        match rule {
            ResetWindow::Current => self.recv.advertise(),
            ResetWindow::Last => self.recv.field(),
            ResetWindow::Zero => 0,
            ResetWindow::Buffer => self.recv.buffer_field(),
        }
    }
}

/// Whether the SYN of such a number, counted from one, leaves options out.
fn is_late(from: u32, number: u32) -> bool {
    from > 0 && number >= from
}

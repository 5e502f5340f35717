//! The user calls of RFC 9293 section 3.10: what the application asks of a connection.

use std::sync::Arc;

use smoltcp::time::Duration;

use super::Connection;
use super::acknowledge::{Due, Read};
use super::receive_shutdown::{
    AtCall, AtClose, LeftBehind, at_both_shut, at_call, at_close, room_after, withholds,
};
use super::state::State;
use super::urgent::NoUrgent;
use super::written::Octets;
use crate::envelope::Envelope;
use crate::event::Fact;
use crate::options::{Acknowledging, Buffers, PathMtu};
use crate::profile::{
    Algorithm, ConnectingClose, ConnectingSend, ConnectingShutdown, ConnectingTransfer, EndRead,
    ErrorAfterReset, LingerEnds, Profile, RecvAfter, Repeat, SendAfterEnd, TimeWaitSocket,
};
use crate::socket::{Gone, RecvError, SendError, ShutdownError, UrgentError};

impl Connection {
    /// Whether the handshake failed.
    pub fn never_opened(&self) -> bool {
        self.state == State::Closed && !self.opened
    }

    /// Why the connection is gone, until a call has said so.
    pub fn error(&self) -> Option<Gone> {
        self.error
    }

    /// Takes the pending error, or else what the network last said; where the profile repeats
    /// errors, later calls still learn the first.
    pub fn take_error(&mut self) -> Option<Gone> {
        let told = self.config.profile.icmp.told;
        let soft = || told.then(|| self.soft_error.take()).flatten();
        self.error.take().or_else(soft)
    }

    /// The error a call has to report now.
    fn error_to_report(&mut self) -> Option<Gone> {
        let pending = self.error.take();
        if self.config.profile.calls.errors_repeat {
            pending.or(self.gone)
        } else {
            pending
        }
    }

    /// Why a send cannot be done, where the profile has it say so.
    fn error_of_send(&mut self) -> Option<Gone> {
        match self.config.profile.calls.send_after_end {
            SendAfterEnd::Error | SendAfterEnd::ErrorThenNotConnected => self.error_to_report(),
            SendAfterEnd::Shutdown => None,
        }
    }

    /// What a send says where nothing can be sent any more.
    fn refusal_of_send(&self) -> SendError {
        match self.config.profile.calls.send_after_end {
            SendAfterEnd::Error | SendAfterEnd::Shutdown => SendError::Shutdown,
            SendAfterEnd::ErrorThenNotConnected => SendError::NotConnected,
        }
    }

    /// Queues octets for sending; returns how many fitted.
    ///
    /// # Errors
    /// See [`SendError`].
    pub(crate) fn send(&mut self, data: Octets<'_>) -> Result<usize, SendError> {
        if let Some(gone) = self.error_of_send() {
            return Err(SendError::Gone(gone));
        }
        if self.send.has_fin() || self.state == State::Closed {
            return Err(self.refusal_of_send());
        }
        if !self.state.sends() && !self.transfers_early() {
            return Err(match self.config.profile.calls.send_connecting {
                ConnectingSend::NotConnected => SendError::NotConnected,
                ConnectingSend::WouldBlock => SendError::WouldBlock,
                ConnectingSend::InProgress => SendError::InProgress,
            });
        }
        if data.is_empty() {
            return Ok(0);
        }
        match self.send.write(data) {
            0 => Err(SendError::WouldBlock),
            written => Ok(written),
        }
    }

    /// Reads octets; 0 is the end of the stream.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv(&mut self, into: &mut [u8]) -> Result<usize, RecvError> {
        if !into.is_empty() {
            self.recv.pass_mark();
        }
        if let Some(result) = self.recv_without_data(into.len()) {
            if result == Ok(0) && !into.is_empty() {
                self.on_end_read();
            }
            return result;
        }
        let read = self.recv.read(into);
        let tells = if self.recv.is_shut() {
            self.config.profile.receive_shutdown.window_update
        } else {
            !self.recv.has_ended()
        };
        if tells && self.state.receives() && self.recv.update_is_due() {
            self.acknowledger.now();
        }
        self.acknowledge_read();
        Ok(read)
    }

    /// A read may be what an acknowledgment has waited for.
    fn acknowledge_read(&mut self) {
        let unacknowledged = self.recv.acknowledged() - self.last_acknowledgment;
        self.acknowledger.on_read(Read {
            unacknowledged: unacknowledged.max(0) as usize,
            segment: self.recv.segment_octets(),
            is_all: self.recv.is_drained(),
        });
    }

    /// The application has read the end of the peer's stream.
    fn on_end_read(&mut self) {
        let shuts = self.config.profile.calls.end_read == EndRead::ShutsReceive;
        if !shuts || !self.recv.has_ended() || self.recv.is_shut() {
            return;
        }
        self.shut_receive(0);
        if self.send.has_fin() {
            self.ends_at_both_shut();
        }
    }

    /// As [`Connection::recv`], but leaves the octets in the queue.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn peek(&mut self, into: &mut [u8]) -> Result<usize, RecvError> {
        if let Some(result) = self.recv_without_data(into.len()) {
            return result;
        }
        Ok(self.recv.peek(into))
    }

    /// Says how many octets receives still want that waited before the receive direction was shut
    /// down. What they do not want any more, and was accepted for them, is undeliverable now.
    pub fn await_receives(&mut self, octets: usize) {
        let awaited = std::mem::replace(&mut self.awaited, octets);
        let rules = &self.config.profile.receive_shutdown;
        let left_over = awaited > 0 && octets == 0 && self.recv.is_shut();
        let connected = self.state.is_synchronized();
        if left_over && connected && at_call(rules, self.recv.unread()) == AtCall::Reset {
            let octets = self.recv.discard_unread();
            self.facts.push_back(Fact::Discarded { octets });
            self.reset_actively(self.reason_of_own_reset());
        }
    }

    /// Reads for a receive that waited before the receive direction was shut down.
    ///
    /// # Errors
    /// See [`RecvError`]; never [`RecvError::Shutdown`].
    pub fn recv_awaited(&mut self, into: &mut [u8]) -> Result<usize, RecvError> {
        if self.recv.unread() > 0 {
            return Ok(self.recv.read(into));
        }
        if let Some(gone) = self.error_to_report() {
            return Err(RecvError::Gone(gone));
        }
        if self.recv.has_ended() || self.state == State::Closed {
            return Ok(0);
        }
        Err(RecvError::WouldBlock)
    }

    /// What a receive answers where it does not deliver data; none where it does.
    fn recv_without_data(&mut self, wanted: usize) -> Option<Result<usize, RecvError>> {
        if self.recv.is_shut() {
            let answer = match self.config.profile.calls.recv_after {
                RecvAfter::DataThenEof => None,
                RecvAfter::Eof => Some(Ok(0)),
                // These stand before everything that may have happened since.
                RecvAfter::NotConnected => return Some(Err(RecvError::NotConnected)),
                RecvAfter::Error => return Some(Err(RecvError::Shutdown)),
            };
            if answer.is_some() {
                let gone = self.error_to_report();
                return gone.map(|gone| Err(RecvError::Gone(gone))).or(answer);
            }
        }
        let opening = matches!(
            self.state,
            State::SynSent | State::SynReceived | State::Listen
        );
        if opening && !self.transfers_early() {
            match self.config.profile.calls.recv_connecting {
                ConnectingTransfer::NotConnected => return Some(Err(RecvError::NotConnected)),
                ConnectingTransfer::WouldBlock if !self.recv.is_shut() => {
                    return Some(Err(RecvError::WouldBlock));
                }
                ConnectingTransfer::WouldBlock => {}
            }
        }
        if self.recv.readable() > 0 && wanted > 0 {
            return None;
        }
        let hidden = self.recv.has_ended() && self.config.profile.calls.end_hides_errors;
        if !hidden && let Some(gone) = self.queued_error.take().or_else(|| self.error_to_report()) {
            return Some(Err(RecvError::Gone(gone)));
        }
        let ended = self.recv.has_ended() || self.recv.is_shut() || self.state == State::Closed;
        Some(if ended || wanted == 0 {
            Ok(0)
        } else {
            Err(RecvError::WouldBlock)
        })
    }

    /// Ends the send direction: a FIN follows what was written.
    ///
    /// # Errors
    /// [`ShutdownError::NotConnected`] where there is no connection any more or yet.
    pub fn shutdown_send(&mut self) -> Result<(), ShutdownError> {
        if self.recv.is_shut() && self.state.sends() && self.ends_at_both_shut() {
            return Ok(());
        }
        match self.state {
            State::SynSent
                if self.config.profile.calls.connecting == ConnectingShutdown::GoesOn =>
            {
                self.send.finish();
                Ok(())
            }
            State::Closed | State::Listen | State::SynSent => Err(ShutdownError::NotConnected),
            State::SynReceived | State::Established => {
                self.send.finish();
                if self.state == State::Established {
                    self.enter(State::FinWait1);
                }
                Ok(())
            }
            State::CloseWait => {
                self.send.finish();
                self.enter(State::LastAck);
                Ok(())
            }
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => {
                match self.config.profile.calls.repeat_send {
                    Repeat::Succeeds => Ok(()),
                    Repeat::Fails => Err(ShutdownError::NotConnected),
                }
            }
            // Both directions are over.
            State::TimeWait => Err(ShutdownError::NotConnected),
        }
    }

    /// Ends the receive direction, as the profile has it.
    ///
    /// # Errors
    /// [`ShutdownError::NotConnected`] where there is no connection, or where nothing more could be
    /// received and the profile fails a repetition.
    pub fn shutdown_receive(&mut self) -> Result<(), ShutdownError> {
        let connecting = matches!(
            self.config.profile.calls.connecting,
            ConnectingShutdown::SendDisconnects | ConnectingShutdown::GoesOn
        );
        let attempt = self.state == State::SynSent && connecting;
        let over = self.state == State::TimeWait
            && self.config.profile.calls.time_wait == TimeWaitSocket::Closed;
        let unconnected = matches!(self.state, State::Closed | State::Listen | State::SynSent);
        if over || unconnected && !attempt {
            return Err(ShutdownError::NotConnected);
        }
        let over = self.recv.is_shut() || self.recv.has_ended();
        if over && self.config.profile.calls.repeat == Repeat::Fails {
            return Err(ShutdownError::NotConnected);
        }
        if self.recv.is_shut() {
            return Ok(());
        }
        let rules = self.config.profile.receive_shutdown.clone();
        let unread = self.recv.unread();
        let discarded = match at_call(&rules, unread) {
            AtCall::Keep => 0,
            AtCall::Discard => {
                let octets = self.recv.discard_unread();
                if octets > 0 {
                    self.facts.push_back(Fact::Discarded { octets });
                }
                octets
            }
            AtCall::Reset => {
                self.shut_receive(0);
                self.facts.push_back(Fact::Discarded { octets: unread });
                self.reset_actively(self.reason_of_own_reset());
                return Ok(());
            }
        };
        self.shut_receive(discarded);
        if self.send.has_fin() {
            self.ends_at_both_shut();
        }
        Ok(())
    }

    /// Shuts the receive half, for which so many octets were thrown away.
    fn shut_receive(&mut self, discarded: usize) {
        let rules = &self.config.profile.receive_shutdown;
        let room = room_after(rules, self.recv.capacity(), discarded);
        self.recv.shut(withholds(rules), discarded, room);
        if rules.across_gaps {
            self.recv.cross_gaps();
        }
    }

    /// Whether the connection has ended because both directions are shut down now.
    fn ends_at_both_shut(&mut self) -> bool {
        let resets = at_both_shut(self.config.profile.close, self.left_behind());
        if resets == AtClose::Reset {
            self.recv.discard_unread();
            self.reset_actively(self.reason_of_own_reset());
        }
        resets == AtClose::Reset
    }

    /// What the application learns of a reset that its own stack has begun.
    pub(super) fn reason_of_own_reset(&self) -> Option<Gone> {
        match self.config.profile.calls.error_after_reset {
            ErrorAfterReset::ConnectionReset => Some(Gone::Reset),
            ErrorAfterReset::ConnectionAborted => Some(Gone::Aborted),
            ErrorAfterReset::Eof => None,
        }
    }

    fn left_behind(&self) -> LeftBehind {
        LeftBehind {
            unread: self.recv.unread(),
            held: self.recv.held(),
            out_of_order: self.recv.out_of_order(),
            discarded: self.recv.discarded(),
        }
    }

    /// Takes the descriptor away. `linger` of zero resets at once (SO_LINGER); a longer one is the
    /// caller's to wait for, until [`Connection::is_drained`].
    pub fn close(&mut self, linger: Option<Duration>) {
        self.orphan = true;
        self.heard_before_close = Some(self.last_heard);
        self.awaited = 0;
        match self.state {
            State::Closed => {}
            State::SynSent if self.config.profile.close.connecting == ConnectingClose::Reset => {
                self.reset_actively(None);
            }
            State::Listen | State::SynSent => self.die(None),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.close_synchronized(linger),
            State::TimeWait => {}
        }
    }

    fn close_synchronized(&mut self, linger: Option<Duration>) {
        let aborts = linger == Some(Duration::ZERO);
        let resets = at_close(self.config.profile.close, self.left_behind()) == AtClose::Reset;
        self.recv.discard_unread();
        if aborts && !resets {
            self.abort();
            return;
        }
        if resets {
            self.reset_actively(None);
            return;
        }
        match self.state {
            State::SynReceived => self.send.finish(),
            State::Established => {
                self.send.finish();
                self.enter(State::FinWait1);
            }
            State::CloseWait => {
                self.send.finish();
                self.enter(State::LastAck);
            }
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => {}
            State::Closed | State::Listen | State::SynSent | State::TimeWait => {}
        }
    }

    /// Ends an attempt to connect without a packet. The socket is as before the attempt, except
    /// that its next call says why it ended.
    pub fn disconnect(&mut self) {
        self.disconnected = true;
        self.die(Some(Gone::Reset));
    }

    /// Whether the attempt to connect was ended so.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    /// Ends a connection that nobody knows of yet, without a packet.
    pub fn forget(&mut self) {
        self.die(None);
    }

    /// The time is over for which the close has lingered.
    pub fn end_lingering(&mut self) {
        if self.config.profile.close.linger_ends == LingerEnds::Reset {
            self.abort();
        }
    }

    /// The receive direction was shut down before there was a connection.
    pub(crate) fn begin_deaf(&mut self) {
        let rules = &self.config.profile.receive_shutdown;
        let room = room_after(rules, self.recv.capacity(), 0);
        self.recv.shut(withholds(rules), 0, room);
    }

    /// What the application is told the state is.
    pub fn told_state(&self) -> State {
        match (self.state, self.config.profile.calls.time_wait) {
            (State::TimeWait, TimeWaitSocket::Closed) => State::Closed,
            (state, _) => state,
        }
    }

    /// Resets the connection (RFC 9293 section 3.10.5).
    pub fn abort(&mut self) {
        match self.state {
            State::Closed | State::Listen | State::SynSent | State::TimeWait => self.die(None),
            // Both sides have said that they are done: nothing is lost that a reset could tell of.
            State::Closing | State::LastAck if self.send.is_all_sent() => self.die(None),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.reset_actively(None),
        }
    }

    /// Whether everything written, and the FIN, has been acknowledged, or never will be.
    pub fn is_drained(&self) -> bool {
        self.state == State::Closed || self.send.is_drained()
    }

    /// Whether `recv` would return at once.
    pub fn is_readable(&self) -> bool {
        if self.recv.is_shut() && !self.config.profile.calls.readable_after {
            return false;
        }
        self.recv.readable() > 0
            || self.recv.has_ended()
            || self.recv.is_shut()
            || self.state == State::Closed
    }

    /// Whether `send` would return at once.
    pub fn is_writable(&self) -> bool {
        self.state == State::Closed
            || self.send.has_fin()
            || (self.state.sends() && self.send.has_room())
    }

    /// Whether the peer's end of the stream was received, or the receive direction shut.
    pub fn receive_has_ended(&self) -> bool {
        self.recv.has_ended() || self.recv.is_shut() || self.state == State::Closed
    }

    /// Whether the peer's FIN was taken.
    pub fn peer_has_closed(&self) -> bool {
        self.recv.has_ended()
    }

    /// Whether both directions have ended.
    pub fn has_hung_up(&self) -> bool {
        self.state == State::Closed || (self.receive_has_ended() && self.send.has_fin())
    }

    /// TCP_NODELAY
    pub fn set_no_delay(&mut self, on: bool) {
        self.send.set_no_delay(on);
    }

    /// TCP_CORK
    pub fn set_cork(&mut self, on: bool) {
        self.config.cork = on;
        self.send.set_cork(on);
    }

    /// TCP_QUICKACK
    pub fn set_acknowledging(&mut self, acknowledging: Acknowledging) {
        let delays = acknowledging == Acknowledging::Delayed;
        self.acknowledger.set_interactive(delays);
        let takes = matches!(self.state, State::Established | State::CloseWait);
        if !delays && takes && self.acknowledger.due() != Due::Never {
            // Linux: __tcp_sock_set_quickack does as if a read had ended.
            self.acknowledger.expect_last();
            self.acknowledge_read();
            let once = acknowledging == Acknowledging::QuickOnce;
            self.acknowledger.set_interactive(once);
        }
    }

    /// What TCP_QUICKACK says.
    pub fn acknowledging(&self) -> Acknowledging {
        match self.acknowledger.is_interactive() {
            true => Acknowledging::Delayed,
            false => Acknowledging::Quick,
        }
    }

    /// TCP_LINGER2: for how many seconds FIN-WAIT-2 lasts, from the next entry on.
    pub fn set_fin_wait_2(&mut self, seconds: Option<i32>) {
        self.config.fin_wait_2 = seconds;
    }

    /// TCP_SYNCNT
    pub fn set_syn_count(&mut self, count: Option<u32>) {
        self.config.syn_count = count;
    }

    /// TCP_NOTSENT_LOWAT
    pub fn set_unsent_most(&mut self, octets: Option<u32>) {
        self.send.set_unsent_most(octets);
    }

    /// Turns knobs of the system under a connection that is there. It keeps its TCP options, and
    /// whatever it has taken from the knobs at its beginning.
    pub(crate) fn set_profile(&mut self, profile: &Profile) {
        self.config.profile = Arc::new(Profile {
            options: self.config.profile.options.clone(),
            ..profile.clone()
        });
    }

    /// TCP_MAXSEG, where it counts for a connection that is there
    pub fn set_segment_most(&mut self, octets: u32) {
        if self.config.profile.send.segments_can_shrink && self.state.is_synchronized() {
            self.send.set_segment_most(octets as usize);
        }
    }

    /// TCP_REMOTE_UDP_ENCAPS_PORT
    pub fn datagram_port(&self) -> u16 {
        let carrier = self.config.envelope.datagram;
        carrier.map_or(0, |ports| ports.destination)
    }

    /// IP_TOS, IP_TTL and their twins of IPv6
    pub fn set_header(&mut self, service: Option<u8>, hop_limit: Option<u8>) {
        let envelope = &mut self.config.envelope;
        envelope.service = service.unwrap_or(Envelope::ORDINARY.service);
        envelope.hop_limit = hop_limit.unwrap_or(Envelope::ORDINARY.hop_limit);
    }

    /// TCP_CONGESTION
    pub fn set_congestion(&mut self, algorithm: Algorithm) {
        self.send.set_congestion(algorithm);
    }

    /// MSG_MORE of the write that comes next.
    pub fn expect_more(&mut self) {
        self.send.expect_more();
    }

    /// SO_OOBINLINE
    pub fn set_urgent_inline(&mut self, inline: bool) {
        self.recv.set_urgent_inline(inline);
    }

    /// MSG_OOB of the write that comes next.
    pub fn mark_urgent(&mut self) {
        self.send.mark_urgent();
    }

    /// Reads the urgent octet by itself.
    ///
    /// # Errors
    /// See [`UrgentError`].
    pub fn recv_urgent(&mut self, leaves: bool) -> Result<u8, UrgentError> {
        let ended = self.recv.has_ended() || self.recv.is_shut();
        match self.recv.read_urgent(leaves) {
            Ok(octet) => Ok(octet),
            Err(NoUrgent::Awaited) if !ended => Err(UrgentError::WouldBlock),
            Err(NoUrgent::Awaited | NoUrgent::None) => Err(UrgentError::None),
        }
    }

    /// Whether an urgent octet waits to be read.
    pub fn urgent_waits(&self) -> bool {
        self.recv.urgent_waits()
    }

    /// Whether what is read next is urgent, or was.
    pub fn is_at_mark(&self) -> bool {
        self.recv.is_at_mark()
    }

    /// Octets that can be read before an urgent one.
    pub fn before_mark(&self) -> usize {
        self.recv.before_mark()
    }

    /// IP_MTU_DISCOVER
    pub fn set_path_mtu(&mut self, path_mtu: PathMtu) {
        self.config.path_mtu = path_mtu;
    }

    /// The write that comes next has segments of its own up to each of these octets.
    pub fn break_write(&mut self, breaks: Vec<usize>) {
        self.send.break_write(breaks);
    }

    /// MSG_EOR of the write that comes next.
    pub fn end_record(&mut self) {
        self.send.end_record();
    }

    /// The largest segment that it sends, in octets of payload.
    pub fn segment_most(&self) -> usize {
        self.send.mss()
    }

    /// By how many bits the windows are shifted, the peer's and ours; none: not at all.
    pub(super) fn scales(&self) -> Option<(u8, u8)> {
        let negotiated = self.negotiated;
        (negotiated.scales).then(|| (negotiated.send_shift, self.recv.shift()))
    }

    /// Its buffers, as the handshake has left them.
    pub(crate) fn buffers(&self) -> Buffers {
        Buffers {
            receive: self.recv.settled(),
            send: self.send.limit(),
        }
    }

    /// SO_RCVBUF, in octets.
    pub fn set_receive_buffer(&mut self, octets: usize) {
        self.recv.resize(octets);
    }

    /// Whether a write that waits for room goes on: where memory counts, once poll would tell of
    /// room (Linux: sk_stream_write_space wakes it).
    pub fn wakes_writers(&self) -> bool {
        !self.send.counts_memory() || self.is_writable()
    }

    /// Poll has told that there is no room to write.
    pub fn note_lack(&mut self) {
        self.send.note_lack();
    }

    /// SO_SNDBUF, in octets.
    pub fn set_send_buffer(&mut self, octets: usize) {
        self.send.set_limit(octets);
    }
}

//! A connection that opens with data in its SYN (RFC 7413).

use smoltcp::time::Instant;

use super::Connection;
use super::cookie::FastOpen;
use super::opening::{ClientOpening, ServerOpening, SynAnswer};
use super::segment::{Layout, Segment};
use super::state::State;
use super::written::Octets;

impl Connection {
    /// How many octets the options of our SYN take without Fast Open.
    pub(crate) fn syn_option_octets(&self, now: Instant) -> usize {
        let rules = &self.config.profile.options;
        let layout = Layout {
            syn: &rules.syn,
            syn_ack: rules.answer(),
            padding: rules.padding,
            secret: &[],
        };
        let header = self.bare_header(0, 0, self.syn_options(now));
        header.header(&layout).length() - super::segment::TCP_HEADER
    }

    /// The largest segment that our SYN announces, in octets.
    pub(crate) fn announced_segment(&self) -> u16 {
        self.config.mss
    }

    /// Queues data of a connection that has just begun, some of which goes with the SYN where Fast
    /// Open lets it. Returns how many octets fitted.
    pub(crate) fn open_with(&mut self, opening: Option<ClientOpening>, data: &[u8]) -> usize {
        if let Some(opening) = opening {
            self.fast_open.asks = true;
            self.fast_open.option = opening.option;
            self.send.let_syn_bring(opening.room);
        }
        self.send.write(Octets::Copied(data))
    }

    /// A call waits for the connection, and will send more then.
    pub(crate) fn note_waiting_writer(&mut self) {
        self.fast_open.writer_waits = true;
    }

    /// Acknowledges the server's SYN: at once, or with the data that is about to follow.
    pub(super) fn acknowledge_syn(&mut self, now: Instant) {
        if self.fast_open.writer_waits || self.acknowledger.is_interactive() {
            self.acknowledger.begin_exchange(now);
        } else {
            self.acknowledger.now();
        }
    }

    /// A server's part: its answer, and the data that it takes.
    pub(super) fn take_server_opening(
        &mut self,
        syn: &Segment,
        opening: ServerOpening,
        now: Instant,
    ) {
        self.fast_open.option = opening.option;
        let Some(payload) = opening.payload else {
            return;
        };
        self.fast_open.taken = true;
        self.fast_open.data_arrived = !payload.is_empty();
        let mut header = syn.without_syn();
        header.flags.fin = false;
        let arriving = self.arriving(&header, payload.len());
        self.take_payload(&arriving, payload, now);
        self.acknowledger.forget();
    }

    /// Whether the application has the connection before its handshake is over.
    pub(crate) fn is_open_early(&self) -> bool {
        self.fast_open.taken
    }

    /// The application has accepted the connection.
    pub(crate) fn note_accepted(&mut self) {
        self.fast_open.accepted = true;
    }

    /// Whether data may be sent and received now although the handshake is not over.
    pub(super) fn transfers_early(&self) -> bool {
        self.fast_open.taken && self.state == State::SynReceived
    }

    /// The option of the SYN that is sent now. One that is sent again has none: the option, or the
    /// data, may be why the first was lost (RFC 7413 section 4.1.3.1).
    pub(super) fn fast_open_option(&self) -> Option<FastOpen> {
        self.fast_open
            .option
            .filter(|_| self.patience.timeouts == 0)
    }

    /// The server has answered our SYN.
    pub(super) fn note_syn_answer(&mut self, answer: &Segment, acknowledged: i64) {
        if !self.fast_open.asks {
            return;
        }
        let brought = self.send.syn_data();
        self.fast_open.data_arrived = brought > 0 && acknowledged > brought as i64;
        let unsaid = match self.config.remote.addr {
            smoltcp::wire::IpAddress::Ipv4(_) => 536,
            smoltcp::wire::IpAddress::Ipv6(_) => 1220,
        };
        self.fast_open.answer = Some(SynAnswer {
            option: answer.options.fast_open,
            mss: answer.options.mss.unwrap_or(unsaid),
            asked: self.fast_open.option.is_some(),
            repeated: self.patience.timeouts > 0,
        });
    }

    /// Whether the data of the SYN has arrived with it.
    pub(super) fn syn_data_arrived(&self) -> bool {
        self.fast_open.data_arrived
    }

    /// What the server has answered to a SYN of Fast Open, once.
    pub(crate) fn take_syn_answer(&mut self) -> Option<SynAnswer> {
        self.fast_open.answer.take()
    }
}

//! One side of a transport connection, on one TCP connection, without input or output.
//!
//! The methods of [`Connection`] are of four kinds:
//!
//! - getters, which take `&self`;
//! - `on_*`: what TCP has delivered, TCP's end, and time;
//! - what the user does: [`Connection::accept`], [`Connection::send`], [`Connection::release`] ...;
//! - `poll_*` and [`Connection::network`]: what is to be done next. After every call of the two
//!   kinds before, hand [`Connection::poll_transmit`] to TCP, and do what `network` says once it is
//!   empty.
//!
//! The user learns of the end from [`Connection::end`], and reads what came before it all the same.

use std::collections::{BTreeSet, VecDeque};

use hangup_stack::profile::{IsoRules, ReleaseAnswer};
use hangup_stack::smoltcp::time::{Duration, Instant};

use super::bounded::Bounded;
use super::negotiate::{self, Agreed, Agreement, ClassZero, Wishes};
use super::stream::Outgoing;
use super::table::{Disposition, State, disposition};
use super::tpdu::{
    AdditionalInformation, Class, ConnectData, DisconnectData, DisconnectRequest, EndOfMessage,
    Malformed, NON_DISRUPTIVE, Reason, Reference, RejectCause, RejectedHeader, Selector, Terms,
    Tpdu,
};
use super::tpkt::{Packets, TpduOctets};

/// The longest message in octets.
pub const MESSAGE_MAX: usize = 1 << 20;

/// How a side of a connection behaves where it has a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// What it wants and takes when a connection begins.
    pub wishes: Wishes,
    /// How it answers a disconnect request.
    pub answer: ReleaseResponse,
    /// How long it waits for a request, a confirmation, or the answer to a disconnect request,
    /// before it gives the TCP connection up (the supervisory timers of X.224).
    pub patience: Duration,
}

impl Manners {
    /// What a profile says, for a connection of a class.
    pub fn of(rules: &IsoRules, class: Agreed) -> Self {
        Self {
            wishes: Wishes {
                class,
                class_0_would_do: if rules.offers_class_0 {
                    ClassZero::Offered
                } else {
                    ClassZero::NotOffered
                },
                tpdu_octets_max: rules.tpdu_size,
            },
            answer: match rules.release_answer {
                ReleaseAnswer::AtOnce => ReleaseResponse::AtOnce,
                ReleaseAnswer::WhenUserEnds => {
                    ReleaseResponse::WhenUserEnds(rules.release_answer_within)
                }
            },
            patience: rules.supervision,
        }
    }
}

/// How the called side of a release answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseResponse {
    /// With a disconnect confirmation, at once, as RFC 905 section 6.7.5 has it. The user has no
    /// say, and no disconnect data can go back.
    AtOnce,
    /// Once the user ends the connection as well, or after this time: with a disconnect request
    /// that has data, as if both sides had begun the release, or else with a confirmation.
    WhenUserEnds(Duration),
}

/// Why a connection is over, as the user is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisconnectIndication {
    /// The peer has released it, and what was sent before has arrived.
    Released(DisconnectData),
    /// The peer has ended it, or its provider has; what was sent before may be lost.
    Disrupted(Reason, DisconnectData),
    /// The peer has confirmed this side's release.
    Confirmed,
    /// The peer has refused the connection.
    Refused(Reason, ConnectData),
    /// The caller has taken its request back.
    Withdrawn,
    /// This side has ended it: the peer sent what it must not send.
    Misused,
    /// The peer has refused a TPDU of this side.
    Rejected(RejectCause),
    /// Nothing came for too long.
    TimedOut,
    /// The TCP connection has ended.
    Network(NetworkEnd),
}

impl DisconnectIndication {
    /// Whether nothing was lost: the connection was released and not broken.
    pub const fn is_graceful(&self) -> bool {
        matches!(self, Self::Released(_) | Self::Confirmed)
    }
}

/// How a TCP connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkEnd {
    /// The peer has closed it.
    Closed,
    /// It was reset.
    Reset,
    /// The peer answers no more.
    TimedOut,
}

/// What is to become of the TCP connection once everything has been handed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpAction {
    /// It is needed.
    Keep,
    /// Close it.
    Close,
    /// Reset it.
    Reset,
}

/// A request that waits for the user's answer, as far as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    terms: Terms,
    alternatives: BTreeSet<Class>,
}

impl Request {
    /// Whom it is for; empty where it does not say.
    pub fn called(&self) -> &[u8] {
        self.terms.called.as_ref().map_or(&[], Selector::as_slice)
    }

    /// Whom it is from; empty where it does not say.
    pub fn calling(&self) -> &[u8] {
        self.terms.calling.as_ref().map_or(&[], Selector::as_slice)
    }

    /// The caller's connect data.
    pub fn data(&self) -> &[u8] {
        self.terms.data.as_slice()
    }
}

/// One side of a transport connection.
#[derive(Clone, Debug)]
pub struct Connection {
    state: State,
    manners: Manners,
    /// This side's number of the connection.
    local: Reference,
    /// The peer's, once it is known; 0 until then.
    remote: Reference,
    /// What was agreed on, or what this side wishes until then.
    agreement: Agreement,
    /// What the caller has asked for, on both sides.
    request: Option<Request>,
    /// The connect data of the peer's confirmation.
    confirmed_data: ConnectData,
    packets: Packets,
    outgoing: Outgoing,
    /// The message that is not complete yet.
    partial: Vec<u8>,
    messages: VecDeque<Vec<u8>>,
    receiving: Receiving,
    end: Option<DisconnectIndication>,
    network: TcpAction,
    deadline: Option<Instant>,
}

/// Whether the user still receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiving {
    Yes,
    /// What comes is thrown away: there is no TPDU to say so to the peer.
    No,
}

/// Why a message cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no connection, or it is ending.
    #[error("the transport connection is not open")]
    NotOpen,
    /// The message is longer than [`MESSAGE_MAX`].
    #[error("a message has at most 1048576 octets")]
    TooLong,
}

impl Connection {
    /// The calling side, on a TCP connection that has just been opened: sends the request.
    pub fn call(
        manners: Manners,
        local: Reference,
        (calling, called): (Selector, Selector),
        data: ConnectData,
        now: Instant,
    ) -> Self {
        let mut connection = Self::new(State::AwaitingConfirm, manners, local, now);
        let (terms, alternatives) = negotiate::ask(manners.wishes, local, calling, called, data);
        connection.transmit(&Tpdu::ConnectionRequest {
            terms: terms.clone(),
            alternatives: alternatives.clone(),
        });
        connection.request = Some(Request {
            terms,
            alternatives,
        });
        connection
    }

    /// The called side, on a TCP connection that has just been accepted.
    pub fn listen(manners: Manners, local: Reference, now: Instant) -> Self {
        Self::new(State::AwaitingRequest, manners, local, now)
    }

    fn new(state: State, manners: Manners, local: Reference, now: Instant) -> Self {
        Self {
            state,
            manners,
            local,
            remote: 0,
            agreement: Agreement {
                class: manners.wishes.class,
                tpdu_octets_max: manners.wishes.tpdu_octets_max,
            },
            request: None,
            confirmed_data: ConnectData::EMPTY,
            packets: Packets::default(),
            outgoing: Outgoing::default(),
            partial: Vec::new(),
            messages: VecDeque::new(),
            receiving: Receiving::Yes,
            end: None,
            network: TcpAction::Keep,
            deadline: Some(now + manners.patience),
        }
    }

    // Getters.

    /// How far it has come.
    pub const fn state(&self) -> State {
        self.state
    }

    /// This side's number of it.
    pub const fn reference(&self) -> Reference {
        self.local
    }

    /// What was agreed on; what this side wishes until then.
    pub const fn agreement(&self) -> Agreement {
        self.agreement
    }

    /// The request, once there is one.
    pub const fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// The connect data that came with the confirmation.
    pub const fn confirmed_data(&self) -> &ConnectData {
        &self.confirmed_data
    }

    /// Why it is over; none while it is not, and none where only this side has ended it.
    pub const fn end(&self) -> Option<&DisconnectIndication> {
        self.end.as_ref()
    }

    /// The next message, and it alone.
    pub fn message(&self) -> Option<&[u8]> {
        self.messages.front().map(Vec::as_slice)
    }

    /// How many octets of messages wait to be read. That of one which is not complete are not
    /// counted.
    pub fn queued(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }

    /// Whether more should be taken from TCP, where so many octets may wait to be read. An empty
    /// message counts as one octet, because it needs room as well.
    pub fn has_room(&self, octets_max: usize) -> bool {
        let taken: usize = self
            .messages
            .iter()
            .map(|message| message.len().max(1))
            .sum();
        taken < octets_max
    }

    /// How many octets TCP has not taken yet.
    pub fn unsent(&self) -> usize {
        self.outgoing.octets()
    }

    /// What is to become of the TCP connection once [`Connection::poll_transmit`] is empty.
    pub const fn network(&self) -> TcpAction {
        self.network
    }

    // What happens.

    /// TCP has delivered octets.
    pub fn on_octets(&mut self, octets: &[u8], now: Instant) {
        self.packets.add(octets);
        while self.state != State::Closed {
            match self.packets.next_tpdu() {
                Ok(Some(tpdu)) => self.on_tpdu(&tpdu, now),
                Ok(None) => return,
                // Where the next packet begins cannot be known, so that no TPDU can be refused.
                Err(_) => {
                    self.finish(DisconnectIndication::Misused, TcpAction::Close);
                    return;
                }
            }
        }
    }

    /// The TCP connection has ended.
    pub fn on_network_end(&mut self, how: NetworkEnd) {
        if self.state != State::Closed {
            self.finish(DisconnectIndication::Network(how), TcpAction::Close);
        }
        self.outgoing.clear();
    }

    /// Time has passed.
    pub fn on_time(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::AnswerWithheld => self.answer(DisconnectData::EMPTY),
            State::AwaitingRequest
            | State::AwaitingConfirm
            | State::AwaitingResponse
            | State::Open
            | State::Releasing
            | State::Closed => self.finish(DisconnectIndication::TimedOut, TcpAction::Close),
        }
    }

    // What the user does.

    /// The user behind the called selector agrees to this class at most. For a request that was not
    /// answered yet.
    pub fn set_class(&mut self, class: Agreed) {
        if self.state == State::AwaitingResponse {
            self.manners.wishes.class = class;
        }
    }

    /// Whether the request can be answered with a connection.
    ///
    /// # Errors
    /// The reason why not, as [`Connection::accept`] gives it.
    pub fn is_acceptable(&self) -> Result<(), Reason> {
        let response = self.response(ConnectData::EMPTY);
        response.map(drop)
    }

    /// Answers the request: the connection exists.
    ///
    /// # Errors
    /// The reason why not, which the caller is told as well: no class that both sides have, or
    /// [`Reason::NOT_SPECIFIED`] where there is no request.
    pub fn accept(&mut self, data: ConnectData) -> Result<(), Reason> {
        if self.state != State::AwaitingResponse {
            return Err(Reason::NOT_SPECIFIED);
        }
        match self.response(data) {
            Ok((agreement, terms)) => {
                self.agreement = agreement;
                self.state = State::Open;
                self.deadline = None;
                self.transmit(&Tpdu::ConnectionConfirm {
                    destination: self.remote,
                    terms,
                });
                Ok(())
            }
            Err(reason) => {
                self.refuse(reason, DisconnectData::EMPTY);
                Err(reason)
            }
        }
    }

    /// Answers the request: the connection does not come about.
    pub fn refuse(&mut self, reason: Reason, data: DisconnectData) {
        if self.state != State::AwaitingResponse {
            return;
        }
        // RFC 905 section 6.6: the source reference of a refusal is 0.
        self.disconnect(0, reason, None, data);
        self.close(TcpAction::Close);
    }

    /// Sends a message, in as many data TPDUs as it takes.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(SendError::NotOpen);
        }
        if message.len() > MESSAGE_MAX {
            return Err(SendError::TooLong);
        }
        let room = self.agreement.tpdu_octets_max - self.agreement.class.data_header();
        let mut rest = message;
        loop {
            let (part, after) = rest.split_at(rest.len().min(room));
            let end = match after {
                [] => EndOfMessage::Yes,
                _ => EndOfMessage::No,
            };
            let tpdu = match self.agreement.class {
                Agreed::Zero => Tpdu::DataOfClass0 {
                    end,
                    octets: Bounded::cut(part),
                },
                Agreed::Two => Tpdu::Data {
                    destination: self.remote,
                    end,
                    octets: Bounded::cut(part),
                },
            };
            self.transmit(&tpdu);
            rest = after;
            if end == EndOfMessage::Yes {
                return Ok(());
            }
        }
    }

    /// Takes the next message.
    pub fn take_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop_front()
    }

    /// The user receives no more: what waits and what comes is thrown away. Nothing on the wire
    /// says so.
    pub fn shut_receiving(&mut self) {
        self.receiving = Receiving::No;
        self.messages.clear();
    }

    /// Throws away what waits to be read.
    pub fn purge(&mut self) {
        self.messages.clear();
    }

    /// Ends the connection after everything that was sent, or answers the peer's disconnect
    /// request. In class 0, where only TCP can end it, the data goes nowhere.
    pub fn release(&mut self, data: DisconnectData, now: Instant) {
        match (self.state, self.agreement.class) {
            (State::Open, Agreed::Two) => {
                // RFC 2126 section 4.2.3.
                let additional = AdditionalInformation::new(NON_DISRUPTIVE);
                self.disconnect(self.local, Reason::NORMAL, additional, data);
                self.state = State::Releasing;
                self.deadline = Some(now + self.manners.patience);
            }
            (State::Open, Agreed::Zero) | (State::AwaitingConfirm | State::AwaitingRequest, _) => {
                self.close(TcpAction::Close)
            }
            (State::AwaitingResponse, _) => self.refuse(Reason::NORMAL, data),
            (State::AnswerWithheld, _) => self.answer(data),
            (State::Releasing | State::Closed, _) => {}
        }
    }

    /// Ends the connection now: what TCP has not taken yet is lost.
    pub fn disrupt(&mut self, now: Instant) {
        match (self.state, self.agreement.class) {
            (State::Open, Agreed::Two) => {
                self.outgoing.cut();
                // RFC 2126 section 4.2.3: without additional information.
                self.disconnect(self.local, Reason::NORMAL, None, DisconnectData::EMPTY);
                self.state = State::Releasing;
                self.deadline = Some(now + self.manners.patience);
            }
            (State::Open, Agreed::Zero) | (State::AwaitingConfirm | State::AwaitingRequest, _) => {
                self.outgoing.clear();
                self.close(TcpAction::Reset);
            }
            (State::AwaitingResponse, _) => self.refuse(Reason::NORMAL, DisconnectData::EMPTY),
            (State::AnswerWithheld, _) => self.answer(DisconnectData::EMPTY),
            (State::Releasing | State::Closed, _) => {}
        }
    }

    // What to do next.

    /// The next octets for TCP; empty where there are none.
    pub fn poll_transmit(&self) -> &[u8] {
        self.outgoing.next()
    }

    /// TCP has taken so many of them.
    pub fn transmitted(&mut self, octets: usize) {
        self.outgoing.advance(octets);
    }

    /// When [`Connection::on_time`] is to be called next.
    pub const fn poll_at(&self) -> Option<Instant> {
        self.deadline
    }

    // How it is done.

    /// What would answer the request.
    fn response(&self, data: ConnectData) -> Result<(Agreement, Terms), Reason> {
        let (State::AwaitingResponse, Some(request)) = (self.state, &self.request) else {
            return Err(Reason::NOT_SPECIFIED);
        };
        let Request {
            terms,
            alternatives,
        } = request;
        negotiate::respond(self.manners.wishes, self.local, terms, alternatives, data)
    }

    fn on_tpdu(&mut self, octets: &TpduOctets, now: Instant) {
        let tpdu = match Tpdu::read(octets.as_slice()) {
            Ok(tpdu) => tpdu,
            Err(malformed) => return self.on_malformed(octets, malformed),
        };
        let rejected = |at: usize| RejectedHeader::cut(&octets.as_slice()[..=at]);
        let disposition = disposition(self.state, self.agreement.class, &tpdu);
        let is_taken = !matches!(disposition, Disposition::Ignore | Disposition::Refuse);
        if let Some(at) = self.wrong_reference(&tpdu).filter(|_| is_taken) {
            return self.reject(RejectCause::PARAMETER_VALUE, rejected(at));
        }
        match (disposition, tpdu) {
            (
                Disposition::Offer,
                Tpdu::ConnectionRequest {
                    terms,
                    alternatives,
                },
            ) => {
                self.remote = terms.source;
                self.state = State::AwaitingResponse;
                self.deadline = None;
                self.request = Some(Request {
                    terms,
                    alternatives,
                });
            }
            (Disposition::Conclude, Tpdu::ConnectionConfirm { terms, .. }) => {
                self.conclude(terms, now);
            }
            (Disposition::Refused, Tpdu::DisconnectRequest(request)) => {
                let data = ConnectData::cut(request.data.as_slice());
                self.finish(
                    DisconnectIndication::Refused(request.reason, data),
                    TcpAction::Close,
                );
            }
            (Disposition::Withdrawn, Tpdu::DisconnectRequest(_)) => {
                // X.224 annex A: this side has no reference to answer with.
                self.transmit(&Tpdu::DisconnectConfirm {
                    destination: self.remote,
                    source: 0,
                });
                self.finish(DisconnectIndication::Withdrawn, TcpAction::Close);
            }
            (
                Disposition::Deliver,
                Tpdu::Data {
                    end, octets: data, ..
                },
            ) => {
                self.deliver(octets.len(), end, data.as_slice());
            }
            (Disposition::Deliver, Tpdu::DataOfClass0 { end, octets: data }) => {
                self.deliver(octets.len(), end, data.as_slice());
            }
            (Disposition::PeerReleases, Tpdu::DisconnectRequest(request)) => {
                self.on_release(request, now);
            }
            (Disposition::Collision, Tpdu::DisconnectRequest(request)) => {
                self.finish(end_of(request), TcpAction::Close);
            }
            (Disposition::Confirmed, _) => {
                self.finish(DisconnectIndication::Confirmed, TcpAction::Close)
            }
            (Disposition::PeerRejects, Tpdu::Error { cause, .. }) => {
                self.finish(DisconnectIndication::Rejected(cause), TcpAction::Close);
            }
            (Disposition::Ignore, _) => {}
            (_, _) => self.reject(RejectCause::TPDU_TYPE, rejected(TYPE)),
        }
    }

    /// Where a TPDU has a reference that is not this connection's: the last octet of it.
    fn wrong_reference(&self, tpdu: &Tpdu) -> Option<usize> {
        let (destination, source) = match tpdu {
            Tpdu::ConnectionRequest { terms, .. } => (true, terms.source != 0),
            Tpdu::ConnectionConfirm { destination, .. } | Tpdu::Data { destination, .. } => {
                (*destination == self.local, true)
            }
            Tpdu::DisconnectRequest(request) => {
                // A caller that takes its request back does not know this side's number, and one
                // that is refused never learns the peer's.
                let knows_local = self.state != State::AwaitingResponse;
                let knows_remote = self.state != State::AwaitingConfirm;
                (
                    request.destination == self.local || !knows_local,
                    request.source == self.remote || !knows_remote,
                )
            }
            Tpdu::DisconnectConfirm {
                destination,
                source,
            } => (*destination == self.local, *source == self.remote),
            // An error TPDU answers something that was too wrong to have a reference.
            Tpdu::DataOfClass0 { .. } | Tpdu::Error { .. } => (true, true),
        };
        match (destination, source) {
            (false, _) => Some(DESTINATION_END),
            (true, false) => Some(SOURCE_END),
            (true, true) => None,
        }
    }

    fn on_malformed(&mut self, octets: &TpduOctets, malformed: Malformed) {
        match self.state {
            // Whatever it is, it is no answer to the disconnect request.
            State::Releasing | State::AnswerWithheld | State::Closed => {}
            State::AwaitingRequest => {
                // The source reference of what may have been a request.
                if let [_, _, _, _, high, low, ..] = *octets.as_slice() {
                    self.remote = u16::from_be_bytes([high, low]);
                }
                self.reject(malformed.cause, malformed.rejected(octets.as_slice()));
            }
            State::AwaitingConfirm | State::AwaitingResponse | State::Open => {
                self.reject(malformed.cause, malformed.rejected(octets.as_slice()));
            }
        }
    }

    /// Refuses a TPDU with an error TPDU, and with that the connection: RFC 905 section 6.22 leaves
    /// open what else becomes of it, and without its TPDU the peer's idea of the connection is no
    /// longer this side's.
    fn reject(&mut self, cause: RejectCause, rejected: RejectedHeader) {
        self.transmit(&Tpdu::Error {
            destination: self.remote,
            cause,
            rejected: Some(rejected),
        });
        self.finish(DisconnectIndication::Misused, TcpAction::Close);
    }

    fn conclude(&mut self, confirmed: Terms, now: Instant) {
        self.remote = confirmed.source;
        let Some(request) = &self.request else {
            return;
        };
        match negotiate::conclude(&request.terms, &request.alternatives, &confirmed) {
            Ok(agreement) => {
                self.agreement = agreement;
                self.confirmed_data = confirmed.data;
                self.state = State::Open;
                self.deadline = None;
            }
            Err(reason) => {
                self.end = Some(DisconnectIndication::Misused);
                if confirmed.class == Class::Zero {
                    self.close(TcpAction::Close);
                } else {
                    self.disconnect(self.local, reason, None, DisconnectData::EMPTY);
                    self.state = State::Releasing;
                    self.deadline = Some(now + self.manners.patience);
                }
            }
        }
    }

    /// Takes the data of a TPDU that was so long as a whole.
    fn deliver(&mut self, tpdu_octets: usize, end: EndOfMessage, data: &[u8]) {
        let message = self.partial.len() + data.len();
        if tpdu_octets > self.agreement.tpdu_octets_max || message > MESSAGE_MAX {
            // The length indicator is the only length that an error TPDU could show.
            let header = self.agreement.class.data_header();
            let indicator = u8::try_from(header - 1).unwrap_or(u8::MAX);
            let rejected = RejectedHeader::cut(&[indicator]);
            return self.reject(RejectCause::NOT_SPECIFIED, rejected);
        }
        self.partial.extend(data);
        if end == EndOfMessage::Yes {
            let message = std::mem::take(&mut self.partial);
            match self.receiving {
                Receiving::Yes => self.messages.push_back(message),
                Receiving::No => {}
            }
        }
    }

    fn on_release(&mut self, request: DisconnectRequest, now: Instant) {
        self.end = Some(end_of(request));
        match self.manners.answer {
            ReleaseResponse::AtOnce => self.answer(DisconnectData::EMPTY),
            ReleaseResponse::WhenUserEnds(time) => {
                self.state = State::AnswerWithheld;
                self.deadline = Some(now + time);
            }
        }
    }

    /// Answers the peer's disconnect request.
    fn answer(&mut self, data: DisconnectData) {
        if data.is_empty() {
            self.transmit(&Tpdu::DisconnectConfirm {
                destination: self.remote,
                source: self.local,
            });
        } else {
            let additional = AdditionalInformation::new(NON_DISRUPTIVE);
            self.disconnect(self.local, Reason::NORMAL, additional, data);
        }
        self.close(TcpAction::Close);
    }

    fn disconnect(
        &mut self,
        source: Reference,
        reason: Reason,
        additional: Option<AdditionalInformation>,
        data: DisconnectData,
    ) {
        self.transmit(&Tpdu::DisconnectRequest(DisconnectRequest {
            destination: self.remote,
            source,
            reason,
            additional,
            data,
        }));
    }

    fn transmit(&mut self, tpdu: &Tpdu) {
        self.outgoing.put(&tpdu.write());
    }

    /// The connection is over, which the user is told unless it knows already.
    fn finish(&mut self, end: DisconnectIndication, network: TcpAction) {
        if self.end.is_none() {
            self.end = Some(end);
        }
        self.close(network);
    }

    fn close(&mut self, network: TcpAction) {
        self.state = State::Closed;
        self.deadline = None;
        self.network = network;
        // A message without its end will never have one.
        self.partial.clear();
    }
}

/// Where the type of a TPDU stands.
const TYPE: usize = 1;
/// Where the destination reference of a TPDU ends.
const DESTINATION_END: usize = 3;
/// Where its source reference ends.
const SOURCE_END: usize = 5;

/// What the user is told of a peer's disconnect request.
fn end_of(request: DisconnectRequest) -> DisconnectIndication {
    let non_disruptive = request.reason == Reason::NORMAL
        && request
            .additional
            .is_some_and(|additional| additional.as_slice() == NON_DISRUPTIVE);
    if non_disruptive {
        DisconnectIndication::Released(request.data)
    } else {
        DisconnectIndication::Disrupted(request.reason, request.data)
    }
}

#[cfg(test)]
mod tests;

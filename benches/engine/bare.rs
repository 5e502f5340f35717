//! The reference: two smoltcp interfaces with smoltcp's own TCP sockets, and nothing between them
//! but two queues of frames.
//!
//! It is as quick as smoltcp allows: frames are moved and never copied, buffers are used again, and
//! nothing is looked at on the way. Checksums are computed and verified, as our hosts do.

use std::collections::VecDeque;
use std::mem;

use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet,
};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr, Ipv4Address};

use crate::transfer::{
    CALL_OCTETS, RECEIVE_BUFFER_OCTETS, SEGMENT_OCTETS, SEND_BUFFER_OCTETS, Stalled,
};

const SENDER: Ipv4Address = Ipv4Address::new(192, 0, 2, 1);
const RECEIVER: Ipv4Address = Ipv4Address::new(192, 0, 2, 2);
const PORT: u16 = 80;
/// Ethernet, IPv4 and TCP headers without options.
const HEADER_OCTETS: usize = 14 + 20 + 20;

/// How an interface is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polling {
    /// `Interface::poll`: everything that waits is taken in before anything goes out.
    Batch,
    /// One frame is taken in, then its answers go out.
    Single,
}

/// Carries `octets` from one interface to the other; returns how many frames that took, both ways.
///
/// # Errors
/// The transfer came to a halt.
pub(crate) fn transfer(octets: usize, polling: Polling) -> Result<u64, Stalled> {
    let mut sender = End::new(SENDER, 1, 1, SEND_BUFFER_OCTETS);
    let mut receiver = End::new(RECEIVER, 2, RECEIVE_BUFFER_OCTETS, 1);
    receiver
        .socket()
        .listen(PORT)
        .expect("a new socket can listen");
    let context = sender.interface.context();
    let socket = sender.sockets.get_mut::<tcp::Socket<'_>>(sender.handle);
    socket
        .connect(context, (RECEIVER, PORT), 40000)
        .expect("a new socket can connect");

    let data = vec![0x5a; CALL_OCTETS];
    let mut buffer = vec![0; CALL_OCTETS];
    let (mut sent, mut received) = (0, 0);
    let mut now = Instant::ZERO;
    while received < octets {
        let wrote = sender.write(&data, octets - sent);
        sent += wrote;
        sender.poll(now, polling);
        let to_receiver = carry(&mut sender.device, &mut receiver.device);
        receiver.poll(now, polling);
        let read = receiver.read(&mut buffer);
        received += read;
        let to_sender = carry(&mut receiver.device, &mut sender.device);
        if wrote + read + to_receiver + to_sender == 0 {
            now = [sender.due(now), receiver.due(now)]
                .into_iter()
                .flatten()
                .min()
                .ok_or(Stalled { received })?;
        }
    }
    Ok(sender.device.frames + receiver.device.frames)
}

/// One interface with its device and its only socket.
struct End {
    interface: Interface,
    device: Queues,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
}

impl End {
    fn new(address: Ipv4Address, number: u8, receive_octets: usize, send_octets: usize) -> Self {
        let mut device = Queues::default();
        let ethernet = EthernetAddress([0x02, 0, 0, 0, 0, number]);
        let config = Config::new(ethernet.into());
        let mut interface = Interface::new(config, &mut device, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            let cidr = IpCidr::new(IpAddress::Ipv4(address), 24);
            addresses
                .push(cidr)
                .expect("an interface has room for one address");
        });
        let socket = tcp::Socket::new(
            tcp::SocketBuffer::new(vec![0; receive_octets]),
            tcp::SocketBuffer::new(vec![0; send_octets]),
        );
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Self {
            interface,
            device,
            sockets,
            handle,
        }
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn due(&mut self, now: Instant) -> Option<Instant> {
        self.interface.poll_at(now, &self.sockets)
    }

    /// Writes as much of `data`, over and over, as the send buffer and `limit` allow.
    fn write(&mut self, data: &[u8], limit: usize) -> usize {
        let socket = self.socket();
        let mut total = 0;
        while total < limit && socket.can_send() {
            let part = &data[..data.len().min(limit - total)];
            total += socket
                .send_slice(part)
                .expect("the socket said that it can send");
        }
        total
    }

    /// Reads everything that waits.
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let socket = self.socket();
        let mut total = 0;
        while socket.can_recv() {
            total += socket
                .recv_slice(buffer)
                .expect("the socket said that it can receive");
        }
        total
    }

    fn poll(&mut self, now: Instant, polling: Polling) {
        let Self {
            interface,
            device,
            sockets,
            ..
        } = self;
        match polling {
            Polling::Batch => {
                interface.poll(now, device, sockets);
            }
            Polling::Single => loop {
                let taken = interface.poll_ingress_single(now, device, sockets);
                while interface.poll_egress(now, device, sockets) != PollResult::None {}
                if taken == PollIngressSingleResult::None {
                    break;
                }
            },
        }
    }
}

/// Moves what one device has sent to the other; returns how many frames that were.
fn carry(from: &mut Queues, to: &mut Queues) -> usize {
    let frames = from.leaving.len();
    to.arriving.append(&mut from.leaving);
    // Frames go back and forth between the two ends for ever, never to the allocator.
    from.spare.append(&mut to.used);
    frames
}

/// A device that is two queues of frames.
#[derive(Default)]
struct Queues {
    arriving: VecDeque<Vec<u8>>,
    leaving: VecDeque<Vec<u8>>,
    used: Vec<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    frames: u64,
}

impl Device for Queues {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = HEADER_OCTETS + SEGMENT_OCTETS;
        capabilities
    }

    fn receive(&mut self, _now: Instant) -> Option<(RxToken<'_>, TxToken<'_>)> {
        let frame = self.arriving.pop_front()?;
        let Self {
            used,
            leaving,
            spare,
            frames,
            ..
        } = self;
        Some((
            RxToken { frame, used },
            TxToken {
                leaving,
                spare,
                frames,
            },
        ))
    }

    fn transmit(&mut self, _now: Instant) -> Option<TxToken<'_>> {
        let Self {
            leaving,
            spare,
            frames,
            ..
        } = self;
        Some(TxToken {
            leaving,
            spare,
            frames,
        })
    }
}

/// A frame that has arrived.
struct RxToken<'a> {
    frame: Vec<u8>,
    used: &'a mut Vec<Vec<u8>>,
}

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(mut self, f: F) -> R {
        let result = f(&self.frame);
        self.used.push(mem::take(&mut self.frame));
        result
    }
}

/// Permission to send one frame.
struct TxToken<'a> {
    leaving: &'a mut VecDeque<Vec<u8>>,
    spare: &'a mut Vec<Vec<u8>>,
    frames: &'a mut u64,
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = self.spare.pop().unwrap_or_default();
        frame.resize(length, 0);
        let result = f(&mut frame);
        self.leaving.push_back(frame);
        *self.frames += 1;
        result
    }
}

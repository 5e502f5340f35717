//! A TUN device: IP packets, with a header of virtio before each where the kernel leaves work.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};

use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use super::virtio::VirtioHeader;
use crate::live::namespace::{Machine, Refused, Step, explain};

/// A TUN device of this process, which is gone when it is closed. Nothing of it blocks.
pub struct Tun {
    device: SyncDevice,
    /// Whether each packet has a header that says what the kernel has left to us.
    has_header: bool,
}

impl fmt::Debug for Tun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tun").finish_non_exhaustive()
    }
}

impl Tun {
    /// Makes one in the network namespace that this process is in. It is down, and has no address.
    /// With `offloads` the kernel leaves checksums and segmentation to us.
    ///
    /// # Errors
    /// The machine has no such devices, or refuses this one.
    pub fn make(name: &str, offloads: bool) -> Result<Self, Refused> {
        let make = || {
            let builder = DeviceBuilder::new().name(name).layer(Layer::L3);
            let builder = builder.with(|it| {
                it.offload(offloads);
            });
            let device = builder.enable(false).build_sync()?;
            device.set_nonblocking(true)?;
            Ok(Self {
                device,
                has_header: offloads,
            })
        };
        make().map_err(|error| explain(Step::Device, error, &Machine::look()))
    }

    /// Takes the next packet that the kernel has sent; returns its length. None: there is none.
    ///
    /// # Errors
    /// The device is gone or down.
    pub fn receive(&self, packet: &mut [u8]) -> io::Result<Option<(VirtioHeader, usize)>> {
        let mut header = [0; VirtioHeader::LENGTH];
        let before = if self.has_header { header.len() } else { 0 };
        let mut parts = [
            IoSliceMut::new(&mut header[..before]),
            IoSliceMut::new(packet),
        ];
        match self.device.recv_vectored(&mut parts) {
            Ok(length) => {
                let length = length.saturating_sub(before);
                Ok(Some((VirtioHeader::read(&header), length)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives the kernel a packet, whose parts follow each other.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn send(&self, header: &VirtioHeader, parts: &[IoSlice<'_>]) -> io::Result<()> {
        let first = parts.iter().find_map(|part| part.first());
        let is_ipv6 = first.is_some_and(|octet| octet >> 4 == 6);
        let header = header.write(is_ipv6);
        let mut all = Vec::with_capacity(parts.len() + 1);
        if self.has_header {
            all.push(IoSlice::new(&header));
        }
        all.extend(parts.iter().map(|part| IoSlice::new(part)));
        self.device.send_vectored(&all).map(drop)
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

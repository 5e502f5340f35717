//! Devices: packets to and from the kernel.
//!
//! [`Tun`] carries IP packets with the header of virtio, so that the kernel can leave segmentation
//! and checksums to us and we to it. [`Wire`] carries whole frames of a device that is there
//! already, or of the other end of a cable where `/dev/net/tun` is not for us. [`Port`] is either
//! of them among emulated hosts, or a device that is somebody else's.

mod neighbourhood;
mod packet;
mod port;
mod rooms;
mod split;
mod sum;
mod train;
mod tun;
mod virtio;
mod wire;

pub use port::{DEVICE, Incoming, Losses, Port, PortError};
pub(in crate::live) use split::whole_or_cut;
pub use split::{Unusable, cut_large, frames, large};
pub use tun::Tun;
pub use virtio::{Segmentation, VirtioHeader};
pub use wire::{Sighted, Wire};

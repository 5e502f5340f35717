//! What a connection begins with: what the host, the profile and the options of its socket say.

use std::sync::Arc;

use smoltcp::wire::{IpAddress, IpEndpoint, IpVersion};

use crate::envelope::{DatagramPorts, Envelope, HOP_LIMIT};
use crate::host::Stack;
use crate::options::SocketOptions;
use crate::wire;

impl Stack {
    /// The maximum segment size that an MTU leaves (RFC 6691), or that the profile says.
    fn announced_mss(&self, remote: IpAddress, mtu: usize, carrier: Option<DatagramPorts>) -> u16 {
        let overhead = carrier.map_or(0, |_| self.profile.encapsulation.overhead);
        let headers = wire::ip_header(remote) + crate::tcp::segment::TCP_HEADER + overhead;
        let fits = mtu.saturating_sub(headers).min(usize::from(u16::MAX)) as u16;
        self.profile.options.mss.unwrap_or(fits).min(fits)
    }

    pub(crate) fn connection_config(
        &mut self,
        local: IpEndpoint,
        remote: IpEndpoint,
        options: &SocketOptions,
        carrier: Option<DatagramPorts>,
    ) -> crate::tcp::Config {
        let mtu = if options.least_mtu && remote.addr.version() == IpVersion::Ipv6 {
            self.mtu.min(IPV6_LEAST_MTU)
        } else {
            self.mtu
        };
        let mss = self.announced_mss(remote.addr, mtu, carrier);
        crate::tcp::Config {
            profile: Arc::clone(&self.profile),
            local,
            remote,
            envelope: envelope_of(options, carrier),
            path_mtu: options.path_mtu,
            signs: options.signs,
            mss: mss.min(segment_bound(options)),
            receive_buffer: options.receive_buffer,
            send_buffer: options.send_buffer,
            no_delay: options.no_delay,
            urgent_inline: options.urgent_inline,
            keep_alive: options.keep_alive,
            user_timeout: options.user_timeout,
            handshake_limit: options.handshake_limit,
            no_options: options.no_tcp_options,
            fin_wait_2: options.fin_wait_2,
            syn_count: options.syn_count,
            unsent_most: options.unsent_most,
            cork: options.cork,
            acknowledging: options.acknowledging,
            congestion: options.congestion,
            initial_sequence: self.random.bits(),
        }
    }
}

/// The packet that every link of IPv6 takes, in octets (RFC 8200 section 5).
const IPV6_LEAST_MTU: usize = 1280;

/// What the segments of a socket are in.
pub(crate) fn envelope_of(options: &SocketOptions, carrier: Option<DatagramPorts>) -> Envelope {
    Envelope {
        service: options.service.unwrap_or(0),
        hop_limit: options.hop_limit.unwrap_or(HOP_LIMIT),
        datagram: carrier,
    }
}

/// The largest segment that an application wants announced (TCP_MAXSEG).
fn segment_bound(options: &SocketOptions) -> u16 {
    let octets = options.max_segment.unwrap_or(u32::MAX);
    u16::try_from(octets).unwrap_or(u16::MAX)
}

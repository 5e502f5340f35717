//! The protocol catalog: which protocols there are, who provides them, and which of them a socket
//! gets.
//!
//! Values of the TCP/IP entries are those of Windows (page WSAPROTOCOL_INFO; `netsh winsock show
//! catalog`) and of Wine's table, which agrees with it. The ISO entries are ours: Windows ships
//! none, and names, GUID and catalog numbers of the historical third-party ones are not on record.

use std::fmt;

use crate::address::{AF_INET, AF_INET6, AF_ISO, AF_UNSPEC};
use crate::error::WsaError;
use crate::provider::itot::connection::MESSAGE_MAX;

/// A byte stream.
pub const SOCK_STREAM: i32 = 1;
/// Datagrams.
pub const SOCK_DGRAM: i32 = 2;
/// Messages, delivered in order on a connection.
pub const SOCK_SEQPACKET: i32 = 5;
/// TCP.
pub const IPPROTO_TCP: i32 = 6;
/// UDP.
pub const IPPROTO_UDP: i32 = 17;
/// ISO transport class 0 (wshisotp.h).
pub const ISOPROTO_TP0: i32 = 25;
/// ISO transport class 2 (wshisotp.h).
pub const ISOPROTO_TP2: i32 = 27;

/// dwServiceFlags1: datagrams instead of connections.
pub const XP1_CONNECTIONLESS: u32 = 0x1;
/// dwServiceFlags1: all data sent arrives.
pub const XP1_GUARANTEED_DELIVERY: u32 = 0x2;
/// dwServiceFlags1: data arrives in the order of sending, if at all.
pub const XP1_GUARANTEED_ORDER: u32 = 0x4;
/// dwServiceFlags1: message boundaries are kept.
pub const XP1_MESSAGE_ORIENTED: u32 = 0x8;
/// dwServiceFlags1: messages are sent, but receives need not keep their boundaries.
pub const XP1_PSEUDO_STREAM: u32 = 0x10;
/// dwServiceFlags1: a close loses no data.
pub const XP1_GRACEFUL_CLOSE: u32 = 0x20;
/// dwServiceFlags1: urgent data.
pub const XP1_EXPEDITED_DATA: u32 = 0x40;
/// dwServiceFlags1: data can go with a connection request and its answer.
pub const XP1_CONNECT_DATA: u32 = 0x80;
/// dwServiceFlags1: data can go with a disconnection.
pub const XP1_DISCONNECT_DATA: u32 = 0x100;
/// dwServiceFlags1: broadcasts.
pub const XP1_SUPPORT_BROADCAST: u32 = 0x200;
/// dwServiceFlags1: multicasts.
pub const XP1_SUPPORT_MULTIPOINT: u32 = 0x400;
/// dwServiceFlags1: the sockets are handles of the file system, which ReadFile takes too.
pub const XP1_IFS_HANDLES: u32 = 0x2_0000;

/// dwProviderFlags: the provider has more entries for this protocol.
pub const PFL_MULTIPLE_PROTO_ENTRIES: u32 = 0x1;
/// dwProviderFlags: of several entries this one is the best.
pub const PFL_RECOMMENDED_PROTO_ENTRY: u32 = 0x2;
/// dwProviderFlags: WSAEnumProtocols does not tell of it.
pub const PFL_HIDDEN: u32 = 0x4;
/// dwProviderFlags: the entry also matches protocol 0.
pub const PFL_MATCHES_PROTOCOL_ZERO: u32 = 0x8;

/// FROM_PROTOCOL_INFO: WSASocket takes the parameter from lpProtocolInfo.
pub const FROM_PROTOCOL_INFO: i32 = -1;

/// dwMessageSize of a protocol without a limit.
pub const NO_MESSAGE_SIZE_MAX: u32 = 0xffff_ffff;

/// The most entries in a chain (MAX_PROTOCOL_CHAIN).
pub const CHAIN_MAX: usize = 7;

/// The GUID of a service provider.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub u128);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = self;
        write!(
            f,
            "{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}",
            value >> 96,
            (value >> 80) & 0xffff,
            (value >> 64) & 0xffff,
            (value >> 48) & 0xffff,
            value & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The base provider of TCP/IP and UDP/IP.
pub const TCPIP: Guid = Guid(0xE70F_1AA0_AB8B_11CF_8CA3_0080_5F48_A192);
/// The same over IPv6.
pub const TCPIP6: Guid = Guid(0xF9EA_B0C0_26D4_11D0_BBBF_00AA_006C_34E4);
/// The base provider of ISO transport over TCP. (Ours.)
pub const ITOT: Guid = Guid(0x5D1C_6F42_0A2B_4E17_9C55_7270_6474_7032);
/// The layered provider that writes down what passes through it. (Ours.)
pub const TRACING: Guid = Guid(0x5D1C_6F42_0A2B_4E17_9C55_7472_6163_6572);

/// dwCatalogEntryId: how a catalog entry is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

/// WSAPROTOCOL_INFO: a protocol of the catalog. Left out are the fields that every entry has the
/// same value in: dwServiceFlags2 to 4 (0), iVersion (2), iProtocolMaxOffset (0), iNetworkByteOrder
/// (BIGENDIAN), iSecurityScheme (SECURITY_PROTOCOL_NONE), dwProviderReserved (0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolInfo {
    /// dwServiceFlags1: what the protocol can do, as `XP1_*`.
    pub service_flags: u32,
    /// dwProviderFlags: how the catalog uses the entry, as `PFL_*`.
    pub provider_flags: u32,
    /// ProviderId.
    pub provider: Guid,
    /// dwCatalogEntryId.
    pub entry: EntryId,
    /// ProtocolChain.
    pub chain: Chain,
    /// iAddressFamily.
    pub family: i32,
    /// iMaxSockAddr, in octets.
    pub address_max: i32,
    /// iMinSockAddr, in octets.
    pub address_min: i32,
    /// iSocketType.
    pub kind: i32,
    /// iProtocol.
    pub protocol: i32,
    /// dwMessageSize, in octets: 0 for a byte stream, [`NO_MESSAGE_SIZE_MAX`] for no limit.
    pub message_size: u32,
    /// szProtocol.
    pub name: String,
}

/// ProtocolChain: how an entry stands to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// LAYERED_PROTOCOL: a layer by itself, which is a protocol only over another. No socket is of
    /// it.
    Layer,
    /// BASE_PROTOCOL.
    Base,
    /// A layer over others: the entry of the layer, then those below it, to a base protocol.
    Over(Vec<EntryId>),
}

impl Chain {
    /// ChainLen: 0, 1, or how long the chain is.
    pub fn length(&self) -> usize {
        match self {
            Self::Layer => 0,
            Self::Base => 1,
            Self::Over(entries) => entries.len(),
        }
    }
}

impl ProtocolInfo {
    /// Whether the protocol has all of these `XP1_*`.
    pub const fn has(&self, service_flags: u32) -> bool {
        self.service_flags & service_flags == service_flags
    }

    /// Whether receives deliver a byte stream: not so where messages keep their boundaries (page
    /// WSPRecv: XP1_MESSAGE_ORIENTED without XP1_PSEUDO_STREAM).
    pub const fn is_byte_stream(&self) -> bool {
        !self.has(XP1_MESSAGE_ORIENTED) || self.has(XP1_PSEUDO_STREAM)
    }
}

/// The protocols of a machine, in the order in which `socket` looks at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    entries: Vec<ProtocolInfo>,
}

/// The most entries of a catalog.
pub const ENTRIES_MAX: usize = 256;

impl Catalog {
    /// TCP/IP, UDP/IP, both over IPv6, and ISO transport over TCP.
    pub fn built_in() -> Self {
        Self { entries: entries() }
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[ProtocolInfo] {
        &self.entries
    }

    /// The entry with a number.
    pub fn entry(&self, id: EntryId) -> Option<&ProtocolInfo> {
        self.entries.iter().find(|info| info.entry == id)
    }

    /// WSCInstallProvider: adds an entry before all others, which is where a layer that is to take
    /// part has to be. False: the number is taken, or the catalog is full.
    pub fn install_first(&mut self, info: ProtocolInfo) -> bool {
        let fits = self.entries.len() < ENTRIES_MAX
            && info.chain.length() <= CHAIN_MAX
            && self.entry(info.entry).is_none();
        if fits {
            self.entries.insert(0, info);
        }
        fits
    }

    /// A number for a new entry.
    pub fn free_entry(&self) -> EntryId {
        let last = self.entries.iter().map(|info| info.entry.0).max();
        EntryId(last.map_or(FIRST_ENTRY, |last| last + 1))
    }

    /// The entry of a new socket: the first that matches. 0 matches every family and every type;
    /// protocol 0 matches the entries that say so.
    ///
    /// # Errors
    /// The first of the three parameters that no entry goes with: WSAEAFNOSUPPORT,
    /// WSAESOCKTNOSUPPORT, WSAEPROTONOSUPPORT; WSAEPROTOTYPE where there is such a protocol, for
    /// another socket type; WSAEINVAL where all three are 0.
    pub fn find(&self, family: i32, kind: i32, protocol: i32) -> Result<&ProtocolInfo, WsaError> {
        if (family, kind, protocol) == (AF_UNSPEC, 0, 0) {
            return Err(WsaError::Invalid);
        }
        let family_fits = |info: &&ProtocolInfo| family == AF_UNSPEC || info.family == family;
        let kind_fits = |info: &&ProtocolInfo| kind == 0 || info.kind == kind;
        let number_fits = |info: &&ProtocolInfo| match protocol {
            0 => info.provider_flags & PFL_MATCHES_PROTOCOL_ZERO != 0,
            _ => info.protocol == protocol,
        };
        let is_protocol = |info: &&ProtocolInfo| info.chain != Chain::Layer;
        let of_family = || self.entries.iter().filter(is_protocol).filter(family_fits);
        if let Some(info) = of_family().filter(kind_fits).find(number_fits) {
            return Ok(info);
        }
        Err(if of_family().next().is_none() {
            WsaError::AddressFamilyNotSupported
        } else if of_family().find(kind_fits).is_none() {
            WsaError::SocketTypeNotSupported
        } else if of_family().find(number_fits).is_none() {
            WsaError::ProtocolNotSupported
        } else {
            WsaError::PrototypeMismatch
        })
    }

    /// WSAEnumProtocols: the entries that are not hidden; with a list, those whose protocol is in
    /// it.
    pub fn visible<'a>(
        &'a self,
        protocols: Option<&'a [i32]>,
    ) -> impl Iterator<Item = &'a ProtocolInfo> {
        self.entries.iter().filter(move |info| {
            info.provider_flags & PFL_HIDDEN == 0
                && protocols.is_none_or(|protocols| protocols.contains(&info.protocol))
        })
    }
}

/// dwCatalogEntryId of the first entry, as on Windows.
const FIRST_ENTRY: u32 = 1001;

const TCP_FLAGS: u32 = XP1_GUARANTEED_DELIVERY
    | XP1_GUARANTEED_ORDER
    | XP1_GRACEFUL_CLOSE
    | XP1_EXPEDITED_DATA
    | XP1_IFS_HANDLES;
const UDP_FLAGS: u32 = XP1_CONNECTIONLESS
    | XP1_MESSAGE_ORIENTED
    | XP1_SUPPORT_BROADCAST
    | XP1_SUPPORT_MULTIPOINT
    | XP1_IFS_HANDLES;
const TP0_FLAGS: u32 = XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_MESSAGE_ORIENTED;
const TP2_FLAGS: u32 = TP0_FLAGS | XP1_GRACEFUL_CLOSE | XP1_CONNECT_DATA | XP1_DISCONNECT_DATA;

/// dwMessageSize of ISO transport, whose messages have no limit but the provider's.
const ISO_MESSAGE_SIZE: u32 = MESSAGE_MAX as u32;

/// dwMessageSize of UDP on Windows: what an IPv4 datagram holds, less what its options may take.
const UDP_MESSAGE_SIZE: u32 = 0xffbb;

#[rustfmt::skip]
fn entries() -> Vec<ProtocolInfo> {
    let base = |number, provider, service_flags, (family, size), kind, protocol, message_size,
                name: &str| ProtocolInfo {
        service_flags,
        // ISO transport is asked for by name; its protocol has no number that a program leaves out.
        provider_flags: if family == AF_ISO { 0 } else { PFL_MATCHES_PROTOCOL_ZERO },
        provider,
        entry: EntryId(number),
        chain: Chain::Base,
        family,
        address_max: size,
        address_min: size,
        kind,
        protocol,
        message_size,
        name: name.to_owned(),
    };
    let inet = (AF_INET, 16);
    let inet6 = (AF_INET6, 28);
    let iso = (AF_ISO, 72);
    // 1003 and 1006 are Windows's raw entries, which are not here.
    vec![
        base(1001, TCPIP, TCP_FLAGS, inet, SOCK_STREAM, IPPROTO_TCP, 0, "MSAFD Tcpip [TCP/IP]"),
        base(1002, TCPIP, UDP_FLAGS, inet, SOCK_DGRAM, IPPROTO_UDP, UDP_MESSAGE_SIZE,
             "MSAFD Tcpip [UDP/IP]"),
        base(1004, TCPIP6, TCP_FLAGS, inet6, SOCK_STREAM, IPPROTO_TCP, 0,
             "MSAFD Tcpip [TCP/IPv6]"),
        base(1005, TCPIP6, UDP_FLAGS, inet6, SOCK_DGRAM, IPPROTO_UDP, UDP_MESSAGE_SIZE,
             "MSAFD Tcpip [UDP/IPv6]"),
        base(1101, ITOT, TP2_FLAGS, iso, SOCK_SEQPACKET, ISOPROTO_TP2, ISO_MESSAGE_SIZE,
             "hangup ISO transport class 2 over TCP [ITOT, RFC 2126]"),
        base(1102, ITOT, TP0_FLAGS, iso, SOCK_SEQPACKET, ISOPROTO_TP0, ISO_MESSAGE_SIZE,
             "hangup ISO transport class 0 over TCP [TP0, RFC 1006]"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `socket` makes of family, type and protocol.
    #[test]
    fn finding() {
        let catalog = Catalog::built_in();
        type Row = ((i32, i32, i32), Result<u32, WsaError>);
        let rows: &[Row] = &[
            ((AF_INET, SOCK_STREAM, IPPROTO_TCP), Ok(1001)),
            ((AF_INET, SOCK_STREAM, 0), Ok(1001)),
            ((AF_INET, SOCK_DGRAM, 0), Ok(1002)),
            ((AF_INET, 0, IPPROTO_UDP), Ok(1002)),
            ((AF_UNSPEC, SOCK_STREAM, 0), Ok(1001)),
            ((AF_UNSPEC, 0, IPPROTO_UDP), Ok(1002)),
            ((AF_INET6, 0, 0), Ok(1004)),
            ((AF_INET6, SOCK_DGRAM, IPPROTO_UDP), Ok(1005)),
            ((AF_ISO, SOCK_SEQPACKET, ISOPROTO_TP2), Ok(1101)),
            ((AF_ISO, SOCK_SEQPACKET, ISOPROTO_TP0), Ok(1102)),
            ((AF_UNSPEC, 0, ISOPROTO_TP2), Ok(1101)),
            ((AF_UNSPEC, 0, 0), Err(WsaError::Invalid)),
            (
                (99, SOCK_STREAM, IPPROTO_TCP),
                Err(WsaError::AddressFamilyNotSupported),
            ),
            ((AF_INET, 3, 0), Err(WsaError::SocketTypeNotSupported)),
            (
                (AF_INET, SOCK_SEQPACKET, 0),
                Err(WsaError::SocketTypeNotSupported),
            ),
            (
                (AF_INET, SOCK_STREAM, 99),
                Err(WsaError::ProtocolNotSupported),
            ),
            (
                (AF_ISO, SOCK_SEQPACKET, 0),
                Err(WsaError::ProtocolNotSupported),
            ),
            (
                (AF_INET, SOCK_STREAM, IPPROTO_UDP),
                Err(WsaError::PrototypeMismatch),
            ),
            (
                (AF_INET, SOCK_DGRAM, IPPROTO_TCP),
                Err(WsaError::PrototypeMismatch),
            ),
        ];
        for &((family, kind, protocol), expected) in rows {
            let found = catalog.find(family, kind, protocol);
            let found = found.map(|info| info.entry.0);
            assert_eq!(found, expected, "({family}, {kind}, {protocol})");
        }
    }

    /// The flags that the documents and the machines give (a layer of ours changes none of them).
    #[test]
    fn service_flags() {
        let flags: Vec<_> = Catalog::built_in()
            .entries
            .iter()
            .map(|info| info.service_flags)
            .collect();
        assert_eq!(flags, [0x20066, 0x20609, 0x20066, 0x20609, 0x1ae, 0x0e]);
    }

    /// A layer goes in front, under a number of its own.
    #[test]
    fn installing() {
        let mut catalog = Catalog::built_in();
        let layer = ProtocolInfo {
            entry: catalog.free_entry(),
            chain: Chain::Over(vec![catalog.free_entry(), EntryId(1001)]),
            ..catalog.entries[0].clone()
        };
        assert!(catalog.install_first(layer.clone()));
        assert!(!catalog.install_first(layer.clone()), "the number is taken");
        assert_eq!(catalog.find(AF_INET, SOCK_STREAM, 0), Ok(&layer));
        assert_eq!(layer.chain.length(), 2);
    }
}

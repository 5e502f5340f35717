//! The protocol catalog: which protocols there are, who provides them, and which of them a socket
//! gets.
//!
//! Each provider brings the entries of its protocols along
//! ([`registry`](crate::provider::registry)).

use std::fmt;

use crate::address::AF_UNSPEC;
use crate::error::WsaError;

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
    /// The entry of a base protocol: its number, provider and name, what it can do as `XP1_*`, its
    /// address family with the size of an address in octets, its socket type and its number. It is
    /// a byte stream that also matches protocol 0.
    pub fn base(
        (entry, provider, name): (EntryId, Guid, &str),
        service_flags: u32,
        (family, address_size): (i32, i32),
        (kind, protocol): (i32, i32),
    ) -> Self {
        Self {
            service_flags,
            provider_flags: PFL_MATCHES_PROTOCOL_ZERO,
            provider,
            entry,
            chain: Chain::Base,
            family,
            address_max: address_size,
            address_min: address_size,
            kind,
            protocol,
            message_size: 0,
            name: name.to_owned(),
        }
    }

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    entries: Vec<ProtocolInfo>,
}

/// The most entries of a catalog.
pub const ENTRIES_MAX: usize = 256;

impl Catalog {
    /// A catalog with these entries, in order.
    pub const fn of(entries: Vec<ProtocolInfo>) -> Self {
        Self { entries }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{AF_INET, AF_INET6, AF_ISO};

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

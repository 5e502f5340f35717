//! The catalog entries of ISO transport over TCP. They are ours: Windows ships none, and names,
//! GUID and catalog numbers of the historical third-party ones are not on record.

use super::connection::MESSAGE_MAX;
use crate::address::AF_ISO;
use crate::catalog::{
    EntryId, Guid, ISOPROTO_TP0, ISOPROTO_TP2, ProtocolInfo, SOCK_SEQPACKET, XP1_CONNECT_DATA,
    XP1_DISCONNECT_DATA, XP1_GRACEFUL_CLOSE, XP1_GUARANTEED_DELIVERY, XP1_GUARANTEED_ORDER,
    XP1_MESSAGE_ORIENTED,
};

/// ProviderId. (Ours.)
pub const ITOT: Guid = Guid(0x5D1C_6F42_0A2B_4E17_9C55_7270_6474_7032);

/// The port of ISO transport over TCP (RFC 2126), which an address without one means.
pub const PORT: u16 = 102;

const TP0_FLAGS: u32 = XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_MESSAGE_ORIENTED;
const TP2_FLAGS: u32 = TP0_FLAGS | XP1_GRACEFUL_CLOSE | XP1_CONNECT_DATA | XP1_DISCONNECT_DATA;

/// dwMessageSize: messages have no limit but the provider's.
const MESSAGE_SIZE: u32 = MESSAGE_MAX as u32;

/// Class 2, and class 0, which has no disconnect data.
pub fn protocols() -> Vec<ProtocolInfo> {
    let iso = |number, service_flags, protocol, name| ProtocolInfo {
        // ISO transport is asked for by name; its protocol has no number that a program leaves out.
        provider_flags: 0,
        message_size: MESSAGE_SIZE,
        ..ProtocolInfo::base(
            (EntryId(number), ITOT, name),
            service_flags,
            (AF_ISO, 72),
            (SOCK_SEQPACKET, protocol),
        )
    };
    vec![
        iso(
            1101,
            TP2_FLAGS,
            ISOPROTO_TP2,
            "hangup ISO transport class 2 over TCP [ITOT, RFC 2126]",
        ),
        iso(
            1102,
            TP0_FLAGS,
            ISOPROTO_TP0,
            "hangup ISO transport class 0 over TCP [TP0, RFC 1006]",
        ),
    ]
}

//! The catalog entries of TCP/IP and UDP/IP. Their values are those of Windows (page
//! WSAPROTOCOL_INFO; `netsh winsock show catalog`) and of Wine's table, which agrees with it.

use crate::address::{AF_INET, AF_INET6};
use crate::catalog::{
    EntryId, Guid, IPPROTO_TCP, IPPROTO_UDP, ProtocolInfo, SOCK_DGRAM, SOCK_STREAM,
    XP1_CONNECTIONLESS, XP1_EXPEDITED_DATA, XP1_GRACEFUL_CLOSE, XP1_GUARANTEED_DELIVERY,
    XP1_GUARANTEED_ORDER, XP1_IFS_HANDLES, XP1_MESSAGE_ORIENTED, XP1_SUPPORT_BROADCAST,
    XP1_SUPPORT_MULTIPOINT,
};

/// ProviderId of TCP/IP and UDP/IP.
pub const TCPIP: Guid = Guid(0xE70F_1AA0_AB8B_11CF_8CA3_0080_5F48_A192);
/// The same over IPv6.
pub const TCPIP6: Guid = Guid(0xF9EA_B0C0_26D4_11D0_BBBF_00AA_006C_34E4);

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

/// dwMessageSize of UDP on Windows: what an IPv4 datagram holds, less what its options may take.
const UDP_MESSAGE_SIZE: u32 = 0xffbb;

/// TCP/IP and UDP/IP, then both over IPv6.
pub fn protocols() -> Vec<ProtocolInfo> {
    let tcp = |number, provider, name, family| {
        let socket = (SOCK_STREAM, IPPROTO_TCP);
        ProtocolInfo::base((EntryId(number), provider, name), TCP_FLAGS, family, socket)
    };
    let udp = |number, provider, name, family| {
        let socket = (SOCK_DGRAM, IPPROTO_UDP);
        ProtocolInfo {
            message_size: UDP_MESSAGE_SIZE,
            ..ProtocolInfo::base((EntryId(number), provider, name), UDP_FLAGS, family, socket)
        }
    };
    let (inet, inet6) = ((AF_INET, 16), (AF_INET6, 28));
    // 1003 and 1006 are Windows's raw entries, which are not here.
    vec![
        tcp(1001, TCPIP, "MSAFD Tcpip [TCP/IP]", inet),
        udp(1002, TCPIP, "MSAFD Tcpip [UDP/IP]", inet),
        tcp(1004, TCPIP6, "MSAFD Tcpip [TCP/IPv6]", inet6),
        udp(1005, TCPIP6, "MSAFD Tcpip [UDP/IPv6]", inet6),
    ]
}

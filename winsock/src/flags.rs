//! Numbers that programs pass to providers: flags of sends and receives, directions of a shutdown,
//! flags of a new socket.

/// Out-of-band data, which no protocol here has.
pub const MSG_OOB: i32 = 0x1;
/// Leaves the data in the queue.
pub const MSG_PEEK: i32 = 0x2;
/// Do not route. (Changes nothing here.)
pub const MSG_DONTROUTE: i32 = 0x4;
/// Wait for the whole buffer, on a byte stream that blocks.
pub const MSG_WAITALL: i32 = 0x8;
/// Do not hold a receive that is filled in part. (None is held here without MSG_WAITALL.)
pub const MSG_PUSH_IMMEDIATE: i32 = 0x20;
/// A part of a message.
pub const MSG_PARTIAL: i32 = 0x8000;

/// shutdown: no more receiving.
pub const SD_RECEIVE: i32 = 0;
/// shutdown: no more sending.
pub const SD_SEND: i32 = 1;
/// shutdown: neither.
pub const SD_BOTH: i32 = 2;

/// WSASocket: the socket supports overlapped calls, as every socket here does.
pub const WSA_FLAG_OVERLAPPED: u32 = 0x01;
/// WSASocket: child processes do not inherit the socket. (There are none.)
pub const WSA_FLAG_NO_HANDLE_INHERIT: u32 = 0x80;

/// TransmitFile: the connection is ended behind the data.
pub const TF_DISCONNECT: u32 = 0x01;
/// TransmitFile and DisconnectEx: the socket can be connected again afterwards.
pub const TF_REUSE_SOCKET: u32 = 0x02;

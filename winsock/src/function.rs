//! The names of the functions of Ws2_32.dll.

/// Defines the enum, the names, and whether the page of a function carries the note about blocking
/// calls inside an APC.
macro_rules! functions {
    ($($variant:ident = $name:literal $blocking:ident,)*) => {
        /// A function of Ws2_32.dll.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is named like its function")]
        pub enum Function {
            $($variant,)*
        }

        impl Function {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Whether it is a "blocking Winsock call" in the sense of the note that its page
            /// carries: one that may have to wait for a network event, in an alertable wait.
            pub const fn may_block(self) -> bool {
                match self {
                    $(Self::$variant => functions!(@ $blocking),)*
                }
            }
        }
    };
    (@ blocks) => { true };
    (@ returns) => { false };
}

functions! {
    Startup = "WSAStartup" returns,
    Cleanup = "WSACleanup" returns,
    Socket = "WSASocket" returns,
    Bind = "bind" returns,
    Listen = "listen" returns,
    Accept = "accept" blocks,
    WsaAccept = "WSAAccept" blocks,
    Connect = "connect" blocks,
    WsaConnect = "WSAConnect" blocks,
    GetPeerName = "getpeername" returns,
    GetSockName = "getsockname" returns,
    Send = "send" blocks,
    WsaSend = "WSASend" blocks,
    SendTo = "sendto" blocks,
    Recv = "recv" blocks,
    WsaRecv = "WSARecv" blocks,
    RecvFrom = "recvfrom" blocks,
    Shutdown = "shutdown" returns,
    RecvDisconnect = "WSARecvDisconnect" blocks,
    SendDisconnect = "WSASendDisconnect" returns,
    CloseSocket = "closesocket" returns,
    ConnectEx = "ConnectEx" returns,
    AcceptEx = "AcceptEx" returns,
    DisconnectEx = "DisconnectEx" blocks,
    TransmitFile = "TransmitFile" blocks,
    SetSockOpt = "setsockopt" returns,
    GetSockOpt = "getsockopt" returns,
    IoctlSocket = "ioctlsocket" returns,
    WsaIoctl = "WSAIoctl" returns,
    Select = "select" blocks,
    Poll = "WSAPoll" blocks,
    EventSelect = "WSAEventSelect" returns,
    EnumNetworkEvents = "WSAEnumNetworkEvents" returns,
    GetOverlappedResult = "WSAGetOverlappedResult" returns,
    SetBlockingHook = "WSASetBlockingHook" returns,
    CreateEvent = "WSACreateEvent" returns,
    CloseEvent = "WSACloseEvent" returns,
    SetEvent = "WSASetEvent" returns,
    ResetEvent = "WSAResetEvent" returns,
    EnumProtocols = "WSAEnumProtocols" returns,
    AddressToString = "WSAAddressToString" returns,
    StringToAddress = "WSAStringToAddress" returns,
    WaitForMultipleEvents = "WSAWaitForMultipleEvents" returns,
    SleepEx = "SleepEx" returns,
    WspRecvDisconnect = "WSPRecvDisconnect" returns,
    WspSendDisconnect = "WSPSendDisconnect" returns,
    WspShutdown = "WSPShutdown" returns,
}

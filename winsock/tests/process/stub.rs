//! A provider that answers WSPStartup and makes sockets nobody can use.

use hangup_winsock::catalog::ProtocolInfo;
use hangup_winsock::provider::{
    Context, Data, Disconnect, Events, Layered, Provider, SocketOptions, Sockets, WspData,
};
use hangup_winsock::version::Version;
use hangup_winsock::{Address, Progress, Socket, WsaError};

/// The provider, and the version that it answers with; none: it fails.
#[derive(Debug)]
pub(crate) struct Stub {
    answer: Option<Version>,
}

impl Stub {
    pub(crate) fn new(answer: Option<Version>) -> Self {
        Self { answer }
    }
}

impl Layered for Stub {}
impl Data for Stub {}
impl SocketOptions for Stub {}
impl Events for Stub {}

impl Provider for Stub {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Result<WspData, WsaError> {
        assert_eq!(requested, Version::HIGHEST);
        let version = self.answer.ok_or(WsaError::SystemNotReady)?;
        Ok(WspData {
            version,
            high_version: version,
            description: "stub".to_owned(),
        })
    }
}

impl Sockets for Stub {
    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        _: u32,
    ) -> Result<Socket, WsaError> {
        Ok(context.upcalls.create_socket_handle(info.entry, 42))
    }

    fn bind(&mut self, context: &mut Context<'_>, s: Socket, _: &Address) -> Result<(), WsaError> {
        assert_eq!(context.upcalls.socket_context(s), Ok(42));
        Ok(())
    }
}

impl Disconnect for Stub {
    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Progress<()> {
        context.upcalls.close_socket_handle(s).into()
    }
}

//! A provider that answers WSPStartup and makes sockets nobody can use.

use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::SocketId;
use hangup_winsock::api::startup::Version;
use hangup_winsock::catalog::ProtocolInfo;
use hangup_winsock::notify::{NetworkEvents, Readiness};
use hangup_winsock::options::OptionValue;
use hangup_winsock::overlapped::{Overlap, Overlapped, Transferred};
use hangup_winsock::provider::upcalls::EventHandle;
use hangup_winsock::provider::{
    Accepted, Condition, ConnectData, Context, Provider, Received, Sets, Wait, WspData,
};
use hangup_winsock::{Address, Outcome, Pointer, Socket, WsaError};

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

type Cx<'a, 'b> = &'a mut Context<'b>;
type Answer<T = ()> = Result<T, WsaError>;
const NO: WsaError = WsaError::OperationNotSupported;

#[rustfmt::skip]
impl Provider for Stub {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Answer<WspData> {
        assert_eq!(requested, Version::HIGHEST);
        let version = self.answer.ok_or(WsaError::SystemNotReady)?;
        Ok(WspData { version, high_version: version, description: "stub".to_owned() })
    }
    fn socket(&mut self, context: Cx<'_, '_>, info: &ProtocolInfo, _: u32) -> Answer<Socket> {
        Ok(context.upcalls.create_socket_handle(info.entry, 42))
    }
    fn accept(&mut self, _: Cx<'_, '_>, _: Socket, _: Option<&mut Condition<'_>>)
        -> Outcome<Accepted> { Err(NO).into() }
    fn address_to_string(&self, _: &Address) -> Answer<String> { Err(NO) }
    fn bind(&mut self, context: Cx<'_, '_>, s: Socket, _: &Address) -> Answer {
        assert_eq!(context.upcalls.socket_context(s), Ok(42));
        Ok(())
    }
    fn cancel_blocking_call(&mut self, _: Cx<'_, '_>) -> Answer { Err(NO) }
    fn cleanup(&mut self, _: Cx<'_, '_>) -> Answer { Ok(()) }
    fn close_socket(&mut self, context: Cx<'_, '_>, s: Socket) -> Outcome<()> {
        context.upcalls.close_socket_handle(s).into()
    }
    fn connect(&mut self, _: Cx<'_, '_>, _: Socket, _: &Address, _: &mut ConnectData<'_>)
        -> Outcome<()> { Err(NO).into() }
    fn enum_network_events(&mut self, _: Cx<'_, '_>, _: Socket, _: Option<EventHandle>)
        -> Answer<NetworkEvents> { Err(NO) }
    fn event_select(&mut self, _: Cx<'_, '_>, _: Socket, _: Option<EventHandle>, _: i32)
        -> Answer { Err(NO) }
    fn get_overlapped_result(&mut self, _: Cx<'_, '_>, _: Socket, _: Overlapped, _: Wait)
        -> Outcome<Transferred> { Err(NO).into() }
    fn get_peer_name(&mut self, _: Cx<'_, '_>, _: Socket) -> Answer<Address> { Err(NO) }
    fn get_sock_name(&mut self, _: Cx<'_, '_>, _: Socket) -> Answer<Address> { Err(NO) }
    fn get_sock_opt(&mut self, _: Cx<'_, '_>, _: Socket, _: i32, _: i32)
        -> Answer<OptionValue> { Err(NO) }
    fn ioctl(&mut self, _: Cx<'_, '_>, _: Socket, _: u32, _: &mut u32) -> Answer { Err(NO) }
    fn listen(&mut self, _: Cx<'_, '_>, _: Socket, _: i32) -> Answer { Err(NO) }
    fn recv(&mut self, _: Cx<'_, '_>, _: Socket, _: &mut [&mut [u8]], _: i32, _: Option<Overlap>)
        -> Outcome<Received> { Err(NO).into() }
    fn recv_disconnect(&mut self, _: Cx<'_, '_>, _: Socket, _: Pointer<&mut Vec<u8>>)
        -> Answer { Err(NO) }
    fn recv_from(&mut self, _: Cx<'_, '_>, _: Socket, _: &mut [&mut [u8]], _: i32,
                 _: Option<Overlap>) -> Outcome<Received> { Err(NO).into() }
    fn select(&mut self, _: Cx<'_, '_>, _: &mut Sets, _: Option<Duration>)
        -> Outcome<usize> { Err(NO).into() }
    fn send(&mut self, _: Cx<'_, '_>, _: Socket, _: &[&[u8]], _: i32, _: Option<Overlap>)
        -> Outcome<usize> { Err(NO).into() }
    fn send_disconnect(&mut self, _: Cx<'_, '_>, _: Socket, _: Pointer<&[u8]>)
        -> Answer { Err(NO) }
    fn send_to(&mut self, _: Cx<'_, '_>, _: Socket, _: &[&[u8]], _: i32, _: Option<&Address>,
               _: Option<Overlap>) -> Outcome<usize> { Err(NO).into() }
    fn set_sock_opt(&mut self, _: Cx<'_, '_>, _: Socket, _: i32, _: i32, _: OptionValue)
        -> Answer { Err(NO) }
    fn shutdown(&mut self, _: Cx<'_, '_>, _: Socket, _: i32) -> Answer { Err(NO) }
    fn string_to_address(&self, _: &str, _: i32) -> Answer<Address> { Err(NO) }
    fn poll(&mut self, _: Cx<'_, '_>) {}
    fn poll_at(&self) -> Option<Instant> { None }
    fn is_waiting(&self) -> bool { false }
    fn readiness(&mut self, _: Cx<'_, '_>, _: Socket) -> Readiness { Readiness::default() }
    fn recorded_events(&self, _: Socket) -> NetworkEvents { NetworkEvents::default() }
    fn stack_socket(&self, _: Socket) -> Option<SocketId> { None }
}

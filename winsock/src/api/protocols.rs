//! WSAEnumProtocols.

use hangup_stack::host::Host;

use super::Winsock;
use crate::catalog::{Catalog, ProtocolInfo};
use crate::error::WsaError;
use crate::function::Function;
use crate::provider::check::Check;

/// The size of a WSAPROTOCOL_INFOW in octets, which is what the length of a buffer is counted in.
pub const PROTOCOL_INFO_SIZE: usize = 628;

impl Winsock {
    /// WSAEnumProtocols: the protocols of the catalog that are not hidden, in its order; with a
    /// list, those that are in it. `length` is *lpdwBufferLength, in octets; where the buffer is
    /// too small it becomes the size that would do.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSAENOBUFS.
    pub fn wsa_enum_protocols(
        &mut self,
        host: &Host,
        protocols: Option<&[i32]>,
        length: &mut usize,
    ) -> Result<Vec<ProtocolInfo>, WsaError> {
        let result = self
            .check_process(host, Function::EnumProtocols, Check::Passed)
            .and_then(|()| {
                let found: Vec<_> = self.catalog.visible(protocols).cloned().collect();
                let needed = found.len() * PROTOCOL_INFO_SIZE;
                if *length < needed {
                    *length = needed;
                    return Err(WsaError::NoBuffers);
                }
                Ok(found)
            });
        self.report(result)
    }

    /// The protocol catalog, hidden entries included (WSCEnumProtocols).
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

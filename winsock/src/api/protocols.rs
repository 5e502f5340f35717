//! WSAEnumProtocols, and addresses as text: WSAAddressToString, WSAStringToAddress.

use hangup_stack::host::Host;

use super::winsock::Winsock;
use crate::address::Address;
use crate::catalog::{Catalog, ProtocolInfo};
use crate::error::WsaError;
use crate::function::Function;
use crate::provider::check::Check;
use crate::provider::spi::Provider;

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

    /// WSAAddressToString: an address as its provider writes it, that of the first entry of its
    /// family or of the one that is named.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSAEINVAL for a family that the entry does
    /// not have.
    pub fn wsa_address_to_string(
        &mut self,
        host: &Host,
        address: &Address,
        protocol_info: Option<&ProtocolInfo>,
    ) -> Result<String, WsaError> {
        let function = Function::AddressToString;
        let result = self
            .check_process(host, function, Check::Passed)
            .and_then(|()| self.translator(address.family(), protocol_info))
            .and_then(|provider| provider.address_to_string(address));
        self.report(result)
    }

    /// WSAStringToAddress: the address that a text stands for.
    ///
    /// # Errors
    /// As [`Winsock::wsa_address_to_string`]; WSAEINVAL for what is no address of the family.
    pub fn wsa_string_to_address(
        &mut self,
        host: &Host,
        text: &str,
        family: i32,
        protocol_info: Option<&ProtocolInfo>,
    ) -> Result<Address, WsaError> {
        let function = Function::StringToAddress;
        let result = self
            .check_process(host, function, Check::Passed)
            .and_then(|()| self.translator(family, protocol_info))
            .and_then(|provider| provider.string_to_address(text, family));
        self.report(result)
    }

    /// The provider that translates addresses of a family.
    fn translator(
        &self,
        family: i32,
        protocol_info: Option<&ProtocolInfo>,
    ) -> Result<&dyn Provider, WsaError> {
        let entry = match protocol_info {
            Some(info) => Some(info.entry).filter(|_| info.family == family),
            None => self
                .catalog
                .entries()
                .iter()
                .find(|info| info.family == family)
                .map(|info| info.entry),
        };
        let index = entry.and_then(|entry| self.provider_of(entry));
        let index = index.ok_or(WsaError::Invalid)?;
        Ok(self.providers[index].provider.as_ref())
    }
}

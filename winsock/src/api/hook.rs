//! The blocking hooks of Winsock 1.1: WSASetBlockingHook, WSAUnhookBlockingHook, WSAIsBlocking,
//! WSACancelBlockingCall.
//!
//! Ws2_32.dll has them no longer for a process that has negotiated Winsock 2: they say
//! WSAEOPNOTSUPP (as ReactOS has it; the pages only say that they were removed).

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::thread::Thread;
use super::winsock::Winsock;
use crate::error::WsaError;
use crate::function::Function;
use crate::process::Socket;
use crate::provider::check::Check;

impl Winsock {
    /// WSASetBlockingHook: the function that runs, again and again, while a blocking call of the
    /// thread waits. It goes by a name here; what it calls, the caller calls between
    /// [`Winsock::enter`] and [`Winsock::leave`]. Returns the hook before.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAEOPNOTSUPP.
    pub fn wsa_set_blocking_hook(&mut self, hook: &str) -> Result<Option<String>, WsaError> {
        let checked = self.check_hooks();
        self.report(checked)?;
        Ok(self.thread_mut().hook.replace(hook.to_owned()))
    }

    /// WSAUnhookBlockingHook: the default message loop runs again.
    ///
    /// # Errors
    /// As [`Winsock::wsa_set_blocking_hook`].
    pub fn wsa_unhook_blocking_hook(&mut self) -> Result<(), WsaError> {
        let checked = self.check_hooks();
        self.report(checked)?;
        self.thread_mut().hook = None;
        Ok(())
    }

    fn check_hooks(&self) -> Result<(), WsaError> {
        if self.startups == 0 {
            return Err(WsaError::NotInitialised);
        }
        if !self.version.forbids_nesting() {
            return Err(WsaError::OperationNotSupported);
        }
        match self.check_not_nested(Function::SetBlockingHook, Socket::INVALID) {
            Check::Passed => Ok(()),
            Check::Failed => Err(WsaError::InProgress),
        }
    }

    /// WSAIsBlocking: whether a blocking call of the thread is outstanding. Only a Winsock 1.1
    /// process can ask while one is.
    pub fn wsa_is_blocking(&self) -> bool {
        self.version.forbids_nesting() && self.thread().is_some_and(Thread::waits)
    }

    /// WSACancelBlockingCall: the blocking call that the thread waits in returns WSAEINTR. (After
    /// that only closesocket is safe on its socket, says the page; nothing enforces it.)
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAENETDOWN, WSAEOPNOTSUPP for a process that has negotiated Winsock 2,
    /// WSAEINVAL where no blocking call is outstanding.
    pub fn wsa_cancel_blocking_call(
        &mut self,
        host: &mut Host,
        now: Instant,
    ) -> Result<(), WsaError> {
        let result = self.cancel(host, now);
        self.report(result)
    }

    fn cancel(&mut self, host: &mut Host, now: Instant) -> Result<(), WsaError> {
        if self.startups == 0 {
            return Err(WsaError::NotInitialised);
        }
        if !host.is_up() {
            return Err(WsaError::NetworkDown);
        }
        if !self.version.forbids_nesting() {
            return Err(WsaError::OperationNotSupported);
        }
        let waits = self.thread_mut().innermost();
        let waits = waits.and_then(|waits| Some((waits.provider?, &mut waits.waiting)));
        let (index, waiting) = waits.ok_or(WsaError::Invalid)?;
        waiting.interrupted = true;
        let (provider, mut context) = self.provider(index, host, now, None);
        provider.cancel_blocking_call(&mut context)
    }
}

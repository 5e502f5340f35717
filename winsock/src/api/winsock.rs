//! The process, and the dispatch of a call from a socket's handle to its provider.

use std::collections::BTreeMap;

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::SocketId;

use super::thread::{Thread, UndefinedBehaviour};
use crate::catalog::{Catalog, EntryId, Guid, ProtocolInfo};
use crate::error::WsaError;
use crate::function::Function;
use crate::notify::NetworkEvents;
use crate::overlapped::Completion;
use crate::process::{Progress, Socket, ThreadId};
use crate::provider::call::Context;
use crate::provider::check::{Check, Prolog};
use crate::provider::passage::Passage;
use crate::provider::registry;
use crate::provider::spi::Provider;
use crate::provider::upcalls::Upcalls;
use crate::version::Version;
use crate::waiting::Waiting;

/// One process that uses Winsock on one host.
#[derive(Debug)]
pub struct Winsock {
    /// How many more times WSAStartup than WSACleanup has succeeded.
    pub(super) startups: usize,
    pub(super) version: Version,
    pub(super) threads: BTreeMap<ThreadId, Thread>,
    pub(super) running: ThreadId,
    pub(super) catalog: Catalog,
    pub(super) providers: Vec<Installed>,
    pub(super) upcalls: Upcalls,
    /// Completion routines that have run, until somebody asks.
    pub(super) completions: Vec<Completion>,
    /// Calls without a defined behaviour, until somebody asks.
    pub(super) undefined: Vec<UndefinedBehaviour>,
}

/// A provider of the process.
#[derive(Debug)]
pub(super) struct Installed {
    /// The ProviderIds that it goes by.
    pub(super) ids: Vec<Guid>,
    pub(super) provider: Box<dyn Provider>,
    /// Whether WSPStartup was called.
    pub(super) state: Loading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loading {
    Unloaded,
    Started,
}

/// Through which door a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Ws2_32.dll, which asks whether the process has called WSAStartup.
    Api,
    /// The service provider, which was loaded by it and has no such error.
    Provider,
}

/// A call on a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketCall {
    pub(super) function: Function,
    pub(super) entrance: Entrance,
    pub(super) s: Socket,
}

impl SocketCall {
    pub(super) const fn api(function: Function, s: Socket) -> Self {
        Self {
            function,
            entrance: Entrance::Api,
            s,
        }
    }

    pub(super) const fn provider(function: Function, s: Socket) -> Self {
        Self {
            function,
            entrance: Entrance::Provider,
            s,
        }
    }
}

impl Winsock {
    /// A process that has not called WSAStartup yet.
    pub fn new() -> Self {
        Self {
            startups: 0,
            version: Version::HIGHEST,
            threads: BTreeMap::new(),
            running: ThreadId::MAIN,
            catalog: Catalog::built_in(),
            providers: registry::present()
                .into_iter()
                .map(|(entries, provider)| Installed::new(&entries, provider))
                .collect(),
            upcalls: Upcalls::new(),
            completions: Vec::new(),
            undefined: Vec::new(),
        }
    }

    /// Installs a provider of the caller's own, whose entries come before those that are there:
    /// WSCInstallProvider, with a library in place of the path of its DLL.
    ///
    /// # Errors
    /// WSAEINVAL where the number of an entry is taken ([`Catalog::free_entry`] gives one that is
    /// not), a chain is too long, or the catalog is full. Nothing is installed then.
    pub fn install(
        &mut self,
        entries: Vec<ProtocolInfo>,
        provider: Box<dyn Provider>,
    ) -> Result<(), WsaError> {
        let installed = Installed::new(&entries, provider);
        let mut catalog = self.catalog.clone();
        for info in entries.into_iter().rev() {
            if !catalog.install_first(info) {
                return Err(WsaError::Invalid);
            }
        }
        self.catalog = catalog;
        self.providers.push(installed);
        Ok(())
    }

    /// WSCInstallProvider, with a name of the [`registry`] in place of the path of a DLL. Sockets
    /// that are made afterwards are of the provider.
    ///
    /// # Errors
    /// WSAEINVAL for a name that is not known, and as [`Winsock::install`].
    pub fn wsc_install_provider(&mut self, name: &str) -> Result<(), WsaError> {
        let provider = registry::find(name).ok_or(WsaError::Invalid)?;
        let (entries, provider) = (provider.make)(&self.catalog);
        self.install(entries, provider)
    }

    /// Takes what the tracing layer has written since the last time.
    pub fn take_passages(&mut self) -> Vec<Passage> {
        self.upcalls.take_passages()
    }

    /// Which thread makes the calls from now on.
    pub fn switch_to(&mut self, thread: ThreadId) {
        self.running = thread;
    }

    /// The catalog entry of a socket: what getsockopt(SO_PROTOCOL_INFO) gives.
    pub fn protocol_info(&self, s: Socket) -> Option<&ProtocolInfo> {
        self.catalog.entry(self.upcalls.entry_of(s)?)
    }

    /// The stack's socket behind a handle.
    pub fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        let index = self.route(s)?;
        self.providers[index].provider.stack_socket(s)
    }

    /// The network events that are recorded for a socket and that WSAEnumNetworkEvents has not told
    /// yet.
    pub fn recorded_events(&self, s: Socket) -> NetworkEvents {
        self.route(s)
            .map(|index| self.providers[index].provider.recorded_events(s))
            .unwrap_or_default()
    }

    /// Lets every provider go on with what waits, after the network has made a step. Nothing
    /// happens where nothing waits ([`Winsock::is_waiting`]).
    pub fn poll(&mut self, host: &mut Host, now: Instant) {
        for installed in &mut self.providers {
            if installed.provider.is_waiting() {
                installed.provider.poll(&mut Context {
                    host: &mut *host,
                    now,
                    thread: self.running,
                    upcalls: &mut self.upcalls,
                    waiting: None,
                });
            }
        }
    }

    /// Whether [`Winsock::poll`] has anything to do.
    pub fn is_waiting(&self) -> bool {
        let mut providers = self.providers.iter();
        providers.any(|installed| installed.provider.is_waiting())
    }

    /// When [`Winsock::poll`] has to be called next, even if nothing happens on the network.
    pub fn poll_at(&self) -> Option<Instant> {
        let providers = self.providers.iter();
        providers
            .filter_map(|installed| installed.provider.poll_at())
            .min()
    }

    /// The provider behind a handle.
    pub(super) fn route(&self, s: Socket) -> Option<usize> {
        self.provider_of(self.upcalls.entry_of(s)?)
    }

    /// The provider of a catalog entry.
    pub(super) fn provider_of(&self, entry: EntryId) -> Option<usize> {
        let info = self.catalog.entry(entry)?;
        self.providers
            .iter()
            .position(|installed| installed.ids.contains(&info.provider))
    }

    /// Carries a call on a socket to its provider, if nothing speaks against it before.
    pub(super) fn through<T>(
        &mut self,
        host: &mut Host,
        now: Instant,
        call: SocketCall,
        f: impl FnOnce(&mut dyn Provider, &mut Context<'_>) -> Progress<T>,
    ) -> Progress<T> {
        let SocketCall {
            function,
            entrance,
            s,
        } = call;
        let route = self.route(s);
        let waiting = self.waiting(function, s);
        let prolog = Prolog {
            started: match entrance {
                Entrance::Api => Check::that(self.startups > 0),
                Entrance::Provider => Check::Passed,
            },
            not_nested: self.check_not_nested(function, s),
            is_socket: Check::that(route.is_some()),
        };
        let outcome = match (prolog.verdict(), route) {
            // closesocket: calls that wait on the socket in other threads are cancelled.
            (Err(WsaError::NotSocket), _) if waiting.is_some() => Err(WsaError::Interrupted).into(),
            (Err(error), _) => Err(error).into(),
            (Ok(()), None) => Err(WsaError::NotSocket).into(),
            (Ok(()), Some(_)) if self.is_undefined(function) => {
                return self.refuse_undefined(function);
            }
            (Ok(()), Some(index)) => {
                let (provider, mut context) = self.provider(index, host, now, waiting);
                f(provider, &mut context)
            }
        };
        self.finish(call, route, outcome)
    }

    /// A provider, and what its functions are given.
    pub(super) fn provider<'a>(
        &'a mut self,
        index: usize,
        host: &'a mut Host,
        now: Instant,
        waiting: Option<Waiting>,
    ) -> (&'a mut dyn Provider, Context<'a>) {
        let context = Context {
            host,
            now,
            thread: self.running,
            upcalls: &mut self.upcalls,
            waiting,
        };
        (self.providers[index].provider.as_mut(), context)
    }

    /// As [`Winsock::through`], for a function that never waits.
    pub(super) fn at_once<T>(
        &mut self,
        host: &mut Host,
        now: Instant,
        call: SocketCall,
        f: impl FnOnce(&mut dyn Provider, &mut Context<'_>) -> Result<T, WsaError>,
    ) -> Result<T, WsaError> {
        match self.through(host, now, call, |it, context| f(it, context).into()) {
            Progress::Done(result) => result,
            // The function has just said that it is done.
            Progress::Blocks { .. } => Err(WsaError::SystemCallFailure),
        }
    }

    /// The checks of a call that has no socket, and that Ws2_32.dll carries out itself.
    pub(super) fn check_process(
        &self,
        host: &Host,
        function: Function,
        arguments: Check,
    ) -> Result<(), WsaError> {
        Prolog {
            started: Check::that(self.startups > 0),
            not_nested: self.check_not_nested(function, Socket::INVALID),
            is_socket: Check::Passed,
        }
        .verdict()?;
        if !host.is_up() {
            return Err(WsaError::NetworkDown);
        }
        match arguments {
            Check::Passed => Ok(()),
            Check::Failed => Err(WsaError::Invalid),
        }
    }

    /// Remembers the error of a call of the API, as WSAGetLastError reports it.
    pub(super) fn report<T>(&mut self, result: Result<T, WsaError>) -> Result<T, WsaError> {
        if let Err(error) = &result {
            self.thread_mut().last_error = error.code();
        }
        result
    }

    /// Remembers the error of a call, and whether it waits in a provider.
    pub(super) fn finish<T>(
        &mut self,
        call: SocketCall,
        provider: Option<usize>,
        outcome: Progress<T>,
    ) -> Progress<T> {
        match outcome {
            // Whatever its page says, a call that waits is a blocking one.
            Progress::Blocks { .. } if self.interrupts_a_blocking_call() => {
                self.refuse_undefined(call.function)
            }
            Progress::Blocks { until } => {
                let thread = self.thread_mut();
                thread.wait(call.function, call.s, provider, until);
                self.run_routines();
                self.forget_interruption();
                Progress::Blocks { until }
            }
            Progress::Done(result) => {
                self.thread_mut().done(call.function, call.s);
                Progress::Done(match call.entrance {
                    Entrance::Api => self.report(result),
                    Entrance::Provider => result,
                })
            }
        }
    }
}

impl Installed {
    fn new(entries: &[ProtocolInfo], provider: Box<dyn Provider>) -> Self {
        let mut ids: Vec<Guid> = entries.iter().map(|info| info.provider).collect();
        ids.dedup();
        Self {
            ids,
            provider,
            state: Loading::Unloaded,
        }
    }

    /// WSPStartup, before the first socket.
    pub(super) fn start(&mut self, info: &ProtocolInfo) -> Result<(), WsaError> {
        if self.state == Loading::Started {
            return Ok(());
        }
        let data = self
            .provider
            .startup(Version::HIGHEST, info)
            .map_err(|_| WsaError::ProviderFailedInit)?;
        // The version of the SPI is negotiated as that of the API is: the provider must not answer
        // with more than was asked for, nor with what Ws2_32.dll does not speak.
        if data.version > Version::HIGHEST || data.version.major < 2 {
            return Err(WsaError::InvalidProvider);
        }
        self.state = Loading::Started;
        Ok(())
    }
}

impl Default for Winsock {
    fn default() -> Self {
        Self::new()
    }
}

//! The process itself: WSAStartup to WSACleanup, errors, protocols, and blocking hooks.

use hangup_winsock::WsaError;
use hangup_winsock::provider::registry::{self, PROVIDERS};

use super::state::WinsockCalls;
use super::words::{ERRORS, PROTOCOLS, SERVICE_FLAGS};
use crate::calls::answer::{BadCall, Made, failed, status};
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

impl WinsockCalls {
    pub(super) fn startup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let version = context.narrow(0, &[])?;
        context.size(1)?;
        // The function returns its error itself, and there is no last error.
        Ok(
            match self.on_host(context, |process, host, _| {
                process.wsa_startup(host, version)
            }) {
                Ok(_) => Made::value(0),
                Err(error) => Made::value(error.name()),
            },
        )
    }

    pub(super) fn cleanup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        Ok(status(self.on_host(context, |process, host, now| {
            process.wsa_cleanup(host, now)
        })))
    }

    pub(super) fn exit_process(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let _code: u32 = context.narrow(0, &[])?;
        Ok(Made::Ended { signal: "" })
    }

    /// `TerminateProcess(-1, 1)`: -1 is what GetCurrentProcess returns.
    pub(super) fn terminate_process(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let process: i64 = context.narrow(0, &[("GetCurrentProcess", -1)])?;
        let _code: u32 = context.narrow(1, &[])?;
        match process {
            -1 => Ok(Made::Ended { signal: "" }),
            _ => context.bad(0, "a program ends its own process, which is -1"),
        }
    }

    pub(super) fn get_last_error(&mut self, _: &mut Context<'_>) -> Result<Made, BadCall> {
        let code = self.process.wsa_get_last_error();
        Ok(match WsaError::from_code(code) {
            Some(error) => Made::value(error.name()),
            None => Made::value(code),
        })
    }

    pub(super) fn set_last_error(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let error = context.narrow(0, &ERRORS)?;
        self.process.wsa_set_last_error(error);
        Ok(Made::value(0))
    }

    /// `WSAEnumProtocols(NULL, 4096)`: how many there are. The list of protocols is a list. Where
    /// the buffer is, a script can write what each protocol can do:
    /// `[{dwServiceFlags1=XP1_CONNECTIONLESS|...}, ...]`.
    pub(super) fn enum_protocols(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let wanted: Option<Vec<i32>> = match context.argument(0) {
            None => None,
            Some(Argument::Word(word)) if word == "NULL" => None,
            Some(Argument::List(list)) => Some(
                list.iter()
                    .map(|it| context.narrow_in(0, it, PROTOCOLS))
                    .collect::<Result<_, _>>()?,
            ),
            Some(_) => return context.bad(0, "the protocols are NULL or a list"),
        };
        let expected = service_flags(context)?;
        let mut length = match context.argument(1) {
            _ if expected.is_some() => usize::MAX,
            None => usize::MAX,
            Some(Argument::List(list)) if list.len() == 1 => context.narrow_in(1, &list[0], &[])?,
            Some(_) => context.narrow(1, &[])?,
        };
        let found = self.on_host(context, |process, host, _| {
            process.wsa_enum_protocols(host, wanted.as_deref(), &mut length)
        });
        Ok(match found {
            Ok(found) => {
                let actual: Vec<u32> = found.iter().map(|it| it.service_flags).collect();
                match expected {
                    Some(expected) if expected != actual => {
                        Made::differs(found.len(), 1, shown(&actual))
                    }
                    Some(_) | None => Made::value(found.len()),
                }
            }
            Err(error) => failed(error),
        })
    }

    /// `WSCInstallProvider("tracing")`: from then on sockets are of the provider with this name. Of
    /// the layer `tracing`, the trace shows the functions of the provider below those of the API.
    pub(super) fn install_provider(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        match context.argument(0) {
            Some(Argument::Text(name)) if registry::find(name).is_some() => {
                Ok(status(self.process.wsc_install_provider(name)))
            }
            _ => {
                let names = PROVIDERS.iter().map(|it| format!("\"{}\"", it.name));
                let names: Vec<String> = names.collect();
                context.bad(0, format!("the providers are {}", names.join(", ")))
            }
        }
    }

    pub(super) fn is_blocking(&mut self, _: &mut Context<'_>) -> Result<Made, BadCall> {
        Ok(Made::value(if self.process.wsa_is_blocking() {
            "TRUE"
        } else {
            "FALSE"
        }))
    }

    pub(super) fn cancel_blocking_call(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Made, BadCall> {
        Ok(status(self.on_host(context, |process, host, now| {
            process.wsa_cancel_blocking_call(host, now)
        })))
    }

    /// `WSASetBlockingHook(hook)`: the hook before, or NULL.
    pub(super) fn set_blocking_hook(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let Some(Argument::Word(name)) = context.argument(0) else {
            return context.bad(0, "the hook is a name");
        };
        Ok(match self.process.wsa_set_blocking_hook(name) {
            Ok(before) => Made::value(before.unwrap_or_else(|| "NULL".to_owned())),
            Err(error) => Made::failed("NULL", error.name()),
        })
    }

    pub(super) fn unhook_blocking_hook(&mut self, _: &mut Context<'_>) -> Result<Made, BadCall> {
        Ok(status(self.process.wsa_unhook_blocking_hook()))
    }
}

/// What a script says of the protocols that WSAEnumProtocols tells of. None: nothing.
fn service_flags(context: &Context<'_>) -> Result<Option<Vec<u32>>, BadCall> {
    let Some(Argument::List(list)) = context.argument(1) else {
        return Ok(None);
    };
    if !matches!(list.first(), Some(Argument::Struct(_))) {
        return Ok(None);
    }
    let flags = list.iter().map(|protocol| {
        let Argument::Struct(fields) = protocol else {
            return context.bad(1, PROTOCOL);
        };
        match &fields[..] {
            [(Some(name), flags)] if name == "dwServiceFlags1" => {
                context.narrow_in(1, flags, SERVICE_FLAGS)
            }
            _ => context.bad(1, PROTOCOL),
        }
    });
    flags.collect::<Result<_, _>>().map(Some)
}

const PROTOCOL: &str = "a protocol is {dwServiceFlags1=XP1_...|XP1_...}";

/// What protocols can do, as a script writes it.
fn shown(flags: &[u32]) -> String {
    let each = flags.iter().map(|&flags| {
        let is_set = |&&(_, bit): &&(&str, i64)| i64::from(flags) & bit != 0;
        let names = SERVICE_FLAGS.iter().filter(is_set).map(|(name, _)| *name);
        let names: Vec<&str> = names.collect();
        format!("{{dwServiceFlags1={}}}", names.join("|"))
    });
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

//! The process itself: WSAStartup to WSACleanup, errors, protocols, and blocking hooks.

use hangup_winsock::WsaError;

use super::words::{ERRORS, PROTOCOLS};
use super::{WinsockCalls, failed, status};
use crate::calls::BadCall;
use crate::calls::argument::Context;
use crate::calls::table::Made;
use crate::scenario::script::Argument;

impl WinsockCalls {
    pub(super) fn startup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let version = context.narrow(0, &[])?;
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

    /// `WSAEnumProtocols(NULL, 4096)`: how many there are. The list of protocols is a list.
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
        let mut length = match context.argument(1) {
            None => usize::MAX,
            Some(Argument::List(list)) if list.len() == 1 => context.narrow_in(1, &list[0], &[])?,
            Some(_) => context.narrow(1, &[])?,
        };
        let found = self.on_host(context, |process, host, _| {
            process.wsa_enum_protocols(host, wanted.as_deref(), &mut length)
        });
        Ok(match found {
            Ok(found) => Made::value(found.len()),
            Err(error) => failed(error),
        })
    }

    /// `WSCInstallProvider("tracing")`: from then on sockets go through the layer, and the trace
    /// shows the functions of the provider below those of the API.
    pub(super) fn install_provider(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        match context.argument(0) {
            Some(Argument::Text(name)) if name == "tracing" => {
                Ok(status(self.process.install_tracing()))
            }
            _ => context.bad(0, "the provider that can be installed is \"tracing\""),
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

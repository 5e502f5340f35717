//! shutdown, closesocket, WSARecvDisconnect, WSASendDisconnect, and the provider's functions.

use hangup_winsock::{Pointer, Progress};

use super::state::WinsockCalls;
use super::words::{ENDINGS, HOWS};
use super::wsabuf::{Room, wsabuf};
use crate::calls::answer::{BadCall, Made, status, waited};
use crate::calls::argument::Context;

impl WinsockCalls {
    pub(super) fn shutdown(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let how = context.narrow(1, HOWS)?;
        let provider = context.name() == "WSPShutdown";
        Ok(status(self.on_host(
            context,
            |process, host, now| match provider {
                true => process.wsp_shutdown(host, now, s, how),
                false => process.shutdown(host, now, s, how),
            },
        )))
    }

    /// `DisconnectEx(4, NULL, TF_REUSE_SOCKET, 0)`, or with an overlapped structure.
    pub(super) fn disconnect_ex(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let overlap = self.structure(context, 1)?;
        let flags = context.narrow(2, ENDINGS)?;
        context.size(3)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.disconnect_ex(host, now, s, flags, overlap)
        });
        Ok(truth(outcome))
    }

    /// `TransmitFile(4, 1000, TF_DISCONNECT[, overlapped])`: the file is octets, as in WSASend.
    pub(super) fn transmit_file(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let data = match context.argument(1) {
            Some(buffer) => self.buffer(context, 1, buffer)?,
            None => Vec::new(),
        };
        let flags = context.narrow(2, ENDINGS)?;
        let overlap = self.structure(context, 3)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.transmit_file(host, now, s, &data, flags, overlap)
        });
        Ok(truth(outcome))
    }

    pub(super) fn closesocket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.closesocket(host, now, s)
        });
        Ok(waited(outcome.map(|()| 0)))
    }

    pub(super) fn recv_disconnect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let mut room = Room::read(context, 1)?;
        let data = room.pointer();
        let provider = context.name() == "WSPRecvDisconnect";
        let result = self.on_host(context, |process, host, now| match provider {
            true => process.wsp_recv_disconnect(host, now, s, data),
            false => process.wsa_recv_disconnect(host, now, s, data),
        });
        Ok(room.compared(result, 1))
    }

    pub(super) fn send_disconnect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let buffer = wsabuf(context, 1)?;
        let data = match &buffer {
            Pointer::Null => Pointer::Null,
            Pointer::To(buffer) => Pointer::To(buffer.as_slice()),
            Pointer::Bad => Pointer::Bad,
        };
        let provider = context.name() == "WSPSendDisconnect";
        Ok(status(self.on_host(
            context,
            |process, host, now| match provider {
                true => process.wsp_send_disconnect(host, now, s, data),
                false => process.wsa_send_disconnect(host, now, s, data),
            },
        )))
    }
}

/// The BOOL of an extension function.
pub(super) fn truth(outcome: Progress<usize>) -> Made {
    match outcome {
        Progress::Done(Ok(_)) => Made::value("TRUE"),
        Progress::Done(Err(error)) => Made::failed("FALSE", error.name()),
        Progress::Blocks { until } => Made::Blocks { until },
    }
}

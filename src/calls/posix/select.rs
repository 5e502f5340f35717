//! select.

use hangup_posix::FileDescriptor;
use hangup_posix::poll::Sets;

use super::state::PosixCalls;
use crate::calls::answer::{BadCall, Made, waited};
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

impl PosixCalls {
    /// `select([4], [], NULL, NULL)`, or with the number of descriptors before the sets: how many
    /// are ready. The sets are lists or NULL, the time is NULL or `{seconds, microseconds}`.
    pub(super) fn select(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let first = usize::from(context.argument(4).is_some());
        if first == 1 {
            context.number(0, &[])?;
        }
        let mut sets = Sets {
            read: self.set(context, first)?,
            write: self.set(context, first + 1)?,
            except: self.set(context, first + 2)?,
        };
        let timeout = match context.argument(first + 3) {
            Some(Argument::Word(word)) if word == "NULL" => None,
            _ => Some(context.timeval(first + 3)?),
        };
        let process = &mut self.process;
        let selected = context.on_host(|host, now| process.select(host, now, &mut sets, timeout));
        Ok(waited(selected))
    }

    fn set(&self, context: &Context<'_>, index: usize) -> Result<Vec<FileDescriptor>, BadCall> {
        match context.argument(index) {
            Some(Argument::Word(word)) if word == "NULL" => Ok(Vec::new()),
            Some(Argument::List(list)) => {
                let descriptors = &self.program.descriptors;
                let fds = list.iter().map(|it| descriptors.find(context, index, it));
                fds.map(|fd| fd.map(FileDescriptor::from_raw)).collect()
            }
            _ => context.bad(index, "a set is NULL or a list of descriptors"),
        }
    }
}

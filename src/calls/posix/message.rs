//! sendmsg and recvmsg, with the control messages that a receive returns.

use hangup_posix::message::{
    Control, ExtendedError, IP_RECVERR, IPV6_RECVERR, Message, SCM_TIMESTAMPING,
};
use hangup_posix::options::{SOL_SOCKET, TCP_INQ};
use hangup_posix::sockets::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP};
use hangup_posix::{Errno, Progress};
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::{Duration, Instant};

use super::data::SignalsAPipe;
use super::state::PosixCalls;
use super::words::{CONTROL_TYPES, EXTENDED, FLAGS, LEVELS, MESSAGE_FLAGS};
use crate::calls::answer::{BadCall, Difference, Made, waited};
use crate::calls::argument::Context;
use crate::calls::program::Octets;
use crate::scenario::script::Argument;

const FORM: &str = "a control message is {cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=900}";
const TIME: &str =
    "a time is {scm_sec=0, scm_nsec=20000000}, perhaps with within_us=4000 behind it";
const ENTRY: &str = "an entry of the error queue is {ee_errno=0, ee_origin=SO_EE_ORIGIN_ZEROCOPY, \
                     ee_type=0, ee_code=0, ee_info=0, ee_data=0}";

/// A control message as a script writes it.
#[derive(Debug)]
struct Expected {
    level: i64,
    kind: i64,
    data: Data,
}

/// What a control message says.
#[derive(Debug)]
enum Data {
    /// Something.
    Any,
    Number(i64),
    /// A time, to within so much.
    Time(Instant, Duration),
    Error(ExtendedError),
}

impl PosixCalls {
    /// `sendmsg(4, [40, 20], MSG_ZEROCOPY)`: as send, from buffers of these lengths.
    pub(super) fn sendmsg(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let Some(Argument::List(list)) = context.argument(1) else {
            return context.bad(1, "the buffers are a list of lengths: [40, 20]");
        };
        let lengths = list.iter().map(|one| context.length_in(1, one));
        let lengths = lengths.collect::<Result<Vec<usize>, _>>()?;
        let total = context.octets(1, lengths.iter().sum::<usize>() as i64)?;
        let flags = context.narrow(2, FLAGS)?;
        let to = match context.argument(3) {
            Some(_) => Some(self.destination(context, 3, fd)?),
            None => None,
        };
        let Self {
            process, program, ..
        } = self;
        let data = program.memory.octets(&Octets::Pattern(total));
        let sent = context
            .on_host(|host, now| process.sendmsg(host, now, fd, (data, &lengths), (flags, to)));
        Ok(self.sent(sent, SignalsAPipe::Yes))
    }

    /// `recvmsg(4, 1000, 0, [{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=900}])`: as recv,
    /// with the control messages, and the flags that it returns.
    pub(super) fn recvmsg(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags, at) = context.buffer(FLAGS)?;
        let expected = expected(context, at)?;
        let expected_flags = match context.argument(at + 1) {
            None | Some(Argument::Ellipsis) => None,
            Some(_) => Some(context.number(at + 1, MESSAGE_FLAGS)?),
        };
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let received = context.on_host(|host, now| process.recvmsg(host, now, fd, buffer, flags));
        let message = match received {
            Progress::Done(Ok(message)) => message,
            other @ (Progress::Done(Err(_)) | Progress::Blocks { .. }) => {
                return Ok(waited::<usize, Errno>(other.map(|it| it.octets)));
            }
        };
        let mut made = Made::value(message.octets);
        if let Some(expected) = expected
            && !is_all(&expected, &message.control)
        {
            made = made.and_differs(Difference {
                argument: at,
                actual: shown(&message),
            });
        }
        if expected_flags.is_some_and(|flags| flags != i64::from(message.flags)) {
            made = made.and_differs(Difference {
                argument: at + 1,
                actual: shown_flags(message.flags),
            });
        }
        Ok(made)
    }
}

/// The control messages that a script expects. None: any.
fn expected(context: &Context<'_>, at: usize) -> Result<Option<Vec<Expected>>, BadCall> {
    let list = match context.argument(at) {
        None | Some(Argument::Ellipsis) => return Ok(None),
        Some(Argument::List(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let read = list.iter().map(|one| Expected::read(context, at, one));
    read.collect::<Result<_, _>>().map(Some)
}

/// The fields of a structure by these names. None: it has others.
fn fields<'a, const N: usize>(
    argument: &'a Argument,
    names: [&str; N],
) -> Option<[&'a Argument; N]> {
    let Argument::Struct(fields) = argument else {
        return None;
    };
    let named = |wanted: &str| {
        let mut fields = fields.iter();
        let (_, value) = fields.find(|(name, _)| name.as_deref() == Some(wanted))?;
        Some(value)
    };
    let found = names.map(named);
    let all = found.iter().all(Option::is_some) && fields.len() == N;
    all.then(|| found.map(|it| it.unwrap_or(&Argument::Ellipsis)))
}

impl Expected {
    fn read(context: &Context<'_>, at: usize, argument: &Argument) -> Result<Self, BadCall> {
        let Some([level, kind, data]) = fields(argument, ["cmsg_level", "cmsg_type", "cmsg_data"])
        else {
            return context.bad(at, FORM);
        };
        let level = context.number_in(at, level, LEVELS)?;
        let kind = context.number_in(at, kind, CONTROL_TYPES)?;
        let is_error = (level, kind) == number(IPPROTO_IP, IP_RECVERR)
            || (level, kind) == number(IPPROTO_IPV6, IPV6_RECVERR);
        let data = if *data == Argument::Ellipsis {
            Data::Any
        } else if (level, kind) == number(IPPROTO_TCP, TCP_INQ) {
            Data::Number(context.number_in(at, data, &[])?)
        } else if (level, kind) == number(SOL_SOCKET, SCM_TIMESTAMPING) {
            time(context, at, data)?
        } else if is_error {
            error(context, at, data)?
        } else {
            return context.bad(at, FORM);
        };
        Ok(Self { level, kind, data })
    }

    /// Whether a control message is what it says.
    fn is(&self, control: Control) -> bool {
        let said = match (&self.data, control) {
            (Data::Any, _) => true,
            (Data::Number(expected), Control::Queue(left)) => {
                usize::try_from(*expected) == Ok(left)
            }
            (Data::Time(expected, within), Control::Time(at)) => {
                at <= *expected + *within && *expected <= at + *within
            }
            (Data::Error(expected), Control::Error(_, error)) => *expected == error,
            (Data::Number(_) | Data::Time(..) | Data::Error(_), _) => false,
        };
        said && (self.level, self.kind) == kind_of(control)
    }
}

fn number(level: i32, kind: i32) -> (i64, i64) {
    (level.into(), kind.into())
}

/// The level and the type of a control message.
fn kind_of(control: Control) -> (i64, i64) {
    match control {
        Control::Queue(_) => number(IPPROTO_TCP, TCP_INQ),
        Control::Time(_) => number(SOL_SOCKET, SCM_TIMESTAMPING),
        Control::Error(IpFamily::V4, _) => number(IPPROTO_IP, IP_RECVERR),
        Control::Error(IpFamily::V6, _) => number(IPPROTO_IPV6, IPV6_RECVERR),
    }
}

fn time(context: &Context<'_>, at: usize, data: &Argument) -> Result<Data, BadCall> {
    let exact =
        fields(data, ["scm_sec", "scm_nsec"]).map(|[seconds, nanos]| (seconds, nanos, None));
    let rough = fields(data, ["scm_sec", "scm_nsec", "within_us"]);
    let rough = rough.map(|[seconds, nanos, within]| (seconds, nanos, Some(within)));
    let Some((seconds, nanos, within)) = exact.or(rough) else {
        return context.bad(at, TIME);
    };
    let seconds: u32 = context.narrow_in(at, seconds, &[])?;
    let nanos: u32 = context.narrow_in(at, nanos, &[])?;
    let within: u32 = match within {
        Some(within) => context.narrow_in(at, within, &[])?,
        None => 0,
    };
    if nanos >= 1_000_000_000 {
        return context.bad(at, "a second has less than 1000000000 nanoseconds");
    }
    let time = Instant::from_secs(seconds) + Duration::from_micros((nanos / 1000).into());
    Ok(Data::Time(time, Duration::from_micros(within.into())))
}

fn error(context: &Context<'_>, at: usize, data: &Argument) -> Result<Data, BadCall> {
    let names = [
        "ee_errno",
        "ee_origin",
        "ee_type",
        "ee_code",
        "ee_info",
        "ee_data",
    ];
    let Some([errno, origin, kind, code, info, number]) = fields(data, names) else {
        return context.bad(at, ENTRY);
    };
    Ok(Data::Error(ExtendedError {
        errno: context.narrow_in(at, errno, EXTENDED)?,
        origin: context.narrow_in(at, origin, EXTENDED)?,
        kind: context.narrow_in(at, kind, EXTENDED)?,
        code: context.narrow_in(at, code, EXTENDED)?,
        info: context.narrow_in(at, info, EXTENDED)?,
        data: context.narrow_in(at, number, EXTENDED)?,
    }))
}

/// Whether the control messages are all those that a script expects, in their order.
fn is_all(expected: &[Expected], actual: &[Control]) -> bool {
    let mut pairs = expected.iter().zip(actual);
    expected.len() == actual.len() && pairs.all(|(expected, actual)| expected.is(*actual))
}

/// Control messages as a script writes them.
fn shown(message: &Message) -> String {
    let control = message.control.iter().map(|control| {
        let (level, kind) = kind_of(*control);
        let word = |words: &[(&str, i64)], number| {
            let known = words.iter().find(|(_, known)| *known == number);
            known.map_or_else(String::new, |(word, _)| (*word).to_owned())
        };
        let data = match control {
            Control::Queue(left) => left.to_string(),
            Control::Time(at) => {
                let (seconds, micros) = (at.secs(), at.total_micros() % 1_000_000);
                format!("{{scm_sec={seconds}, scm_nsec={}}}", micros * 1000)
            }
            Control::Error(_, error) => shown_error(*error),
        };
        let (level, kind) = (word(LEVELS, level), word(CONTROL_TYPES, kind));
        format!("{{cmsg_level={level}, cmsg_type={kind}, cmsg_data={data}}}")
    });
    format!("[{}]", control.collect::<Vec<_>>().join(", "))
}

fn shown_error(error: ExtendedError) -> String {
    let ExtendedError {
        errno,
        origin,
        kind,
        code,
        info,
        data,
    } = error;
    format!(
        "{{ee_errno={errno}, ee_origin={origin}, ee_type={kind}, ee_code={code}, \
         ee_info={info}, ee_data={data}}}"
    )
}

fn shown_flags(flags: i32) -> String {
    let set = |number: i64| i64::from(flags) & number != 0;
    let names = MESSAGE_FLAGS.iter().filter(|(_, number)| set(*number));
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    if names.is_empty() {
        return "0".to_owned();
    }
    names.join("|")
}

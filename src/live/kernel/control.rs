//! setsockopt, getsockopt, fcntl and ioctl.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag};

use super::data::File;
use super::made::{Made, Prepared, name_of};
use super::message;
use super::options::{self, OptionValue};
use super::words::{Given, bad, errno, narrow, number, number_of, unknown_word};
use crate::calls::BadCall;
use crate::scenario::script::Argument;

/// The level and the name of an option.
fn option(given: Given<'_>) -> Result<(i32, i32), BadCall> {
    Ok((given.narrow(1)?, given.narrow(2)?))
}

fn no_option(given: Given<'_>) -> BadCall {
    let name = given
        .get(2)
        .map(message::argument_shown)
        .unwrap_or_default();
    BadCall {
        unknown: Some(unknown_word(&name)),
        ..bad(
            2,
            format!("the option {name} cannot be used on the kernel here"),
        )
    }
}

/// What an option is set to, as a script writes it.
fn option_value(given: Given<'_>, at: (i32, i32)) -> Result<OptionValue, BadCall> {
    let is_time =
        at.0 == libc::SOL_SOCKET && [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO].contains(&at.1);
    match given.get(3) {
        Some(Argument::Text(text)) => Ok(OptionValue::Octets(text.clone().into_bytes())),
        Some(Argument::Struct(fields)) => match fields.as_slice() {
            [(_, one), (_, other)] => {
                let (one, other) = (number(3, one)?, number(3, other)?);
                Ok(match is_time {
                    true => OptionValue::Time(one.saturating_mul(1_000_000).saturating_add(other)),
                    false => OptionValue::Linger(narrow(3, one)?, narrow(3, other)?),
                })
            }
            _ => Err(bad(3, "this structure has two fields")),
        },
        _ if is_time => {
            // Milliseconds, as the emulated hosts have it.
            Ok(OptionValue::Time(given.number(3)?.saturating_mul(1000)))
        }
        _ => {
            // Unsigned values of options keep their bits.
            let number = given.number(3)?;
            let bits = u32::try_from(number).map(u32::cast_signed);
            let signed = i32::try_from(number).or(bits);
            let signed = signed.map_err(|_| bad(3, format!("{number} is out of range")))?;
            Ok(OptionValue::Number(signed))
        }
    }
}

/// setsockopt.
pub(super) fn set_option(file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
    let at = option(given)?;
    let value = option_value(given, at)?;
    // Whether the table has it is known before the call is made, with a descriptor that is none.
    let length = given.number(4)?;
    let is_short = match value {
        OptionValue::Number(_) => length < 4 && at.0 != libc::IPPROTO_IP,
        OptionValue::Linger(..) => length < 8,
        OptionValue::Time(_) | OptionValue::Octets(_) => false,
    };
    if is_short && given.get(4).is_some() {
        return Err(bad(4, "a value is not cut short on the kernel here"));
    }
    let value = match (at, value) {
        ((libc::IPPROTO_TCP, libc::TCP_FASTOPEN_KEY), OptionValue::Octets(mut octets)) => {
            octets.truncate(usize::try_from(length).unwrap_or(0));
            OptionValue::Octets(octets)
        }
        (_, value) => value,
    };
    if options::get(&file.fd, at).is_none()
        && !matches!(value, OptionValue::Octets(_) | OptionValue::Time(_))
    {
        return Err(no_option(given));
    }
    Ok(Prepared::prompt(move || {
        let set = options::set(&file.fd, at, &value);
        Made::status(set.unwrap_or(Err(Errno::ENOPROTOOPT)))
    }))
}

/// getsockopt.
pub(super) fn get_option(file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
    let at = option(given)?;
    // The pending error is taken by reading it.
    let is_error = at == (libc::SOL_SOCKET, libc::SO_ERROR);
    if !is_error && options::get(&file.fd, at).is_none() {
        return Err(no_option(given));
    }
    let expected = match given.get(3) {
        None | Some(Argument::Ellipsis) => None,
        Some(Argument::List(list)) if list == &[Argument::Ellipsis] => None,
        Some(Argument::Struct(_) | Argument::Text(_)) => Some(option_value(given, at)?),
        Some(Argument::Word(word)) if is_error => Some(OptionValue::Number(errno_of(word)?)),
        Some(Argument::List(list)) => match list.as_slice() {
            [Argument::Word(word)] if is_error => Some(OptionValue::Number(errno_of(word)?)),
            _ => Some(option_value(given, at)?),
        },
        Some(_) => Some(option_value(given, at)?),
    };
    let is_said = given.get(3).is_some();
    Ok(Prepared::prompt(move || {
        match options::get(&file.fd, at).unwrap_or(Err(Errno::ENOPROTOOPT)) {
            Err(error) => Made::result(Err(error)),
            Ok(value) if !is_said => Made::shown(option_shown(&value, is_error)),
            Ok(value) if expected.as_ref().is_none_or(|it| *it == value) => Made::result(Ok(0)),
            Ok(value) => Made::result(Ok(0)).differs(3, option_shown(&value, is_error)),
        }
    }))
}

fn errno_of(word: &str) -> Result<i32, BadCall> {
    let number = number_of(word).or_else(|| errno(word));
    let number = number.ok_or_else(|| bad(3, format!("there is no error {word}")))?;
    narrow(3, number)
}

fn option_shown(value: &OptionValue, is_error: bool) -> String {
    match value {
        OptionValue::Number(0) if is_error => "0".to_owned(),
        OptionValue::Number(number) if is_error => name_of(Errno::from_raw(*number)),
        OptionValue::Number(number) => number.to_string(),
        OptionValue::Linger(on, seconds) => format!("{{onoff={on}, linger={seconds}}}"),
        OptionValue::Time(micros) => {
            let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
            format!("{{tv_sec={seconds}, tv_usec={rest}}}")
        }
        OptionValue::Octets(octets) => format!("{:?}", String::from_utf8_lossy(octets)),
    }
}

/// fcntl.
pub(super) fn flags(file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
    let command: i32 = given.narrow(1)?;
    let flags: i32 = given.narrow(2)?;
    let command = match command {
        libc::F_GETFL => None,
        libc::F_SETFL => Some(OFlag::from_bits_retain(flags)),
        _ => return Err(bad(1, "fcntl has F_GETFL and F_SETFL here")),
    };
    Ok(Prepared::prompt(move || {
        let command = command.map_or(FcntlArg::F_GETFL, FcntlArg::F_SETFL);
        let done = nix::fcntl::fcntl(file.fd.as_fd(), command);
        Made::result(done.map(i64::from))
    }))
}

/// ioctl.
pub(super) fn request(file: File, given: Given<'_>) -> Result<Prepared, BadCall> {
    let wanted = given.number(1)?;
    if wanted == number_of("FIONBIO").unwrap_or(0) {
        let on = given.number(2)? != 0;
        return Ok(Prepared::prompt(move || {
            let done = rustix::io::ioctl_fionbio(&file.fd, on);
            Made::status(done.map_err(|it| Errno::from_raw(it.raw_os_error())))
        }));
    }
    if wanted != number_of("FIONREAD").unwrap_or(0) {
        return Err(bad(1, "ioctl has FIONBIO and SIOCINQ on the kernel here"));
    }
    let expected = match given.get(2) {
        None | Some(Argument::Ellipsis) => None,
        Some(_) => Some(given.number(2)?),
    };
    let is_said = given.get(2).is_some();
    Ok(Prepared::prompt(move || {
        match rustix::io::ioctl_fionread(&file.fd) {
            Err(error) => Made::result(Err(Errno::from_raw(error.raw_os_error()))),
            Ok(octets) if !is_said => Made::result(Ok(octets.cast_signed())),
            Ok(octets) if expected.is_none_or(|it| it == octets.cast_signed()) => {
                Made::result(Ok(0))
            }
            Ok(octets) => Made::result(Ok(0)).differs(2, octets.to_string()),
        }
    }))
}

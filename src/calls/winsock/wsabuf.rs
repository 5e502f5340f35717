//! How a script writes the WSABUF of connect and disconnect data.

use hangup_winsock::Pointer;

use crate::calls::BadCall;
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

/// The WSABUF in an argument. One that is left out is NULL.
pub(super) fn wsabuf(context: &Context<'_>, index: usize) -> Result<Pointer<Vec<u8>>, BadCall> {
    match context.argument(index) {
        None => Ok(Pointer::Null),
        Some(Argument::Word(word)) if word == "NULL" => Ok(Pointer::Null),
        Some(Argument::Integer(0)) => Ok(Pointer::Null),
        Some(Argument::Word(word)) if word == "BAD_POINTER" => Ok(Pointer::Bad),
        Some(Argument::Text(text)) => Ok(Pointer::To(text.as_bytes().to_vec())),
        Some(Argument::Struct(fields)) => wsabuf_fields(context, index, fields),
        Some(_) => context.bad(index, WSABUF),
    }
}

const WSABUF: &str =
    "the data is NULL, BAD_POINTER, a \"text\" or a WSABUF: {len=64, buf=BUFFER|BAD_POINTER}";

/// The longest disconnect data that a script can ask for, in octets.
const DISCONNECT_DATA_MAX: i64 = 65_535;

fn wsabuf_fields(
    context: &Context<'_>,
    index: usize,
    fields: &[(Option<String>, Argument)],
) -> Result<Pointer<Vec<u8>>, BadCall> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known.as_deref() == Some(name))
            .map(|(_, value)| value)
    };
    let length = match field("len") {
        Some(Argument::Integer(length)) if (0..=DISCONNECT_DATA_MAX).contains(length) => *length,
        _ => return context.bad(index, WSABUF),
    };
    let length = usize::try_from(length).unwrap_or(0);
    match field("buf") {
        // Nothing is read or written through the pointer of an empty buffer.
        Some(Argument::Word(word)) if matches!(word.as_str(), "BAD_POINTER" | "NULL") => {
            Ok(if length == 0 {
                Pointer::To(Vec::new())
            } else {
                Pointer::Bad
            })
        }
        Some(Argument::Text(text)) if text.len() >= length => {
            Ok(Pointer::To(text.as_bytes()[..length].to_vec()))
        }
        Some(Argument::Word(word)) if word == "BUFFER" => Ok(Pointer::To(vec![0; length])),
        Some(Argument::Ellipsis) => Ok(Pointer::To(vec![0; length])),
        _ => context.bad(index, WSABUF),
    }
}

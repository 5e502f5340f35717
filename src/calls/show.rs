//! Printing arguments in the notation of scripts.

use crate::scenario::script::Argument;

/// The longest text that a row shows whole, in characters.
const TEXT_SHOWN_MAX: usize = 40;

/// An argument as a script writes it.
pub(crate) fn show(argument: &Argument) -> String {
    let join =
        |list: &[Argument], between: &str| list.iter().map(show).collect::<Vec<_>>().join(between);
    match argument {
        Argument::Integer(number) => number.to_string(),
        Argument::Word(word) => word.clone(),
        Argument::Text(text) if text.chars().count() > TEXT_SHOWN_MAX => {
            let shown: String = text.chars().take(TEXT_SHOWN_MAX).collect();
            format!("{shown:?}... ({} octets)", text.len())
        }
        Argument::Text(text) => format!("{text:?}"),
        Argument::Octets(octets) => format!("{} octets", octets.len()),
        Argument::Flags(flags) => join(flags, "|"),
        Argument::List(list) => format!("[{}]", join(list, ", ")),
        Argument::Struct(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| match name {
                    Some(name) => format!("{name}={}", show(value)),
                    None => show(value),
                })
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Argument::Ellipsis => "...".to_owned(),
        Argument::Endpoint {
            host,
            port: Some(port),
        } => format!("{host}:{port}"),
        Argument::Endpoint { host, port: None } => format!("{host}:*"),
        Argument::Address(endpoint) => endpoint.to_string(),
    }
}

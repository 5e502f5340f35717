//! The valid names of hosts and profiles.

/// The longest name of a host or profile, in characters: that of a label in the DNS.
const NAME_MAX: usize = 63;

/// Words that a script gives a meaning of their own at the place of a host's name.
const RESERVED: [&str; 2] = ["inject", "link"];

/// What is wrong with the name of a host or a profile. None: it is fine.
pub(super) fn fault(name: &str) -> Option<String> {
    let mut characters = name.chars();
    let starts = characters
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic() || it == '_');
    let goes_on = characters.all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    if !starts || !goes_on {
        Some("a name is a letter, then letters, digits, `_` and `-`".to_owned())
    } else if name.len() > NAME_MAX {
        Some(format!("a name has at most {NAME_MAX} characters"))
    } else if RESERVED.contains(&name) {
        Some(format!("`{name}` begins a statement of its own in scripts"))
    } else if name.contains("_to_") {
        Some("`_to_` stands between two hosts, as in `[network.client_to_server]`".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts() {
        for name in ["server", "a", "_x", "web-1", "h_2"] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in [
            "",
            "1a",
            "a b",
            "link",
            "inject",
            "a_to_b",
            "ü",
            "a:b",
            &"x".repeat(64),
        ] {
            assert!(fault(name).is_some(), "{name}");
        }
    }
}

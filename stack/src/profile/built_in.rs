//! The profiles that come with the program.

/// A built-in profile: its name and its TOML text.
struct BuiltIn {
    name: &'static str,
    text: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// In the order in which they are listed: the documents first, then systems by name.
        const BUILT_IN: &[BuiltIn] =
            &[$(BuiltIn { name: $name, text: include_str!(concat!($name, ".toml")) }),*];
        const NAMES: &[&str] = &[$($name),*];
    };
}

built_in!(
    "wsprecvdisconnect",
    "winsock",
    "linux",
    "freebsd",
    "smoltcp"
);

/// The names of the built-in profiles: the two contracts of the documents first, then systems by
/// name.
pub fn names() -> &'static [&'static str] {
    NAMES
}

/// A built-in profile as its TOML source: each value with a comment that says where it is from and
/// how sure that is. A profile that extends another holds only what differs.
pub fn source(name: &str) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|profile| profile.name == name)
        .map(|profile| profile.text)
}

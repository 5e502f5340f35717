//! The profiles that come with the program.

/// How many profiles may extend each other in a row.
pub(super) const EXTENDS_LIMIT: usize = 8;

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
    "windows",
    "windows-7",
    "windows-xp",
    "linux-6.18",
    "linux-6.1",
    "linux-5.10",
    "freebsd",
    "openbsd",
    "netbsd",
    "macos",
    "macos-10.12",
    "illumos",
    "gvisor",
    "netstack3",
    "lwip",
    "smoltcp",
);

/// Other names of profiles. A system of which several versions are known has a profile a version,
/// and its bare name stands for the newest.
const ALIASES: &[(&str, &str)] = &[("linux", "linux-6.18")];

/// The names of the built-in profiles: the two contracts of the documents first, then systems, with
/// relatives next to each other. Aliases are not among them.
pub fn names() -> &'static [&'static str] {
    NAMES
}

/// Other names of built-in profiles, each with the name that it stands for.
pub fn aliases() -> &'static [(&'static str, &'static str)] {
    ALIASES
}

/// The name of the profile that a name or an alias stands for; anything else stands for itself.
pub(super) fn canonical(name: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    alias.map_or(name, |(_, name)| name)
}

/// A built-in profile as its TOML source: each value with a comment that says where it is from and
/// how sure that is. A profile that extends another holds only what differs. Takes aliases, too.
pub fn source(name: &str) -> Option<&'static str> {
    named(name).map(|(_, text)| text)
}

/// The name and the TOML source of a built-in profile. Takes aliases, too.
pub(super) fn named(name: &str) -> Option<(&'static str, &'static str)> {
    let name = canonical(name);
    BUILT_IN
        .iter()
        .find(|profile| profile.name == name)
        .map(|profile| (profile.name, profile.text))
}

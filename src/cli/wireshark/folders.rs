//! The folders of a person in which Wireshark looks for what is ours.

use std::ffi::OsString;
use std::path::PathBuf;

/// The name of the profile, and of the link to the program.
pub(super) const PROFILE: &str = "hangup";

/// The folders.
#[derive(Debug)]
pub(super) struct Folders {
    pub(super) profile: PathBuf,
    /// Sources of packets: the first is that of Wireshark 4.0, the second that of later versions.
    pub(super) extcap: Vec<PathBuf>,
    /// Post-dissectors.
    pub(super) plugins: Option<PathBuf>,
}

impl Folders {
    /// Those of this machine (the manual of Wireshark, appendix B).
    pub(super) fn of_machine() -> Option<Self> {
        let set = |name: &str| {
            let value = std::env::var_os(name).filter(|it: &OsString| !it.is_empty())?;
            Some(PathBuf::from(value))
        };
        if cfg!(windows) {
            let settings = set("APPDATA")?.join("Wireshark");
            return Some(Self {
                profile: settings.join("profiles").join(PROFILE),
                extcap: vec![settings.join("extcap")],
                plugins: Some(settings.join("plugins")),
            });
        }
        let home = set("HOME");
        let config = set("XDG_CONFIG_HOME");
        let config = config.or_else(|| Some(home.as_ref()?.join(".config")))?;
        let settings = config.join("wireshark");
        let library = home.map(|home| home.join(".local/lib/wireshark"));
        let later = library.as_ref().map(|library| library.join("extcap"));
        Some(Self {
            profile: settings.join("profiles").join(PROFILE),
            extcap: [settings.join("extcap")].into_iter().chain(later).collect(),
            plugins: library.map(|library| library.join("plugins")),
        })
    }
}

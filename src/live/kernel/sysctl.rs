//! Sysctls of the network namespace.

/// Sets a sysctl of the network namespace.
///
/// # Errors
/// It is not one of the namespace's own, or the kernel does not have it or takes no such value.
pub(super) fn set(name: &str, value: &str) -> Result<(), String> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    if !name.starts_with("net.") || name.contains("..") || !name.chars().all(is_name) {
        return Err("not a setting of the namespace".to_owned());
    }
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::write(path, value).map_err(|error| error.to_string())
}

/// The kernel's release: `6.18.44`.
pub(super) fn release() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    text.trim().to_owned()
}

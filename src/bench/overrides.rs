//! Profiles with some knobs overridden, as values of an axis:
//! `linux+rto.min=1s+send.restart=never`.
//!
//! A case is copied for every row, so its values are words and numbers, and such a profile is
//! its name everywhere but here. Profiles that were read are kept for good; there are few.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hangup_stack::profile::Profile;

use crate::language::names::{group, nearest};
use crate::scenario::{Setting, knob_table};

/// The longest name, in octets.
const NAME_MOST: usize = 256;

/// How many there can be.
const OVERRIDDEN_MOST: usize = 1000;

/// Every one that was read, by its name.
static OVERRIDDEN: RwLock<BTreeMap<&'static str, Arc<Profile>>> = RwLock::new(BTreeMap::new());

/// Reads the knobs of a profile, `KNOB=VALUE` with a `+` between two, and returns the name of what
/// they make of it.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn read(base: &str, knobs: &str) -> Result<&'static str, String> {
    let mut profile = Profile::built_in(base).ok_or_else(|| format!("there is no {base}"))?;
    let mut overridden: Vec<String> = Vec::new();
    let mut name = base.to_owned();
    for part in knobs.split('+') {
        let setting: Setting = part.parse().map_err(|_| {
            "a knob is turned with `+KNOB=VALUE`, such as `linux+rto.min=1s`".to_owned()
        })?;
        let knob = setting.key().to_owned();
        if overridden.contains(&knob) {
            return Err(format!("`{knob}` is there twice"));
        }
        let (value, text) = setting.value();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if text.is_empty() || !text.chars().all(is_plain) {
            return Err(format!(
                "the value of `{knob}` has to fit a column: letters, digits, `.`, `_` and `-`"
            ));
        }
        profile = profile
            .with(&knob_table(&knob, value))
            .map_err(|error| fault(&knob, &error.message))?;
        name.push_str(&format!("+{knob}={text}"));
        overridden.push(knob);
    }
    if name.len() > NAME_MOST {
        return Err(format!("it has more than {NAME_MOST} octets"));
    }
    keep(name, profile)
}

/// What is wrong with a knob.
fn fault(knob: &str, message: &str) -> String {
    let known = Profile::knobs();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let group = group(knob, &names);
    if !group.is_empty() {
        return format!("`{knob}` is a group of knobs: {}", group.join(", "));
    }
    match nearest(knob, &names) {
        Some(nearest) if !names.contains(&knob) => {
            format!("{message}: `{knob}`; did you mean `{nearest}`?")
        }
        Some(_) | None => format!("`{knob}`: {message}"),
    }
}

/// Keeps a profile under its name.
fn keep(name: String, profile: Profile) -> Result<&'static str, String> {
    if let Some(known) = known(&name) {
        return Ok(known);
    }
    let mut all = OVERRIDDEN.write().unwrap_or_else(PoisonError::into_inner);
    if all.len() == OVERRIDDEN_MOST {
        return Err(format!(
            "there are more than {OVERRIDDEN_MOST} such profiles"
        ));
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    all.insert(name, Arc::new(profile));
    Ok(name)
}

/// A name that was read before.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let all = OVERRIDDEN.read().unwrap_or_else(PoisonError::into_inner);
    all.get_key_value(name).map(|(name, _)| *name)
}

/// The profile of a name: a built-in one, or one that was read before.
pub(super) fn profile(name: &str) -> Option<Arc<Profile>> {
    if base(name) == name {
        return Profile::shared(name);
    }
    let all = OVERRIDDEN.read().unwrap_or_else(PoisonError::into_inner);
    all.get(name).cloned()
}

/// The profile of a value of an axis.
///
/// # Panics
/// There is none of that name: it is no value.
pub(super) fn known_profile(name: &str) -> Arc<Profile> {
    profile(name).expect("an axis takes what there is")
}

/// The profile whose knobs are turned.
pub(super) fn base(name: &str) -> &str {
    name.split_once('+').map_or(name, |(base, _)| base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_are_turned_and_named() {
        let name = read("linux", "rto.min=1s + send.restart = \"never\"").unwrap();
        assert_eq!(name, "linux+rto.min=1s+send.restart=never");
        assert_eq!((known(name), base(name)), (Some(name), "linux"));
        let overridden = profile(name).unwrap();
        assert!(
            overridden.to_toml().contains("min = \"1s\""),
            "{}",
            overridden.to_toml()
        );
        assert_ne!(Some(overridden), profile("linux"));
        assert_eq!(known("linux+rto.min=7s"), None);
        assert_eq!(profile("linux+rto.min=7s"), None);
    }

    #[test]
    fn bad_knobs_say_what_is_wrong() {
        for (knobs, expected) in [
            ("", "a knob is turned with"),
            ("rto.min", "a knob is turned with"),
            ("rto.mni=1s", "did you mean `rto.min`?"),
            ("rto.min=1", "`rto.min`: "),
            ("rto=3", "`rto` is a group of knobs: rto.initial, rto.min"),
            ("rto.min=1s+rto.min=2s", "`rto.min` is there twice"),
            ("rto.min='1 s'", "has to fit a column"),
            ("options.syn=[]", "has to fit a column"),
            (&format!("rto.min={}s", "0".repeat(300)), "octets"),
        ] {
            let error = read("linux", knobs).unwrap_err();
            assert!(error.contains(expected), "{knobs}: {error}");
        }
    }
}

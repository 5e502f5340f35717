//! Profiles by their knobs: lookup, inheritance, and changes by dotted name.

use std::sync::{Arc, OnceLock};

use toml::{Table, Value};

use super::{Profile, built_in, origin};

/// The profile that has every knob and extends nothing.
const COMPLETE: &str = "linux-6.18";

/// The profile that has every knob of what only some systems have.
const WINSOCK: &str = "winsock";

/// The groups of those knobs.
const OPTIONAL: [&str; 2] = ["winsock.", "iso."];

/// What is wrong with a knob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{knob}: {message}")]
pub struct KnobError {
    /// The knob's dotted name, as far as it is known.
    pub knob: String,
    /// What is wrong with it.
    pub message: String,
}

impl Profile {
    /// The names of the built-in profiles.
    pub fn names() -> &'static [&'static str] {
        built_in::names()
    }

    /// Other names of built-in profiles, each with the name that it stands for.
    pub fn aliases() -> &'static [(&'static str, &'static str)] {
        built_in::aliases()
    }

    /// A built-in profile, by its name or an alias. It is called what it was asked for by: a
    /// scenario that leaves the version open has a trace that leaves it open as well.
    pub fn built_in(name: &str) -> Option<Self> {
        Self::shared(name).map(Arc::unwrap_or_clone)
    }

    /// As [`Profile::built_in`], for those who leave it as it is: one for all of them.
    pub fn shared(name: &str) -> Option<Arc<Self>> {
        // Each is parsed when somebody asks for it: all of them cost more than a short run. The
        // aliases stand behind the names.
        static SHARED: OnceLock<Vec<OnceLock<Arc<Profile>>>> = OnceLock::new();
        let (names, aliases) = (built_in::names(), built_in::aliases());
        let shared = SHARED.get_or_init(|| {
            let all = 0..names.len() + aliases.len();
            all.map(|_| OnceLock::new()).collect()
        });
        if let Some(place) = names.iter().position(|it| *it == name) {
            let parse = || {
                let table = inherited(name, 0).expect("the built-in profiles parse");
                Self::from_table(table).expect("the built-in profiles hold every knob")
            };
            let profile = shared[place].get_or_init(|| Arc::new(parse()));
            return Some(Arc::clone(profile));
        }
        let place = aliases.iter().position(|(alias, _)| *alias == name)?;
        let renamed = || Self {
            name: name.to_owned(),
            ..Self::built_in(aliases[place].1).expect("an alias stands for a built-in profile")
        };
        let profile = shared[names.len() + place].get_or_init(|| Arc::new(renamed()));
        Some(Arc::clone(profile))
    }

    /// A built-in profile as its TOML source, comments and all. Takes aliases, too.
    pub fn source(name: &str) -> Option<&'static str> {
        built_in::source(name)
    }

    /// Every knob's dotted name (`receive_shutdown.capacity`), in the order of the file.
    pub fn knobs() -> Vec<String> {
        known_knobs().to_vec()
    }

    /// This profile with some knobs changed. The table is nested as the dotted names are.
    ///
    /// # Errors
    /// The dotted name of the knob that is unknown or has a value of the wrong kind, and what is
    /// wrong.
    pub fn with(&self, knobs: &Table) -> Result<Self, KnobError> {
        let known = known_knobs();
        let mut changed = Vec::new();
        dotted(knobs, "", &mut changed);
        if let Some(unknown) = changed.iter().find(|name| !is_known(name, known)) {
            let message = "no profile has a knob of that name".to_owned();
            return Err(KnobError {
                knob: unknown.clone(),
                message,
            });
        }
        let mut table = self.to_table();
        merge(&mut table, knobs);
        Self::from_table(table).map_err(|error| {
            let message = error.message().to_owned();
            KnobError {
                knob: blame(self, knobs, &changed),
                message,
            }
        })
    }

    /// The dotted names of the knobs that are not as the built-in profile of the same name has
    /// them: all, where there is none of that name.
    pub fn turned(&self) -> Vec<String> {
        let usual = Self::built_in(&self.name).map(|it| it.to_table());
        let (own, usual) = (self.to_table(), usual.unwrap_or_default());
        let mut names = Self::knobs();
        names.retain(|name| at(&own, name) != at(&usual, name));
        names
    }

    /// The profile as TOML, to read or to paste into a scenario.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).unwrap_or_default()
    }

    fn from_table(table: Table) -> Result<Self, toml::de::Error> {
        Value::Table(table).try_into()
    }
}

/// The value of a dotted name.
fn at<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    let (group, rest) = match name.split_once('.') {
        Some((group, rest)) => (group, Some(rest)),
        None => (name, None),
    };
    let value = table.get(group)?;
    match rest {
        Some(rest) => at(value.as_table()?, rest),
        None => Some(value),
    }
}

/// The names of [`Profile::knobs`], read once: a suite of scripts changes knobs in each of them.
fn known_knobs() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let text = built_in::source(COMPLETE).unwrap_or_default();
        let mut names = origin::values_in(text);
        names.retain(|name| !["name", "title"].contains(&name.as_str()));
        // An optional knob has no value in the file.
        let options = names.iter().rposition(|name| name.starts_with("options."));
        let place = options.map_or(names.len(), |last| last + 1);
        names.insert(place, "options.mss".to_owned());
        // What only some systems have stands where they have it.
        let text = built_in::source(WINSOCK).unwrap_or_default();
        let optional = |name: &String| OPTIONAL.iter().any(|group| name.starts_with(group));
        names.extend(origin::values_in(text).into_iter().filter(optional));
        names
    })
}

/// A built-in profile's table with everything it inherits.
fn inherited(name: &str, depth: usize) -> Option<Table> {
    let mut own = built_in::source(name)?.parse::<Table>().ok()?;
    let Some(base) = own.remove("extends") else {
        return Some(own);
    };
    if depth == built_in::EXTENDS_LIMIT {
        return None;
    }
    let mut table = inherited(base.as_str()?, depth + 1)?;
    merge(&mut table, &own);
    Some(table)
}

/// Lays `over` on `base`, table by table.
fn merge(base: &mut Table, over: &Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

fn dotted(table: &Table, prefix: &str, names: &mut Vec<String>) {
    for (key, value) in table {
        let name = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value.as_table().filter(|inner| !inner.is_empty()) {
            Some(inner) => dotted(inner, &name, names),
            None => names.push(name),
        }
    }
}

fn is_known(name: &str, known: &[String]) -> bool {
    name == "title" || name == "name" || known.iter().any(|knob| knob == name)
}

/// Which of the changed knobs the profile does not take: the first that fails alone.
fn blame(profile: &Profile, knobs: &Table, changed: &[String]) -> String {
    let fails_alone = |name: &&String| {
        let mut table = profile.to_table();
        let mut value = Some(&Value::Table(knobs.clone())).cloned();
        for key in name.split('.') {
            value = value.and_then(|value| value.get(key).cloned());
        }
        let mut place = &mut table;
        let (path, last) = name.rsplit_once('.').unwrap_or(("", name));
        for key in path.split('.').filter(|key| !key.is_empty()) {
            match place.get_mut(key) {
                Some(Value::Table(inner)) => place = inner,
                _ => return true,
            }
        }
        if let Some(value) = value {
            place.insert(last.to_owned(), value);
        }
        Profile::from_table(table).is_err()
    };
    changed
        .iter()
        .find(fails_alone)
        .or(changed.first())
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_has_its_name_and_survives_toml() {
        for name in Profile::names() {
            let profile = Profile::built_in(name).unwrap();
            assert_eq!(&profile.name, name);
            let again: Profile = toml::from_str(&profile.to_toml()).unwrap();
            assert_eq!(profile, again, "{name}");
        }
        assert!(Profile::built_in("solaris").is_none());
    }

    #[test]
    fn aliases_stand_for_profiles_and_hide_none() {
        for (alias, name) in Profile::aliases() {
            let asked = Profile::built_in(alias).unwrap();
            assert_eq!(asked.name, *alias);
            let named = Profile {
                name: (*name).to_owned(),
                ..asked
            };
            assert_eq!(Some(named), Profile::built_in(name));
            assert_eq!(Profile::source(alias), Profile::source(name));
            assert!(!Profile::names().contains(alias), "{alias}");
        }
    }

    #[test]
    fn knobs_change_by_name_and_errors_name_the_knob() {
        let linux = Profile::built_in("linux").unwrap();
        let with = |text: &str| linux.with(&text.parse::<Table>().unwrap());
        let changed = with("receive_shutdown.capacity = 'zero'\nrto.min = '300ms'").unwrap();
        assert_eq!(
            changed.receive_shutdown.capacity,
            super::super::Capacity::Zero
        );
        assert_eq!(changed.rto.min.total_millis(), 300);
        assert_eq!(
            changed.rto.max, linux.rto.max,
            "what is not said is inherited"
        );

        let knob = |text: &str| with(text).unwrap_err().knob;
        assert_eq!(
            knob("receive_shutdown.capcity = 'zero'"),
            "receive_shutdown.capcity"
        );
        assert_eq!(knob("rto.max = '1s'\nrto.min = 'soon'"), "rto.min");
        assert_eq!(
            knob("receive_shutdown.arriving.rd = 7"),
            "receive_shutdown.arriving.rd"
        );
        assert_eq!(knob("rto = 7"), "rto");
        let optional = with("options.mss = 1000").unwrap();
        assert_eq!(optional.options.mss, Some(1000));
    }
}

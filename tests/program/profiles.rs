//! `hangup profiles`: the systems, and one of them as a section of a scenario.

use hangup::run::run;
use hangup::scenario::Scenario;
use hangup_stack::profile::{Api, Mark, Profile, origins};

use super::Folder;

/// What `hangup profiles` with these arguments prints.
#[track_caller]
fn printed(folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.hangup(&[&["profiles"], arguments].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    ran.out
}

#[test]
fn every_profile_is_listed() {
    let folder = Folder::new("profiles");
    let list = printed(&folder, &[]);
    let mut rows = list.lines();
    let header: Vec<&str> = rows.next().unwrap_or("").split_whitespace().collect();
    assert!(header.ends_with(&[
        "calls",
        "measured",
        "captured",
        "read",
        "documented",
        "assumed"
    ]));
    let mut listed = Vec::new();
    for row in rows {
        let name = row.split([',', ' ']).next().unwrap_or("");
        // Every value of a profile is known in one way.
        let counts = row
            .rsplit(' ')
            .filter(|cell| !cell.is_empty())
            .take(Mark::ALL.len());
        let total: usize = counts.map(|count| count.parse::<usize>().unwrap()).sum();
        assert_eq!(total, origins(name).unwrap().len(), "{row}");
        let profile = Profile::built_in(name).unwrap();
        assert!(row.contains(&profile.title), "{row}");
        listed.push(name);
    }
    assert_eq!(listed, Profile::names());
    assert!(list.contains("\nlinux-6.18, linux "), "{list}");
    // How many values there are changes with every knob; how the rest looks does not.
    let words = list
        .lines()
        .map(|row| row.trim_end_matches(|it: char| it == ' ' || it.is_ascii_digit()));
    let first: Vec<&str> = words.take(4).collect();
    insta::assert_snapshot!("profiles", first.join("\n"));
}

#[test]
fn a_profile_is_printed_with_its_sources() {
    let folder = Folder::new("profile");
    let plain = printed(&folder, &["openbsd"]);
    let why = printed(&folder, &["openbsd", "--why"]);
    let sections: Vec<&str> = why.split("\n\n").take(4).collect();
    insta::assert_snapshot!("openbsd", sections.join("\n\n"));
    // But for the reasons they are the same.
    let values = |text: &str| -> Vec<String> {
        let value = |line: &str| line.split(" # ").next().unwrap_or("").to_owned();
        text.lines().skip(1).map(value).collect()
    };
    assert_eq!(values(&plain), values(&why));
    assert_ne!(plain, why);
}

#[test]
fn a_profile_that_is_not_there_gets_a_suggestion() {
    let folder = Folder::new("no-profile");
    let rows = [
        (&["profiles", "linus"][..], "did you mean `linux`?"),
        (&["profiles", "illumo", "--why"], "did you mean `illumos`?"),
        (
            &["profiles", "beos"],
            "there are wsprecvdisconnect, winsock",
        ),
        (&["profiles", "--why"], "<NAME>"),
    ];
    for (arguments, says) in rows {
        let ran = folder.hangup(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
}

/// A script that most knobs have a say in: data before and after a receive shutdown, data of its
/// own, loss, and a close.
fn script(api: Api) -> String {
    let calls = match api {
        Api::Posix => ["", "shutdown(4, SHUT_RD)", "close(4)"],
        Api::Winsock => [
            "0 host: WSAStartup(0x0202) = 0",
            "WSARecvDisconnect(4, NULL)",
            "closesocket(4)",
        ],
    };
    let [begin, shut, close] = calls;
    format!(
        "{begin}\n\
         0    host: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n\
         +0   host: bind(3, host:80) = 0\n\
         +0   host: listen(3, 1) = 0\n\
         .01  peer > host: S 0:0(0) win 65535 <mss 1000,sackOK,nop,wscale 2>\n\
         +.01 peer > host: . 1:1(0) ack 1 win 65535\n\
         +0   host: accept(3) = 4\n\
         .1   peer > host: P. 1:1001(1000) ack 1\n\
         .5   host: {shut} = ...\n\
         .6   host: send(4, 3000) = ...\n\
         +.1  peer > host: . 1001:1001(0) ack 1001\n\
         .9   peer > host: P. 1001:2001(1000) ack 1001\n\
         2    host: {close} = ...\n\
         600  peer > host: . 2001:2001(0) ack 1001\n"
    )
}

#[test]
fn a_pasted_profile_is_the_system_it_was_printed_from() {
    let folder = Folder::new("pasted");
    let names = Profile::names().iter();
    for name in names.chain(&["linux"]) {
        let ours = format!("my-{}", name.replace('.', "-"));
        let script = script(Profile::built_in(name).unwrap().api);
        let events = |profile: &str, section: &str| {
            let text = format!(
                "# A system, and the same as printed.\n\
                 hosts.host.profile = \"{profile}\"\nhosts.peer.profile = \"scripted\"\n\
                 script = '''\n{script}'''\n\n{section}"
            );
            let scenario = Scenario::parse("pasted.toml".as_ref(), text.into());
            let scenario = scenario.unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
            run(&scenario, None).events
        };
        let built_in = events(name, "");
        for arguments in [&[*name][..], &[name, "--why"]] {
            let section = printed(&folder, arguments);
            assert_eq!(events(&ours, &section), built_in, "{name}");
        }
        assert!(
            built_in.len() > 20,
            "{name}: the script has come to nothing"
        );
    }
}

//! Hostile scripts: none makes the program panic, run for ever, or do anything but play packets.

use std::path::Path;

use hangup::packetdrill::{IpVersion, Leftovers};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{any_script, options, verdict};

/// Words that mean something.
const WORDS: [&str; 86] = [
    "0 ",
    "+0 ",
    "+.1 ",
    "0.2 ",
    "* ",
    "+0~+.2 ",
    "...",
    "0.3 ",
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
    "read",
    "write",
    "close",
    "shutdown",
    "poll",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ", ",
    " = ",
    "0 ",
    "1 ",
    "3 ",
    "4 ",
    "-1 ",
    "1000 ",
    "0xff ",
    "SHUT_RD",
    "SOCK_STREAM",
    "EPIPE ",
    "< ",
    "> ",
    "S ",
    "S. ",
    ". ",
    "F. ",
    "P. ",
    "R ",
    "0:0(0) ",
    "1:1001(1000) ",
    "ack 1 ",
    "win 257 ",
    "<mss 1000,sackOK> ",
    "<...> ",
    "`sysctl -w a=1` ",
    "%{ assert 1 }% ",
    // Forms of packets that few scripts have.
    "[ect0] ",
    "(tos 0xff, ttl 0) ",
    "(dscp ef, ecn ce, flowlabel 0xfffff) ",
    "SEWA ",
    "5. ",
    "P7. ",
    ".3 ",
    "...(0) ",
    "1:1(0)! ",
    "4294967295:65534(65535) ",
    "1:65536(65535) ",
    "ack 4294967295! ",
    "win 65535 ",
    "urg 65535 ",
    "<FO 00ff,nop> ",
    "<md5 00112233445566778899aabbccddeeff> ",
    "<exp-AccECN1 ee1b 1 eceb 2 ee0b 3> ",
    "<TS val ... ecr 1!> ",
    "<TS val 1! ecr ...> ",
    "<sack 1:1001 4294967295:0> ",
    "1000 > 8080 ",
    "udp (65507) ",
    "udp (65535) ",
    "icmp unreachable port_unreachable ",
    "icmp type_255 code_255 ",
    "mtu 4294967295 ",
    "id 65535 ",
    "[1:65536(65535)!] ",
    "[udp (65535)] ",
    "[raw (65535)] ",
    "epoll_create(1) = 5 ",
    "epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLONESHOT, fd=3}) = 0 ",
    "+0...0.2 epoll_wait(5, {events=EPOLLIN, fd=3}, 1, 100) = 0 ",
    "--tcp_ts_tick_usecs=1 ",
];

/// The scripts of the repository.
fn scripts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = hangup::scenario::discover::discover_scripts(root, &[]).expect("there are some");
    let read = |path: &Path| std::fs::read_to_string(root.join(path)).expect("it was just found");
    found.iter().map(|it| read(&it.path)).collect()
}

proptest! {
    #[test]
    fn any_octets_are_answered(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        any_script::check(&octets);
    }

    #[test]
    fn any_words_are_answered(
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60),
    ) {
        any_script::check(words.concat().as_bytes());
    }

    /// A script with some of it cut out, and some of another one put in.
    #[test]
    fn any_change_of_a_script_is_answered(
        (from, into) in (any::<Index>(), any::<Index>()),
        (cut, length) in (any::<Index>(), 0_usize..30),
        (place, taken) in (any::<Index>(), 0_usize..60),
    ) {
        let scripts = scripts();
        let (from, into) = (from.get(&scripts), into.get(&scripts));
        let mut octets = into.as_bytes().to_vec();
        let at = cut.index(octets.len());
        let part = place.index(from.len());
        let part = &from.as_bytes()[part..(part + taken).min(from.len())];
        let end = (at + length).min(octets.len());
        octets.splice(at..end, part.iter().copied());
        any_script::check(&octets);
    }
}

/// The corpus of the fuzz target, on a machine without a fuzzer.
#[test]
fn the_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/packetdrill");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the target has a corpus")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    assert!(files.len() > 10);
    for file in files {
        any_script::check(&std::fs::read(&file).expect("it was just found"));
    }
}

/// What reads and plays scripts has no way to the machine: the one file it opens is the script.
#[test]
fn what_plays_scripts_has_no_way_to_the_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![
        root.join("packetdrill"),
        root.join("run"),
        root.join("calls"),
    ];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it is in the repository") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source is text");
            for way in [
                "std::fs",
                "std::process",
                "std::env",
                "std::os",
                "std::thread",
                "File::",
            ] {
                assert!(!text.contains(way), "{} has {way}", path.display());
            }
            for (at, _) in text.match_indices("std::net::") {
                let name = &text[at + "std::net::".len()..];
                let address = ["IpAddr", "{Ipv4Addr, Ipv6Addr}"];
                assert!(
                    address.iter().any(|it| name.starts_with(it)),
                    "{} has more of std::net than addresses",
                    path.display()
                );
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 20);
}

/// A line for the shell, and code, leave no trace on the machine.
#[test]
fn a_script_cannot_do_anything_to_the_machine() {
    let folder = std::env::temp_dir().join(format!("hangup-packetdrill-{}", std::process::id()));
    let _ = std::fs::remove_file(&folder);
    let touched = folder.display();
    let script = format!(
        "--init_scripts={touched} --so_filename={touched}\n`touch {touched}`\n\
         0 `touch {touched}; sysctl -w net.ipv4.tcp_sack=$(touch {touched})`\n\
         +0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
         +0 close(3) = 0\n`touch {touched}`\n"
    );
    let linux = options("linux", IpVersion::V4);
    assert_eq!(verdict(&script, &linux, Leftovers::Fail), "pass");
    let code = format!("0 %{{\nimport os\nos.system('touch {touched}')\n}}%\n");
    assert!(verdict(&code, &linux, Leftovers::Fail).starts_with("unsupported\n"));
    let open = format!("0 open(\"{touched}\", O_RDWR) = 3\n");
    assert!(verdict(&open, &linux, Leftovers::Fail).starts_with("unsupported\n"));
    assert!(!folder.exists());
}

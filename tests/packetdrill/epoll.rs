//! epoll, as the suites of Google and of the kernel use it.

use hangup::packetdrill::{IpVersion, Leftovers};

use crate::{options, verdict};

/// A connection, and a list that watches it.
const OPEN: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 2) = 0
+0   < S 0:0(0) win 32792 <mss 1000,nop,wscale 7>
+0   > S. 0:0(0) ack 1 <...>
+.02 < . 1:1(0) ack 1 win 257
+0   accept(3, ..., ...) = 4
+0   epoll_create(1) = 5
";

fn played(rest: &str) -> String {
    let script = format!("{OPEN}{rest}\n");
    verdict(
        &script,
        &options("linux", IpVersion::V4),
        Leftovers::Allowed,
    )
}

#[test]
fn what_a_list_says() {
    const IN: &str = "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0\n";
    const DATA: &str = "+.01 < P. 1:11(10) ack 1 win 257\n";
    let mut wrong = String::new();
    for rest in [
        "+0 epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0",
        &format!("{IN}+0 epoll_wait(5, {{events=0, ptr=0}}, 1, 0) = 0"),
        // What waits is woken, and a level is told again until it is gone.
        &format!(
            "{IN}+0...0.03 epoll_wait(5, {{events=EPOLLIN, fd=4}}, 1, 1000) = 1\n\
             {DATA}+0 epoll_wait(5, {{events=EPOLLIN, fd=4}}, 8, 0) = 1\n\
             +0 read(4, ..., 10) = 10\n+0 epoll_wait(5, ..., 1, 0) = 0"
        )
        .replace("0.03", "0.01"),
        &format!("{IN}+0...0.04 epoll_wait(5, ..., 1, 40) = 0\n+.04 close(4) = 0"),
        "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLOUT|EPOLLONESHOT, u64=7}) = 0\n\
         +0 epoll_wait(5, {events=EPOLLOUT, u64=7}, 1, 0) = 1\n\
         +0 epoll_wait(5, ..., 1, 0) = 0\n\
         +0 epoll_ctl(5, EPOLL_CTL_MOD, 4, {events=EPOLLOUT, u32=8}) = 0\n\
         +0 epoll_wait(5, {events=EPOLLOUT, u32=8}, 1, 0) = 1\n\
         +0 epoll_ctl(5, EPOLL_CTL_DEL, 4, ...) = 0\n\
         +0 epoll_wait(5, ..., 1, 0) = 0",
        // Errors and the end of both directions are told, whatever was asked for.
        "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=0, fd=4}) = 0\n\
         +0...0.01 epoll_wait(5, {events=EPOLLERR|EPOLLHUP, fd=4}, 1, -1) = 1\n\
         +.01 < R. 1:1(0) ack 1 win 0",
        // Two that are ready, in whatever order.
        "+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 6\n\
         +0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
         +0 epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLOUT, fd=6}) = 0\n\
         +0 epoll_wait(5, [{events=EPOLLOUT, fd=6}, {events=EPOLLOUT, fd=4}], 2, 0) = 2\n\
         +0 close(6) = 0\n+0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1",
        // What is wrong.
        &format!("{IN}+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {{events=EPOLLIN, fd=4}}) = -1 EEXIST"),
        "+0 epoll_ctl(5, EPOLL_CTL_DEL, 4, ...) = -1 ENOENT",
        "+0 epoll_ctl(5, EPOLL_CTL_ADD, 9, {events=EPOLLIN, fd=9}) = -1 EBADF",
        "+0 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, fd=3}) = -1 EINVAL",
        "+0 epoll_wait(4, ..., 1, 0) = -1 EINVAL",
        "+0 epoll_wait(5, ..., 0, 0) = -1 EINVAL",
        "+0 epoll_create(0) = -1 EINVAL",
        "+0 close(5) = 0\n+0 epoll_wait(5, ..., 1, 0) = -1 EBADF",
    ] {
        let verdict = played(rest);
        if verdict != "pass" {
            wrong.push_str(&format!("{rest}\n{verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_a_list_does_not_say() {
    let mut wrong = String::new();
    for (rest, said) in [
        (
            "+0 read(5, ..., 1) = -1 EINVAL",
            "a list of epoll is no socket",
        ),
        (
            "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
             +0 epoll_wait(5, {events=EPOLLOUT, fd=3}, 1, 0) = 1",
            "`epoll_wait` gave {events=EPOLLOUT, fd=4} here",
        ),
        (
            "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
             +0 epoll_wait(5, [{events=EPOLLOUT, fd=4}, {events=EPOLLIN, fd=9}], 2, 0) = 1",
            "`epoll_wait` gave {events=EPOLLOUT, fd=4} here",
        ),
        (
            "+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
             +0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1",
            "`epoll_wait` gave {events=EPOLLOUT, fd=4} here",
        ),
        (
            "+0 epoll_wait(5, ..., 1, 10) = 0",
            "does not return at once",
        ),
        (
            "+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 6\n\
             +0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, fd=4}) = 0\n\
             +0 epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLOUT, fd=6}) = 0\n\
             +0 epoll_wait(5, ..., 1, 0) = 1",
            "2 are ready, and nothing says which",
        ),
    ] {
        let verdict = played(rest);
        if !verdict.contains(said) {
            wrong.push_str(&format!("{rest}\n{verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

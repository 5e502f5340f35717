//! curl fetches a page from our host.

use std::process::{Command, Stdio};

use hangup_stack::network::IpFamily;

use crate::driver::Pair;

/// More than fits one window.
const BODY_OCTETS: usize = 300_000;

/// One request, one answer with a length, and the connection is closed.
pub(crate) fn curl_gets_the_page(profile: &str, family: IpFamily) {
    let mut pair = Pair::new(profile, family);
    let listener = pair.listen();
    let url = format!("http://{}/", pair.our_address());
    let mut curl = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--globoff",
            "--noproxy",
            "*",
            "--max-time",
            "60",
            &url,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl is installed");
    let mut output = curl.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut page = Vec::new();
        std::io::Read::read_to_end(&mut output, &mut page).map(|_| page)
    });
    let socket = pair.accept(listener);
    let mut request = Vec::new();
    pair.wait_for(|pair| {
        let mut buffer = [0; 4_096];
        let read = pair.call(|host, _| host.recv(socket, &mut buffer));
        request.extend_from_slice(&buffer[..read.unwrap_or(0)]);
        request.ends_with(b"\r\n\r\n").then_some(())
    });
    assert!(request.starts_with(b"GET / HTTP/1.1\r\n"), "{request:?}");
    let body: Vec<u8> = (0..BODY_OCTETS).map(|at| b'a' + (at % 26) as u8).collect();
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY_OCTETS}\r\n\r\n").into_bytes();
    answer.extend_from_slice(&body);
    pair.wait_for(|pair| {
        let sent = pair.call(|host, _| host.send(socket, &answer));
        answer.drain(..sent.unwrap_or(0));
        answer.is_empty().then_some(())
    });
    pair.call(|host, now| host.close(socket, now));
    let status = pair.wait_for(|_| curl.try_wait().expect("it is our child"));
    assert!(status.success(), "curl: {status}");
    let page = reader
        .join()
        .expect("reading does not panic")
        .expect("a pipe can be read");
    assert!(
        page == body,
        "curl got {} octets, other than {BODY_OCTETS}",
        page.len()
    );
}

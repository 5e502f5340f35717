//! The end that is an emulated host, whose program is that of a web server.

use std::fs::{self, File};
use std::process::Command;

use super::curl::{self, CONGESTION, Direction, Transfer};

/// The head of an answer of so many octets, as a program writes it.
fn head(octets: u64) -> String {
    format!("HTTP/1.1 200 OK\\r\\nContent-Length: {octets}\\r\\n\\r\\n")
}

/// A host that sends or takes so many octets, and the kernel. It acknowledges all that waits
/// together, as smoltcp does with what its device has.
fn scenario(direction: Direction, octets: u64) -> String {
    let answer = match direction {
        Direction::Down => format!("send \"{}\"; send {octets}", head(octets)),
        Direction::Up => format!("discard {octets}; send \"{}\"", head(0)),
    };
    format!(
        "# A web server moves a gibibyte.\nhosts.client.profile = 'kernel'\n\n\
         [hosts.server]\nprofile = 'linux'\nreceive_offload = 64\n\
         receive_buffer = '4MiB'\nsend_buffer = '4MiB'\n\
         program = '''\nlisten 80 {{\n  read until \"\\r\\n\\r\\n\"\n  {answer}\n  close\n}}\n'''\n"
    )
}

pub(crate) fn transfer(direction: Direction, octets: u64) -> Result<Transfer, String> {
    let folder = curl::folder().join(format!("hangup-live-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let (path, data) = (folder.join("bulk.toml"), folder.join("data"));
    let written = fs::write(&path, scenario(direction, octets));
    let made = written.and_then(|()| File::create(&data)?.set_len(octets));
    made.map_err(|error| error.to_string())?;
    let transfer = curl::measured(octets, || {
        Command::new(env!("CARGO_BIN_EXE_hangup"))
            .args([
                "exec",
                "--no-traces",
                "--trace-limit",
                "64KiB",
                "--timeout",
                "300s",
                "--congestion",
                CONGESTION,
            ])
            .arg(&path)
            .args(["--", "curl"])
            .args(curl::arguments(
                direction,
                "http://server/",
                &data.to_string_lossy(),
            ))
            .output()
            .map_err(|error| error.to_string())
    });
    // Nothing is left of it; what cannot be removed is small.
    let _ = fs::remove_dir_all(&folder);
    transfer
}

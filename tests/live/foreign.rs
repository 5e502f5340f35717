//! `--device`: emulated hosts on a device that is somebody else's, and IPv6 to real programs.

use std::path::Path;

use crate::folder::{Folder, Ran, needs};
use crate::process::Tested;

/// Makes a pair of devices: the kernel has an address of each family on one end, and the other one
/// is for the emulated hosts.
const PAIR: &str = "ip link set lo up\n\
    ip link add own type veth peer name other\n\
    ip link set own up\n\
    ip link set other up\n\
    ip addr add 192.0.2.2/24 dev own\n\
    ip -6 addr add 2001:db8::2/64 dev own nodad\n\
    exec \"$@\"\n";

/// A server that reads an upload, shuts its receive side, and resets what comes behind that.
const DEAF: &str = "# A server of Windows goes deaf.\n\
    hosts.server.profile = 'winsock'\nhosts.client.profile = 'kernel'\n\
    network.ip = 'FAMILY'\n\
    script = '''\n\
    0    server: WSAStartup(0x0202) = 0\n\
    +0   server: socket(INET, SOCK_STREAM, IPPROTO_TCP) = 3\n\
    +0   server: bind(3, *:80) = 0\n\
    +0   server: listen(3, 16) = 0\n\
    then server: accept(3) = 4\n\
    then server: recv(4, 65536) = ...\n\
    then server: WSARecvDisconnect(4, NULL) = 0\n\
    then+0~+5 server > client: R.\n'''\n";

/// Every segment of a large write arrives whole, however the kernel passes it to its device.
const UPLOAD: &str = "import socket\n\
    s = socket.create_connection(('server', 80))\n\
    try:\n  \
      for _ in range(64): s.sendall(b'x' * 65536)\n  \
      s.recv(1)\n\
    except OSError as e: print(type(e).__name__)";

fn said(ran: &Ran) -> (Option<i32>, &str) {
    (ran.code, ran.out.trim())
}

fn scenario(folder: &Folder, (family, domain): (&str, &str)) -> String {
    let text = DEAF.replace("FAMILY", family).replace("INET", domain);
    let path = folder.write(&format!("{family}.toml"), text.as_bytes());
    path.to_str().expect("its name is text").to_owned()
}

const FAMILIES: [(&str, &str); 2] = [("v4", "AF_INET"), ("v6", "AF_INET6")];

/// The emulated server is found on the link of the device, and the client is reset.
pub(crate) fn device() -> Tested {
    needs("python3")?;
    needs("ip")?;
    let folder = Folder::new();
    let pair = folder.write("pair.sh", PAIR.as_bytes());
    let pair = pair.to_str().expect("its name is text");
    let user = match rustix::process::geteuid().is_root() {
        true => "-n",
        false => "-rn",
    };
    for family in FAMILIES {
        let scenario = scenario(&folder, family);
        let hangup = env!("CARGO_BIN_EXE_hangup");
        let mut command = std::process::Command::new("unshare");
        command
            .current_dir(&folder.0)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args([user, "sh", pair, hangup, "exec", &scenario, "--no-traces"]);
        command.args(["--device", "other", "--", "python3", "-c", UPLOAD]);
        let output = command.output().expect("unshare is installed");
        let ran = Ran::of(output);
        if ran.err.contains("Operation not permitted") && ran.code != Some(0) {
            return Err(ran.err);
        }
        assert_eq!(
            said(&ran),
            (Some(0), "ConnectionResetError"),
            "{family:?}: {ran:?}"
        );
    }
    for (device, why) in [
        ("none", "there is no device none"),
        ("lo", "it is no Ethernet device"),
    ] {
        let words = ["--device", device, "--", "true"];
        let ran = folder.run(Path::new(&scenario(&folder, FAMILIES[0])), &words);
        let is_refused = ran.err.contains(why) || ran.err.contains("Operation not permitted");
        assert!(ran.code == Some(3) && is_refused, "{ran:?}");
    }
    Ok(())
}

/// The same over the device that is made, of both families.
pub(crate) fn both_families() -> Tested {
    needs("python3")?;
    let folder = Folder::new();
    for family in FAMILIES {
        let scenario = scenario(&folder, family);
        let ran = folder.run(Path::new(&scenario), &["--", "python3", "-c", UPLOAD]);
        assert_eq!(
            said(&ran),
            (Some(0), "ConnectionResetError"),
            "{family:?}: {ran:?}"
        );
    }
    Ok(())
}

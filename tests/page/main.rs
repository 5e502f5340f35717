//! The report as a page: its size, and what a browser makes of it.

mod browser;
#[path = "../skip/mod.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use browser::Browser;
use skip::skipped;

/// The most octets of a scenario beside its trace.
const SECTION_OCTETS_MAX: usize = 40 * 1024;

/// The scenario whose keys and trace are tried.
const HELD: &str = "recv-disconnect/held-until-exhausted";

fn hangup(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("HANGUP_SEED")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program was built");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the folder for temporary files is ours");
    path
}

/// The names of all cases of a run.
fn names() -> Vec<String> {
    let listed = hangup(&["run", "--list"]);
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    listed.lines().filter_map(first).collect()
}

/// A report of all scenarios: small, complete, and nothing is fetched for it.
#[test]
fn a_report_has_every_scenario_and_needs_nothing_else() {
    let folder = folder("page-report");
    let path = folder.join("report.html");
    let file = path.display().to_string();
    // Whether every scenario holds is said elsewhere.
    let arguments = ["run", "--no-traces", "--report", "html", "-o", &file];
    let ran = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program was built");
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{:?}", ran.status);
    let html = std::fs::read_to_string(&path).expect("it was written");
    let names = names();
    assert!(names.len() > 400, "there are scenarios");
    let mut sections = html.split("<template id=\"s:").skip(1);
    for name in &names {
        let section = sections
            .next()
            .unwrap_or_else(|| panic!("{name} has no section"));
        assert!(
            section.starts_with(name.as_str()),
            "{name}: {}",
            &section[..80]
        );
        let section = section.split("</template>").next().unwrap_or_default();
        // Beside its trace.
        let data = section.split("base64,").nth(1);
        let trace = data.map_or(0, |it| it.find('"').expect("it ends"));
        let octets = section.len() - trace;
        assert!(octets <= SECTION_OCTETS_MAX, "{name}: {octets} octets");
        let has_picture = section.contains("<svg") || section.contains("class=\"nothing");
        assert!(has_picture, "{name} has no picture");
    }
    for fetched in [
        "src=\"http",
        "url(http",
        "@import",
        "<link rel=\"stylesheet",
    ] {
        assert!(!html.contains(fetched), "{fetched}");
    }
    in_a_browser(&path, &folder, &names);
    let _ = std::fs::remove_dir_all(folder);
}

/// What a browser makes of the report.
fn in_a_browser(path: &Path, folder: &Path, names: &[String]) {
    let Some(mut browser) = Browser::start(&folder.join("browser")) else {
        skipped("the report in a browser", "there is no Chromium here");
        return;
    };
    let downloads = folder.display().to_string();
    let behaviour = serde_json::json!({ "behavior": "allow", "downloadPath": downloads });
    browser.call("Browser.setDownloadBehavior", behaviour);
    let started = Instant::now();
    browser.open(path);
    println!(
        "{} scenarios were open after {:?}",
        names.len(),
        started.elapsed()
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.index li').length"),
        names.len()
    );

    // Every scenario can be shown.
    let empty = browser.evaluate(
        "(async () => { const empty = []; \
         for (const a of document.querySelectorAll('.index a')) { \
           location.hash = a.getAttribute('href'); \
           await Promise.race([ \
             new Promise(done => addEventListener('hashchange', done, { once: true })), \
             new Promise(done => setTimeout(done, 5000))]); \
           const shown = document.querySelector('.shown article'); \
           if (!shown || !shown.querySelector('svg, .nothing') || \
               decodeURIComponent(a.hash.slice(1)) !== shown.querySelector('h2').textContent) \
             empty.push(a.hash); \
         } location.hash = ''; return empty; })()",
    );
    assert_eq!(empty, serde_json::json!([]), "these show nothing");

    keys(&mut browser);
    download(&mut browser, folder);
    for size in [(390, 844), (1280, 900), (1920, 1080)] {
        for is_dark in [false, true] {
            browser.show_as(size, is_dark);
            for hash in ["", HELD] {
                browser.evaluate(&format!("location.hash = '{hash}'; 1"));
                browser.press("Shift");
                let wide = browser.evaluate("document.documentElement.scrollWidth");
                assert!(
                    wide.as_u64() <= Some(size.0.into()),
                    "{size:?}, {hash}: {wide}"
                );
            }
            let ground = "getComputedStyle(document.body).backgroundColor";
            let white = browser.evaluate(ground) == "rgb(255, 255, 255)";
            assert_eq!(white, !is_dark, "{size:?}");
        }
    }
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// The keys, from the search to the index.
fn keys(browser: &mut Browser) {
    let name = "document.querySelector('.shown h2')?.textContent ?? ''";
    browser.press("/");
    assert_eq!(browser.evaluate("document.activeElement.type"), "search");
    for key in "until-exhausted 4000".chars().take(15) {
        browser.press(&key.to_string());
    }
    let visible = "document.querySelectorAll('.index li:not([hidden])').length";
    let found = browser.evaluate(visible).as_u64().expect("a number");
    assert!((1..20).contains(&found), "{found} were found");
    browser.press("Enter");
    let first = browser.evaluate(name);
    assert!(
        first
            .as_str()
            .is_some_and(|it| it.contains("until-exhausted")),
        "{first}"
    );
    browser.press("/");
    browser.press("Escape");
    browser.press("j");
    let second = browser.evaluate(name);
    assert_ne!(first, second);
    browser.press("k");
    assert_eq!(browser.evaluate(name), first);
    browser.press("t");
    assert_eq!(
        browser.evaluate("document.documentElement.dataset.theme"),
        "dark"
    );
    browser.press("t");
    browser.evaluate("delete document.documentElement.dataset.theme");
    browser.press("Escape");
    assert_eq!(browser.evaluate(name), "");
}

/// The trace that a key downloads is the one that the program writes, and tshark reads it.
fn download(browser: &mut Browser, folder: &Path) {
    browser.evaluate(&format!("location.hash = '{HELD}'; 1"));
    browser.press("d");
    let path = folder.join("held-until-exhausted.pcapng");
    let started = Instant::now();
    while !path.exists() && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let other = folder.join("written.pcapng");
    hangup(&["run", HELD, "-w", &other.display().to_string()]);
    let read = |path: &Path| std::fs::read(path).expect("it is there");
    assert!(read(&path) == read(&other), "another trace was downloaded");
    let output = Command::new("tshark").arg("-r").arg(&path).output();
    match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && text.contains("WSPRecvDisconnect"),
                "{text}"
            );
        }
        Err(error) => skipped(
            "the downloaded trace as tshark reads it",
            &error.to_string(),
        ),
    }
}

/// The pages of `show`, `compare`, `contract` and `bench` open without an error.
#[test]
fn the_other_pages_open() {
    let folder = folder("page-others");
    let file = |name: &str| folder.join(name).display().to_string();
    let trace = format!("captures/{HELD}.pcapng");
    let pages: [(&str, Vec<&str>, &str); 5] = [
        (
            "show.html",
            vec!["show", HELD, "--format", "html", "-o"],
            "svg",
        ),
        (
            "trace.html",
            vec!["show", &trace, "--format", "html", "-o"],
            "svg",
        ),
        (
            "compare.html",
            vec!["compare", "recv-disconnect/arriving-data-resets", "--html"],
            "td.differs",
        ),
        ("contract.html", vec!["contract", "--html"], ".statement"),
        (
            "sweep.html",
            vec![
                "bench",
                "exhaustion",
                "-q",
                "--window",
                "4000,8000",
                "--html",
            ],
            "svg",
        ),
    ];
    let mut browser = Browser::start(&folder.join("browser"));
    if browser.is_none() {
        skipped("pages in a browser", "there is no Chromium here");
    }
    for (name, mut arguments, element) in pages {
        let path = file(name);
        arguments.push(&path);
        hangup(&arguments);
        let Some(browser) = &mut browser else {
            continue;
        };
        browser.open(Path::new(&path));
        let count = format!("document.querySelectorAll('{element}').length");
        assert!(
            browser.evaluate(&count).as_u64() > Some(0),
            "{name}: no {element}"
        );
        for width in [390, 1280] {
            browser.show_as((width, 800), false);
            let wide = browser.evaluate("document.documentElement.scrollWidth");
            assert!(
                wide.as_u64() <= Some(width.into()),
                "{name}: {wide} of {width}"
            );
        }
        assert_eq!(browser.errors(), Vec::<String>::new(), "{name}");
    }
    drop(browser);
    let _ = std::fs::remove_dir_all(folder);
}

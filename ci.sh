#!/usr/bin/env bash
# All of CI, and what people run before they commit.
#
#   ./ci.sh                 every stage, in order
#   ./ci.sh fmt clippy      only these stages
#   ./ci.sh walk 0..3000000 only the walks, of these seeds
#   ./ci.sh --list          the stages
#
# It works from any directory, stops at the first stage that fails, and leaves nothing behind but
# cargo's target directory. What a machine does not allow is skipped with a line `SKIPPED: what, why`,
# and all of these lines stand at the end again.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly STAGES=(tools fmt clippy test walk doc bench scenarios verify fuzz deny)

# Tests must never rewrite their own expectations.
export INSTA_UPDATE=no
export SNAPSHOTS=verify

scratch=$(mktemp -d)
readonly scratch
# The stage that is running; none before the first and after the last one.
current=""

# Clears up, and names the stage that failed.
leave() {
    local status=$?
    rm -rf -- "$scratch"
    if [[ $status -ne 0 && -n $current ]]; then
        printf '\n== %s: FAILED\n' "$current" >&2
    fi
}
trap leave EXIT

# Says that something is left out, and why.
skip() {
    printf 'SKIPPED: %s, %s\n' "$1" "$2" | tee -a "$scratch/skipped"
}

# Some tests look at traces with other people's eyes, some talk to the machine's own kernel, and the
# fuzzer is written in C++. They need these programs, as `program package`, and where one is missing
# they say that they are skipped, so that a machine without it can still run everything else.
readonly TOOLS=("tshark tshark" "ip iproute2" "curl curl" "unshare util-linux" "c++ g++" "chromium chromium")

stage_tools() {
    local tool packages=()
    for tool in "${TOOLS[@]}"; do
        command -v "${tool% *}" >/dev/null || packages+=("${tool#* }")
    done
    if [[ ${#packages[@]} -eq 0 ]]; then
        echo "all there"
        return
    fi
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; then
            return
        fi
        echo "could not be installed: ${packages[*]}"
    else
        echo "missing, and this user cannot install them: ${packages[*]}"
    fi
}

stage_fmt() {
    cargo fmt --all -- --check
}

stage_clippy() {
    cargo clippy --locked --workspace --all-targets -- -D warnings
}

# Unit tests, integration tests and the examples in the documentation.
stage_test() {
    cargo test --locked --workspace 2>&1 | tee "$scratch/test"
    grep -o 'SKIPPED: .*' "$scratch/test" >>"$scratch/skipped" || true
}

# The seeds of the walks of CI. A developer's tests walk fewer.
WALK_SEEDS=0..50000

# Two hosts that do anything. Optimised, they walk five times the seeds in the same time.
stage_walk() {
    HANGUP_SEEDS=$WALK_SEEDS cargo test --locked --release --test walk
}

stage_doc() {
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
}

# Benchmarks are compiled, so that they do not rot, and never timed here: `cargo bench` does that.
stage_bench() {
    cargo bench --locked --no-run
}

# Every scenario twice, side by side and one after the other: the traces must not differ in a bit.
stage_scenarios() {
    local first=$scratch/parallel second=$scratch/sequential
    cargo run --locked --release --quiet -- run scenarios --traces "$first"
    cargo run --locked --release --quiet -- run scenarios -j 1 --traces "$second" -q
    if ! diff -r "$first" "$second"; then
        echo "the same scenarios left different traces: a run is not deterministic" >&2
        return 1
    fi
    echo "$(find "$first" -type f | wc -l) trace files, twice the same"
}

# The kernel for which docs/drift-6.18.toml says why profile linux is another, and the longest case
# that is played on it, in seconds; all of which take no longer than that are in the page.
readonly VERIFIED=6.18 VERIFY_SECONDS_MAX=5 PAGE_SECONDS_MAX=20

# The emulated Linux beside the machine's own kernel, of these scenarios or all.
compare_with_kernel() {
    cargo run --locked --release --quiet -- verify -q \
        --reasons "docs/drift-$VERIFIED.toml" "$@" >"$scratch/drifts" 2>"$scratch/refused"
}

# What drifts beside others for no known reason is played again alone. What drifts then, too, fails
# where the kernel is the one that the reasons are for; another kernel may differ. `DRIFT=write`
# writes the page of the documents.
stage_verify() {
    local status=0 again=() asked=(--longest "$VERIFY_SECONDS_MAX")
    if [[ ${DRIFT-} == write ]]; then
        asked=(--longest "$PAGE_SECONDS_MAX" --page "docs/drift-$VERIFIED.md")
    fi
    compare_with_kernel -j 8 "${asked[@]}" || status=$?
    if [[ $status -eq 1 ]]; then
        mapfile -t again < <(awk '/^drifts/ { if (name) print name; name = $2 }
            /^  because/ { name = "" }
            END { if (name) print name }' "$scratch/drifts" | sed 's/@.*//' | sort -u)
        status=0
        compare_with_kernel -j 1 --longest "$PAGE_SECONDS_MAX" -- "${again[@]}" || status=$?
    fi
    cat "$scratch/drifts"
    case $status in
        0) ;;
        1)
            if [[ $(uname -r) == "$VERIFIED".* ]]; then
                return 1
            fi
            echo "this kernel is $(uname -r), and the reasons are those of $VERIFIED: no failure"
            ;;
        3) skip "the emulated Linux beside the kernel" "$(head -n 1 "$scratch/refused")" ;;
        *)
            cat "$scratch/refused" >&2
            return "$status"
            ;;
    esac
}

# The version of cargo-deny. It is built once, beside the rest of the target directory.
readonly DENY_VERSION=0.20.2

# Licences, bans and sources of the dependencies, and what is known against them.
stage_deny() {
    local tools=${CARGO_TARGET_DIR:-target}/tools
    local deny=$tools/bin/cargo-deny
    if [[ "$("$deny" --version 2>/dev/null)" != "cargo-deny $DENY_VERSION" ]] \
        && ! cargo install --quiet --locked --debug --root "$tools" \
            cargo-deny --version "$DENY_VERSION"; then
        skip "licences, bans, sources and advisories of the dependencies" \
            "cargo-deny $DENY_VERSION could not be installed"
        return
    fi
    "$deny" --locked check licenses bans sources
    if "$deny" --locked --log-level off fetch db; then
        "$deny" --locked check --disable-fetch advisories
    else
        skip "advisories against the dependencies" "their database cannot be fetched"
    fi
}

# How long each fuzz target runs, how many at once, and what an input may take.
FUZZ_SECONDS=${FUZZ_SECONDS:-60}
readonly FUZZ_AT_ONCE=2 FUZZ_MIB_MAX=256 FUZZ_INPUT_SECONDS_MAX=10

# What cargo-fuzz gives the compiler without a sanitizer: counters and comparisons that libFuzzer
# follows. Safe code has nothing for an address sanitizer to find, and only that needs a nightly one.
fuzz_flags() {
    local flag
    printf -- '--cfg fuzzing -Cpasses=sancov-module'
    for flag in sanitizer-coverage-level=4 sanitizer-coverage-inline-8bit-counters \
        sanitizer-coverage-pc-table sanitizer-coverage-trace-compares \
        simplifycfg-branch-fold-threshold=0; do
        printf -- ' -Cllvm-args=-%s' "$flag"
    done
    if [[ $(uname) == Linux ]]; then
        printf -- ' -Cllvm-args=-sanitizer-coverage-stack-depth'
    fi
}

# Runs one target. Its own corpus and what else it can read are input only; what it finds goes to the
# scratch folder. An input that fails is printed, as it is gone with that folder.
fuzz_target() {
    local program=$1 scratch=$2 name=${1##*/} artifact
    local work=$scratch/$name inputs=("fuzz/corpus/$name") words=("fuzz/$name.dict") dict=()
    case $name in
        run | scenario_file) inputs+=(scenarios) words=(fuzz/scenario.dict fuzz/script.dict) ;;
        sections) words=(fuzz/scenario.dict) ;;
        rows) words=(fuzz/plan.dict) ;;
        itot_*) words=(fuzz/itot.dict) ;;
        live) words=() ;;
    esac
    mkdir -p -- "$work/corpus"
    # Octets of packets have no words.
    if [[ ${#words[@]} -gt 0 ]]; then
        cat "${words[@]}" >"$work/words"
        dict=("-dict=$work/words")
    fi
    if "$program" -seed=1 -max_total_time="$FUZZ_SECONDS" -rss_limit_mb="$FUZZ_MIB_MAX" \
        -timeout="$FUZZ_INPUT_SECONDS_MAX" "${dict[@]}" \
        -artifact_prefix="$work/" -print_final_stats=1 "$work/corpus" "${inputs[@]}" \
        >"$work/log" 2>&1; then
        printf '%s: %s inputs, %s MiB at most, %s\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")" \
            "$(sed -n 's/^stat::peak_rss_mb: *//p' "$work/log")" \
            "$(grep -o 'cov: [0-9]*' "$work/log" | tail -n 1)"
        return
    fi
    {
        printf '\n%s: FAILED\n' "$name"
        tail -n 40 "$work/log"
        for artifact in "$work"/*-*; do
            [[ -f $artifact ]] || continue
            printf '\nReplay it, and keep it as a test, under a name that says what it is:\n'
            printf "  echo '%s' | base64 -d > fuzz/corpus/%s/NAME\n" \
                "$(base64 <"$artifact" | tr -d '\n')" "$name"
            printf '  %s fuzz/corpus/%s/NAME\n' "$program" "$name"
        done
    } >&2
    return 1
}

# Every fuzz target for a minute, from its corpus on and along what the code does with it. It takes
# the stable compiler and a C++ compiler.
stage_fuzz() {
    local folder=${CARGO_TARGET_DIR:-target}/fuzz triple
    if ! command -v c++ >/dev/null; then
        skip "the fuzzer" "there is no C++ compiler to build it with"
        echo "What follows is no replacement: it changes the corpus at random and follows no coverage."
        HANGUP_FUZZ_CASES=30000 cargo test --locked --release --test fuzz
        return
    fi
    # With a target that is named, build scripts and macros are not instrumented.
    triple=$(rustc --print host-tuple)
    RUSTFLAGS=$(fuzz_flags) cargo build --locked --release --manifest-path fuzz/Cargo.toml \
        --target "$triple" --target-dir "$folder"
    export -f fuzz_target
    export FUZZ_SECONDS FUZZ_MIB_MAX FUZZ_INPUT_SECONDS_MAX
    basename -s .rs fuzz/fuzz_targets/*.rs \
        | xargs -P "$FUZZ_AT_ONCE" -I '{}' \
            bash -c 'fuzz_target "$1" "$2"' fuzz "$folder/$triple/release/{}" "$scratch"
}

# Runs one stage under its name, and says how long it took.
run_stage() {
    local name=$1 begin=$SECONDS
    printf '\n== %s\n' "$name"
    # Called bare: in a condition, bash would let a stage go on after a command that failed.
    "stage_$name"
    printf '== %s: ok, %d s\n' "$name" "$((SECONDS - begin))"
}

main() {
    local wanted=() stage
    for stage in "$@"; do
        # A range is that of the walks.
        if [[ $stage =~ ^[0-9]+(\.\.[0-9]+)?$ ]]; then
            WALK_SEEDS=$stage
            continue
        fi
        case " ${STAGES[*]} --list " in
            *" $stage "*) wanted+=("$stage") ;;
            *)
                echo "ci.sh: no stage '$stage'; there are: ${STAGES[*]}" >&2
                exit 2
                ;;
        esac
    done
    if [[ " ${wanted[*]-} " == *" --list "* ]]; then
        printf '%s\n' "${STAGES[@]}"
        return
    fi
    if [[ ${#wanted[@]} -eq 0 ]]; then
        wanted=("${STAGES[@]}")
    fi

    for current in "${wanted[@]}"; do
        run_stage "$current"
    done
    current=""
    printf '\nall stages passed in %d s\n' "$SECONDS"
    if [[ -s $scratch/skipped ]]; then
        echo "but not everything was checked:"
        sort -u "$scratch/skipped"
    fi
}

main "$@"

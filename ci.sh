#!/usr/bin/env bash
# All of CI, and what people run before they commit.
#
#   ./ci.sh                 every stage, in order
#   ./ci.sh fmt clippy      only these stages
#   ./ci.sh fuzz            every fuzz target for a minute, which is no part of the rest
#   ./ci.sh --list          the stages
#
# It works from any directory, stops at the first stage that fails, and leaves nothing behind but
# cargo's target directory.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly STAGES=(tools fmt clippy test doc bench scenarios deny)
# Those that take long and run only when they are named.
readonly MORE=(fuzz)

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

# Some tests look at traces with other people's eyes, and some talk to the machine's own kernel. They
# need these programs, as `program package`, and skip themselves where one is missing, so that a
# machine without them can still run everything else.
readonly TOOLS=("tshark tshark" "ip iproute2" "curl curl" "unshare util-linux")

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
        echo "could not be installed: ${packages[*]}; the tests that need them will be skipped"
    else
        echo "missing, and this user cannot install them: ${packages[*]}; the tests that need them" \
            "will be skipped"
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
    cargo test --locked --workspace
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

# Licences, advisories and sources of the dependencies. It needs a tool that few people have.
stage_deny() {
    if command -v cargo-deny >/dev/null; then
        cargo deny --locked check
    else
        echo "cargo-deny is missing: skipped"
    fi
}

# Every fuzz target for a minute. Without cargo-fuzz and a nightly compiler, the same checks over a
# corpus that is changed at random, ten times as often as in the tests.
stage_fuzz() {
    local target
    if cargo +nightly fuzz --version >/dev/null 2>&1; then
        for target in $(cargo +nightly fuzz list); do
            cargo +nightly fuzz run "$target" -- -max_total_time=60 -timeout=30
        done
        return
    fi
    echo "NO FUZZER: cargo-fuzz or a nightly compiler is missing. What follows is no replacement:"
    echo "it changes the corpus at random and follows no coverage."
    HANGUP_FUZZ_CASES=30000 cargo test --locked --release --test fuzz
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
        case " ${STAGES[*]} ${MORE[*]} --list " in
            *" $stage "*) wanted+=("$stage") ;;
            *)
                echo "ci.sh: no stage '$stage'; there are: ${STAGES[*]} ${MORE[*]}" >&2
                exit 2
                ;;
        esac
    done
    if [[ " ${wanted[*]-} " == *" --list "* ]]; then
        printf '%s\n' "${STAGES[@]}" "${MORE[@]}"
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
}

main "$@"

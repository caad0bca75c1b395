# What one types while working on Motionscope. `just` alone lists the recipes.

_list:
    @just --list

# Everything a change must pass, as CI runs it
ci:
    ./.ci/run

# System packages on Debian 12
install:
    ./.ci/install

# Open the window
run *arguments:
    cargo run --release -- {{arguments}}

# Tests, all or those whose name contains the filter
test *filter:
    cargo test --release --locked -- {{filter}}

# Format, lints, spelling, licences
lint:
    cargo fmt
    cargo clippy --release --all-targets --locked -- -D warnings
    typos
    cargo deny check

# The manual as a website in target/docs; needs mdBook
manual:
    mdbook build docs

# A Debian package and a portable tar.gz in target/packages, checked
package *arguments:
    ./.ci/package {{arguments}}

# Benchmarks as ratios in one run
bench:
    cargo run --release -- bench

# Damaged videos: 200 kinds, a number of damaged copies of each
hostile copies="50":
    MOTIONSCOPE_HOSTILE_COPIES={{copies}} cargo test --release --locked -- --ignored --nocapture every_kind_of_damaged_video

# `kill -9` at random moments of import, labelling, saving, training and recording
kill times="1000":
    MOTIONSCOPE_KILLS={{times}} cargo test --release --locked -- hostile::kills

# Fuzzes each parser of foreign files for the given number of minutes
fuzz minutes="10" *parsers:
    tests/fuzz/run {{minutes}} {{parsers}}

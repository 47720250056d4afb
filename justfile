# What is done with this repository. All but `check` and `test-quick` see to what they need with deploy/dev/setup.

# list the recipes
default:
    @{{ just_executable() }} --list --unsorted

# formatting, lints and documentation, without a warning
check:
    cargo fmt --check
    {{ just_executable() }} --fmt --check --unstable
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# the tests that need no servers
test-quick:
    cargo test -p ledger -p contract -p providers -p carrier
    cargo test -p it --test tidy

# every test, with PostgreSQL and NATS of their own
test *arguments:
    deploy/dev/test {{ arguments }}

# an agreement made on a simulated call, from the first ring to a verified bundle
demo *arguments:
    cargo run --release --bin ahadi -- demo {{ arguments }}

# how fast it is here, beside the limits of the machine; `--bench limits` or `--bench pipeline` for one of them
bench *arguments:
    deploy/dev/with-servers cargo bench -p it {{ arguments }}

# commands from many clients, in turns with other people's event stores (wants protoc, Debian's protobuf-compiler)
peers:
    deploy/dev/setup
    npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix target/dev/peers @eventide/message-db@1.3.1
    cargo build --release --locked --manifest-path crates/peers/Cargo.toml
    AHADI_PEERS="$PWD/crates/peers/target/release/peers" \
        AHADI_PEERS_MESSAGE_DB="$PWD/target/dev/peers/node_modules/@eventide/message-db/database" {{ just_executable() }} bench --bench pipeline -- commands

# have openssl, Python and Node check a bundle; one of an example ledger if none is given
verify-elsewhere *bundle:
    deploy/dev/verify-elsewhere {{ bundle }}

# run the examples of the documentation
docs-examples *files:
    deploy/dev/docs-examples {{ files }}

# write again what the tests compare with, to be read before it is committed
generate:
    UPDATE=1 cargo test -p ledger -p contract -p providers

# licences, sources and banned crates among all dependencies (cargo install --locked cargo-deny)
deny:
    cargo deny check licenses bans sources

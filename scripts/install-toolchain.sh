#!/usr/bin/env bash
# Installs the Rust toolchain on a Debian machine: compiler, formatter, linter, sources of the standard library, wasm-bindgen, wasm-pack. Keeps
# installed tools, so it is safe to run again. Only for work on crates/: the built .wasm files are in the repository.
# Not needed with rustup and access to its servers: rust-toolchain.toml names the toolchain, then run
#   cargo install wasm-bindgen-cli@0.2.130 wasm-pack@0.15.1
set -euo pipefail
cd "$(dirname "$0")/.."

wasm_bindgen_version=$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)
wasm_pack_version=0.15.1
sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo

if ! /usr/bin/rustc --version >/dev/null 2>&1 || ! command -v wasm-ld >/dev/null || { [ ! -d /usr/lib/rustlib/src/rust/library ] && [ ! -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; }; then
  command -v apt-get >/dev/null || { echo "install-toolchain: expected a Debian machine (apt-get), or rustc, the sources of its standard library and wasm-ld, got neither"; exit 1; }
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends rustc-web cargo-web rust-web-src lld gcc libc6-dev >/dev/null
fi

# Formatter and linter of the same release, for `npm run check fmt clippy`.
if [ ! -x /usr/bin/cargo-fmt ] || [ ! -x /usr/bin/cargo-clippy ]; then
  if command -v apt-get >/dev/null; then
    $sudo apt-get install -y -qq --no-install-recommends rustfmt-web rust-web-clippy >/dev/null
  fi
fi

# Debian's compiler comes first: a rustup shim on PATH would try to download a toolchain.
export PATH="/usr/bin:$PATH"
unset RUSTUP_TOOLCHAIN

# build-wasm.sh builds the target's standard library; wasm-pack only requires that the target's folder exists.
target="$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown"
[ -d "$target" ] || $sudo mkdir -p "$target/lib"

install_cli() { # crate, command, version
  if [ "$("$HOME/.cargo/bin/$2" --version 2>/dev/null | awk '{print $2}')" != "$3" ]; then
    echo "install-toolchain: cargo install $1@$3 (about 5 minutes)"
    # Without --locked if the crate's lock file names a withdrawn version.
    cargo install --quiet --locked "$1@$3" 2>/dev/null || cargo install --quiet "$1@$3"
  fi
}
install_cli wasm-bindgen-cli wasm-bindgen "$wasm_bindgen_version"
install_cli wasm-pack wasm-pack "$wasm_pack_version"
echo "install-toolchain: $(rustc --version), wasm-bindgen $wasm_bindgen_version, wasm-pack $wasm_pack_version"

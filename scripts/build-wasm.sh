#!/usr/bin/env bash
# Builds the Rust crates twice, as WebAssembly with SIMD and with relaxed SIMD:
#   packages/kernels/wasm/simd128/   crates/crossbar-wasm: the default, the same bits on every machine
#   packages/kernels/wasm/relaxed/   the same with relaxed SIMD (fused multiply-add)
#   packages/kernels/wasm/BUILD.json versions of the tools that made them, sizes in bytes
#   bench/wasm/simd128.wasm, relaxed.wasm   crates/roofline, the probe of the benches
# With an argument, into that folder instead of the repository. No path of this machine may end up in the files: scripts/check-wasm.sh
# compares them byte for byte.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
into=${1:-.}
mkdir -p "$into/packages/kernels/wasm" "$into/bench/wasm"
into=$(cd "$into" && pwd)
out=$into/packages/kernels/wasm

# Debian's compiler, where it is, knows the wasm32 target: rustup's shims must not hide it.
export PATH="/usr/bin:$PATH:$HOME/.cargo/bin"
command -v wasm-pack >/dev/null || { echo "build-wasm: expected wasm-pack on PATH, got none; run scripts/install-toolchain.sh"; exit 1; }
sysroot=$(rustc --print sysroot)
wasm_opt=node_modules/.bin/wasm-opt
[ -x "$wasm_opt" ] || { echo "build-wasm: expected npm's binaryen in node_modules, got none; run npm install"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=${CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER:-wasm-ld}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rust_source=$sysroot/lib/rustlib/src/rust
remap="--remap-path-prefix=$root=neft --remap-path-prefix=$cargo_home=cargo"
remap+=" --remap-path-prefix=$rust_source=rust --remap-path-prefix=$(readlink -f "$rust_source" || echo "$rust_source")=rust"

# LLVM's loop strength reduction rewrites the addresses of a loop as sums that no longer fit into a load's constant offset;
# V8 then spends an instruction a load on them. The products lose a tenth to it and the files 5 kB.
# Loops that gain from being written out are written out; LLVM's own unrolling adds 5 kB gzipped and no speed.
# What has to be inlined is marked in the sources; for the rest a lower threshold than the default takes 5 kB off the gzipped size, at no cost.
# Nobody reads a panic's message in WebAssembly, where it is a trap either way: panics that trap at once take 12 kB off the gzipped
# size. Such a standard library has to be built along with the crate (-Zbuild-std), and both flags are unstable: RUSTC_BOOTSTRAP.
# The stack pointer is exported: a trap leaves it where it was, and whoever catches the trap has to put it back.
flags="-C link-arg=--export=__stack_pointer -C llvm-args=-disable-lsr -C llvm-args=-unroll-runtime=false -C llvm-args=-unroll-allow-partial=false -C llvm-args=-inline-threshold=90 -Z unstable-options -C panic=immediate-abort $remap"

optimise() { # from, to
  # These passes cost nothing at run time and take a tenth off the size; the features are those rustc turns on.
  "$wasm_opt" -O3 --converge --reorder-functions --enable-simd --enable-relaxed-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-sign-ext --enable-mutable-globals \
    --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue --enable-call-indirect-overlong \
    --strip-producers "$1" -o "$2"
}

build() { # folder, target features for rustc
  export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C target-feature=$2 $flags" CARGO_TARGET_DIR="$root/target/wasm-$1"
  wasm-pack --quiet build --mode no-install --no-pack --no-gitignore --target web --release --out-dir "$work/$1" crates/crossbar-wasm -- -Zbuild-std=std,panic_abort
  cargo rustc --quiet --release --target wasm32-unknown-unknown -p roofline --crate-type cdylib -Zbuild-std=std,panic_abort
  optimise "$work/$1/crossbar_wasm_bg.wasm" "$work/$1/optimised.wasm"
  optimise "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/roofline.wasm" "$into/bench/wasm/$1.wasm"
  if grep -aqF -e "$root" -e "$HOME/" "$work/$1/optimised.wasm" "$work/$1/crossbar_wasm.js" "$into/bench/wasm/$1.wasm"; then
    echo "build-wasm: expected no path of this machine in the $1 build, got one; extend the remapping"
    exit 1
  fi
  mkdir -p "$out/$1"
  mv "$work/$1/optimised.wasm" "$out/$1/crossbar_wasm_bg.wasm"
  mv "$work/$1/crossbar_wasm.js" "$work/$1/crossbar_wasm.d.ts" "$out/$1/"
}
build simd128 +simd128
build relaxed +simd128,+relaxed-simd

node --input-type=module - "$out" "$(rustc --version)" "$(wasm-bindgen --version)" "$(wasm-pack --version)" "$("$wasm_opt" --version)" <<'NODE'
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
const [out, rustc, wasmBindgen, wasmPack, binaryen] = process.argv.slice(2);
const version = (text) => text.match(/\d[\w.]*/)?.[0];
const build = { rustc: rustc.replace("rustc ", ""), wasmBindgen: version(wasmBindgen), wasmPack: version(wasmPack), binaryen: version(binaryen), bytes: {} };
for (const name of ["simd128", "relaxed"]) {
  const wasm = readFileSync(`${out}/${name}/crossbar_wasm_bg.wasm`);
  const gzip = gzipSync(wasm, { level: 9 }).length;
  build.bytes[name] = { raw: wasm.length, gzip };
  console.log(`build-wasm: ${name} ${wasm.length} bytes, ${gzip} gzipped`);
  if (gzip > 120_000) {
    console.error(`build-wasm: expected at most 120000 bytes gzipped, got ${gzip}`);
    process.exit(1);
  }
}
writeFileSync(`${out}/BUILD.json`, `${JSON.stringify(build, null, 2)}\n`);
NODE

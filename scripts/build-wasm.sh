#!/usr/bin/env bash
# Builds the Rust crates twice, with SIMD and with relaxed SIMD:
#   packages/kernels/wasm/simd128.wasm   crates/crossbar-wasm: the default, bit-identical results on every machine
#   packages/kernels/wasm/relaxed.wasm   the same with relaxed SIMD (fused multiply-add)
#   packages/kernels/wasm/*.js, *.json   see scripts/finish-wasm.mjs
#   bench/wasm/simd128.wasm, relaxed.wasm   crates/roofline, the probe of the benches
# An argument names another folder than the repository. The files must not contain paths of this machine: scripts/check-wasm.sh compares
# them byte for byte.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
into=${1:-.}
mkdir -p "$into/packages/kernels/wasm" "$into/bench/wasm"
into=$(cd "$into" && pwd)
out=$into/packages/kernels/wasm

# If installed, Debian's compiler has the wasm32 target: it comes before rustup's shims.
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

# -disable-lsr: loop strength reduction rewrites addresses as sums that don't fit a load's constant offset, so that V8 needs one more
#   instruction per load. It costs the products 10 % of their speed and 5 kB.
# -unroll-*: loops that gain from unrolling are unrolled in the sources; LLVM's unrolling adds 5 kB gzipped and no speed.
# -inline-threshold: required inlining is declared in the sources; a threshold below the default saves 5 kB gzipped at no cost in speed.
# panic=immediate-abort: in WebAssembly a panic is a trap without a message in any case; trapping at once saves 12 kB gzipped. It needs
#   a standard library built with the crate (-Zbuild-std). Both flags are unstable, hence RUSTC_BOOTSTRAP.
# --export=__stack_pointer: a trap doesn't restore the stack pointer, so the code that catches it must.
flags="-C link-arg=--export=__stack_pointer -C llvm-args=-disable-lsr -C llvm-args=-unroll-runtime=false -C llvm-args=-unroll-allow-partial=false -C llvm-args=-inline-threshold=90 -Z unstable-options -C panic=immediate-abort $remap"

optimise() { # from, to
  # These passes reduce the size by a tenth at no run-time cost; the features are those that rustc enables.
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

version() { grep -oE '[0-9][0-9A-Za-z_.]*' | head -n 1; }
node scripts/finish-wasm.mjs "$out" "$(printf '{"rustc": "%s", "wasmBindgen": "%s", "wasmPack": "%s", "binaryen": "%s"}' \
  "$(rustc --version | sed 's/^rustc //')" "$(wasm-bindgen --version | version)" "$(wasm-pack --version | version)" "$("$wasm_opt" --version | version)")"

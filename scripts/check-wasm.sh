#!/usr/bin/env bash
# Checks that packages/kernels/wasm and bench/wasm were built from the Rust sources. Rebuilds into a temporary folder. If the tools have the
# versions recorded in BUILD.json, the bytes must be equal; otherwise the tests of kernels and tensor run with the rebuilt files.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
committed=packages/kernels/wasm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bash scripts/build-wasm.sh "$work/built" >/dev/null
built=$work/built/$committed

tools() { node -p 'const { bytes, ...tools } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); JSON.stringify(tools)' "$1/BUILD.json"; }
if [ "$(tools "$committed")" = "$(tools "$built")" ]; then
  different=$(diff -rq "$committed" "$built" || true; diff -rq bench/wasm "$work/built/bench/wasm" || true)
  if [ -n "$different" ]; then
    echo "check-wasm: expected $committed and bench/wasm to equal a build of crates/, got differences; run npm run build:wasm and commit the result"
    echo "$different"
    exit 1
  fi
  echo "check-wasm: equal tool versions, equal bytes"
  exit 0
fi

echo "check-wasm: tool versions differ from those of the committed files; testing the rebuilt files:"
echo "  committed $(tools "$committed")"
echo "  here      $(tools "$built")"
# Copies the two packages next to a node_modules whose @neft links point into the copy.
mkdir -p "$work/copy/packages" "$work/copy/node_modules/@neft"
cp package.json tsconfig.base.json vitest.config.ts "$work/copy/"
for entry in node_modules/* node_modules/.bin; do
  [ "$entry" = node_modules/@neft ] || ln -s "$root/$entry" "$work/copy/node_modules/"
done
for package in kernels tensor; do
  cp -r "packages/$package" "$work/copy/packages/"
  ln -s "$work/copy/packages/$package" "$work/copy/node_modules/@neft/$package"
done
rm -rf "$work/copy/$committed"
cp -r "$built" "$work/copy/$committed"
cd "$work/copy"
npx vitest run --root .

#!/usr/bin/env bash
# Installs what `npm run conformance` needs on a Debian machine: pip, which downloads the suites of onnx, and libonnx-testdata, the suites of an older
# onnx. Keeps what is there, so it is safe to run again. Elsewhere, install pip by hand.
set -euo pipefail

sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo

missing=()
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
[ -d /usr/share/libonnx-testdata/data ] || missing+=(libonnx-testdata)

if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "install-suites: expected a Debian machine (apt-get), or ${missing[*]} installed, got neither"; exit 1; }
  echo "install-suites: installing ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
echo "install-suites: $(python3 -m pip --version | cut -d' ' -f1-2), $(ls -d /usr/share/libonnx-testdata/data)"

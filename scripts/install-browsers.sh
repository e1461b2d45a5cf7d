#!/usr/bin/env bash
# Installs the browsers of `npm run test:browser` on a Debian machine: Debian's chromium and firefox-esr. Keeps installed ones, so it is safe
# to run again. On other systems, install Chromium and Firefox by hand and set NEFT_CHROMIUM and NEFT_FIREFOX to the programs.
set -euo pipefail

packages=(chromium firefox-esr)
sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo

missing=()
for package in "${packages[@]}"; do
  [ -x "/usr/bin/$package" ] || missing+=("$package")
done

if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "install-browsers: expected a Debian machine (apt-get), or ${missing[*]} in /usr/bin, got neither"; exit 1; }
  echo "install-browsers: installing ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

for package in "${packages[@]}"; do
  echo "install-browsers: $package: $("/usr/bin/$package" --version 2>/dev/null | head -n 1)"
done

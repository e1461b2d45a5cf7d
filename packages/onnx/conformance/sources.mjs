// Where the suites are that have names.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";

/** Thrown when a suite isn't on this machine and can't be brought. */
export class UnavailableError extends Error {}

/**
 * The suites with names: what they are in a results file, and a function that returns their folder.
 *
 * @type {Readonly<Record<string, { title: string, folder: () => string }>>}
 */
export const sources = {
  onnx: { title: "onnx 1.22.0", folder: onnxFolder },
  debian: { title: "Debian's libonnx-testdata", folder: debianFolder },
};

/**
 * Folder of the suites in the wheel of the Python package onnx, which pip downloads and checks. All wheels have the same suites; it is one for
 * Linux on every machine.
 */
const wheel = {
  requirement: "onnx==1.22.0",
  sha256: "1d0a2bdb15eb2b3cb65c438f3423d9620d14fdce32f92380e6bb1b2e09568ef5",
  platform: [
    "--platform",
    "manylinux_2_28_x86_64",
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
  ],
  suites: "onnx/backend/test/data/",
};
const cache = fileURLToPath(new URL("../../../node_modules/.cache/neft/", import.meta.url));

function onnxFolder() {
  const folder = join(cache, wheel.requirement);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(cache, "download-"));
    try {
      unpack(download(work), join(work, "suites"));
      // In one step, so that the folder is complete if it is there. Another process may have been first.
      if (!existsSync(folder)) renameSync(join(work, "suites"), folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return folder;
}

/** The ways to call pip, in the order they are tried. */
const pips = [["python3", "-m", "pip"], ["python", "-m", "pip"], ["py", "-m", "pip"], ["pip3"], ["pip"]];

/** Downloads the wheel into a folder and returns its path. */
function download(folder) {
  const pip = pips.find(([program, ...words]) => spawnSync(program, [...words, "--version"]).status === 0);
  if (pip === undefined) {
    throw new UnavailableError(
      `expected pip, which downloads ${wheel.requirement}, got none: on Debian, npm run suites installs it`,
    );
  }
  const requirements = join(folder, "requirements.txt");
  writeFileSync(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const words = [
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
    ...wheel.platform,
    "--dest",
    folder,
  ];
  const [program, ...first] = pip;
  const { status, stderr } = spawnSync(program, [...first, ...words, "--requirement", requirements], {
    encoding: "utf8",
  });
  const file = readdirSync(folder).find((name) => name.endsWith(".whl"));
  if (/do not match the hashes/i.test(stderr)) {
    throw new Error(`expected ${wheel.requirement} with the SHA-256 ${wheel.sha256}, got another file of that name`);
  }
  if (status !== 0 || file === undefined) {
    const reason = stderr.trim().split("\n").at(-1) || `exit code ${status}`;
    throw new UnavailableError(`expected pip to download ${wheel.requirement}, got: ${reason}`);
  }
  return join(folder, file);
}

/** Writes the suites of a wheel, which is a zip file, to a folder. */
function unpack(path, folder) {
  const files = unzipSync(readFileSync(path), { filter: ({ name }) => name.startsWith(wheel.suites) });
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith("/")) continue;
    const target = join(folder, name.slice(wheel.suites.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
}

function debianFolder() {
  const folder = "/usr/share/libonnx-testdata/data";
  if (existsSync(folder)) return folder;
  throw new UnavailableError(`expected ${folder}, got no such folder: on Debian, npm run suites installs it`);
}

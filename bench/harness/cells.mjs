// Cells of a table that takes hours: each is stored as soon as it is measured, so that a rerun goes on with those that are missing.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The fields that say which cell it is. */
export const keyOf = ({ network, device, method }) => `${network} ${device} ${method}`;

/**
 * Cells in a file by key; none when it doesn't exist.
 *
 * @param key  names a cell. Default: by network, device and method.
 * @throws {Error} naming the file, when `storeCell` didn't write it.
 */
export function readCells(file, key = keyOf) {
  if (!existsSync(file)) return new Map();
  let cells;
  try {
    ({ cells } = JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Reported below.
  }
  if (!Array.isArray(cells))
    throw new Error(`${fileURLToPath(file)}: expected cells of a table, got something else; restore or delete it`);
  return new Map(cells.map((cell) => [key(cell), cell]));
}

/** Adds a cell to those in a file, or replaces it: one per line, sorted, in one step that nothing can interrupt halfway. */
export function storeCell(file, cell, key = keyOf) {
  const cells = readCells(file, key).set(key(cell), cell);
  const lines = [...cells.keys()].sort().map((key) => `  ${JSON.stringify(cells.get(key))}`);
  mkdirSync(new URL(".", file), { recursive: true });
  const half = new URL(`${file.href}.part`);
  writeFileSync(half, `{\n "cells": [\n${lines.join(",\n")}\n ]\n}\n`);
  renameSync(half, file);
}

/**
 * The ids that a list names: those of a kind are alternatives, and a kind that isn't named isn't restricted.
 *
 * @param kinds  ids by kind, such as {network: [...], device: [...]}.
 * @returns whether a cell is asked for.
 * @throws {RangeError} for an id of no kind.
 */
export function selection(kinds, names) {
  const all = Object.values(kinds).flat();
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new RangeError(`--only: expected some of ${all.join(", ")}, got ${unknown}`);
  const asked = Object.entries(kinds).map(([kind, ids]) => {
    const some = ids.filter((id) => names.includes(id));
    return [kind, some.length > 0 ? some : ids];
  });
  return (cell) => asked.every(([kind, ids]) => ids.includes(cell[kind]));
}

/**
 * Time that cells will take, in seconds: each that of measured cells of the same network and method, or else of the same network,
 * or else of any. Undefined before any is measured.
 */
export function timeLeft(left, measured) {
  const mean = (cells) => cells.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) / cells.length;
  const timeOf = ({ network, method }) => {
    const same = measured.filter((cell) => cell.network === network);
    const candidates = [same.filter((cell) => cell.method === method), same, measured];
    return mean(candidates.find((cells) => cells.length > 0) ?? []);
  };
  const sum = left.reduce((total, cell) => total + timeOf(cell), 0);
  return Number.isNaN(sum) ? undefined : sum;
}

/** A time in words: seconds, minutes or hours. */
export const inWords = (seconds) =>
  seconds < 100
    ? `${seconds.toFixed(0)} s`
    : seconds < 6000
      ? `${(seconds / 60).toFixed(0)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

import { effect } from "@preact/signals";
import { keepOnly } from "../engine.js";
import { activity, network, opening, robust, testData, trainData } from "./state.js";

/** Frees in the engine what the page has replaced, between calls. */
export function freeReplaced(): () => void {
  return effect(() => {
    const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined;
    const networks = [network.value?.bytes, robust.value?.bytes].filter(isDefined);
    const datasets = [testData.value, trainData.value].filter(isDefined);
    if (!activity.value && !opening.value) void keepOnly(networks, datasets);
  });
}

import { chipSettings } from "@neft/crossbar";
import { defineModifier } from "../modifier.js";

/** A draw of the variation for every sample instead of one for the whole batch. The chip's setting does it; there is nothing to do here. */
export const perSample = defineModifier({
  id: "perSample",
  summary: "draw the variation anew for every sample of a batch",
  cost: "none",
  settings: { perSample: chipSettings.perSample },
});

import type { Renderer } from "@neft/report";
import { messageOf } from "../system-errors.js";

/** Draws charts with the libraries that are installed. */
export interface ChartDrawing {
  readonly svg: Renderer;
  /** PNG at twice the size of an SVG; undefined where the library for it isn't installed. */
  readonly png: ((svg: string) => Promise<Uint8Array>) | undefined;
}

/**
 * Loads the libraries that draw charts: peers of the package, which only those install who want charts. They take ten times the space of all else.
 *
 * @param needsPng  whether to look for the library that makes PNG, too.
 * @throws {Error} if vega or vega-lite isn't installed.
 */
export async function loadChartDrawing({ needsPng = false } = {}): Promise<ChartDrawing> {
  const libraries = await Promise.all([import("vega"), import("vega-lite")]).catch((cause: unknown) => {
    const why = isMissing(cause) ? "got none" : `got an error (${messageOf(cause)})`;
    throw new Error(
      `report: expected the packages vega and vega-lite, which draw the charts, ${why}; run: npm install vega vega-lite`,
      { cause },
    );
  });
  const [vega, vegaLite] = libraries;
  const quiet = vega.logger(vega.Error);
  const png = needsPng ? await loadPng() : undefined;
  return {
    svg: async (spec) => {
      const { spec: compiled } = vegaLite.compile(spec as unknown as Parameters<typeof vegaLite.compile>[0], {
        logger: quiet,
      });
      const view = new vega.View(vega.parse(compiled), { renderer: "none", logger: quiet });
      try {
        return await view.toSVG();
      } finally {
        view.finalize();
      }
    },
    png,
  };
}

async function loadPng(): Promise<ChartDrawing["png"]> {
  try {
    const { default: sharp } = await import("sharp");
    return async (svg) => new Uint8Array(await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer());
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";

import { element } from "@neft/profile";

/** Light and dark. Colours of marks are Okabe and Ito's, which colour-blind readers can distinguish. */
const style = `svg{background:#fff;font:12px "DejaVu Sans",Helvetica,Arial,sans-serif}
text{fill:#222}.title{font-size:15px;font-weight:bold}.name{font-weight:bold}.quiet{fill:#666}.small{font-size:10px}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#e3e3e3;fill:none}.frame{stroke:#999;fill:none}.a{fill:#0072b2}.b{fill:#e69f00}.c{fill:#009e73}.line{fill:none;stroke-width:1.8}
.line.a{stroke:#0072b2;fill:none}.line.b{stroke:#d55e00;fill:none}.line.c{stroke:#009e73;fill:none;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){svg{background:#16181c}text{fill:#e6e6e6}.quiet{fill:#9aa0a6}.grid{stroke:#33373d}.frame{stroke:#7a8087}.a{fill:#56b4e9}.line.a{stroke:#56b4e9}.line.b{stroke:#e69f00}}`;

/** Classes of series, by their number. */
export const seriesClass = ["a", "b", "c"] as const;

/** A picture of elements, with the styles that they may name as classes. */
export function picture(width: number, height: number, contents: readonly string[]): string {
  const size = { viewBox: `0 0 ${width} ${height}`, width, height };
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, [element("style", {}, [style]), ...contents])}\n`;
}

const short = (value: number): number => Math.round(10 * value) / 10;

/** A path through points. */
export const pathThrough = (points: readonly (readonly [x: number, y: number])[]): string =>
  `M${points.map(([x, y]) => `${short(x)} ${short(y)}`).join("L")}`;

/** Rectangles as one path. */
export const pathOfRectangles = (
  rectangles: readonly { readonly x: number; readonly y: number; readonly width: number; readonly height: number }[],
): string =>
  rectangles
    .map(({ x, y, width, height }) => `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}z`)
    .join("");

import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/parts.css";
import { render } from "preact";
import { App } from "./components/app.js";
import { announceQuarters } from "./state/announce.js";
import { acceptDrops } from "./state/drop.js";
import { openSample } from "./state/files.js";
import { freeReplaced } from "./state/memory.js";
import { keepVotesFresh } from "./state/vote.js";

void openSample(0);
render(<App />, document.getElementById("app")!);
keepVotesFresh();
freeReplaced();
announceQuarters();
acceptDrops();

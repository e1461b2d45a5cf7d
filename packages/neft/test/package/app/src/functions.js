import * as neft from "neft";
import { loopedByFunctions } from "./looped.js";
import { read, report } from "./page.js";

report(() => loopedByFunctions({ neft, read }));

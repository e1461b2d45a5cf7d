import { announcement } from "../state/state.js";
import { ChipsStep } from "./chips-step.js";
import { FinetuneStep } from "./finetune-step.js";
import { Header } from "./header.js";
import { KeepStep } from "./keep-step.js";
import { NetworkStep } from "./network-step.js";
import { VoteStep } from "./vote-step.js";

export function App() {
  return (
    <>
      <a class="skip" href="#chips">
        Skip to the run
      </a>
      <Header />
      <main>
        <ChipsStep />
        <NetworkStep />
        <FinetuneStep />
        <VoteStep />
        <KeepStep />
      </main>
      <footer>
        Everything runs on this device: no file leaves the browser. After the first visit the page works offline.
      </footer>
      <p class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </p>
    </>
  );
}

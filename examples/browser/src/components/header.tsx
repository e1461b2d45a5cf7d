import { theme, toggleTheme } from "../state/theme.js";
import { Help } from "./help.js";

export function Header() {
  const isDark = theme.value === "dark";
  return (
    <header>
      <div class="brand">
        <img src="./icon.svg" alt="" width="36" height="36" />
        <div>
          <h1>Will your network hold up on analogue chips?</h1>
          <p>
            Analogue memory stores weights inexactly. See what that does to a trained network on simulated{" "}
            <Help term="chip" />, then finetune it until it holds up.
          </p>
        </div>
      </div>
      <button type="button" class="quiet" onClick={toggleTheme} aria-pressed={isDark} aria-label="Dark theme">
        <span aria-hidden="true">{isDark ? "☀" : "☾"}</span>
        <span class="words">Dark theme</span>
      </button>
    </header>
  );
}

import { effect, signal } from "@preact/signals";

export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = localStorage.getItem("theme") as Theme | null;

/** The theme on screen: the user's choice, else the system's. */
export const theme = signal<Theme>(chosen ?? (dark.matches ? "dark" : "light"));

let isChosen = chosen !== null;
dark.addEventListener("change", () => {
  if (!isChosen) theme.value = dark.matches ? "dark" : "light";
});

export function toggleTheme(): void {
  isChosen = true;
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme.value);
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

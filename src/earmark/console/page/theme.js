// The theme: light, dark or the system's; stored on this device.

import { strings } from "./strings.js";
import { speak } from "./spoken.js";

const NAME = "earmark.theme";
const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

/** @returns {(typeof THEMES)[number]} */
const chosen = () => THEMES.find((one) => one === localStorage.getItem(NAME)) ?? "auto";

export function applyTheme() {
  const theme = chosen();
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function cycleTheme() {
  const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
  localStorage.setItem(NAME, next);
  applyTheme();
  speak(`${strings.theme.label}: ${strings.theme[next]}`);
}

// Whether the page is dark: as was chosen; else as the notebook around it, or the system, is.

import { computed, signal, type ReadonlySignal } from "@preact/signals";

import type { View } from "./model/address";

export function darkness(view: ReadonlySignal<View>): ReadonlySignal<boolean> {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const around = signal(isDarkAround(system));
  system.addEventListener("change", () => (around.value = isDarkAround(system)));
  return computed(() => {
    const { theme } = view.value;
    return theme === "auto" ? around.value : theme === "dark";
  });
}

/** JupyterLab tells its theme on the body. */
function isDarkAround(system: MediaQueryList): boolean {
  const told = document.body.dataset.jpThemeLight;
  return told === undefined ? system.matches : told === "false";
}

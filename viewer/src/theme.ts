// Whether the page is dark: as was chosen; else as the notebook around it, or the system, is.

import { computed, signal, type ReadonlySignal } from "@preact/signals";

import type { View } from "./model/address";

export interface Darkness {
  dark: ReadonlySignal<boolean>;
  /** Looks for changes; what it gives ends that. */
  watch(): () => void;
}

export function darkness(view: ReadonlySignal<View>): Darkness {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const around = signal(isDarkAround(system));
  return {
    dark: computed(() => {
      const { theme } = view.value;
      return theme === "auto" ? around.value : theme === "dark";
    }),
    watch() {
      const turned = () => (around.value = isDarkAround(system));
      const notebook = new MutationObserver(turned);
      notebook.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
      system.addEventListener("change", turned);
      return () => {
        notebook.disconnect();
        system.removeEventListener("change", turned);
      };
    },
  };
}

/** JupyterLab tells its theme on the body. */
function isDarkAround(system: MediaQueryList): boolean {
  const told = document.body.dataset.jpThemeLight;
  return told === undefined ? system.matches : told === "false";
}

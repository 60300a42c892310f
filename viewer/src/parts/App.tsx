// The page: drawings at the left, what there is to choose and to read at the right.

import { useEffect, useRef } from "preact/hooks";

import type { Theme } from "../model/address";
import type { Session } from "../session";
import { Controls } from "./Controls";
import { Drawing } from "./Drawing";
import { EdgeTable } from "./EdgeTable";
import { Facts } from "./Facts";
import { Legend } from "./Legend";
import { Selected } from "./Selected";
import { Size } from "./Size";

const THEMES: Theme[] = ["auto", "light", "dark"];

export function App({ session }: { session: Session }) {
  const { theme } = session.view.value;
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // A page's keys are its own; a notebook's are not a widget's.
    const heard: HTMLElement = root.current!.closest<HTMLElement>(".edgewise-widget") ?? document.body;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") session.change({ pin: "" });
      if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
        root.current!.querySelector<HTMLInputElement>("[type=search]")?.focus();
        event.preventDefault();
      }
    };
    heard.addEventListener("keydown", onKey);
    const unwatch = session.darkness.watch();
    return () => {
      heard.removeEventListener("keydown", onKey);
      unwatch();
    };
  }, []);
  return (
    <div class="edgewise" ref={root} data-theme={session.darkness.dark.value ? "dark" : "light"}>
      <header>
        <h1>{session.report.title}</h1>
        <label class="theme">
          Theme
          <select value={theme} onChange={(event) => session.change({ theme: event.currentTarget.value as Theme })}>
            {THEMES.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </header>
      <div class="body">
        <div class="drawings">
          <div class={session.sides.length > 1 ? "two" : "one"}>
            {session.sides.map((side) => (
              <section key={side.index} aria-label={`Circuit of ${side.run.data.name}`}>
                {session.sides.length > 1 && (
                  <h2 class={`swatch-${side.index ? "second" : "first"}`}>{side.run.data.name}</h2>
                )}
                <Drawing session={session} side={side} />
              </section>
            ))}
          </div>
          <Legend session={session} />
        </div>
        <div class="panels">
          <Size session={session} />
          <Controls session={session} />
          <EdgeTable session={session} />
          <Selected session={session} />
          <Facts session={session} />
        </div>
      </div>
    </div>
  );
}

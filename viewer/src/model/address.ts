// What is looked at, and how it stands in the address after `#`, so that a view can be shared: only what is not as
// at the beginning is written there.

import { everything, type Filters, type Roles } from "./filters";
import { PARTS, type Part } from "./graph";
import type { Arrangement } from "./layout";
import { isNode, rankOf, type Run } from "./report";

export type Theme = "auto" | "light" | "dark";
export type Column = "rank" | "edge" | "score" | "part" | "found";

export interface View {
  /** Edges chosen, before pruning. */
  size: number;
  /** A node or an edge whose paths stay lit; "": none. */
  pin: string;
  search: string;
  filters: Filters;
  /** Whether edges are coloured by what is known, or by which run has them. */
  truth: boolean;
  arrangement: Arrangement;
  theme: Theme;
  /** The pair of prompts whose attention is shown. */
  example: number;
  sort: { column: Column; down: boolean };
}

export function beginning(runs: Run[]): View {
  return {
    size: Math.min(runs[0].data.chosen.size, runs[0].edges.length),
    pin: "",
    search: "",
    filters: everything(runs[0]),
    truth: runs.length > 1,
    arrangement: runs[0].graph.shape.heads > 16 ? "compact" : "grid",
    theme: "auto",
    example: 0,
    sort: { column: "rank", down: false },
  };
}

export function toAddress(view: View, start: View): string {
  const { filters, sort } = view;
  const fields: [string, string, string][] = [
    ["edges", `${view.size}`, `${start.size}`],
    ["pin", view.pin, ""],
    ["search", view.search, ""],
    ["layers", filters.layers.join("to"), start.filters.layers.join("to")],
    ["sign", filters.sign === "+" ? "plus" : filters.sign === "-" ? "minus" : "all", "all"],
    ["parts", filters.parts.map((part) => part || "other").join(" "), "q k v other"],
    ["role", filters.role, ""],
    ["colour", view.truth ? "found" : "sign", start.truth ? "found" : "sign"],
    ["layout", view.arrangement, start.arrangement],
    ["theme", view.theme, "auto"],
    ["example", `${view.example}`, "0"],
    ["sort", `${sort.column}${sort.down ? " down" : ""}`, "rank"],
  ];
  const written = new URLSearchParams(fields.filter(([, now, then]) => now !== then).map(([name, now]) => [name, now]));
  return written.size ? `#${written}` : "";
}

/** What cannot be read, or is of another page, is as at the beginning. */
export function fromAddress(address: string, start: View, runs: Run[], roles: Roles): View {
  const given = new URLSearchParams(address.replace(/^#/, ""));
  const view: View = structuredClone(start);
  const oneOf = <Name extends string>(name: string, names: readonly Name[], otherwise: Name): Name =>
    names.find((known) => known === given.get(name)) ?? otherwise;
  const whole = (name: string, most: number, otherwise: number) => {
    const text = given.get(name);
    return text !== null && /^\d+$/.test(text) ? Math.min(Number(text), most) : otherwise;
  };
  view.size = whole("edges", Math.max(...runs.map((run) => run.edges.length)), start.size);
  const pin = given.get("pin") ?? "";
  view.pin = runs.some((run) => isNode(run, pin) || rankOf(run, pin) !== null) ? pin : "";
  view.search = given.get("search") ?? "";
  const layers = /^(-?\d+)to(\d+)$/.exec(given.get("layers") ?? "");
  const [first, last] = start.filters.layers;
  if (layers && Number(layers[1]) >= first && Number(layers[2]) <= last)
    view.filters.layers = [Number(layers[1]), Number(layers[2])];
  const sign = oneOf("sign", ["plus", "minus", "all"], "all");
  view.filters.sign = sign === "plus" ? "+" : sign === "minus" ? "-" : "all";
  if (given.has("parts")) {
    const named = given.get("parts")!.split(" ");
    view.filters.parts = PARTS.filter((part: Part) => named.includes(part || "other"));
  }
  const role = given.get("role") ?? "";
  view.filters.role = Object.hasOwn(roles, role) ? role : "";
  view.truth = oneOf("colour", ["found", "sign"], start.truth ? "found" : "sign") === "found";
  view.arrangement = oneOf("layout", ["grid", "compact"], start.arrangement);
  view.theme = oneOf("theme", ["auto", "light", "dark"], "auto");
  view.example = whole("example", Math.max(0, runs[0].data.examples.length - 1), 0);
  const [column, down] = (given.get("sort") ?? "rank").split(" ");
  const columns: Column[] = ["rank", "edge", "score", "part", "found"];
  view.sort = { column: columns.find((name) => name === column) ?? "rank", down: down === "down" };
  return view;
}

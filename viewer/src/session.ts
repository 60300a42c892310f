// What is looked at, and all that follows from it: one session a page or a widget, nothing global.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { beginning, fromAddress, type View } from "./model/address";
import { circuitOf, sizesUpTo, type Shown } from "./model/circuit";
import { sharedBy, type Shared } from "./model/comparison";
import { filtered, type Roles } from "./model/filters";
import { layoutOf, type Layout } from "./model/layout";
import { linksOf, onlyEdge, pathsThrough, type Links, type Lit } from "./model/paths";
import { rankOf, readRun, type ReportData, type Run } from "./model/report";
import { found } from "./model/search";
import { judge, type Judged } from "./model/truth";
import { darkness, type Darkness } from "./theme";

/** One run as it is looked at. */
export interface Side {
  run: Run;
  index: number;
  circuit: ReadonlySignal<Shown>;
  /** The ranks of the circuit's edges that no filter hides. */
  visible: ReadonlySignal<Uint32Array>;
  links: ReadonlySignal<Links>;
  judged: ReadonlySignal<Judged | null>;
  layout: ReadonlySignal<Layout>;
  /** Nodes that the search finds. */
  found: ReadonlySignal<Set<number>>;
  /** What is pointed at; else what is pinned; null: neither. */
  lit: ReadonlySignal<Lit | null>;
}

export interface Session {
  report: ReportData;
  sides: Side[];
  sizes: number[];
  /** Nodes by what they are for, as any of the runs tells. */
  roles: Roles;
  view: Signal<View>;
  /** As it is at first, without an address. */
  start: View;
  /** The name of the node or edge under the pointer; "": none. */
  hover: Signal<string>;
  shared: ReadonlySignal<Shared | null>;
  darkness: Darkness;
  change(what: Partial<View>): void;
}

export function openSession(report: ReportData, address: string): Session {
  const runs = report.runs.map(readRun);
  const roles: Roles = Object.assign({}, ...runs.map((run) => run.data.roles).reverse());
  const start = beginning(runs);
  const view = signal(fromAddress(address, start, runs, roles));
  const hover = signal("");
  const sides = runs.map((run, index) => openSide(run, index, view, hover, roles));
  const most = Math.max(...runs.map((run) => run.edges.length));
  return {
    report,
    sides,
    sizes: sizesUpTo(most, runs.map((run) => run.data.chosen.size)),
    roles,
    view,
    start,
    hover,
    shared: computed(() =>
      runs.length < 2 ? null : sharedBy(runs, sides.map((side) => side.circuit.value)),
    ),
    darkness: darkness(view),
    change(what) {
      view.value = { ...view.value, ...what };
    },
  };
}

function openSide(run: Run, index: number, view: Signal<View>, hover: Signal<string>, roles: Roles): Side {
  // Each field is a signal of its own, so that what does not depend on a change is not made again.
  const size = computed(() => view.value.size);
  const filters = computed(() => view.value.filters);
  const search = computed(() => view.value.search);
  const arrangement = computed(() => view.value.arrangement);
  const truth = computed(() => view.value.truth);
  const target = computed(() => hover.value || view.value.pin);
  const circuit = computed(() => circuitOf(run, size.value, run.data.chosen.prune));
  const visible = computed(() => filtered(run, circuit.value.ranks, filters.value, roles));
  const links = computed(() => linksOf(run, visible.value));
  const judged = computed(() => judge(run, circuit.value));
  const missed = computed(() => (truth.value && judged.value ? nodesOf(run, judged.value.missed) : new Set<number>()));
  return {
    run,
    index,
    circuit,
    visible,
    links,
    judged,
    layout: computed(() => {
      // Where every head has its place, no circuit has a part in it.
      if (arrangement.value === "grid") return layoutOf(run.graph, () => true, "grid");
      const { entering, leaving } = circuit.value;
      return layoutOf(run.graph, (at) => entering[at] + leaving[at] > 0 || missed.value.has(at), "compact");
    }),
    found: computed(() => found(run.graph, roles, search.value)),
    lit: computed(() => {
      if (!target.value) return null;
      if (!target.value.includes("->")) {
        const node = run.graph.nodeOf(target.value);
        return node < 0 ? null : pathsThrough(run, links.value, node);
      }
      const rank = rankOf(run, target.value);
      return rank === null ? null : onlyEdge(run, rank);
    }),
  };
}

function nodesOf(run: Run, keys: number[]): Set<number> {
  const every = run.graph.nodes.length;
  return new Set(keys.flatMap((key) => [key % every, ...run.graph.fed[Math.floor(key / every)]]));
}

// Two circuits on one graph: what both have, only one, only the other.

import type { Shown } from "./circuit";
import type { Run } from "./report";

export interface Shared {
  both: number;
  /** What only the first has, and only the second. */
  only: [number, number];
  jaccard: number;
  /** Keys of each circuit's edges. */
  keys: [Set<number>, Set<number>];
}

export function sharedBy(runs: Run[], shown: Shown[]): Shared {
  const [first, second] = runs.map((run, at) => keysOf(run, shown[at]));
  let both = 0;
  for (const key of first) if (second.has(key)) both++;
  const either = first.size + second.size - both;
  return {
    both,
    only: [first.size - both, second.size - both],
    jaccard: either ? both / either : 1,
    keys: [first, second],
  };
}

function keysOf(run: Run, shown: Shown): Set<number> {
  const { graph, edges } = run;
  return new Set(Array.from(shown.ranks, (rank) => graph.key(edges.readers[rank], edges.sources[rank])));
}

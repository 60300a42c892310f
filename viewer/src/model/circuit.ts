// The circuit of a size: the strongest edges, without those on no path from an embedding to the logits.

import type { Run } from "./report";

export interface Shown {
  size: number;
  /** Ranks of the edges that stay, strongest first. */
  ranks: Uint32Array;
  /** Per node, how many edges enter and leave it. */
  entering: Uint16Array;
  leaving: Uint16Array;
}

/** As `pruning.py`: an edge stays where an embedding reaches its source and its reader leads to the logits. */
export function circuitOf(run: Run, size: number, prune: boolean): Shown {
  const { graph, edges } = run;
  const chosen = Math.min(size, edges.length);
  const reached = new Uint8Array(graph.nodes.length);
  const needed = new Uint8Array(graph.nodes.length);
  if (prune) {
    reach(run, chosen, reached, needed);
  } else {
    reached.fill(1);
    needed.fill(1);
  }
  const ranks: number[] = [];
  const entering = new Uint16Array(graph.nodes.length);
  const leaving = new Uint16Array(graph.nodes.length);
  for (let rank = 0; rank < chosen; rank++) {
    const source = edges.sources[rank];
    const fed = graph.fed[edges.readers[rank]];
    if (!reached[source] || !fed.some((node) => needed[node])) continue;
    ranks.push(rank);
    leaving[source]++;
    for (const node of fed) entering[node]++;
  }
  return { size: chosen, ranks: Uint32Array.from(ranks), entering, leaving };
}

/** Edges go from lower places to higher ones, so that one sweep by place each way is enough. */
function reach(run: Run, chosen: number, reached: Uint8Array, needed: Uint8Array): void {
  const { graph, edges } = run;
  const into: number[][] = graph.nodes.map(() => []);
  for (let rank = 0; rank < chosen; rank++)
    for (const node of graph.fed[edges.readers[rank]]) into[node].push(edges.sources[rank]);
  graph.nodes.forEach((node, at) => {
    if (node.kind === "embedding" || into[at].some((source) => reached[source])) reached[at] = 1;
  });
  needed[graph.logits] = 1;
  for (let at = graph.logits; at >= 0; at--) if (needed[at]) for (const source of into[at]) needed[source] = 1;
}

/** What the slider stops at: every size up to 100, then steps of about a hundredth, the runs' own, and all. */
export function sizesUpTo(most: number, own: number[]): number[] {
  const sizes = new Set<number>();
  for (let size = 0; size < most; size = Math.max(size + 1, Math.round(size * 1.01))) sizes.add(size);
  sizes.add(most);
  for (const size of own) sizes.add(Math.min(size, most));
  return [...sizes].sort((one, other) => one - other);
}

/** The place of the size that is nearest. */
export function nearest(sizes: number[], wanted: number): number {
  let best = 0;
  sizes.forEach((size, at) => {
    if (Math.abs(size - wanted) < Math.abs(sizes[best] - wanted)) best = at;
  });
  return best;
}

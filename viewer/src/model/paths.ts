// What lies on a path through a node, or is a certain edge, among the edges that are shown.

import type { Run } from "./report";

export interface Lit {
  ranks: Set<number>;
  nodes: Set<number>;
}

/** Per node the edges that enter it and those that leave it, by rank. */
export interface Links {
  into: number[][];
  outOf: number[][];
}

export function linksOf(run: Run, ranks: ArrayLike<number>): Links {
  const { graph, edges } = run;
  const into: number[][] = graph.nodes.map(() => []);
  const outOf: number[][] = graph.nodes.map(() => []);
  for (let at = 0; at < ranks.length; at++) {
    const rank = ranks[at];
    outOf[edges.sources[rank]].push(rank);
    for (const node of graph.fed[edges.readers[rank]]) into[node].push(rank);
  }
  return { into, outOf };
}

/** Every edge that leads into the node, however far below, and every edge that it leads to. Edges go from lower
 * places to higher ones, so that one sweep each way is enough. */
export function pathsThrough(run: Run, links: Links, node: number): Lit {
  const { graph, edges } = run;
  const lit: Lit = { ranks: new Set(), nodes: new Set([node]) };
  const below = new Set([node]);
  for (let at = node; at >= 0; at--) {
    if (!below.has(at)) continue;
    for (const rank of links.into[at]) {
      below.add(edges.sources[rank]);
      lit.ranks.add(rank);
    }
  }
  const above = new Set([node]);
  for (let at = node; at < graph.nodes.length; at++) {
    if (!above.has(at)) continue;
    for (const rank of links.outOf[at]) {
      for (const end of graph.fed[edges.readers[rank]]) above.add(end);
      lit.ranks.add(rank);
    }
  }
  for (const other of [...below, ...above]) lit.nodes.add(other);
  return lit;
}

export function onlyEdge(run: Run, rank: number): Lit {
  const { graph, edges } = run;
  return { ranks: new Set([rank]), nodes: new Set([edges.sources[rank], ...graph.fed[edges.readers[rank]]]) };
}

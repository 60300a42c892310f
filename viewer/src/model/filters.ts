// Which of a circuit's edges are drawn and listed. Filters hide: they change no circuit.

import { PARTS, type Part } from "./graph";
import type { Run } from "./report";

export type Roles = Record<string, string[]>;

export interface Filters {
  /** The first and the last layer, embeddings being -1; both ends of an edge lie within. */
  layers: [number, number];
  sign: "all" | "+" | "-";
  parts: Part[];
  /** An edge leaves or enters a node of this role; "": any. */
  role: string;
}

export function everything(run: Run): Filters {
  return { layers: [-1, run.graph.shape.layers], sign: "all", parts: [...PARTS], role: "" };
}

export function filtered(run: Run, ranks: Uint32Array, filters: Filters, roles: Roles): Uint32Array {
  const { graph, edges } = run;
  const [first, last] = filters.layers;
  const parts = new Set(filters.parts);
  const inRole = filters.role && new Set((roles[filters.role] ?? []).map((name) => graph.nodeOf(name)));
  return ranks.filter((rank) => {
    const source = edges.sources[rank];
    const reader = edges.readers[rank];
    const fed = graph.fed[reader];
    if (!parts.has(graph.readerParts[reader])) return false;
    if (graph.nodes[source].layer < first || graph.nodes[fed[0]].layer > last) return false;
    const score = edges.scores[rank];
    if (filters.sign !== "all" && (filters.sign === "+" ? score <= 0 : score >= 0)) return false;
    return !inRole || inRole.has(source) || fed.some((node) => inRole.has(node));
  });
}

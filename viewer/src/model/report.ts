// What Python hands to the page: plain values, and arrays of numbers in base64.

import { Graph, type GraphShape } from "./graph";

export interface Packed {
  type: "u8" | "u16" | "f32";
  base64: string;
}

export interface Point {
  /** Edges chosen, before pruning. */
  size: number;
  kept: number;
  faithfulness: number | null;
  interval: [number, number] | null;
  value: number;
  kl: number;
}

export interface KnownData {
  sources: Packed;
  readers: Packed;
  backupSources: Packed;
  backupReaders: Packed;
  facts: [string, string][];
}

/** One pair of prompts, and what happens on it. */
export interface ExampleData {
  clean: string[];
  corrupted: string[] | null;
  correct: string;
  wrong: string;
  /** Where the model is read. */
  reads: number[];
  /** Heads whose patterns are here: [heads, prompts, to, from], 255 is all of a head's attention. */
  heads: string[];
  attention: Packed;
  /** [sources, positions]: what a source's output at a token does for the metric. */
  effects: Packed | null;
}

export interface RunData {
  name: string;
  graph: GraphShape;
  /** The strongest first, as the run chooses; `all`: how many the graph has; `able`: how many can be chosen. */
  edges: { all: number; able: number; order: string; scored: boolean; sources: Packed; readers: Packed; scores: Packed };
  chosen: { size: number; kept: number; prune: boolean };
  metric: string;
  curve: Point[];
  known: KnownData | null;
  roles: Record<string, string[]>;
  facts: [string, string][];
  measured: [string, string][];
  notes: string[];
  examples: ExampleData[];
  /** Why there is less to see of heads, if so. */
  lacking: string;
}

export interface ReportData {
  format: "edgewise report";
  version: number;
  title: string;
  runs: RunData[];
}

type Numbers = Uint8Array | Uint16Array | Float32Array;

export function unpack(packed: Packed): Numbers {
  const text = atob(packed.base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  if (packed.type === "u8") return bytes;
  return packed.type === "u16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/** Edges as parallel arrays; an edge is its place in them, its rank. */
export interface Edges {
  sources: Numbers;
  readers: Numbers;
  scores: Numbers;
  length: number;
}

export interface Run {
  data: RunData;
  graph: Graph;
  edges: Edges;
  /** Known edges by `graph.key`, and those that are neither in nor out. */
  known: Set<number> | null;
  backups: Set<number>;
  /** Rank by `graph.key`. */
  ranks: Map<number, number>;
}

export function readRun(data: RunData): Run {
  const graph = new Graph(data.graph);
  const [sources, readers, scores] = [data.edges.sources, data.edges.readers, data.edges.scores].map(unpack);
  const edges = { sources, readers, scores, length: sources.length };
  const ranks = new Map<number, number>();
  for (let rank = 0; rank < edges.length; rank++) ranks.set(graph.key(readers[rank], sources[rank]), rank);
  const keys = (sides: [Packed, Packed]) => {
    const [froms, tos] = sides.map(unpack);
    return new Set(Array.from(froms, (from, at) => graph.key(tos[at], from)));
  };
  const told = data.known;
  return {
    data,
    graph,
    edges,
    ranks,
    known: told && keys([told.sources, told.readers]),
    backups: told ? keys([told.backupSources, told.backupReaders]) : new Set(),
  };
}

export function isNode(run: Run, name: string): boolean {
  return run.graph.nodeOf(name) >= 0;
}

/** Of an edge by name; null: the run does not have it. */
export function rankOf(run: Run, edge: string): number | null {
  const [source, reader] = edge.split("->");
  const [from, to] = [run.graph.nodeOf(source), run.graph.readerNames.indexOf(reader)];
  return from < 0 || to < 0 ? null : (run.ranks.get(run.graph.key(to, from)) ?? null);
}

// The edges that are shown, as rows: sorted by a column, told as text.

import type { Column } from "./address";
import type { Run } from "./report";

export interface Row {
  key: number;
  /** Per run the rank; null: the run does not show it. */
  ranks: (number | null)[];
  found: string;
}

export function rowsOf(runs: Run[], visible: Uint32Array[], foundOf: (run: number, rank: number) => string): Row[] {
  const rows = new Map<number, Row>();
  runs.forEach(({ graph, edges }, at) => {
    for (const rank of visible[at]) {
      const key = graph.key(edges.readers[rank], edges.sources[rank]);
      const row = rows.get(key);
      if (row) row.ranks[at] = rank;
      else rows.set(key, { key, ranks: runs.map((_, run) => (run === at ? rank : null)), found: foundOf(at, rank) });
    }
  });
  return [...rows.values()];
}

export function sorted(runs: Run[], rows: Row[], column: Column, down: boolean): Row[] {
  // As they come.
  if (runs.length === 1 && column === "rank") return down ? rows.toReversed() : rows;
  const [{ graph, edges }] = runs;
  const every = graph.nodes.length;
  const scoreOf = (row: Row) => {
    const at = row.ranks.findIndex((rank) => rank !== null);
    return runs[at].edges.scores[row.ranks[at]!];
  };
  const by: Record<Column, (row: Row) => number | string> = {
    rank: (row) => Math.min(...row.ranks.map((rank) => rank ?? edges.length)),
    edge: (row) => row.key,
    score: scoreOf,
    part: (row) => graph.readerParts[Math.floor(row.key / every)],
    found: (row) => row.found,
  };
  const keyed = rows.map((row) => ({ row, by: by[column](row), rank: by.rank(row) as number }));
  const turn = down ? -1 : 1;
  keyed.sort((one, other) =>
    one.by < other.by ? -turn : one.by > other.by ? turn : one.rank - other.rank,
  );
  return keyed.map(({ row }) => row);
}

export function nameOf(run: Run, row: Row): string {
  const every = run.graph.nodes.length;
  return run.graph.edgeName(Math.floor(row.key / every), row.key % every);
}

/** With tabs for a clipboard, with commas for a file. */
export function asText(runs: Run[], rows: Row[], between: "\t" | ","): string {
  const [run] = runs;
  const tells = rows.some((row) => row.found);
  const heads = ["edge", "part", ...runs.flatMap(({ data }) => [`rank in ${data.name}`, `score in ${data.name}`])];
  const lines = rows.map((row) => {
    const part = run.graph.readerParts[Math.floor(row.key / run.graph.nodes.length)];
    const numbers = row.ranks.flatMap((rank, at) =>
      rank === null ? ["", ""] : [`${rank + 1}`, `${runs[at].edges.scores[rank]}`],
    );
    return [nameOf(run, row), part, ...numbers, ...(tells ? [row.found] : [])];
  });
  const cell = (value: string) => {
    const text = value.replace(/[\t\n\r]/g, " ");
    return between === "," && /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [[...heads, ...(tells ? ["found"] : [])], ...lines].map((line) => line.map(cell).join(between)).join("\n") + "\n";
}

// A circuit beside the known one: what it hits, misses and finds falsely.

import type { Shown } from "./circuit";
import type { Run } from "./report";

export type Verdict = "hit" | "false" | "unjudged" | "miss";

export interface Judged {
  /** Of an edge of the circuit. */
  verdictOf(rank: number): Verdict;
  /** Keys of the known edges that are not in the circuit. */
  missed: number[];
  hits: number;
  falseFinds: number;
  unjudged: number;
}

export function judge(run: Run, shown: Shown): Judged | null {
  if (!run.known) return null;
  const { graph, edges } = run;
  const { known, backups } = run;
  const verdictOf = (rank: number): Verdict => {
    const key = graph.key(edges.readers[rank], edges.sources[rank]);
    return known.has(key) ? "hit" : backups.has(key) ? "unjudged" : "false";
  };
  const chosen = new Set(shown.ranks);
  const missed = [...known].filter((key) => !chosen.has(run.ranks.get(key) ?? -1));
  const unjudged = [...backups].filter((key) => chosen.has(run.ranks.get(key) ?? -1)).length;
  const hits = known.size - missed.length;
  return { verdictOf, missed, hits, falseFinds: shown.ranks.length - hits - unjudged, unjudged };
}

export function judgedText(run: Run, judged: Judged): string {
  const known = run.known!.size;
  const chosen = judged.hits + judged.falseFinds;
  const share = (part: number, of: number) => (of ? `${Math.round((100 * part) / of)}%` : "-");
  return (
    `${judged.hits} of ${known} known edges found (recall ${share(judged.hits, known)}), ` +
    `${judged.falseFinds} false (precision ${share(judged.hits, chosen)})` +
    (judged.unjudged ? `, ${judged.unjudged} not judged` : "")
  );
}

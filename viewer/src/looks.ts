// How an edge looks: colour by sign - or by what is known, or by which run has it -, width by size, dashes by what
// it enters. No meaning hangs on colour alone: a sign is told in words, and a query, key or value has its port.

import { curveBetween, type Layout } from "./model/layout";
import type { Run } from "./model/report";
import type { Stroke } from "./painter";
import type { Session, Side } from "./session";

export type Look = "plus" | "minus" | "hit" | "false" | "unjudged" | "miss" | "both" | "first" | "second" | "plain";

/** In widths of the line. */
export const DASHES: Record<string, number[]> = { q: [], k: [4, 1.6], v: [1.1, 1.3], "": [] };
const MISSED = [2, 3];
const [THINNEST, WIDEST, STEPS] = [0.9, 6.4, 8];

export function lookOf(session: Session, side: Side, rank: number): Look {
  const { run } = side;
  const shared = session.shared.value;
  if (session.view.value.truth && shared) {
    const key = run.graph.key(run.edges.readers[rank], run.edges.sources[rank]);
    if (shared.keys[1 - side.index].has(key)) return "both";
    return side.index ? "second" : "first";
  }
  if (session.view.value.truth && side.judged.value) return side.judged.value.verdictOf(rank);
  const score = run.edges.scores[rank];
  if (!run.data.edges.scored || !score) return "plain";
  return score < 0 ? "minus" : "plus";
}

/** In words, for a tooltip and the table. */
export const LOOK_WORDS: Record<Look, string> = {
  plus: "",
  minus: "",
  hit: "known",
  false: "not known",
  unjudged: "not judged",
  miss: "missed",
  both: "in both",
  first: "only in the first",
  second: "only in the second",
  plain: "",
};

/** Of the largest score that is shown; in steps, so that many edges are drawn in one go. */
export function widthOf(score: number, largest: number): number {
  const share = largest > 0 ? Math.sqrt(Math.min(1, Math.abs(score) / largest) || 0) : 0;
  return THINNEST + ((WIDEST - THINNEST) * Math.round(share * STEPS)) / STEPS;
}

export function largestOf(run: Run, ranks: ArrayLike<number>): number {
  let largest = 0;
  for (let at = 0; at < ranks.length; at++) {
    const score = Math.abs(run.edges.scores[ranks[at]]);
    if (score > largest && score < Infinity) largest = score;
  }
  return largest;
}

/** A line a node that the reader feeds: several, where heads share keys and values. */
export function strokesOf(
  session: Session,
  side: Side,
  ranks: Iterable<number>,
  layout: Layout,
  colours: Record<Look, string>,
  largest: number,
): Stroke[] {
  const { edges } = side.run;
  const strokes: Stroke[] = [];
  for (const rank of ranks) {
    const colour = colours[lookOf(session, side, rank)];
    const width = side.run.data.edges.scored ? widthOf(edges.scores[rank], largest) : 1.8;
    add(strokes, side.run, layout, edges.sources[rank], edges.readers[rank], colour, width);
  }
  return strokes;
}

/** Known edges that the circuit lacks, where that is asked for. */
export function missedStrokes(session: Session, side: Side, layout: Layout, colours: Record<Look, string>): Stroke[] {
  const judged = side.judged.value;
  const strokes: Stroke[] = [];
  if (!session.view.value.truth || session.shared.value || !judged) return strokes;
  const every = side.run.graph.nodes.length;
  for (const key of judged.missed)
    add(strokes, side.run, layout, key % every, Math.floor(key / every), colours.miss, 1.8, MISSED);
  return strokes;
}

function add(
  strokes: Stroke[],
  run: Run,
  layout: Layout,
  source: number,
  reader: number,
  colour: string,
  width: number,
  dashes?: number[],
): void {
  const part = run.graph.readerParts[reader];
  const from = layout.boxes[source];
  for (const node of run.graph.fed[reader]) {
    const to = layout.boxes[node];
    if (!from || !to) continue;
    const scaled = (dashes ?? DASHES[part]).map((length) => length * Math.max(width, 1.6));
    strokes.push({ curve: curveBetween(from, to, part), colour, width, dashes: scaled });
  }
}

/** The colours of the theme that an element stands in. */
export function coloursOf(element: Element): Record<Look, string> {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    Object.keys(LOOK_WORDS).map((look) => [look, style.getPropertyValue(`--edge-${look}`).trim()]),
  ) as Record<Look, string>;
}

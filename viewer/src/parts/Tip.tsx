// What is told of the node or edge that is pointed at.

import type { ReadonlySignal } from "@preact/signals";

import { LOOK_WORDS, lookOf } from "../looks";
import { rankOf } from "../model/report";
import type { Session, Side } from "../session";

interface Given {
  session: Session;
  side: Side;
  pointer: ReadonlySignal<{ x: number; y: number } | null>;
}

export function Tip({ session, side, pointer }: Given) {
  const at = pointer.value;
  const name = session.hover.value;
  if (!at || !name) return null;
  const lines = name.includes("->") ? describeEdge(session, side, name) : describe(side, name);
  return (
    <div class="tip" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      {lines.map((line, index) => (
        <div key={index}>{line}</div>
      ))}
    </div>
  );
}

/** A node: its name, what it is for, and what is drawn of it. */
export function describe(side: Side, name: string): string[] {
  const at = side.run.graph.nodeOf(name);
  if (at < 0) return [name];
  const { entering, leaving } = side.circuit.value;
  const roles = Object.keys(side.run.data.roles).filter((role) => side.run.data.roles[role].includes(name));
  const edges = `${entering[at]} in, ${leaving[at]} out`;
  return [name, ...roles, entering[at] + leaving[at] ? edges : "not in the circuit"];
}

export function describeEdge(session: Session, side: Side, name: string): string[] {
  const rank = rankOf(side.run, name);
  if (rank === null) return [name];
  const lines = [name];
  if (side.run.data.edges.scored) lines.push(`score ${scoreText(side.run.edges.scores[rank])}, rank ${rank + 1}`);
  return [...lines, LOOK_WORDS[lookOf(session, side, rank)]].filter(Boolean);
}

export function scoreText(score: number): string {
  if (!score) return "0";
  const text = Math.abs(score) >= 1e-3 && Math.abs(score) < 1e4 ? score.toPrecision(4) : score.toExponential(2);
  return score > 0 ? `+${text}` : text.replace("-", "\u2212");
}

// Where nodes and edges stand: embeddings a bar at the bottom, logits one on top, layers upwards, heads in a row,
// MLPs in a column of their own. Lengths are in pixels before zooming; y grows downwards.

import { PARTS, type Graph } from "./graph";

export interface Box {
  /** Of the middle, and of the upper edge. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  /** By node; null: it has no place, as it is not in the circuit. */
  boxes: (Box | null)[];
  width: number;
  height: number;
  /** Where each layer's name stands. */
  rows: { layer: number; y: number }[];
}

export type Arrangement = "grid" | "compact";

const [BOX, HIGH, GAP, BETWEEN, MARGIN] = [46, 24, 22, 48, 34];
const PITCH = BOX + GAP;
const PORT = 14;

/** `grid`: every head has its place; `compact`: only nodes of the circuit have one, side by side. */
export function layoutOf(graph: Graph, inCircuit: (node: number) => boolean, arrangement: Arrangement): Layout {
  const { layers, heads, mlps, parallel, embeddings } = graph.shape;
  const first = embeddings.length;
  const perLayer = heads + (mlps ? 1 : 0);
  const all = arrangement === "grid";
  const rowsOf = Array.from({ length: layers }, (_, layer) => {
    const start = first + layer * perLayer;
    const row = Array.from({ length: heads }, (_, head) => start + head).filter((node) => all || inCircuit(node));
    const mlp = mlps && (all || inCircuit(start + heads)) ? start + heads : null;
    return { layer, row, mlp };
  }).filter(({ row, mlp }) => row.length || mlp !== null);
  const widest = Math.max(1, ...rowsOf.map(({ row }) => row.length));
  const headsWidth = widest * (BOX + GAP);
  const right = MARGIN + headsWidth + (mlps ? BOX + 2 * GAP : 0);
  // Above the heads that it reads, below those that read it.
  const lift = parallel ? 0 : HIGH + (BETWEEN - HIGH) / 2;
  const pitch = HIGH + BETWEEN;
  const height = 2 * (HIGH + MARGIN) + rowsOf.length * pitch + BETWEEN;
  const boxes: (Box | null)[] = graph.nodes.map(() => null);
  const bar = right - MARGIN;
  embeddings.forEach((_, at) => {
    const width = bar / embeddings.length - (embeddings.length > 1 ? GAP : 0);
    const x = MARGIN + (bar * (at + 0.5)) / embeddings.length;
    boxes[at] = { x, y: height - MARGIN - HIGH, width, height: HIGH };
  });
  boxes[graph.logits] = { x: MARGIN + bar / 2, y: MARGIN, width: bar, height: HIGH };
  const rows = rowsOf.map(({ layer, row, mlp }, at) => {
    const y = height - MARGIN - HIGH - BETWEEN - HIGH - at * pitch;
    const left = MARGIN + (headsWidth - row.length * (BOX + GAP)) / 2;
    row.forEach((node, place) => {
      const x = left + (place + 0.5) * (BOX + GAP);
      boxes[node] = { x, y, width: BOX, height: HIGH };
    });
    if (mlp !== null) {
      const x = MARGIN + headsWidth + GAP + BOX / 2;
      boxes[mlp] = { x, y: y - lift, width: BOX, height: HIGH };
    }
    return { layer, y: y + HIGH / 2 };
  });
  return { boxes, width: right + MARGIN, height, rows };
}

/** A port is at the foot of a head: its query at the left, its key in the middle, its value at the right. */
export function portOffset(part: string): number {
  return part ? (PARTS.indexOf(part as "q") - 1) * PORT : 0;
}

export type Curve = [number, number, number, number, number, number, number, number];

/** A line from the top of one box to the foot of another, as a Bezier curve; bars are left and entered right
 * below, and above, the other end. A line along a column goes around what stands between. */
export function curveBetween(from: Box, to: Box, part: string): Curve {
  let end = to.x + portOffset(part);
  let start = from.x;
  // From bar to bar between two columns; else right below, or above, the other end.
  const areBars = from.width > BOX && to.width > BOX;
  if (areBars) start = MARGIN + Math.round((from.x - MARGIN) / PITCH) * PITCH;
  else if (from.width > BOX) start = within(end, from);
  if (to.width > BOX) end = within(start, to);
  const top = from.y;
  const foot = to.y + to.height;
  const rise = Math.max((top - foot) * 0.42, Math.min(18, top - foot));
  const rows = (top - foot) / (HIGH + BETWEEN);
  // Three quarters of it is how far such a curve comes: into the middle between two columns.
  const aside = rows > 1 && !areBars && Math.abs(end - start) < BOX / 2 ? PITCH / 1.5 : 0;
  return [start, top, start + aside, top - rise, end + aside, foot + rise, end, foot];
}

function within(x: number, box: Box): number {
  const room = box.width / 2 - 8;
  return Math.max(box.x - room, Math.min(box.x + room, x));
}

export function pointOn(curve: Curve, t: number): [number, number] {
  const [a, b, c, d] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
  return [
    a * curve[0] + b * curve[2] + c * curve[4] + d * curve[6],
    a * curve[1] + b * curve[3] + c * curve[5] + d * curve[7],
  ];
}

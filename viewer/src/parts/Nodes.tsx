// The nodes of a circuit: boxes with names, a head's three ports at its foot, reached by pointer and by keyboard.

import type { ReadonlySignal } from "@preact/signals";
import type { ZoomTransform } from "d3-zoom";

import { PARTS } from "../model/graph";
import { portOffset, type Box, type Layout } from "../model/layout";
import type { Session, Side } from "../session";
import { describe } from "./Tip";

interface Given {
  session: Session;
  side: Side;
  transform: ReadonlySignal<ZoomTransform>;
}

export function Nodes({ session, side, transform }: Given) {
  return (
    <g transform={transform.value.toString()}>
      <Rows side={side} />
      <Boxes session={session} side={side} />
    </g>
  );
}

function Rows({ side }: { side: Side }) {
  return (
    <g class="rows" aria-hidden="true">
      {side.layout.value.rows.map(({ layer, y }) => (
        <text key={layer} x={14} y={y + 4}>
          {layer}
        </text>
      ))}
    </g>
  );
}

function Boxes({ session, side }: { session: Session; side: Side }) {
  const { graph } = side.run;
  const { entering, leaving } = side.circuit.value;
  const layout = side.layout.value;
  const lit = side.lit.value;
  const found = side.found.value;
  const { pin } = session.view.value;
  // One node is reached by Tab; arrow keys go from there.
  const first = graph.nodes.findIndex((_, at) => layout.boxes[at] && entering[at] + leaving[at] > 0);
  const pinned = graph.nodeOf(pin);
  const stop = pinned >= 0 && layout.boxes[pinned] ? pinned : first;
  const ports = portsOf(side);
  return (
    <g>
      {graph.nodes.map((node, at) => {
        const box = layout.boxes[at];
        if (!box) return null;
        const used = entering[at] + leaving[at] > 0;
        const looks = [
          "node",
          node.kind,
          used ? "used" : "unused",
          lit && !lit.nodes.has(at) ? "dim" : "",
          found.has(at) ? "found" : "",
          pin === node.name ? "pinned" : "",
        ];
        return (
          <g
            key={node.name}
            class={looks.join(" ")}
            data-node={node.name}
            role="button"
            aria-pressed={pin === node.name}
            aria-label={[[node.name, ...partsOf(ports[at])].join(" "), ...describe(side, node.name).slice(1)].join(", ")}
            tabIndex={at === stop ? 0 : -1}
            transform={`translate(${box.x},${box.y})`}
            onPointerEnter={() => (session.hover.value = node.name)}
            onPointerLeave={() => (session.hover.value = "")}
            onFocus={() => (session.hover.value = node.name)}
            onBlur={() => (session.hover.value = "")}
            onClick={() => session.change({ pin: pin === node.name ? "" : node.name })}
            onKeyDown={(event) => onKey(event, session, side, at, layout)}
          >
            <rect x={-box.width / 2} width={box.width} height={box.height} rx={node.kind === "head" ? 5 : 11} />
            <text y={node.kind === "head" && used ? 11 : 16}>{node.name}</text>
            {node.kind === "head" && used && <Ports box={box} read={ports[at]} />}
          </g>
        );
      })}
    </g>
  );
}

function Ports({ box, read }: { box: Box; read: Set<string> }) {
  return (
    <g class="ports" aria-hidden="true">
      {partsOf(read).map((part) => (
        <text key={part} x={portOffset(part)} y={box.height - 3}>
          {` ${part}`}
        </text>
      ))}
    </g>
  );
}

/** Of q, k and v those that an edge enters. */
function partsOf(read: Set<string>): string[] {
  return PARTS.filter((part) => part && read.has(part));
}

/** Per node the parts that an edge enters. */
function portsOf(side: Side): Set<string>[] {
  const { graph, edges } = side.run;
  const read = graph.nodes.map(() => new Set<string>());
  for (const rank of side.circuit.value.ranks) {
    const reader = edges.readers[rank];
    for (const node of graph.fed[reader]) read[node].add(graph.readerParts[reader]);
  }
  return read;
}

function onKey(event: KeyboardEvent, session: Session, side: Side, at: number, layout: Layout): void {
  const { name } = side.run.graph.nodes[at];
  if (event.key === "Enter" || event.key === " ") {
    session.change({ pin: session.view.value.pin === name ? "" : name });
  } else if (event.key.startsWith("Arrow")) {
    const next = beside(side, at, layout, event.key);
    if (next === null) return;
    const svg = (event.currentTarget as Element).closest("svg")!;
    svg.querySelector<SVGGElement>(`[data-node="${CSS.escape(side.run.graph.nodes[next].name)}"]`)?.focus();
  } else {
    return;
  }
  event.preventDefault();
}

/** The nearest node of the circuit in that direction; sideways within the row alone. */
function beside(side: Side, at: number, layout: Layout, key: string): number | null {
  const { entering, leaving } = side.circuit.value;
  const from = layout.boxes[at]!;
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const towards = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  let [best, nearest] = [null as number | null, Infinity];
  layout.boxes.forEach((box, other) => {
    if (!box || other === at || !(entering[other] + leaving[other])) return;
    const [x, y] = [box.x - from.x, box.y - from.y];
    const [ahead, aside] = sideways ? [x * towards, Math.abs(y)] : [y * towards, Math.abs(x)];
    if (ahead <= 1 || (sideways && aside > 1)) return;
    // A bar is above, or below, all of a row.
    const distance = ahead + 2 * Math.max(0, aside - (box.width + from.width) / 2);
    if (distance < nearest) [best, nearest] = [other, distance];
  });
  return best;
}

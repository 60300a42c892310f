// One circuit: edges at the bottom, what is lit of them above, nodes above all.

import { effect, useComputed, useSignal } from "@preact/signals";
import { select } from "d3-selection";
import { zoom, zoomIdentity, type ZoomBehavior, type ZoomTransform } from "d3-zoom";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { coloursOf, largestOf, missedStrokes, strokesOf } from "../looks";
import { curveBetween, pointOn, type Curve } from "../model/layout";
import { Painter } from "../painter";
import type { Session, Side } from "../session";
import { Nodes } from "./Nodes";
import { Tip } from "./Tip";

const MARGIN = 8;
/** So near to a line, in pixels, it is pointed at; beyond so many lines none is looked for. */
const [NEAR, MOST] = [6, 3000];

export function Drawing({ session, side }: { session: Session; side: Side }) {
  const frame = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const transform = useSignal<ZoomTransform>(zoomIdentity);
  const shape = useSignal({ width: 0, height: 0 });
  const pointer = useSignal<{ x: number; y: number } | null>(null);
  const zooming = useMemo<ZoomBehavior<SVGSVGElement, unknown>>(
    () => zoom<SVGSVGElement, unknown>().scaleExtent([0.1, 6]).on("zoom", (event) => (transform.value = event.transform)),
    [],
  );
  const dimmed = useComputed(() => side.lit.value !== null);

  const fit = () => {
    const { width, height } = side.layout.value;
    const room = shape.value;
    if (!room.width || !drawing.current) return;
    const k = Math.min((room.width - 2 * MARGIN) / width, (room.height - 2 * MARGIN) / height, 1.6);
    const [x, y] = [(room.width - k * width) / 2, (room.height - k * height) / 2];
    select(drawing.current).call(zooming.transform, zoomIdentity.translate(x, y).scale(k));
  };

  useEffect(() => {
    select(drawing.current!).call(zooming).on("dblclick.zoom", fit);
    const watch = new ResizeObserver(() => {
      // What is taken off the page is told so a moment later.
      const box = frame.current;
      if (box) shape.value = { width: box.clientWidth, height: box.clientHeight };
    });
    watch.observe(frame.current!);
    const [painter, lighter] = [base, above].map(({ current }) => {
      const [lower, upper] = current!.querySelectorAll("canvas");
      return new Painter(upper, lower);
    });
    let isBlank = true;
    const stops = [
      effect(() => {
        side.layout.value;
        shape.value;
        fit();
      }),
      effect(() => {
        session.darkness.dark.value;
        const [ranks, layout] = [side.visible.value, side.layout.value];
        if (!shape.value.width || !frame.current) return;
        const colours = coloursOf(frame.current!);
        const largest = largestOf(side.run, ranks);
        const missed = missedStrokes(session, side, layout, colours);
        painter.paint(
          ranks,
          (some) => strokesOf(session, side, some, layout, colours, largest),
          missed,
          transform.value,
          () => frame.current?.setAttribute("data-drawn", `${ranks.length}`),
        );
      }),
      effect(() => {
        const [lit, layout] = [side.lit.value, side.layout.value];
        if (!lit && isBlank) return;
        isBlank = !lit;
        session.darkness.dark.value;
        if (!shape.value.width || !frame.current) return;
        const [every, zoomed] = [side.visible.value, transform.value];
        const ranks = lit ? every.filter((rank) => lit.ranks.has(rank)) : new Uint32Array();
        const [colours, largest] = [coloursOf(frame.current!), largestOf(side.run, every)];
        lighter.paint(ranks, (some) => strokesOf(session, side, some, layout, colours, largest), [], zoomed);
      }),
    ];
    return () => {
      watch.disconnect();
      for (const stop of stops) stop();
    };
  }, []);

  const point = (event: PointerEvent) => {
    const corner = frame.current!.getBoundingClientRect();
    pointer.value = { x: event.clientX - corner.left, y: event.clientY - corner.top };
    if ((event.target as Element).closest(".node")) return;
    session.hover.value = edgeAt(side, transform.value.invert([pointer.value.x, pointer.value.y]), transform.value.k);
  };

  return (
    <div class="drawing" ref={frame}>
      <div ref={base} class={dimmed.value ? "layer dimmed" : "layer"} aria-hidden="true">
        <canvas />
        <canvas />
      </div>
      <div ref={above} class="layer" aria-hidden="true">
        <canvas />
        <canvas />
      </div>
      <svg
        ref={drawing}
        role="group"
        aria-label={`Circuit of ${side.run.data.name}: nodes from the embedding at the bottom to the logits on top. Arrow keys move, Enter pins, Escape lets go.`}
        onPointerMove={point}
        onPointerLeave={() => {
          pointer.value = null;
          session.hover.value = "";
        }}
        onClick={(event) => {
          if ((event.target as Element).closest(".node")) return;
          session.change({ pin: session.hover.value });
        }}
      >
        <Nodes session={session} side={side} transform={transform} />
      </svg>
      <Tip session={session} side={side} pointer={pointer} />
      <button type="button" class="fit" onClick={fit} title="Show all of it (or double-click)">
        Fit
      </button>
    </div>
  );
}

function edgeAt(side: Side, [x, y]: [number, number], k: number): string {
  const { run } = side;
  const ranks = side.visible.value;
  if (ranks.length > MOST) return "";
  const layout = side.layout.value;
  let [best, nearest] = ["", (NEAR / k) ** 2];
  for (const rank of ranks) {
    const reader = run.edges.readers[rank];
    const from = layout.boxes[run.edges.sources[rank]];
    for (const node of run.graph.fed[reader]) {
      const to = layout.boxes[node];
      if (!from || !to || y > from.y + NEAR || y < to.y) continue;
      const curve = curveBetween(from, to, run.graph.readerParts[reader]);
      const distance = distanceTo(curve, x, y);
      if (distance < nearest) [best, nearest] = [run.graph.edgeName(reader, run.edges.sources[rank]), distance];
    }
  }
  return best;
}

/** Squared; y falls along the curve, so that the place of the same height is found by halving. */
function distanceTo(curve: Curve, x: number, y: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    if (pointOn(curve, middle)[1] > y) low = middle;
    else high = middle;
  }
  const [nearX, nearY] = pointOn(curve, low);
  const [aheadX, aheadY] = pointOn(curve, Math.min(1, low + 0.01));
  // The distance along the height, made one across the line.
  const [rise, run] = [aheadY - nearY, aheadX - nearX];
  const steep = rise ** 2 / (rise ** 2 + run ** 2 || 1);
  return (nearX - x) ** 2 * steep + (nearY - y) ** 2 * 0.25;
}

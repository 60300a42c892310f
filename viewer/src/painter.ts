// Edges on two canvases. The strongest are drawn at once, thick and dashed, on the upper one; all others beneath, thin,
// some a frame, so that a circuit of any size is there at once and the page never waits.

import type { Curve } from "./model/layout";

export interface Stroke {
  curve: Curve;
  colour: string;
  width: number;
  dashes: number[];
}

export interface Zoom {
  x: number;
  y: number;
  k: number;
}

/** So many are strong, if there are more than a page shows well, and so many others are drawn a frame. */
const [WELL, STRONG, A_FRAME] = [1500, 500, 800];

export class Painter {
  private frame = 0;

  constructor(
    private readonly upper: HTMLCanvasElement,
    private readonly lower: HTMLCanvasElement,
  ) {}

  /** Edges by rank, strongest first; `strokesOf` tells the strokes of some, `besides` are drawn whatever the ranks;
   * `done` is called when the last is there. */
  paint(
    ranks: Uint32Array,
    strokesOf: (ranks: Uint32Array) => Stroke[],
    besides: Stroke[],
    zoom: Zoom,
    done: () => void = () => {},
  ): void {
    cancelAnimationFrame(this.frame);
    let next = ranks.length > WELL ? STRONG : ranks.length;
    const above = ready(this.upper, zoom, 0.85);
    // The strongest come last, over all others.
    for (const stroke of [...strokesOf(ranks.subarray(0, next)), ...besides].reverse())
      draw(above, [stroke], stroke.width, stroke.dashes);
    const below = ready(this.lower, zoom, 0.5);
    const go = () => {
      const chunk = ranks.subarray(next, next + A_FRAME);
      next += chunk.length;
      for (const alike of byColour(strokesOf(chunk))) draw(below, alike, 0.7, []);
      if (next < ranks.length) this.frame = requestAnimationFrame(go);
      else done();
    };
    go();
  }
}

/** Empty, as large as it is shown, and with the drawing's lengths. */
function ready(canvas: HTMLCanvasElement, zoom: Zoom, alpha: number): CanvasRenderingContext2D {
  const sharpness = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((length) => Math.round(length * sharpness));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d")!;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.setTransform(sharpness * zoom.k, 0, 0, sharpness * zoom.k, sharpness * zoom.x, sharpness * zoom.y);
  pen.globalAlpha = alpha;
  return pen;
}

/** In one path, so that it is done in one go. */
function draw(pen: CanvasRenderingContext2D, alike: Stroke[], width: number, dashes: number[]): void {
  pen.strokeStyle = alike[0].colour;
  pen.lineWidth = width;
  pen.setLineDash(dashes);
  pen.beginPath();
  for (const { curve } of alike) {
    pen.moveTo(curve[0], curve[1]);
    pen.bezierCurveTo(curve[2], curve[3], curve[4], curve[5], curve[6], curve[7]);
  }
  pen.stroke();
}

function byColour(strokes: Stroke[]): Stroke[][] {
  const found = new Map<string, Stroke[]>();
  for (const stroke of strokes) {
    const alike = found.get(stroke.colour);
    if (alike) alike.push(stroke);
    else found.set(stroke.colour, [stroke]);
  }
  return [...found.values()];
}

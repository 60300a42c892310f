// How faithful a circuit of a size is, read off the sizes that were measured.

import type { Point } from "./report";

export interface Reading {
  faithfulness: number;
  /** Whether this very circuit was measured; else the number lies on the line between two that were. */
  measured: boolean;
}

/** Where a size stands along the chart: logarithms, but for the smallest, of which 0 is one. */
export function along(size: number): number {
  return Math.log1p(size / 3);
}

/** On the line that is drawn between two sizes; null outside of what was measured. */
export function readAt(curve: Point[], size: number, kept: number): Reading | null {
  const points = curve.filter((point) => point.faithfulness !== null);
  // A larger circuit holds all of a smaller one: of as many edges, it is the same.
  const exact = points.find((point) => point.size === size) ?? points.find((point) => point.kept === kept);
  if (exact) return { faithfulness: exact.faithfulness!, measured: true };
  const after = points.findIndex((point) => point.size > size);
  if (after < 1) return null;
  const [low, high] = [points[after - 1], points[after]];
  const share = (along(size) - along(low.size)) / (along(high.size) - along(low.size));
  const faithfulness = low.faithfulness! + share * (high.faithfulness! - low.faithfulness!);
  return { faithfulness, measured: false };
}

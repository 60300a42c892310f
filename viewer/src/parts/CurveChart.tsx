// Faithfulness over size, with the sizes that were measured and where the slider is.

import { scaleLinear } from "d3-scale";

import { along, readAt } from "../model/curve";
import type { Point } from "../model/report";
import type { Session } from "../session";

/** What faithfulness the chart has room for. */
const [LEAST, MOST] = [-1.5, 2.5];
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [340, 170, 38, 34, 10, 12];

export function CurveChart({ session }: { session: Session }) {
  const curves = session.sides.map(({ run }) => run.data.curve.filter((point) => point.faithfulness !== null));
  const points = curves.flat();
  if (curves.every((curve) => curve.length < 2))
    return <p class="lacking">No faithfulness of other sizes was measured for this page.</p>;
  const heights = points.map((point) => point.faithfulness!);
  const most = Math.max(...points.map((point) => point.size), 1);
  const across = scaleLinear().domain([0, along(most)]).range([LEFT, WIDTH - RIGHT]);
  const x = (size: number) => across(along(size));
  const y = scaleLinear()
    .domain([Math.max(LEAST, Math.min(0, ...heights)), Math.min(MOST, Math.max(1.05, ...heights))])
    .nice(4)
    .range([HEIGHT - BOTTOM, TOP])
    .clamp(true);
  const { size } = session.view.value;
  const ticks = [0, 1, 10, 100, 1000, 10000, 100000, 1000000].filter((tick) => tick <= most);
  const beyond = heights.filter((height) => height < LEAST || height > MOST).length;
  return (
    <figure>
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={spoken(session)}>
      {y.ticks(4).map((tick) => (
        <g key={tick} class={tick === 1 ? "tick whole" : "tick"}>
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
          <text x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      {ticks.map((tick) => (
        <text key={tick} class="label" x={x(tick)} y={HEIGHT - BOTTOM + 15} text-anchor="middle">
          {tick >= 1000 ? `${tick / 1000}k` : tick}
        </text>
      ))}
      <text class="label" x={(LEFT + WIDTH) / 2} y={HEIGHT - 3} text-anchor="middle">
        edges before pruning
      </text>
      {curves.map((curve, at) => (
        <g key={at} class={session.sides.length > 1 ? (at ? "second" : "first") : "only"}>
          {curve.map(
            (point) =>
              point.interval && (
                <line key={point.size} class="sure" x1={x(point.size)} x2={x(point.size)} {...ends(point, y)} />
              ),
          )}
          <polyline points={curve.map((point) => `${x(point.size)},${y(point.faithfulness!)}`).join(" ")} />
          {curve.map((point) => (
            <circle key={point.size} cx={x(point.size)} cy={y(point.faithfulness!)} r={2.6}>
              <title>{`${point.size} edges, ${point.kept} pruned: ${point.faithfulness!.toFixed(3)}`}</title>
            </circle>
          ))}
          <Here at={readAt(curve, size, session.sides[at].circuit.value.ranks.length)?.faithfulness} x={x(size)} y={y} />
        </g>
      ))}
      <line class="here" x1={x(size)} x2={x(size)} y1={TOP} y2={HEIGHT - BOTTOM} />
    </svg>
    {beyond > 0 && <figcaption>{beyond} of the sizes are beyond the frame, and stand at its edge.</figcaption>}
    </figure>
  );
}

function Here({ at, x, y }: { at: number | undefined; x: number; y: (value: number) => number }) {
  return at === undefined ? null : <circle class="here" cx={x} cy={y(at)} r={5.5} />;
}

function ends(point: Point, y: (value: number) => number) {
  return { y1: y(point.interval![0]), y2: y(point.interval![1]) };
}

function spoken(session: Session): string {
  return session.sides
    .map(({ run }) => {
      const told = run.data.curve.map((point) => `${point.size} edges ${point.faithfulness?.toFixed(2) ?? "not defined"}`);
      return `Faithfulness of ${run.data.name} over size: ${told.join(", ")}`;
    })
    .join(". ");
}

// How large the circuit is: the slider, what is left after pruning, and how faithful such circuits are.

import { nearest } from "../model/circuit";
import { readAt } from "../model/curve";
import { judgedText } from "../model/truth";
import type { Session, Side } from "../session";
import { CurveChart } from "./CurveChart";

export function Size({ session }: { session: Session }) {
  const { sizes } = session;
  const { size } = session.view.value;
  const most = sizes[sizes.length - 1];
  const scored = session.sides.every((side) => side.run.data.edges.scored);
  return (
    <section class="panel size" aria-label="Size">
      <h2>Size</h2>
      {scored && (
        <div class="sizes">
          <input
            type="range"
            aria-label="Edges chosen"
            aria-valuetext={`${size} edges chosen`}
            min={0}
            max={sizes.length - 1}
            value={nearest(sizes, size)}
            onInput={(event) => session.change({ size: sizes[Number(event.currentTarget.value)] })}
          />
          <input
            type="number"
            aria-label="Edges chosen, as a number"
            min={0}
            max={most}
            value={size}
            onInput={(event) => {
              const wanted = event.currentTarget.valueAsNumber;
              if (wanted >= 0) session.change({ size: Math.min(most, Math.round(wanted)) });
            }}
          />
          {session.sides.map((side) => (
            <Own key={side.index} session={session} side={side} />
          ))}
        </div>
      )}
      <div role="status" class="told">
        {session.sides.map((side) => (
          <Told key={side.index} session={session} side={side} />
        ))}
        {session.shared.value && <SharedText session={session} />}
      </div>
      <CurveChart session={session} />
    </section>
  );
}

/** To the size that the run has chosen, where the page holds so many edges. */
function Own({ session, side }: { session: Session; side: Side }) {
  const { chosen, name } = side.run.data;
  const whose = session.sides.length > 1 ? `${name}'s own` : "the run's own";
  const isHeld = chosen.size <= side.run.edges.length;
  return (
    <button
      type="button"
      disabled={!isHeld || session.view.value.size === chosen.size}
      onClick={() => session.change({ size: chosen.size })}
    >
      {whose}, {chosen.size.toLocaleString("en")}
      {!isHeld && ": more than this page holds"}
    </button>
  );
}

function Told({ session, side }: { session: Session; side: Side }) {
  const { data, edges } = side.run;
  const { ranks, size } = side.circuit.value;
  const hidden = ranks.length - side.visible.value.length;
  const reading = readAt(data.curve, size, ranks.length);
  const several = session.sides.length > 1;
  return (
    <p class="side-told" data-kept={ranks.length}>
      {several && <b class={`swatch-${side.index ? "second" : "first"}`}>{data.name}: </b>}
      <b>{ranks.length.toLocaleString("en")}</b> of {data.edges.all.toLocaleString("en")} edges
      {data.chosen.prune && `, ${size.toLocaleString("en")} before pruning`}
      {hidden > 0 && `; filters hide ${hidden.toLocaleString("en")}`}
      {reading && (
        <>
          ; faithfulness {reading.measured ? "" : "about "}
          <b>{reading.faithfulness.toFixed(3)}</b>
        </>
      )}
      {side.judged.value && <span class="block">{judgedText(side.run, side.judged.value)}</span>}
      {data.edges.scored && data.edges.able < data.edges.all && (
        <span class="block">{data.edges.able.toLocaleString("en")} edges have a score to be chosen by.</span>
      )}
      {edges.length < data.edges.able && (
        <span class="block">
          This page holds the {edges.length.toLocaleString("en")} strongest of {data.edges.able.toLocaleString("en")} edges.
        </span>
      )}
    </p>
  );
}

function SharedText({ session }: { session: Session }) {
  const { both, only, jaccard } = session.shared.value!;
  const [first, second] = session.sides.map((side) => side.run.data.name);
  return (
    <p class="shared">
      In both <b>{both}</b>, only in {first} <b>{only[0]}</b>, only in {second} <b>{only[1]}</b>; Jaccard index{" "}
      <b>{jaccard.toFixed(3)}</b>
    </p>
  );
}

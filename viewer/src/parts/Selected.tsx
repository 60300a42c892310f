// The node that is pinned: what it is for, its edges, and what it does on example prompts.

import { useEffect, useRef } from "preact/hooks";

import type { Session, Side } from "../session";
import { Attention } from "./Attention";
import { describe, describeEdge, scoreText } from "./Tip";

const MOST = 6;

export function Selected({ session }: { session: Session }) {
  const { pin } = session.view.value;
  const [first] = session.sides;
  const at = first.run.graph.nodeOf(pin);
  const panel = useRef<HTMLElement>(null);
  // A node is pinned to be read about.
  useEffect(() => {
    if (at >= 0) panel.current?.scrollIntoView({ block: "nearest" });
  }, [pin]);
  return (
    <section ref={panel} class="panel selected" aria-label="Pinned">
      <h2>{pin || "Nothing pinned"}</h2>
      {at < 0 ? (
        <>
          {pin && (
            <button type="button" onClick={() => session.change({ pin: "" })}>
              Let go
            </button>
          )}
          <p class="hint">
            {pin
              ? describeEdge(session, first, pin).slice(1).join(", ")
              : "Click a node, or press Enter on it, to pin its paths and see what it does on example prompts."}
          </p>
        </>
      ) : (
        <>
          <p class="told">{describe(first, pin).slice(1).join(", ")}</p>
          <button type="button" onClick={() => session.change({ pin: "" })}>
            Let go
          </button>
          {session.sides.map((side) => (
            <Neighbours key={side.index} session={session} side={side} at={at} />
          ))}
          <Attention session={session} node={pin} />
        </>
      )}
    </section>
  );
}

function Neighbours({ session, side, at }: { session: Session; side: Side; at: number }) {
  const { into, outOf } = side.links.value;
  const { edges, graph, data } = side.run;
  const list = (words: string, ranks: number[]) =>
    ranks.length > 0 && (
      <div>
        <h3>{words}</h3>
        <ul>
          {ranks.slice(0, MOST).map((rank) => {
            const name = graph.edgeName(edges.readers[rank], edges.sources[rank]);
            return (
              <li key={rank}>
                <button type="button" class="edge" onClick={() => session.change({ pin: name })}>
                  {name}
                </button>{" "}
                {data.edges.scored && scoreText(edges.scores[rank])}
              </li>
            );
          })}
        </ul>
        {ranks.length > MOST && <p class="hint">and {ranks.length - MOST} more</p>}
      </div>
    );
  return (
    <div class="neighbours">
      {session.sides.length > 1 && <h3 class={`swatch-${side.index ? "second" : "first"}`}>{data.name}</h3>}
      {list("Reads", into[at])}
      {list("Is read by", outOf[at])}
    </div>
  );
}

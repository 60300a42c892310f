// Where a head looks on an example pair of prompts, clean and corrupted side by side, and what a node's output at
// each token does for the metric.

import { useMemo } from "preact/hooks";

import { unpack, type ExampleData } from "../model/report";
import type { Session } from "../session";
import { scoreText } from "./Tip";

/** Of 255: what is less is not drawn. */
const LEAST = 3;
const CELL = 11;

export function Attention({ session, node }: { session: Session; node: string }) {
  const { data, graph } = session.sides[0].run;
  if (!data.examples.length) return <p class="lacking">{data.lacking}</p>;
  const index = Math.min(session.view.value.example, data.examples.length - 1);
  const example = data.examples[index];
  const isHead = graph.nodes[graph.nodeOf(node)].kind === "head";
  return (
    <div class="attention">
      {session.sides.length > 1 && <h3 class="swatch-first">On prompts of {data.name}</h3>}
      {data.examples.length > 1 && (
        <label>
          Example
          <select value={index} onChange={(event) => session.change({ example: Number(event.currentTarget.value) })}>
            {data.examples.map((each, at) => (
              <option key={at} value={at}>
                {`${at + 1}: ${promptOf(each.clean)}`}
              </option>
            ))}
          </select>
        </label>
      )}
      <Effects example={example} node={graph.nodeOf(node)} metric={data.metric} lacking={data.lacking} />
      {isHead && <Patterns example={example} head={node} lacking={data.lacking} />}
    </div>
  );
}

/** Tokens of words alone do not tell where blanks are. */
function promptOf(tokens: string[]): string {
  return tokens.join(tokens.some((token) => token.startsWith(" ")) ? "" : " ").slice(0, 42);
}

interface EffectsGiven {
  example: ExampleData;
  node: number;
  metric: string;
  lacking: string;
}

function Effects({ example, node, metric, lacking }: EffectsGiven) {
  const effects = useMemo(() => example.effects && unpack(example.effects), [example]);
  const positions = example.clean.length;
  if (!effects || (node + 1) * positions > effects.length)
    return (
      <>
        <Tokens example={example} />
        <p class="lacking">{effects ? "The logits write nothing that others read." : lacking}</p>
      </>
    );
  const own = effects.subarray(node * positions, (node + 1) * positions);
  const largest = Math.max(...Array.from(own, Math.abs), 1e-12);
  return (
    <>
      <h3>What its output at each token does for {metric}</h3>
      <ol class="tokens">
        {example.clean.map((token, at) => {
          const share = own[at] / largest;
          return (
            <li key={at} title={`${scoreText(own[at])} at token ${at}`}>
              <Token example={example} at={at} token={token} />
              <span class="bar" aria-hidden="true">
                <span class={share < 0 ? "minus" : "plus"} style={{ height: `${Math.round(22 * Math.abs(share))}px` }} />
              </span>
              <span class="amount">{Math.abs(share) > 0.1 ? scoreText(own[at]) : ""}</span>
            </li>
          );
        })}
      </ol>
      {own.every((effect) => !effect) && (
        <p class="lacking">0 at every token: the gradient there is 0, or the node writes what replaces it.</p>
      )}
    </>
  );
}

function Tokens({ example }: { example: ExampleData }) {
  return (
    <ol class="tokens">
      {example.clean.map((token, at) => (
        <li key={at}>
          <Token example={example} at={at} token={token} />
        </li>
      ))}
    </ol>
  );
}

/** With what stands in its place in the corrupted prompt, where that differs. */
function Token({ example, at, token }: { example: ExampleData; at: number; token: string }) {
  const other = example.corrupted?.[at];
  return (
    <>
      <span class={example.reads.includes(at) ? "token read" : "token"}>{token}</span>
      {other !== undefined && other !== token && <span class="token other">{other}</span>}
    </>
  );
}

function Patterns({ example, head, lacking }: { example: ExampleData; head: string; lacking: string }) {
  const attention = useMemo(() => unpack(example.attention), [example]);
  const place = example.heads.indexOf(head);
  if (place < 0) return <p class="lacking">{lacking}</p>;
  const positions = example.clean.length;
  const prompts: [string, string[]][] = [["clean", example.clean]];
  if (example.corrupted) prompts.push(["corrupted", example.corrupted]);
  const size = positions ** 2;
  return (
    <>
      <h3>Where it looks</h3>
      <div class="patterns">
        {prompts.map(([name, tokens], at) => {
          const start = (place * prompts.length + at) * size;
          return <Pattern key={name} name={name} tokens={tokens} weights={attention.subarray(start, start + size)} />;
        })}
      </div>
    </>
  );
}

function Pattern({ name, tokens, weights }: { name: string; tokens: string[]; weights: ArrayLike<number> }) {
  const side = CELL * tokens.length;
  const longest = Math.max(...tokens.map((token) => token.length));
  const left = Math.min(90, 8 + 6.2 * longest);
  const cells = Array.from(weights).flatMap((weight, at) => {
    if (weight < LEAST) return [];
    const [to, from] = [Math.floor(at / tokens.length), at % tokens.length];
    return [{ to, from, weight: weight / 255 }];
  });
  const strongest = [...cells].sort((one, other) => other.weight - one.weight).slice(0, 4);
  const told = ({ to, from, weight }: (typeof cells)[number]) =>
    `${tokens[to].trim()} (${to}) looks at ${tokens[from].trim()} (${from}): ${weight.toFixed(2)}`;
  return (
    <figure>
      <figcaption>{name}</figcaption>
      <svg
        viewBox={`0 0 ${left + side} ${left + side}`}
        style={{ maxWidth: `${1.5 * (left + side)}px` }}
        role="img"
        aria-label={`Attention on the ${name} prompt: ${strongest.map(told).join("; ")}`}
      >
        <rect class="ground" x={left} y={left} width={side} height={side} />
        {cells.map((cell) => (
          <rect
            key={`${cell.to} ${cell.from}`}
            class="cell"
            x={left + cell.from * CELL}
            y={left + cell.to * CELL}
            width={CELL - 0.5}
            height={CELL - 0.5}
            fill-opacity={cell.weight}
          >
            <title>{told(cell)}</title>
          </rect>
        ))}
        {tokens.map((token, at) => (
          <g key={at}>
            <text x={left - 4} y={left + (at + 0.8) * CELL} text-anchor="end">
              {token}
            </text>
            <text transform={`translate(${left + (at + 0.8) * CELL},${left - 4}) rotate(-90)`}>{token}</text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

// What colours and dashes mean.

import { DASHES, type Look } from "../looks";
import type { Session } from "../session";

export function Legend({ session }: { session: Session }) {
  const { runs } = session.report;
  const judging = session.view.value.truth;
  const [first] = session.sides;
  let looks: [Look, string][] = [
    ["plus", "positive score"],
    ["minus", "negative score"],
  ];
  if (judging && runs.length > 1)
    looks = [
      ["both", "in both"],
      ["first", `only in ${runs[0].name}`],
      ["second", `only in ${runs[1].name}`],
    ];
  else if (judging && first.run.known) {
    looks = [
      ["hit", "known, found"],
      ["false", "found, not known"],
      ["miss", "known, missed"],
    ];
    if (first.run.backups.size) looks.push(["unjudged", "not judged"]);
  } else if (!runs[0].edges.scored) looks = [["plain", "in the circuit"]];
  return (
    <ul class="legend" aria-label="What lines mean">
      {looks.map(([look, words]) => (
        <li key={look}>
          <Line look={look} dashes={look === "miss" ? [2, 3] : []} /> {words}
        </li>
      ))}
      {(["q", "k", "v"] as const).map((part) => (
        <li key={part}>
          <Line look="plain" dashes={DASHES[part]} /> into {{ q: "a query", k: "a key", v: "a value" }[part]}
        </li>
      ))}
    </ul>
  );
}

function Line({ look, dashes }: { look: Look; dashes: number[] }) {
  return (
    <svg width="30" height="10" aria-hidden="true">
      <line x1="1" x2="29" y1="5" y2="5" class={`line-${look}`} stroke-width="2" stroke-dasharray={dashes.map((length) => 2 * length).join(" ")} />
    </svg>
  );
}

// The edges that are shown, a row each: only the rows in sight are made, so that any number of them scrolls.

import { useComputed, useSignal, useSignalEffect, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { LOOK_WORDS } from "../looks";
import type { Column } from "../model/address";
import { asText, nameOf, rowsOf, sorted, type Row } from "../model/table";
import type { Session } from "../session";
import { scoreText } from "./Tip";

const [HIGH, ROOM, MUCH] = [26, 320, 2000];

export function EdgeTable({ session }: { session: Session }) {
  const scrolled = useSignal(0);
  const said = useSignal("");
  const runs = session.sides.map((side) => side.run);
  const visible = useSettled(() => session.sides.map((side) => side.visible.value));
  const rows = useComputed(() => rowsOf(runs, visible.value, (at, rank) => foundText(session, at, rank)));
  const sort = useComputed(() => session.view.value.sort);
  const ordered = useComputed(() => sorted(runs, rows.value, sort.value.column, sort.value.down));
  const all = ordered.value;
  const tells = session.shared.value !== null || runs[0].known !== null;
  const columns: [Column, string][] = [
    ["rank", "rank"],
    ["edge", "edge"],
    ["score", "score"],
    ["part", "into"],
    ...(tells ? [["found", runs.length > 1 ? "in" : "known"] as [Column, string]] : []),
  ];
  const from = Math.max(0, Math.min(Math.floor(scrolled.value / HIGH) - 5, all.length - 1));
  const upTo = Math.min(all.length, from + Math.ceil(ROOM / HIGH) + 10);
  const onSort = (column: Column) => {
    const { sort } = session.view.value;
    session.change({ sort: { column, down: sort.column === column ? !sort.down : column === "score" } });
  };
  return (
    <section class="panel edges" aria-label="Edges">
      <h2>
        Edges <span class="count">{all.length.toLocaleString("en")}</span>
      </h2>
      <div class="buttons">
        <button type="button" onClick={() => copy(asText(runs, all, "\t"), (words) => (said.value = words))}>
          Copy
        </button>
        <button type="button" onClick={() => download(asText(runs, all, ","), `${runs[0].data.name}-edges.csv`)}>
          Download CSV
        </button>
        <output>{said.value}</output>
      </div>
      <div
        class="scroll"
        tabIndex={0}
        role="region"
        aria-label="Table of edges"
        onScroll={(event) => (scrolled.value = event.currentTarget.scrollTop)}
      >
        <table aria-rowcount={all.length + 1}>
          <thead>
            <tr>
              {columns.map(([column, words]) => {
                const { sort } = session.view.value;
                const how = sort.column !== column ? "none" : sort.down ? "descending" : "ascending";
                return (
                  <th key={column} scope="col" aria-sort={how}>
                    <button type="button" onClick={() => onSort(column)}>
                      {words}
                      <span aria-hidden="true">{how === "none" ? "" : sort.down ? " ▾" : " ▴"}</span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {from > 0 && <tr aria-hidden="true" style={{ height: `${from * HIGH}px` }} />}
            {all.slice(from, upTo).map((row, at) => (
              <TableRow key={row.key} session={session} row={row} place={from + at + 2} tells={tells} />
            ))}
            {upTo < all.length && <tr aria-hidden="true" style={{ height: `${(all.length - upTo) * HIGH}px` }} />}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What is seldom read while the slider moves waits until it rests, if there is much of it. */
function useSettled(ranks: () => Uint32Array[]): ReadonlySignal<Uint32Array[]> {
  const settled = useSignal<Uint32Array[]>(useMemo(ranks, []));
  useSignalEffect(() => {
    const found = ranks();
    const much = found.reduce((sum, each) => sum + each.length, 0) > MUCH;
    const waiting = setTimeout(() => (settled.value = found), much ? 150 : 0);
    return () => clearTimeout(waiting);
  });
  return settled;
}

interface RowGiven {
  session: Session;
  row: Row;
  place: number;
  tells: boolean;
}

function TableRow({ session, row, place, tells }: RowGiven) {
  const runs = session.sides.map((side) => side.run);
  const name = nameOf(runs[0], row);
  const part = runs[0].graph.readerParts[Math.floor(row.key / runs[0].graph.nodes.length)];
  const several = (text: (run: number, rank: number) => string) =>
    row.ranks.map((rank, at) => (rank === null ? "-" : text(at, rank))).join(" | ");
  const pinned = session.view.value.pin === name;
  return (
    <tr
      aria-rowindex={place}
      class={pinned ? "pinned" : ""}
      style={{ height: `${HIGH}px` }}
      onPointerEnter={() => (session.hover.value = name)}
      onPointerLeave={() => (session.hover.value = "")}
    >
      <td class="number">{several((_, rank) => `${rank + 1}`)}</td>
      <td>
        <button type="button" class="edge" aria-pressed={pinned} onClick={() => session.change({ pin: pinned ? "" : name })}>
          {name}
        </button>
      </td>
      <td class="number">{several((at, rank) => (runs[at].data.edges.scored ? scoreText(runs[at].edges.scores[rank]) : ""))}</td>
      <td>{part || "-"}</td>
      {tells && <td>{row.found}</td>}
    </tr>
  );
}

/** Whatever edges are coloured by. */
function foundText(session: Session, at: number, rank: number): string {
  const side = session.sides[at];
  const shared = session.shared.value;
  if (!shared) {
    return side.judged.value ? LOOK_WORDS[side.judged.value.verdictOf(rank)] : "";
  }
  const key = side.run.graph.key(side.run.edges.readers[rank], side.run.edges.sources[rank]);
  return shared.keys[1 - at].has(key) ? "both" : side.run.data.name;
}

async function copy(text: string, say: (words: string) => void): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("copied");
  } catch {
    say("the browser does not allow it");
  }
}

function download(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

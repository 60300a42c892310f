// The viewer's own arithmetic, held to what Python worked out: the file that CASES names.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { beginning, fromAddress, toAddress, type View } from "../src/model/address";
import { circuitOf, nearest, sizesUpTo } from "../src/model/circuit";
import { sharedBy } from "../src/model/comparison";
import { along, readAt } from "../src/model/curve";
import { filtered } from "../src/model/filters";
import { curveBetween, layoutOf, pointOn } from "../src/model/layout";
import { linksOf, pathsThrough } from "../src/model/paths";
import { readRun, type Point, type ReportData, type Run } from "../src/model/report";
import { found } from "../src/model/search";
import { asText, rowsOf, sorted } from "../src/model/table";
import { judge } from "../src/model/truth";

interface Case {
  report: ReportData;
  sources: string[];
  readers: string[];
  fed: string[][];
  /** By size: the edges of the pruned circuit, strongest first. */
  circuits: Record<string, string[]>;
  through: { node: string; size: number; edges: string[] };
  judged: { size: number; hits: number; falseFinds: number; missed: number };
}

const cases = JSON.parse(readFileSync(process.env.CASES!, "utf8")) as Case[];
const names = (run: Run, ranks: ArrayLike<number>) =>
  Array.from(ranks, (rank) => run.graph.edgeName(run.edges.readers[rank], run.edges.sources[rank]));

describe.each(cases.map((each, at) => [at, each] as const))("graph %i", (_, each) => {
  const run = readRun(each.report.runs[0]);

  test("has Python's names, and readers feed the same nodes", () => {
    expect(run.graph.nodes.map((node) => node.name)).toEqual([...each.sources, "logits"]);
    expect(run.graph.readerNames).toEqual(each.readers);
    const fed = run.graph.fed.map((nodes) => nodes.map((node) => run.graph.nodes[node].name));
    expect(fed).toEqual(each.fed);
  });

  test("gives Python's circuit at every size", () => {
    for (const [size, edges] of Object.entries(each.circuits))
      expect(names(run, circuitOf(run, Number(size), true).ranks), `size ${size}`).toEqual(edges);
  });

  test("lights Python's paths through a node", () => {
    const { node, size, edges } = each.through;
    const { ranks } = circuitOf(run, size, true);
    const lit = pathsThrough(run, linksOf(run, ranks), run.graph.nodeOf(node));
    expect(names(run, [...lit.ranks]).sort()).toEqual([...edges].sort());
  });

  test("finds what Python finds of the known circuit", () => {
    const judged = judge(run, circuitOf(run, each.judged.size, true))!;
    const { hits, falseFinds, missed } = each.judged;
    expect([judged.hits, judged.falseFinds, judged.missed.length]).toEqual([hits, falseFinds, missed]);
  });

  test("puts every node of the circuit in a place of its own", () => {
    const { entering, leaving } = circuitOf(run, run.edges.length, true);
    for (const arrangement of ["grid", "compact"] as const) {
      const { boxes, width, height } = layoutOf(run.graph, (at) => entering[at] + leaving[at] > 0, arrangement);
      const placed = boxes.filter((box) => box !== null);
      placed.forEach((box, at) => {
        expect(box.x - box.width / 2).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width / 2).toBeLessThanOrEqual(width);
        expect(box.y).toBeGreaterThanOrEqual(0);
        expect(box.y + box.height).toBeLessThanOrEqual(height);
        for (const other of placed.slice(at + 1)) {
          const apart = Math.abs(box.x - other.x) >= (box.width + other.width) / 2;
          expect(apart || Math.abs(box.y - other.y) >= box.height).toBe(true);
        }
      });
    }
  });

  test("draws every edge upwards, from its source to its reader", () => {
    const { boxes } = layoutOf(run.graph, () => true, "grid");
    for (let rank = 0; rank < run.edges.length; rank++) {
      const from = boxes[run.edges.sources[rank]]!;
      for (const node of run.graph.fed[run.edges.readers[rank]]) {
        const to = boxes[node]!;
        const curve = curveBetween(from, to, run.graph.readerParts[run.edges.readers[rank]]);
        expect(pointOn(curve, 0)[1]).toBe(from.y);
        expect(pointOn(curve, 1)[1]).toBe(to.y + to.height);
        expect(to.y + to.height).toBeLessThan(from.y);
        expect(Math.abs(pointOn(curve, 1)[0] - to.x)).toBeLessThanOrEqual(to.width / 2);
      }
    }
  });

  test("has an address for every view, and nothing in it at the beginning", () => {
    const start = beginning([run]);
    expect(toAddress(start, start)).toBe("");
    const view: View = {
      ...start,
      size: 3,
      pin: "a0.h0->logits",
      search: "<b> & = #",
      filters: { layers: [0, 1], sign: "-", parts: ["v", ""], role: "" },
      truth: !start.truth,
      arrangement: start.arrangement === "grid" ? "compact" : "grid",
      theme: "dark",
      sort: { column: "score", down: true },
    };
    expect(fromAddress(toAddress(view, start), start, [run], {})).toEqual(view);
    expect(fromAddress("#edges=-1&layers=-9to900&pin=a0.h0->nowhere&parts=&colour=red&sort=up", start, [run], {})).toEqual({
      ...start,
      filters: { ...start.filters, parts: [] },
    });
  });
});

const first = readRun(cases.find((each) => each.sources.includes("a0.h1"))!.report.runs[0]);

test("filters together leave what each of them leaves", () => {
  const { ranks } = circuitOf(first, first.edges.length, false);
  const all = { layers: [-1, first.graph.shape.layers] as [number, number], sign: "all" as const, role: "" };
  const parts = filtered(first, ranks, { ...all, parts: ["q"] }, {});
  expect(names(first, parts).every((name) => name.endsWith("<q>"))).toBe(true);
  const negative = filtered(first, ranks, { ...all, parts: ["q", "k", "v", ""], sign: "-" }, {});
  const both = filtered(first, ranks, { ...all, parts: ["q"], sign: "-" }, {});
  expect([...both]).toEqual([...parts].filter((rank) => negative.includes(rank)));
});

test("a search takes names before beginnings of names", () => {
  const namesOf = (typed: string, roles = {}) =>
    [...found(first.graph, roles, typed)].map((at) => first.graph.nodes[at].name);
  expect(namesOf("0.1")).toEqual(["a0.h1"]);
  expect(namesOf(" A0.H1 ")).toEqual(["a0.h1"]);
  expect(namesOf("mover", { "name mover": ["a0.h0"] })).toEqual(["a0.h0"]);
  expect(namesOf("")).toEqual([]);
});

test("a curve is read where it was measured, and between on the line", () => {
  const point = (size: number, faithfulness: number | null): Point => ({
    ...{ size, kept: size, faithfulness, interval: null, value: 0, kl: 0 },
  });
  const curve = [point(0, 0), point(10, 0.5), point(20, null), point(100, 1)];
  expect(readAt(curve, 10, 10)).toEqual({ faithfulness: 0.5, measured: true });
  expect(readAt(curve, 12, 10)).toEqual({ faithfulness: 0.5, measured: true });
  const between = readAt(curve, 30, 25)!;
  expect(between.measured).toBe(false);
  const share = (along(30) - along(10)) / (along(100) - along(10));
  expect(between.faithfulness).toBeCloseTo(0.5 + 0.5 * share, 12);
  expect([along(0), along(100) > along(10)]).toEqual([0, true]);
  expect(readAt(curve, 101, 101)).toBeNull();
});

test("the slider stops at every small size, the run's own and the last", () => {
  const sizes = sizesUpTo(32491, [12345, 99999]);
  expect(sizes.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, size) => size));
  expect(sizes).toContain(12345);
  expect(sizes.at(-1)).toBe(32491);
  expect(sizes.length).toBeLessThan(900);
  expect(sizes[nearest(sizes, 12346)]).toBe(12345);
});

test("a table of two runs has each edge once, and text that spreadsheets read", () => {
  const runs = [first, first];
  const rows = rowsOf(runs, [Uint32Array.of(0, 1, 2), Uint32Array.of(2, 3)], () => 'a "b", c');
  expect(rows.map((row) => row.ranks)).toEqual([[0, null], [1, null], [2, 2], [null, 3]]);
  expect(sorted(runs, rows, "rank", true)[0].ranks).toEqual([null, 3]);
  const [head, line] = asText(runs, rows, ",").split("\n");
  expect(head.split(",").length).toBe(7);
  expect(line.endsWith('"a ""b"", c"')).toBe(true);
  expect(asText(runs, rows, "\t").split("\n").length).toBe(rows.length + 2);
});

test("two circuits share what both have", () => {
  const shown = [circuitOf(first, 4, false), circuitOf(first, 2, false)];
  expect(sharedBy([first, first], shown)).toMatchObject({ both: 2, only: [2, 0], jaccard: 0.5 });
});

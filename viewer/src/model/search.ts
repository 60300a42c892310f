// What a search finds: nodes by name (`a9.h9`, `9.9`, `m3`), a layer (`layer 9`), an edge, or a role.

import type { Roles } from "./filters";
import type { Graph } from "./graph";

/** With heads' names whole: `2.0->logits` is `a2.h0->logits`. */
export function spelled(typed: string): string {
  return typed.trim().replace(/(^|->)(\d+)\.(\d+)/g, "$1a$2.h$3");
}

export function found(graph: Graph, roles: Roles, typed: string): Set<number> {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return new Set();
  const short = /^(\d+)\.(\d+)$/.exec(wanted);
  const layer = /^(?:layer|l)\s*(\d+)$/.exec(wanted);
  const of = (test: (name: string, layer: number) => boolean) =>
    new Set(graph.nodes.flatMap((node, at) => (test(node.name.toLowerCase(), node.layer) ? [at] : [])));
  if (short) return of((name) => name === `a${short[1]}.h${short[2]}`);
  if (layer) return of((_, at) => at === Number(layer[1]));
  if (wanted.includes("->")) {
    const ends = spelled(wanted).split("->").map((end) => end.replace(/<.>$/, ""));
    return of((name) => ends.includes(name));
  }
  const named = of((name) => name === wanted);
  if (named.size) return named;
  const inRole = Object.entries(roles).flatMap(([role, nodes]) =>
    role.toLowerCase().includes(wanted) ? nodes.map((name) => graph.nodeOf(name)) : [],
  );
  if (inRole.length) return new Set(inRole.filter((at) => at >= 0));
  return of((name) => name.startsWith(wanted));
}

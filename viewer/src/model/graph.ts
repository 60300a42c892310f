// Sources, readers and edges of a transformer, and their names: as `graph.py` has them.

export interface GraphShape {
  layers: number;
  heads: number;
  key_readers: number;
  mlps: boolean;
  parallel: boolean;
  embeddings: string[];
}

export type Part = "q" | "k" | "v" | "";

/** What a source writes for and a reader reads for: an embedding, a head, an MLP, the logits. */
export interface Node {
  name: string;
  kind: "embedding" | "head" | "mlp" | "logits";
  /** -1: before the first layer; the number of layers: after the last. */
  layer: number;
  head: number;
}

export const PARTS: Part[] = ["q", "k", "v", ""];

export class Graph {
  /** Embeddings, then layer by layer heads and MLP, then logits: sources have the same places. */
  readonly nodes: Node[] = [];
  readonly readerParts: Part[] = [];
  /** Per reader the nodes it feeds. */
  readonly fed: number[][] = [];
  readonly readerNames: string[] = [];
  readonly logits: number;

  constructor(readonly shape: GraphShape) {
    for (const name of shape.embeddings) this.nodes.push({ name, kind: "embedding", layer: -1, head: 0 });
    for (let layer = 0; layer < shape.layers; layer++) {
      const first = this.nodes.length;
      for (let head = 0; head < shape.heads; head++)
        this.nodes.push({ name: `a${layer}.h${head}`, kind: "head", layer, head });
      if (shape.mlps) this.nodes.push({ name: `m${layer}`, kind: "mlp", layer, head: shape.heads });
      this.addReaders(layer, first);
    }
    this.logits = this.nodes.length;
    this.nodes.push({ name: "logits", kind: "logits", layer: shape.layers, head: 0 });
    this.addReader("logits", "", [this.logits]);
  }

  private addReaders(layer: number, first: number): void {
    const { heads, key_readers, mlps } = this.shape;
    for (const part of ["q", "k", "v"] as const) {
      const readers = part === "q" ? heads : key_readers;
      const group = heads / readers;
      for (let reader = 0; reader < readers; reader++) {
        const fed = Array.from({ length: group }, (_, member) => first + reader * group + member);
        this.addReader(`a${layer}.h${reader}<${part}>`, part, fed);
      }
    }
    if (mlps) this.addReader(`m${layer}`, "", [first + heads]);
  }

  private addReader(name: string, part: Part, fed: number[]): void {
    this.readerNames.push(name);
    this.readerParts.push(part);
    this.fed.push(fed);
  }

  key(reader: number, source: number): number {
    return reader * this.nodes.length + source;
  }

  edgeName(reader: number, source: number): string {
    return `${this.nodes[source].name}->${this.readerNames[reader]}`;
  }

  nodeOf(name: string): number {
    return this.nodes.findIndex((node) => node.name === name);
  }
}

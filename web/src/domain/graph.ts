/** One direction of dependence: `from` needs `to`. */
export interface Link {
  from: string;
  to: string;
}

/** An edge's key in stores and layouts. */
export const edgeKey = (edge: Link): string => `${edge.from}→${edge.to}`;

/** Who depends on whom; links to nodes that do not exist are left out. */
export class Graph {
  private readonly needs = new Map<string, string[]>();
  private readonly dependants = new Map<string, string[]>();
  private readonly out = new Map<string, string[]>();
  private readonly into = new Map<string, string[]>();
  readonly links: Link[] = [];

  constructor(ids: Iterable<string>, links: Iterable<Link>) {
    for (const id of ids) {
      this.needs.set(id, []);
      this.dependants.set(id, []);
      this.out.set(id, []);
      this.into.set(id, []);
    }
    for (const { from, to } of links) {
      const needs = this.needs.get(from);
      const dependants = this.dependants.get(to);
      if (!needs || !dependants || needs.includes(to)) continue;
      needs.push(to);
      dependants.push(from);
      this.links.push({ from, to });
      const key = edgeKey({ from, to });
      this.out.get(from)!.push(key);
      this.into.get(to)!.push(key);
    }
  }

  get ids(): string[] {
    return [...this.needs.keys()];
  }

  has(id: string): boolean {
    return this.needs.has(id);
  }

  needsOf(id: string): readonly string[] {
    return this.needs.get(id) ?? [];
  }

  dependantsOf(id: string): readonly string[] {
    return this.dependants.get(id) ?? [];
  }

  /** The keys of the edges that leave a node. */
  leaving(id: string): readonly string[] {
    return this.out.get(id) ?? [];
  }

  /** The keys of the edges that arrive at a node. */
  arriving(id: string): readonly string[] {
    return this.into.get(id) ?? [];
  }

  /** Everybody who is hurt when `id` fails, nearest first, with the number of steps; without itself. */
  reverseReach(id: string): { id: string; steps: number }[] {
    const reached = new Map<string, number>([[id, 0]]);
    const queue = [id];
    for (let at = 0; at < queue.length; at++) {
      const steps = reached.get(queue[at]!)! + 1;
      for (const dependant of this.dependantsOf(queue[at]!)) {
        if (reached.has(dependant)) continue;
        reached.set(dependant, steps);
        queue.push(dependant);
      }
    }
    return queue.slice(1).map((found) => ({ id: found, steps: reached.get(found)! }));
  }
}

import { same } from './same';

type Listener = () => void;

/** One value that is watched. Setting equal content changes nothing and wakes nobody. */
export class Cell<T> {
  private readonly listeners = new Set<Listener>();

  constructor(private value: T) {}

  readonly get = (): T => this.value;

  set(value: T): void {
    if (same(this.value, value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

/**
 * Values by key, each watched alone: an update of two hundred wakes the listeners of the two that changed.
 * A value with equal content keeps its identity.
 */
export class Keyed<T> {
  private values = new Map<string, T>();
  private readonly listeners = new Map<string, Set<Listener>>();

  get(key: string): T | undefined {
    return this.values.get(key);
  }

  all(): IterableIterator<T> {
    return this.values.values();
  }

  subscribe(key: string, listener: Listener): () => void {
    const own = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, own.add(listener));
    return () => {
      own.delete(listener);
      if (own.size === 0 && this.listeners.get(key) === own) this.listeners.delete(key);
    };
  }

  /** Gives keys that are there new values, in the same order; wakes the listeners of those whose content changed. */
  renew(keys: readonly string[], values: readonly T[]): void {
    const changed: string[] = [];
    keys.forEach((key, at) => {
      if (same(this.values.get(key), values[at])) return;
      this.values.set(key, values[at]!);
      changed.push(key);
    });
    for (const key of changed) for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
  }

  /** Replaces everything; returns the keys whose content changed, came or went. */
  replace(entries: Iterable<readonly [string, T]>): string[] {
    const before = this.values;
    const changed: string[] = [];
    this.values = new Map();
    for (const [key, value] of entries) {
      const old = before.get(key);
      const keep = old !== undefined && same(old, value);
      this.values.set(key, keep ? old : value);
      if (!keep) changed.push(key);
    }
    for (const key of before.keys()) if (!this.values.has(key)) changed.push(key);
    for (const key of changed) for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
    return changed;
  }
}

import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { ApiError } from '../api/client';
import type { ProblemDetails } from '../api/shapes';
import type { Cell, Keyed } from '../domain/store';

export const useCell = <T>(cell: Cell<T>): T => useSyncExternalStore(cell.subscribe, cell.get);

/** One value of a keyed store; renders again only when that value changes. */
export function useKeyed<T>(store: Keyed<T>, key: string): T | undefined {
  return useKeyedView(store, key, (value) => value);
}

/** A part of one value; renders again only when that part changes. The part must be a primitive or keep its identity. */
export function useKeyedView<T, V>(store: Keyed<T>, key: string, view: (value: T | undefined) => V): V {
  const subscribe = useCallback((listener: () => void) => store.subscribe(key, listener), [store, key]);
  return useSyncExternalStore(subscribe, () => view(store.get(key)));
}

/** The time, renewed every so often, for ages and countdowns. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export interface Loaded<T> {
  value: T | undefined;
  problem: ProblemDetails | undefined;
  loading: boolean;
  again: () => void;
}

/** Loads when `key` changes; the former value stays until the next has come. An undefined key loads nothing. */
export function useLoad<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<ProblemDetails>();
  const [loading, setLoading] = useState(key !== undefined);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    setLoading(true);
    load(abort.signal).then(
      (loaded) => {
        if (abort.signal.aborted) return;
        setValue(loaded);
        setProblem(undefined);
        setLoading(false);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setProblem(problemOf(error));
        setLoading(false);
      },
    );
    return () => abort.abort();
    // `load` closes over what `key` stands for.
  }, [key, round]);
  return { value, problem, loading, again: useCallback(() => setRound((last) => last + 1), []) };
}

/** What to show of a failure. */
export const problemOf = (error: unknown): ProblemDetails =>
  error instanceof ApiError ? error.problem : { title: error instanceof Error ? error.message : String(error), status: 0 };

// Hooks that load data.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { connection } from "./api";

export interface Load<T> {
  data?: T;
  error?: unknown;
  loading: boolean;
  reload: () => void;
  set: (data: T) => void;
}

// useLoad loads data when deps change, when the connection is back, and every
// `every` milliseconds while the page is visible. Data stays while it is loaded
// again.
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, deps: unknown[], every = 0): Load<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: true });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const key = JSON.stringify(deps);
  const shown = useRef(key);
  useEffect(() => {
    const stop = new AbortController();
    const other = shown.current !== key;
    shown.current = key;
    setState((s) => ({ data: other ? undefined : s.data, loading: true }));
    latest.current(stop.signal).then(
      (data) => !stop.signal.aborted && setState({ data, loading: false }),
      (error) => !stop.signal.aborted && setState((s) => ({ data: s.data, error, loading: false })),
    );
    return () => stop.abort();
  }, [key, turn]);
  useEffect(() => connection.subscribe((lost) => !lost && reload()), []);
  useEffect(() => {
    if (!every) return;
    const timer = setInterval(() => document.visibilityState === "visible" && !connection.lost && reload(), every);
    return () => clearInterval(timer);
  }, [every]);
  return { ...state, reload, set: (data) => setState({ data, loading: false }) };
}

export function useLost(): boolean {
  const [lost, set] = useState(connection.lost);
  useEffect(() => connection.subscribe(set), []);
  return lost;
}

// useNow is the time, at most a second old.
export function useNow(active = true): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export function useDebounced<T>(value: T, ms: number): T {
  const [v, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return v;
}
